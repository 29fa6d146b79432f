/** The rule of who sees which ticket (domain/visibility.ts) as conditions of a query: every list, count and sum has one. */
import { LIMITED, type Sight } from '../domain/visibility.ts';
import { Prisma } from './generated/client.ts';

const { sql } = Prisma;

/** Condition on the ticket that the query calls `t`. Never null, so that it can be negated. */
export function visibleTo(sight: Sight): Prisma.Sql {
  if (sight === null) return sql`true`;
  const { labels, person, team } = sight;
  const outright = sql`t.tlp IS NULL OR t.tlp = ANY(${[...labels]}::text[])`;
  if (person === null) return sql`(${outright})`;
  return sql`(${outright} OR ${person}::text = ANY(t.named)
    OR (t.tlp = ANY(${[...LIMITED]}::text[])
      AND (t.assignee IS NOT DISTINCT FROM ${person}::text
        OR (t.team IS NOT NULL AND t.team IS NOT DISTINCT FROM ${team}::text))))`;
}

/** Condition that the ticket with this id is seen, or that there is none. */
export function ofVisibleTicket(id: Prisma.Sql, sight: Sight): Prisma.Sql {
  if (sight === null) return sql`true`;
  return sql`NOT EXISTS (SELECT FROM tickets t WHERE t.id = ${id} AND NOT ${visibleTo(sight)})`;
}

/** Condition that the problem with this id is seen: by whoever sees one of its tickets; without any, by everybody. */
export function ofVisibleProblem(id: Prisma.Sql, sight: Sight): Prisma.Sql {
  if (sight === null) return sql`true`;
  return sql`(EXISTS (SELECT FROM problem_tickets p WHERE p.problem_id = ${id}
      AND ${ofVisibleTicket(sql`p.ticket_id`, sight)})
    OR NOT EXISTS (SELECT FROM problem_tickets p WHERE p.problem_id = ${id}))`;
}

/** Condition that the review with this id is seen, or that there is none. */
export function ofVisibleReview(id: Prisma.Sql, sight: Sight): Prisma.Sql {
  if (sight === null) return sql`true`;
  return sql`NOT EXISTS (SELECT FROM reviews v JOIN tickets t ON t.id = v.ticket_id
    WHERE v.id = ${id} AND NOT ${visibleTo(sight)})`;
}

/** The same as `visibleTo`, for Prisma's own queries of tickets. */
export function whereVisible(sight: Sight): Prisma.TicketWhereInput {
  if (sight === null) return {};
  const { labels, person, team } = sight;
  const outright = [{ tlp: null }, { tlp: { in: [...labels] } }];
  if (person === null) return { OR: outright };
  const holds = [{ assignee: person }, ...(team === null ? [] : [{ team }])];
  return {
    OR: [...outright, { named: { has: person } }, { tlp: { in: [...LIMITED] }, OR: holds }],
  };
}

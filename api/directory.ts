/** What the routes of teams, agents, rotas, customers and services share. */
import { isAllowed } from './roles.ts';
import type { Actor } from '../domain/events.ts';
import type { Contact } from '../domain/people.ts';
import type { NamePage } from '../prisma/people.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { invalid } from './input.ts';
import type { FieldError } from './problem.ts';
import type { Reply } from './route.ts';
import { markedId } from './schemas/common.ts';

/** A name in a body that must be known; null names nothing. */
export interface Reference {
  pointer: string;
  kind: 'team' | 'agent' | 'calendar';
  name: string | null;
}

const UNKNOWN = {
  team: (name: string) => `There is no team ${name} in service`,
  agent: (name: string) => `There is no active agent ${name}`,
  calendar: (name: string) => `There is no calendar ${name} in force`,
};

/** The fault of a name that leads nowhere. */
export const unknownReference = ({ pointer, kind }: Reference, name: string): FieldError => ({
  pointer,
  code: `${kind}_unknown`,
  message: UNKNOWN[kind](name),
});

/** A 422 problem that names every reference to a team or agent that is not active, or a calendar that is not in force. */
export async function checkReferences(
  { people, calendars }: Pick<ApiDeps, 'people' | 'calendars'>,
  references: readonly Reference[],
): Promise<void> {
  const named = (kind: Reference['kind']) =>
    references.flatMap((one) => (one.kind === kind && one.name !== null ? [one.name] : []));
  const [teams, agents, inForce] = await Promise.all([
    Promise.all(named('team').map((name) => people.team(name))),
    people.agentsOf(named('agent')),
    named('calendar').length > 0 ? calendars.inForce() : {},
  ]);
  const known = {
    team: new Set(teams.flatMap((team) => (team?.active ? [team.name] : []))),
    agent: new Set(agents.flatMap(({ id, active }) => (active ? [id] : []))),
    calendar: new Set(['always', ...Object.keys(inForce)]),
  };
  const faults = references.flatMap((one) =>
    one.name === null || known[one.kind].has(one.name) ? [] : [unknownReference(one, one.name)],
  );
  if (faults.length > 0) throw invalid(faults);
}

/** One page of rows in the order of their names. */
export async function pageByName<R, V>(
  { limit, cursor, filters }: { limit: number; cursor: string | undefined; filters: unknown },
  list: (page: NamePage) => Promise<R[]>,
  { nameOf, view }: { nameOf: (row: R) => string; view: (row: R) => V },
): Promise<Reply> {
  const after = decodeCursor(cursor, { filters, mark: markedId });
  const { rows, page } = pageOf(await list({ after, limit: limit + 1 }), { limit, filters, markOf: nameOf });
  return { body: { data: rows.map(view), page } };
}

/** The answer to a PUT: 201 where there was nothing before. */
export function putReply({ created }: { created: boolean }, body: { links: { self: string } }): Reply {
  return { status: created ? 201 : 200, headers: { location: body.links.self }, body };
}

/** What every PUT answers. */
export const PUT_ANSWERS = {
  stored: 'Stored in place of what was said before; what the body leaves out is back at its default',
  created: 'Stored; there was nothing of that name before',
  headers: { Location: 'Where it is' },
};

/** Personal data is shown to those who look after it. */
export function shownContact({ role }: Actor, contact: Contact | null): { contact?: Contact | null } {
  return isAllowed(role, 'people.change') ? { contact } : {};
}

/** `/v1/teams/network`, for any name. */
export const pathTo = (folder: string, name: string): string => `/v1/${folder}/${encodeURIComponent(name)}`;

/** What-if over our own ledger: how the tickets of a period would stand, had another policy judged them. */
import { resolveRules } from '../domain/rules.ts';
import {
  createComparer,
  foldStory,
  judge,
  recordedJudgement,
  recordedStory,
  type Change,
  type ChangeSide,
  type Comparison,
} from '../domain/what-if.ts';
import type { Sight } from '../domain/visibility.ts';
import type { MatchCondition, Policy } from '../domain/policy.ts';
import type { HistoryFilter, HistoryStore } from '../prisma/histories.ts';
import type { ApiDeps } from './deps.ts';
import { chosenPolicy } from './policy-choice.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Call, type Reply, type Route } from './route.ts';
import { WHAT_IF_EXAMPLE, whatIfAnswer, whatIfBody, type WhatIfBody } from './schemas/what-ifs.ts';

/** More tickets take `tierline what-if`, which has nobody waiting behind it. */
const MOST_TICKETS = 25_000;
const PAGE = 250;

const DAY = 86_400_000;
const MOST_CALENDAR_DAYS = 50_000;

/** Which tickets are compared, and why these. */
export interface Selection {
  by: 'match' | 'policyName' | 'policyMatch';
  /** Any one suffices. */
  filters: HistoryFilter[];
}

/**
 * The tickets that a candidate is about: those that are named; or those judged by the stored policy that has its
 * name; or, for a new one, those that its own `match` fits, all of them where it has none.
 */
export function selectionOf(
  { name, match }: Pick<Policy, 'name' | 'match'>,
  period: { from: number; to: number },
  { named, isStored }: { named?: Omit<HistoryFilter, 'from' | 'to'> | undefined; isStored: boolean },
): Selection {
  if (named) return { by: 'match', filters: [{ ...period, ...named }] };
  if (isStored) return { by: 'policyName', filters: [{ ...period, policy: name }] };
  const conditions: readonly MatchCondition[] = match.length === 0 ? [{}] : match;
  return { by: 'policyMatch', filters: conditions.map((condition) => ({ ...period, ...condition })) };
}

/**
 * Every selected ticket of the ledger under the candidate, beside what the engine recorded of it, or what another
 * policy would have made of it. Pages are read
 * one after the other, so that memory stays the same however many there are. A ticket that several filters select
 * counts once.
 */
export async function compareRecorded(
  histories: Pick<HistoryStore, 'pages'>,
  { filters }: Selection,
  {
    policy,
    against,
    asOf,
    limit,
    sight,
  }: { policy: Policy; against?: Policy | undefined; asOf: number; limit: number; sight: Sight },
  onProgress: (tickets: number) => void = () => {},
): Promise<Comparison> {
  const comparer = createComparer({ limit });
  const from = Math.min(...filters.map((filter) => filter.from));
  const rules = resolveRules(policy, { openedAt: from, now: asOf });
  const earlier = against && resolveRules(against, { openedAt: from, now: asOf });
  const seen = filters.length > 1 ? new Set<string>() : null;
  let tickets = 0;
  for (const filter of filters)
    for await (const page of histories.pages(filter, { size: PAGE, sight })) {
      for (const recorded of page) {
        if (seen?.has(recorded.ticketId)) continue;
        seen?.add(recorded.ticketId);
        const story = recordedStory(recorded);
        const before = earlier
          ? judge(foldStory(story, earlier), earlier, asOf)
          : recordedJudgement(recorded);
        comparer.add(recorded.ticketId, before, judge(foldStory(story, rules), rules, asOf));
        tickets += 1;
      }
      onProgress(tickets);
    }
  return comparer.result();
}

function refuse(pointer: string, code: string, message: string): never {
  throw new Problem('invalid', message, { errors: [{ pointer, code, message }] });
}

async function checkSize(
  deps: ApiDeps,
  { filters }: Selection,
  { policy, asOf, sight }: { policy: Policy; asOf: number; sight: Sight },
): Promise<void> {
  let tickets = 0;
  for (const filter of filters) tickets += await deps.histories.count(filter, sight);
  if (tickets > MOST_TICKETS)
    refuse(
      '/from',
      'too_many_tickets',
      `${tickets} tickets are more than the ${MOST_TICKETS} that are judged in one request; take a shorter period, or tierline what-if`,
    );
  const days = (asOf - Math.min(...filters.map(({ from }) => from))) / DAY;
  if (Object.keys(policy.calendars).length * days > MOST_CALENDAR_DAYS)
    refuse('/from', 'too_long', 'The calendars of this policy are too many to be read that far back');
}

const sideView = (side: ChangeSide) =>
  side && {
    outcome: side.outcome,
    deadlineAt: side.deadlineAt === null ? null : new Date(side.deadlineAt).toISOString(),
  };

const changeView = ({ caseId, before, after, ...rest }: Change) => ({
  ticketId: caseId,
  ...rest,
  before: sideView(before),
  after: sideView(after),
  links: { ticket: `/v1/tickets/${caseId}` },
});

async function whatIf(deps: ApiDeps, { body, sight }: Call<unknown, unknown, WhatIfBody>): Promise<Reply> {
  const { policy: choice, from, to, match, limit } = body;
  const asOf = (deps.now ?? Date.now)();
  const { policy, version } = await chosenPolicy(deps, choice);
  const isStored = (await deps.policies()).some(({ name }) => name === policy.name);
  const selection = selectionOf(policy, { from, to }, { named: match, isStored });
  await checkSize(deps, selection, { policy, asOf, sight });
  const { cases, casesChanged, clocks, groups, changes } = await compareRecorded(deps.histories, selection, {
    policy,
    asOf,
    limit,
    sight,
  });
  const { data, ...counts } = changes;
  return {
    body: {
      policy: { name: policy.name, version },
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      selectedBy: selection.by,
      tickets: cases,
      ticketsChanged: casesChanged,
      clocks,
      groups,
      changes: { ...counts, hasMore: counts.count > data.length, data: data.map(changeView) },
      asOf: new Date(asOf).toISOString(),
    },
  };
}

export function whatIfRoutes(deps: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/what-ifs',
      operationId: 'whatIf',
      operation: 'breach.read',
      tag: 'policies',
      summary: 'How the tickets of a period would stand under another policy',
      description:
        'Folds the recorded story of each ticket again under the candidate, and compares every cycle of every clock ' +
        'with the verdict that was recorded. What was asked for and what was handed on stands: only clocks are ' +
        'judged anew. Nothing is changed. At most ' +
        `${MOST_TICKETS.toLocaleString('en-US')} tickets; the command tierline what-if takes more.`,
      body: whatIfBody,
      example: WHAT_IF_EXAMPLE,
      answers: { 200: { description: 'Judged as of `asOf`', schema: whatIfAnswer } },
      problems: ['policy_unknown'],
      handle: (call) => whatIf(deps, call),
    }),
  ];
}

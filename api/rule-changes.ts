/** Routes of changes of rules: how far each has come, and who lets it begin or ends it. */
import type { Actor } from '../domain/events.ts';
import { namesOf } from '../domain/journal.ts';
import type { RuleChangeRecord } from '../prisma/rule-changes.ts';
import { calendarInForce } from './stored-calendars.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { policyInForce } from './policies.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { foreseeChange, startChange, type Candidate } from './rule-publishing.ts';
import { changedTicketView, ruleChangeViews, showChange } from './rule-views.ts';
import {
  approveBody,
  cancelBody,
  changedTicketMark,
  changedTicketPage,
  changedTicketQuery,
  dryRunQuery,
  forecastView,
  ruleChangeMark,
  ruleChangePage,
  ruleChangeParams,
  ruleChangeQuery,
  ruleChangeView,
  startRuleChangeBody,
} from './schemas/rule-changes.ts';

const LOCATED = { Location: 'Where the change is' };

async function findChange({ ruleChanges }: ApiDeps, id: string): Promise<RuleChangeRecord> {
  const change = await ruleChanges.get(id);
  if (change) return change;
  throw new Problem('change_not_found', `There is no change of rules ${id}`);
}

/** Requester and approver are two people, whichever of them says that they act for whom (docs/rules.md §9). */
function checkSecondPerson(change: RuleChangeRecord, approver: Actor): void {
  const requesters = namesOf(change.requestedBy);
  if (namesOf(approver).some((name) => requesters.includes(name)))
    throw new Problem(
      'approval_by_requester',
      `Change ${change.id} was asked for by you; another has to approve it`,
    );
}

async function approve(deps: ApiDeps, change: RuleChangeRecord, approver: Actor): Promise<RuleChangeRecord> {
  checkSecondPerson(change, approver);
  const isDone = await deps.ruleChanges.approve(change.id, approver);
  const now = await findChange(deps, change.id);
  if (!isDone && now.approvedBy?.subject !== approver.subject)
    throw new Problem(
      'change_not_awaiting_approval',
      `Change ${change.id} is ${now.state}; it awaits no approval`,
    );
  deps.forgetPolicies();
  if (now.state === 'running') await deps.ruleChangeRunner.wake(change.id);
  return now;
}

async function cancel(
  deps: ApiDeps,
  change: RuleChangeRecord,
  { actor, reason }: { actor: Actor; reason: string | undefined },
): Promise<RuleChangeRecord> {
  const isDone = await deps.ruleChanges.cancel(change.id, actor, reason ?? null);
  const now = await findChange(deps, change.id);
  if (!isDone && now.state !== 'cancelled')
    throw new Problem('change_ended', `Change ${change.id} is ${now.state}; there is nothing to cancel`);
  deps.forgetPolicies();
  await deps.ruleChangeRunner.wake(change.id);
  return now;
}

/** The version in force, for the tickets that it has left behind. */
const candidateOf = (
  deps: ApiDeps,
  { kind, name }: { kind: 'policy' | 'calendar'; name: string },
): Promise<Candidate> => (kind === 'policy' ? policyInForce(deps, name) : calendarInForce(deps, name));

export function ruleChangeRoutes(deps: ApiDeps): Route[] {
  const tag = 'rule changes';
  return [
    defineRoute({
      method: 'get',
      path: '/v1/rule-changes',
      operationId: 'listRuleChanges',
      operation: 'rule.read',
      tag,
      summary: 'Changes of rules, newest first',
      query: ruleChangeQuery,
      answers: { 200: { description: 'One page', schema: ruleChangePage } },
      problems: ['cursor_invalid'],
      async handle({ query: { limit, cursor, ...filters }, sight }) {
        const after = decodeCursor(cursor, { filters, mark: ruleChangeMark });
        const found = await deps.ruleChanges.list(filters, { after, limit: limit + 1 });
        const { rows, page } = pageOf(found, {
          limit,
          filters,
          markOf: ({ createdAt, id }) => ({ at: createdAt.getTime(), id }),
        });
        return { body: { data: await ruleChangeViews(deps, rows, sight), page } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/rule-changes',
      operationId: 'startRuleChange',
      operation: 'rule.change',
      tag,
      summary: 'Bring the version in force to the open tickets that still have an older one',
      description:
        'For versions that a policy file brought, and for what a cancelled or failed change has left undone.',
      query: dryRunQuery,
      body: startRuleChangeBody,
      example: { kind: 'policy', name: 'standard', reason: 'The file of version 5 is agreed with everybody' },
      answers: {
        200: { description: 'With `dryRun`: what would become of them', schema: forecastView },
        202: { description: 'Begun', schema: ruleChangeView, headers: LOCATED },
      },
      problems: ['policy_not_found', 'calendar_not_found', 'change_in_progress', 'idempotency_key_reused'],
      async handle({ query, body, actor, sight, idempotencyKey }) {
        const candidate = await candidateOf(deps, body);
        const asking = { actor, sight, path: '/v1/rule-changes', idempotencyKey, body };
        return query.dryRun ? foreseeChange(deps, candidate, asking) : startChange(deps, candidate, asking);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/rule-changes/{changeId}',
      operationId: 'getRuleChange',
      operation: 'rule.read',
      tag,
      summary: 'How far a change of rules has come',
      params: ruleChangeParams,
      answers: { 200: { description: 'The change', schema: ruleChangeView } },
      problems: ['change_not_found'],
      handle: async ({ params, sight }) =>
        showChange(deps, { change: await findChange(deps, params.changeId), sight }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/rule-changes/{changeId}/tickets',
      operationId: 'listChangedTickets',
      operation: 'rule.read',
      tag,
      summary: 'What a change of rules made of each ticket',
      params: ruleChangeParams,
      query: changedTicketQuery,
      answers: { 200: { description: 'One page, by ticket id', schema: changedTicketPage } },
      problems: ['change_not_found', 'cursor_invalid'],
      async handle({ params, query: { limit, cursor, state }, sight }) {
        const { id } = await findChange(deps, params.changeId);
        const filters = { id, state };
        const after = decodeCursor(cursor, { filters, mark: changedTicketMark });
        const found = await deps.ruleChanges.tickets(id, { after, limit: limit + 1, state, sight });
        const { rows, page } = pageOf(found, { limit, filters, markOf: ({ ticketId }) => ticketId });
        return { body: { data: rows.map(changedTicketView), page } };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/rule-changes/{changeId}/approve',
      operationId: 'approveRuleChange',
      operation: 'rule.change',
      tag,
      summary: 'Let a retroactive change begin, as the second person',
      params: ruleChangeParams,
      body: approveBody,
      example: { actingFor: 'j.duarte' },
      answers: { 200: { description: 'Approved; it begins', schema: ruleChangeView, headers: LOCATED } },
      problems: ['change_not_found', 'approval_by_requester', 'change_not_awaiting_approval'],
      async handle({ params, body: { actingFor }, actor, sight }) {
        const change = await findChange(deps, params.changeId);
        const approved = await approve(deps, change, actingFor ? { ...actor, actingFor } : actor);
        return showChange(deps, { change: approved, sight });
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/rule-changes/{changeId}/cancel',
      operationId: 'cancelRuleChange',
      operation: 'rule.change',
      tag,
      summary: 'End a change of rules early',
      description:
        'A version that awaits approval or its time is withdrawn. One in force stays: tickets that were reached keep ' +
        'it, new ones get it, and the rest keep what they have.',
      params: ruleChangeParams,
      body: cancelBody,
      example: { reason: 'The wrong office' },
      answers: { 200: { description: 'Ended', schema: ruleChangeView, headers: LOCATED } },
      problems: ['change_not_found', 'change_ended'],
      async handle({ params, body: { reason, actingFor }, actor, sight }) {
        const change = await findChange(deps, params.changeId);
        const by = actingFor ? { ...actor, actingFor } : actor;
        return showChange(deps, { change: await cancel(deps, change, { actor: by, reason }), sight });
      },
    }),
  ];
}

/** Policies as a manager posts them, and waiting for what becomes of them. */
import { A_STALL_MS, eventually } from '../support/desk.ts';
import type { Caller } from './front-door.ts';

type Json = Record<string, unknown>;

const byUrgency = { high: 'P1', medium: 'P2', low: 'P3' };

/** A policy for tickets that name it; round the clock unless told, nobody is moved or told anything. */
export const policyDocument = (name: string, resolution: unknown, more: Json = {}): Json => ({
  name,
  precedence: 500,
  priorityMatrix: { high: byUrgency, medium: byUrgency, low: byUrgency },
  tiers: [{ tier: 1, name: 'Desk' }],
  clocks: { resolution: { calendar: 'always', targets: { P1: resolution, P2: resolution } } },
  ...more,
});

export const post = (caller: Caller, document: Json, more: Json = {}, query = '') =>
  caller.post(`/v1/policies/${document['name'] as string}/versions${query}`, {
    policy: document,
    reason: 'The contract was renewed',
    ...more,
  });

export const postCalendar = (caller: Caller, name: string, calendar: Json, more: Json = {}, query = '') =>
  caller.post(`/v1/calendars/${name}/versions${query}`, { calendar, reason: 'New hours', ...more });

export interface ChangeView {
  id: string;
  state: string;
  toVersion: number;
  tickets: { total: number; applied: number; skipped: number; failed: number; remaining: number };
  outcome: Record<string, number>;
}

/** The change once it has ended. */
export async function ended(
  caller: Caller,
  changeId: string,
  withinMs = 2 * A_STALL_MS,
): Promise<ChangeView> {
  return eventually(
    async () => (await caller.get(`/v1/rule-changes/${changeId}`)).body as ChangeView,
    ({ state }) => ['done', 'failed', 'cancelled'].includes(state),
    withinMs,
  );
}

/** Publishes, and waits until every open ticket has it. */
export async function publish(caller: Caller, document: Json, more: Json = {}): Promise<ChangeView> {
  const { status, body } = await post(caller, document, more);
  if (status !== 202) throw new Error(`Not published: ${status} ${JSON.stringify(body)}`);
  return ended(caller, (body as ChangeView).id);
}

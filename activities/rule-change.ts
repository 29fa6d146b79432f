/** Bringing a change of rules to the open tickets: a page at a time, slowly enough for everybody else. */
import { Context } from '@temporalio/activity';
import type { Request } from '../domain/decide.ts';
import type { Policy } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusals.ts';
import { lookBack, requestOf, type RuleChange } from '../domain/rule-change.ts';
import { createRulesCache } from '../domain/rules.ts';
import type { PolicyStore } from '../prisma/policies.ts';
import type { OpenTicket, RuleChangeRecord, RuleChangeStore } from '../prisma/rule-changes.ts';

/** What a ticket answered. */
export type Asked = 'granted' | 'unknown' | { refusal: Refusal };

export interface RuleChangeDeps {
  changes: RuleChangeStore;
  policies: Pick<PolicyStore, 'version'>;
  /** Asks a ticket, in the ledger when it answers; throws where it could not be asked. */
  askTicket(ticketId: string, request: Request): Promise<Asked>;
  pace: Pace;
}

export interface Pace {
  /** Tickets per second, at most. */
  perSecond: number;
  /**
   * How long after a version came into force a ticket may still open under the one before: processes ask for the
   * version in force every few seconds, and an opening takes a few to be answered.
   */
  graceMs: number;
  /** After so many attempts a ticket is given up, and the change is failed for it. */
  attempts: number;
}

export const DEFAULT_PACE: Pace = { perSecond: 20, graceMs: 12_000, attempts: 10 };

/** What is next: after so many milliseconds (0: at once) more work, or nothing any more. */
export type NextWork = { waitMs: number } | { ended: true };

export interface RuleChanging {
  /**
   * Works on a change for one page of tickets. Safe to repeat: what was claimed is in the database, and a ticket
   * knows the change by its id. A change whose time has not come, or that has ended, is left alone.
   */
  workOnRuleChange(input: { changeId: string }): Promise<NextWork>;
}

const PAGE = 50;
/** Tickets on their way at once; the pace, not this, is the limit. */
const LANES = 4;
const LOOK_AGAIN_MS = 2_000;
const LOOK_OUT_MS = 500;
/** An opening that still waits in the spool after so long is not waited for. */
const SPOOL_PATIENCE_MS = 10 * 60_000;

/** The change as a ticket hears of it. */
export function asRuleChange(change: RuleChangeRecord): RuleChange {
  return {
    id: change.id,
    kind: change.kind,
    actor: change.requestedBy,
    judgesAnewSince: change.retroactive ? change.effectiveFrom.getTime() : null,
  };
}

/** Lets through one caller every so often. */
function createMetronome({ perSecond }: Pace): () => Promise<void> {
  let next = 0;
  return async () => {
    const at = Math.max(Date.now(), next);
    next = at + 1_000 / perSecond;
    if (at > Date.now()) await Context.current().sleep(at - Date.now());
  };
}

/** Whether the change still runs, asked every so often: it may be cancelled at any time. */
function createLookOut(changes: Pick<RuleChangeStore, 'get'>, changeId: string): () => Promise<boolean> {
  let asked = { at: 0, answer: Promise.resolve(true) };
  return () => {
    if (asked.at < Date.now() - LOOK_OUT_MS) {
      const answer = changes.get(changeId).then((change) => change?.state === 'running');
      asked = { at: Date.now(), answer };
    }
    return asked.answer;
  };
}

/** The policy that a ticket should have; a calendar's change leaves it the version it has. */
function createPolicyOf(
  deps: RuleChangeDeps,
  change: RuleChangeRecord,
): (ticket: OpenTicket) => Promise<Policy> {
  const known = new Map<string, Promise<Policy>>();
  return ({ policy, policyVersion }) => {
    const version = change.kind === 'policy' ? change.toVersion : policyVersion;
    const key = `${policy}@${version}`;
    const found = known.get(key) ?? deps.policies.version(policy, version);
    known.set(key, found);
    return found;
  };
}

type Result = { state: 'applied' | 'skipped' | 'failed'; outcome: unknown };

export function createRuleChanging(deps: RuleChangeDeps): RuleChanging {
  const { changes, pace } = deps;

  const resultOf = async (changeId: string, ticketId: string, asked: Asked): Promise<Result> => {
    if (asked === 'unknown') return { state: 'failed', outcome: { reason: 'The ticket has no ledger' } };
    if (asked !== 'granted')
      return { state: 'skipped', outcome: { reason: asked.refusal.message, code: asked.refusal.code } };
    const story = (await changes.stories([ticketId])).get(ticketId) ?? [];
    return { state: 'applied', outcome: lookBack(ticketId, story, changeId) };
  };

  const workOnPage = async (change: RuleChangeRecord, tickets: readonly OpenTicket[]): Promise<void> => {
    const context = Context.current();
    const tick = createMetronome(pace);
    const policyOf = createPolicyOf(deps, change);
    const rulesFor = createRulesCache();
    const isWanted = createLookOut(changes, change.id);
    const waiting = [...tickets];

    const workOn = async (ticket: OpenTicket): Promise<void> => {
      const openedAt = ticket.openedAt.getTime();
      const rules = rulesFor(await policyOf(ticket), { openedAt, now: Date.now() });
      const request = requestOf(asRuleChange(change), { openedAt, rules });
      const asked = await deps.askTicket(ticket.id, request);
      await changes.settleTicket(change.id, ticket.id, await resultOf(change.id, ticket.id, asked));
    };

    const attempt = async (ticket: OpenTicket): Promise<void> => {
      try {
        await workOn(ticket);
      } catch (error) {
        if ((await changes.countAttempt(change.id, ticket.id)) < pace.attempts) throw error;
        const outcome = { reason: (error as Error).message };
        await changes.settleTicket(change.id, ticket.id, { state: 'failed', outcome });
      }
    };

    const errors: unknown[] = [];
    const lane = async (): Promise<void> => {
      for (let ticket = waiting.shift(); ticket; ticket = waiting.shift()) {
        await tick();
        context.heartbeat();
        context.cancellationSignal.throwIfAborted();
        if (!(await isWanted())) return;
        await attempt(ticket).catch((error: unknown) => errors.push(error));
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    // The others went on; the attempt that failed is one for Temporal to repeat, later and later.
    if (errors.length > 0) throw errors[0];
  };

  /** How long until nobody can open a ticket under older rules any more. */
  const openingsMayComeFor = async ({ startedAt }: RuleChangeRecord): Promise<number> => {
    const runningMs = Date.now() - startedAt!.getTime();
    if (runningMs < pace.graceMs) return Math.min(LOOK_AGAIN_MS, pace.graceMs - runningMs);
    return runningMs < SPOOL_PATIENCE_MS && (await changes.waitingOpenings()) > 0 ? LOOK_AGAIN_MS : 0;
  };

  return {
    async workOnRuleChange({ changeId }) {
      await changes.begin(changeId);
      const change = await changes.get(changeId);
      if (change?.state === 'scheduled')
        return { waitMs: Math.max(1, change.effectiveFrom.getTime() - Date.now()) };
      if (change?.state !== 'running') return { ended: true };
      // Asked before the look: what opens after it is seen by the look.
      const mayComeFor = await openingsMayComeFor(change);
      const tickets = await changes.claim(change, PAGE);
      if (tickets.length > 0) {
        await workOnPage(change, tickets);
        return { waitMs: 0 };
      }
      if (mayComeFor > 0) return { waitMs: mayComeFor };
      await changes.finish(changeId);
      return { ended: true };
    },
  };
}

/**
 * The engine side of `tierline replay --engine`: every case as a real ticket workflow, in virtual time, on a
 * PostgreSQL and a Temporal server of its own that are gone afterwards.
 */
import { openingOf, type ImportedHistory } from '../domain/history.ts';
import type { AppliedRules } from '../domain/policy.ts';
import { rebuild } from '../domain/ticket.ts';
import { verdictOf, type PlayOnEngine, type Verdict } from '../histories/verdict.ts';
import type { Database } from '../prisma/client.ts';
import { createLedger } from '../prisma/ledger.ts';
import { ticketWorkflowId, TICKET_WORKFLOW, type TicketInput } from '../workflows/messages.ts';
import { addKept, keptIn, keyOf, rulesKeyOf } from './kept-verdicts.ts';
import { onStage, type Stage } from './stage.ts';

/** Cases under way at once: enough to keep two cores busy. */
const AT_ONCE = 16;

async function playOne(
  { client, database, taskQueue }: Stage,
  { history, rules, until, suffix }: Play & { suffix: string },
): Promise<Verdict> {
  const opening = openingOf(history, rules, `history:${history.caseId}${suffix}`);
  const { ticketId } = opening;
  const input: TicketInput = {
    ticketId,
    opening,
    script: { facts: history.facts, until },
    clockOffset: history.openedAt - Date.now(),
  };
  const workflowId = ticketWorkflowId(ticketId);
  const handle = await client.workflow.start(TICKET_WORKFLOW, { workflowId, taskQueue, args: [input] });
  await within(CASE_TIMEOUT_MS, handle.result()).catch(async (error: unknown) => {
    await handle.terminate('the replay gave it up').catch(() => undefined);
    throw error;
  });
  return recordedVerdict(database, { ticketId, until });
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not played to its end within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the engine left in the database; the clocks are its own rows, not recomputed. */
async function recordedVerdict(
  database: Database,
  { ticketId, until }: { ticketId: string; until: number },
): Promise<Verdict> {
  const events = await createLedger(database).events(ticketId);
  const rows = await database.clock.findMany({ where: { ticketId } });
  const verdict = verdictOf(rebuild(ticketId, events), until);
  const ms = (at: Date | null) => at?.getTime() ?? null;
  const clocks = verdict.clocks.map((clock) => {
    const row = rows.find((one) => one.clock === clock.clock && one.cycle === clock.cycle);
    if (!row) return clock;
    return {
      ...clock,
      startedAt: row.startedAt.getTime(),
      deadlineAt: ms(row.deadlineAt),
      metAt: ms(row.metAt),
      breachedAt: ms(row.breachedAt),
      cancelledAt: ms(row.cancelledAt),
      state: row.state as typeof clock.state,
    };
  });
  return { ...verdict, clocks };
}

/** Runs `work` over all items, `AT_ONCE` at a time, and keeps their order. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}

const CASES_PER_WORD = 25;

/** A case that gets stuck must not hold up the others for ever: the server or a lane may have been lost. */
const CASE_TIMEOUT_MS = 5 * 60_000;
/** Each time under an id of its own, for what the first try left in the ledger stays there. */
const TRIES = 2;

interface Play {
  history: ImportedHistory;
  rules: AppliedRules;
  until: number;
}

/** The verdict, or null for a case that could not be played; why not goes to `say`. */
async function tryToPlay(stage: Stage, play: Play, say: (text: string) => void): Promise<Verdict | null> {
  for (let tries = 1; ; tries += 1)
    try {
      return await playOne(stage, { ...play, suffix: tries > 1 ? `:${tries}` : '' });
    } catch (error) {
      const last = tries === TRIES;
      say(`case ${play.history.caseId}: ${(error as Error).message}${last ? '; given up' : '; tried again'}`);
      if (last) return null;
    }
}

export interface EnginePlayerOptions {
  say: (text: string) => void;
  /** File of verdicts, one a line: read first, and added to with every case. */
  keep?: string | undefined;
}

/**
 * Plays histories as workflows; progress goes to `say`. A case that cannot be played is left out of the answer, and
 * shows as a difference.
 */
export function createEnginePlayer({ say, keep }: EnginePlayerOptions): PlayOnEngine {
  return async (histories, rules, until) => {
    const rulesKey = rulesKeyOf(rules);
    const kept = keptIn(keep);
    const keyed = histories.map((history) => ({ history, key: keyOf(history, rulesKey, until) }));
    const missing = keyed.filter(({ key }) => !kept.has(key));
    if (missing.length < keyed.length) say(`${keyed.length - missing.length} cases are known from ${keep}`);
    if (missing.length > 0) await playAll(missing);
    return keyed.flatMap(({ key }) => kept.get(key) ?? []);

    function playAll(cases: typeof keyed): Promise<unknown> {
      return onStage({ say, virtualTime: true }, async (stage) => {
        let done = 0;
        const started = Date.now();
        await inParallel(cases, async ({ history, key }) => {
          const verdict = await tryToPlay(stage, { history, rules, until }, say);
          if (verdict) {
            kept.set(key, verdict);
            addKept(keep, { key, verdict });
          }
          done += 1;
          const seconds = Math.round((Date.now() - started) / 1000);
          if (done % CASES_PER_WORD === 0) say(`${done} of ${cases.length} cases played in ${seconds} s`);
        });
      });
    }
  };
}

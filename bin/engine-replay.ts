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
import { onStage, type Stage } from './stage.ts';

/** Cases under way at once: enough to keep two cores busy. */
const AT_ONCE = 16;
async function playOne(
  { client, database, taskQueue }: Stage,
  { history, rules, until }: { history: ImportedHistory; rules: AppliedRules; until: number },
): Promise<Verdict> {
  const opening = openingOf(history, rules);
  const { ticketId } = opening;
  const input: TicketInput = {
    ticketId,
    opening,
    script: { facts: history.facts, until },
    clockOffset: history.openedAt - Date.now(),
  };
  await client.workflow.execute(TICKET_WORKFLOW, {
    workflowId: ticketWorkflowId(ticketId),
    taskQueue,
    args: [input],
  });
  return recordedVerdict(database, { ticketId, until });
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

const CASES_PER_WORD = 50;

/** Plays histories as workflows; progress goes to `say`. */
export function createEnginePlayer(say: (text: string) => void): PlayOnEngine {
  return (histories, rules, until) =>
    onStage({ say, virtualTime: true }, async (stage) => {
      let done = 0;
      return inParallel(histories, async (history) => {
        const verdict = await playOne(stage, { history, rules, until });
        done += 1;
        if (done % CASES_PER_WORD === 0) say(`${done} of ${histories.length} cases played`);
        return verdict;
      });
    });
}

/** Following the ledger, or the journals of tasks and problems: the waiting part of a reader workflow. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { JournalLogRow, JournalStore } from '../prisma/journals.ts';
import type { LedgerRow, ReaderStore } from '../prisma/readers.ts';

/** Waits, and ends when the worker stops. */
export type Wait = (ms: number) => Promise<void>;

/** Deals with one row; may wait with `wait`. */
export type RowHandler = (row: LedgerRow, wait: Wait) => Promise<void>;
/** As `RowHandler`, for a row of a journal. */
export type JournalHandler = (row: JournalLogRow, wait: Wait) => Promise<void>;

export interface FollowDeps {
  readers: ReaderStore;
  /** Reader name → what it does with each row of the ledger. */
  handlers: Record<string, RowHandler>;
  journals: Pick<JournalStore, 'next'>;
  /** Reader name → what it does with each row of the journals. */
  journalHandlers: Record<string, JournalHandler>;
}

type Place = Pick<LedgerRow, 'xid' | 'position'>;

/** The log that a reader follows: its next rows, each with what is to be done about it. */
type NextWork = (limit: number) => Promise<{ place: Place; work: (wait: Wait) => Promise<void> }[]>;

function over<R extends Place>(
  next: (limit: number) => Promise<R[]>,
  handle: (row: R, wait: Wait) => Promise<void>,
): NextWork {
  return async (limit) =>
    (await next(limit)).map((place) => ({ place, work: (wait) => handle(place, wait) }));
}

function workOf({ readers, handlers, journals, journalHandlers }: FollowDeps, reader: string): NextWork {
  const ofJournals = journalHandlers[reader];
  if (ofJournals) return over((limit) => journals.next(reader, limit), ofJournals);
  const ofLedger = handlers[reader];
  if (ofLedger) return over((limit) => readers.next(reader, limit), ofLedger);
  throw ApplicationFailure.nonRetryable(`No reader of the ledger is called ${reader}`, 'UnknownReader');
}

export interface Following {
  /** Deals with rows as they come, for some minutes, then returns so that the workflow can start a new round. */
  followLedger(input: { reader: string }): Promise<void>;
}

const ROUND_MS = 10 * 60_000;
const POLL_MS = 250;
const BATCH = 200;

export function createFollowing(deps: FollowDeps): Following {
  const { readers } = deps;
  return {
    async followLedger({ reader }) {
      const next = workOf(deps, reader);
      const context = Context.current();
      const wait = async (ms: number) => {
        context.heartbeat();
        await context.sleep(ms);
      };
      const until = Date.now() + ROUND_MS;
      while (Date.now() < until) {
        const rows = await next(BATCH);
        for (const { work } of rows) {
          context.heartbeat();
          await work(wait);
          context.cancellationSignal.throwIfAborted();
        }
        const last = rows.at(-1);
        if (last) await readers.advance(reader, last.place);
        else await wait(POLL_MS);
      }
    },
  };
}

/** Following the ledger: the waiting part of a reader workflow. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { LedgerRow, ReaderStore } from '../prisma/readers.ts';

/** Deals with one row; may wait with `wait`, which ends when the worker stops. */
export type RowHandler = (row: LedgerRow, wait: (ms: number) => Promise<void>) => Promise<void>;

export interface FollowDeps {
  readers: ReaderStore;
  /** Reader name → what it does with each row. */
  handlers: Record<string, RowHandler>;
}

export interface Following {
  /** Deals with rows as they come, for some minutes, then returns so that the workflow can start a new round. */
  followLedger(input: { reader: string }): Promise<void>;
}

const ROUND_MS = 10 * 60_000;
const POLL_MS = 250;
const BATCH = 200;

export function createFollowing({ readers, handlers }: FollowDeps): Following {
  return {
    async followLedger({ reader }) {
      const handle = handlers[reader];
      if (!handle)
        throw ApplicationFailure.nonRetryable(`No reader of the ledger is called ${reader}`, 'UnknownReader');
      const context = Context.current();
      const wait = async (ms: number) => {
        context.heartbeat();
        await context.sleep(ms);
      };
      const until = Date.now() + ROUND_MS;
      while (Date.now() < until) {
        const rows = await readers.next(reader, BATCH);
        for (const row of rows) {
          context.heartbeat();
          await handle(row, wait);
          context.cancellationSignal.throwIfAborted();
        }
        const last = rows.at(-1);
        if (last) await readers.advance(reader, last);
        else await wait(POLL_MS);
      }
    },
  };
}

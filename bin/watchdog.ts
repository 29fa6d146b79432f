/**
 * The watchdog: finds tickets that should have woken up and did not, and makes them look at the clock. It must not
 * rest on the timers that it guards (a timer can vanish without an error, temporal#11869), so it is a loop of its
 * own over the database, in every worker process, one of them on duty.
 */
import type { Engine } from '../api/engine.ts';
import { createWatchdogStore } from '../prisma/watchdog.ts';
import type { Logger } from './log.ts';

const ROUND_MS = 30_000;
/** Later than any timer, earlier than anybody complains. */
const GRACE_MS = 60_000;
/** So that a flood after an outage is worked off in order, not all at once. */
const NUDGES_PER_ROUND = 200;

export interface WatchdogDeps {
  databaseUrl: string;
  engine: Pick<Engine, 'nudge'>;
  log: Logger;
  /** What else the one on duty does every round. */
  also?: () => Promise<void>;
  roundMs?: number;
  graceMs?: number;
}

export interface Watchdog {
  stop(): Promise<void>;
}

/** Starts the rounds; they end with `stop`. */
export function startWatchdog({
  databaseUrl,
  engine,
  log,
  also,
  roundMs = ROUND_MS,
  graceMs = GRACE_MS,
}: WatchdogDeps): Watchdog {
  const store = createWatchdogStore(databaseUrl);
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const round = async (): Promise<void> => {
    if (!(await store.isOnDuty())) return;
    const overdue = await store.overdue({ graceMs, limit: NUDGES_PER_ROUND });
    for (const ticketId of overdue) {
      if (stopped) return;
      log.warn({ ticketId }, 'a ticket overslept its milestone');
      await engine.nudge(ticketId);
    }
    await also?.();
  };

  let running: Promise<void> = Promise.resolve();
  const again = (): void => {
    running = round().catch((error: unknown) => log.warn({ err: error }, 'watchdog round failed'));
    void running.then(() => {
      if (!stopped) timer = setTimeout(again, roundMs);
    });
  };
  again();

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
      await store.close();
    },
  };
}

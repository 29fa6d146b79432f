/** A worker of a live run in a process of its own, behind the real gate, that kills itself at a phase: `kill -9`. */
import { createActuator } from '../../activities/actuate.ts';
import type { UnitOrder } from '../../domain/unit.ts';
import { openLiveDesk } from './live-run.ts';
import { mortal, type Phase } from './live-worker.ts';
import { STEADY } from './units.ts';

export interface DoomedLiveWorkerOptions {
  databaseUrl: string;
  secrets: Readonly<Record<string, string>>;
  /** Epoch milliseconds, of the desk. */
  now: number;
  order: UnitOrder;
  phase: Phase;
}

const { databaseUrl, secrets, now, order, phase } = JSON.parse(process.argv[2]!) as DoomedLiveWorkerOptions;
const desk = await openLiveDesk({ databaseUrl, secrets });
desk.clock.now = now;
const come = async (at: Phase): Promise<void> => {
  if (at === phase) process.kill(process.pid, 'SIGKILL');
};
await createActuator(mortal(desk.actuating, come, { isDead: false })).actuate(order, STEADY);
await desk.close();

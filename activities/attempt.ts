/** One attempt of one worker at one unit: keeps its lease, and hears that the run is stopped (docs/decisions/0021-units.md). */
import { randomUUID } from 'node:crypto';
import type { Halt, UnitOrder } from '../domain/unit.ts';
import type { Lease, UnitStore } from '../prisma/units.ts';

/** The activity as the unit sees it. */
export interface Pulse {
  heartbeat(): void;
  /** Its workflow asked it to end. */
  isCancelled(): boolean;
  /** Its worker is about to end. */
  isLeaving(): boolean;
}

interface AttemptDeps {
  units: Pick<UnitStore, 'renew'>;
  leaseMs?: number;
}

const LEASE_MS = 10_000;

export class Attempt {
  readonly lease: Lease;
  /** Ends what is under way: the run is aborted. */
  readonly abort = new AbortController();
  halt: Halt | null = null;
  #timer: NodeJS.Timeout;

  constructor(
    readonly order: UnitOrder,
    readonly pulse: Pulse,
    { units, leaseMs = LEASE_MS }: AttemptDeps,
  ) {
    this.lease = { worker: randomUUID(), leaseMs };
    this.#timer = setInterval(() => {
      pulse.heartbeat();
      units.renew(order.id, this.lease).then(
        (renewed) => this.#heard(renewed?.halt ?? null),
        // The lease runs out by itself, and another worker finds the unit as it is.
        () => undefined,
      );
    }, leaseMs / 4);
    this.#timer.unref();
  }

  #heard(halt: Halt | null): void {
    this.halt = halt;
    if (halt === 'abort') this.abort.abort();
  }

  end(): void {
    clearInterval(this.#timer);
  }
}

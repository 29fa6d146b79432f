/** The worker of a live run: follows its journal as the workflow does, and can be killed between any two of its acts. */
import { ApplicationFailure } from '@temporalio/common';
import { createActuator, type ActuatorDeps } from '../../activities/actuate.ts';
import type { Pulse } from '../../activities/attempt.ts';
import type { Connectors } from '../../activities/connector.ts';
import { TIERLINE, type Actor } from '../../domain/events.ts';
import type { JournalEvent } from '../../domain/journal.ts';
import type { Refusal } from '../../domain/refusals.ts';
import { runJournal } from '../../domain/run-journal.ts';
import { orderOf } from '../../domain/run-orders.ts';
import type { RunCommand } from '../../domain/run-requests.ts';
import type { Definitions } from '../../domain/run-units.ts';
import { unitsOnTheirWay, type Run, type RunBody, type UnderWay } from '../../domain/run.ts';
import type { UnitReport } from '../../domain/unit.ts';
import type { Database } from '../../prisma/client.ts';
import type { JournalStore } from '../../prisma/journals.ts';
import { JournalBook } from '../../workflows/journal-book.ts';

/** What a worker does of a unit, in this order; and the two sides of writing to the journal. */
export const PHASES = [
  /** Before the unit is taken. */
  'claim',
  /** It is ours. */
  'claimed',
  /** Before the gate is asked. */
  'gate',
  /** It was let through, and is not noted as sending. */
  'send',
  /** Noted as sending; nothing has left. */
  'sent',
  /** It was answered; nobody knows yet. */
  'answered',
  /** What was answered is kept; the unit has not ended. */
  'settle',
  /** It has ended; the run does not know. */
  'settled',
  /** Decided, and not in the journal. */
  'record',
  /** In the journal; the worker has not heard so. */
  'recorded',
] as const;
export type Phase = (typeof PHASES)[number];

export interface LiveRun {
  readonly id: string;
  /** As it is recorded. */
  readonly run: Run;
  /** How often its worker has died. */
  readonly deaths: number;
  /** Follows it until it waits for somebody, or for its clock. A worker that dies is followed by another. */
  go(): Promise<void>;
  /** Moves the clock of the desk, stopping wherever the run wants something, and follows. */
  pass(ms: number): Promise<void>;
  ask(command: RunCommand, actor: Actor, words?: string): Promise<Refusal | null>;
  vote(need: string, actor: Actor, decision?: 'approve' | 'reject'): Promise<Refusal | null>;
  /** Manual steps that wait for somebody. */
  waiting(): UnderWay[];
  /** A manual step is done; with this evidence, where given. */
  complete(
    unit: string,
    actor: Actor,
    done?: { variables?: Record<string, string>; evidence?: string[] },
  ): Promise<Refusal | null>;
  /** The next time that the worker comes to this phase it dies, or does something before it goes on. Once. */
  at(phase: Phase, act: 'die' | (() => Promise<void>)): void;
  /** The worker dies now; the next one reads the journal. */
  die(): Promise<void>;
  /** The whole journal, as it is stored. */
  events(): Promise<JournalEvent<RunBody>[]>;
}

export interface Following {
  id: string;
  definitions: Definitions;
  database: Database;
  journals: Pick<JournalStore, 'record' | 'events'>;
  actuating: ActuatorDeps;
  clock: { now: number };
}

const forEver = (): Promise<never> => new Promise(() => undefined);

class Died extends Error {}

/** As often as Temporal would have tried within the time that a stalled machine takes. */
const MOST_TRIES = 20;

/** As Temporal does with an activity: again, where nothing could be told yet, as after a lease that a stall has cost. */
async function insisted(work: () => Promise<UnitReport>): Promise<UnitReport> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const isFinal = error instanceof ApplicationFailure && error.nonRetryable === true;
      if (isFinal || tries === MOST_TRIES) throw error;
    }
  }
}

const STEADY: Pulse = { heartbeat: () => undefined, isCancelled: () => false, isLeaving: () => false };

/** The worker between its birth and its death: what it is made of stands still once it is dead. */
class Worker {
  isDead = false;
  /** Units that it has begun. */
  readonly begun = new Set<string>();
  readonly died: Promise<never>;
  readonly #kill: (error: Died) => void;

  constructor() {
    let kill: (error: Died) => void = () => undefined;
    this.died = new Promise<never>((_resolve, reject) => (kill = reject));
    // Whoever does not wait for it is not to be told.
    this.died.catch(() => undefined);
    this.#kill = kill;
  }

  die(): void {
    this.isDead = true;
    this.#kill(new Died());
  }
}

type Come = (phase: Phase) => Promise<void>;

function mortalConnectors(connectors: Connectors, come: Come): Connectors {
  return Object.fromEntries(
    Object.entries(connectors).map(([type, connector]) => [
      type,
      {
        isChange: (command) => connector.isChange(command),
        isRepeatable: (command) => connector.isRepeatable(command),
        async carryOut(request) {
          await come('sent');
          const answer = await connector.carryOut(request);
          await come('answered');
          return answer;
        },
      } satisfies Connectors[string],
    ]),
  );
}

/** The parts of an actuator with a place to die between each two of them. */
export function mortal(deps: ActuatorDeps, come: Come, who: Pick<Worker, 'isDead'>): ActuatorDeps {
  const { units, gate } = deps;
  return {
    ...deps,
    connectors: mortalConnectors(deps.connectors, come),
    units: {
      async claim(unit, lease) {
        await come('claim');
        const claim = await units.claim(unit, lease);
        await come('claimed');
        return claim;
      },
      async send(id, lease) {
        await come('send');
        return units.send(id, lease);
      },
      // The dead keep nothing.
      renew: (id, lease) => (who.isDead ? forEver() : units.renew(id, lease)),
      async settle(id, worker, end) {
        await come('settle');
        const report = await units.settle(id, worker, end);
        await come('settled');
        return report;
      },
    },
    async gate(about) {
      await come('gate');
      return gate(about);
    },
  };
}

/** Follows a run whose journal has been opened. */
export async function followRun(following: Following): Promise<LiveRun> {
  const { id, definitions, database, journals, actuating, clock } = following;
  const kind = runJournal(definitions);
  const acts = new Map<Phase, 'die' | (() => Promise<void>)>();
  let worker = new Worker();
  let book = new JournalBook(kind, id);
  let asked = 0;
  let deaths = 0;

  const readJournal = async (): Promise<JournalEvent<RunBody>[]> =>
    (await journals.events('containment', id)) as JournalEvent<RunBody>[];

  /** What is to happen here, where something is; a dead worker comes no further. */
  const comeAs =
    (who: Worker): Come =>
    async (phase) => {
      if (who.isDead) return forEver();
      const act = acts.get(phase);
      acts.delete(phase);
      if (act === undefined) return;
      if (act !== 'die') return act();
      who.die();
      return forEver();
    };

  const born = async (): Promise<void> => {
    worker = new Worker();
    book = new JournalBook(kind, id);
    book.takeOver(await readJournal());
  };

  /** The next worker takes over. What the dead one had is free when its time is over: that time passes here. */
  const succeed = async (): Promise<void> => {
    deaths += 1;
    worker.die();
    await database.$executeRaw`
      UPDATE units SET lease_until = clock_timestamp() - interval '1 second' WHERE run = ${id} AND state <> 'done'`;
    await born();
  };

  const record = async (): Promise<void> => {
    const come = comeAs(worker);
    while (!book.isRecorded) {
      const write = book.pendingWrite();
      await come('record');
      const { head, events, row } = write;
      const answer = await journals.record({ kind: kind.name, id, head, events, row });
      await come('recorded');
      book.answer(write, answer);
    }
  };

  const carryOut = async (unit: string): Promise<void> => {
    worker.begun.add(unit);
    const order = orderOf(book.recorded!, definitions, unit);
    const who = worker;
    const actuator = createActuator(mortal(actuating, comeAs(who), who));
    const report = await insisted(() => actuator.actuate(order, STEADY));
    book.request({ id: `report/${unit}`, command: { type: 'report', report }, actor: TIERLINE }, clock.now);
  };

  const follow = async (): Promise<void> => {
    for (;;) {
      book.settle(clock.now);
      if (!book.isRecorded) await record();
      else {
        const next = unitsOnTheirWay(book.recorded!).find(({ unit }) => !worker.begun.has(unit));
        if (!next) return;
        await carryOut(next.unit);
      }
    }
  };

  /** Does it with whichever worker survives it. */
  const surviving = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await Promise.race([work(), worker.died]);
      } catch (error) {
        if (!(error instanceof Died)) throw error;
        await succeed();
      }
    }
  };

  let isGoing = false;
  const go = async (): Promise<void> => {
    if (isGoing) return;
    isGoing = true;
    try {
      await surviving(follow);
    } finally {
      isGoing = false;
    }
  };

  /** Asked as a front end asks: again under the same id, until it is answered. */
  const ask = async (command: RunCommand, actor: Actor, words?: string): Promise<Refusal | null> => {
    asked += 1;
    const text = words === undefined ? {} : { text: { id: `txt_${asked}`, digest: 'd'.repeat(64) } };
    const request = { id: `m${asked}`, command, actor, ...text };
    const refusal = await surviving(async () => {
      const refused = book.request(request, clock.now);
      if (!refused && !book.isRecorded) await record();
      return refused;
    });
    await go();
    return refusal;
  };

  await born();
  return {
    id,
    get run() {
      return book.recorded!;
    },
    get deaths() {
      return deaths;
    },
    go,
    async pass(ms) {
      const until = clock.now + ms;
      for (;;) {
        const next = kind.nextMilestone(book.recorded!, clock.now);
        if (next === null || next > until) break;
        clock.now = next;
        await go();
      }
      clock.now = until;
      await go();
    },
    ask,
    vote: (need, actor, decision = 'approve') =>
      ask(
        { type: 'vote', need, decision, planHash: book.recorded!.planHash },
        actor,
        decision === 'reject' ? 'No' : undefined,
      ),
    waiting: () => Object.values(book.recorded!.units).filter(({ manual }) => manual !== undefined),
    complete: (unit, actor, { variables = {}, evidence = [] } = {}) =>
      ask({ type: 'complete', unit, variables, evidence }, actor),
    at: (phase, act) => void acts.set(phase, act),
    die: succeed,
    events: readJournal,
  };
}

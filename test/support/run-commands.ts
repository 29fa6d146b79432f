/** What people, time and `kill -9` do to runs, at random: commands of fast-check over the real thing and its rules. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { orderOf } from '../../domain/run-orders.ts';
import { unitsOnTheirWay } from '../../domain/run.ts';
import type { DoomedLiveWorkerOptions } from './doomed-live-worker.ts';
import type { Phase } from './live-worker.ts';
import { ASKED } from './model-playbook.ts';
import type { Play, PlayedRun } from './run-play.ts';

type Command = fc.AsyncCommand<object, Play>;

/** What a worker comes by before anything leaves; afterwards there is nothing to stop any more. */
const BEFORE_IT_LEAVES: readonly Phase[] = ['claim', 'claimed', 'gate'];
const DEATHS: readonly Phase[] = [
  'claim',
  'claimed',
  'gate',
  'send',
  'sent',
  'answered',
  'settle',
  'settled',
  'record',
  'recorded',
];
export const IN_A_UNIT = DEATHS.slice(0, 8);
const DOOMED = fileURLToPath(new URL('doomed-live-worker.ts', import.meta.url));

const NEEDS = Object.keys(ASKED);

function command(name: string, act: (play: Play) => Promise<void>): Command {
  return {
    check: () => true,
    async run(_model, play) {
      await act(play);
      await play.check();
    },
    toString: () => name,
  };
}

/** A command on one of the runs there are; nothing where there is none. */
const onRun = (name: string, index: number, act: (run: PlayedRun, play: Play) => Promise<unknown>): Command =>
  command(`${name}(run ${index})`, async (play) => {
    const run = play.runs[index % Math.max(play.runs.length, 1)];
    if (run) await act(run, play);
  });

/** A worker of its own takes the unit that is about to be taken, and is killed; then its time is over. */
export async function killedAt(run: PlayedRun, play: Play, phase: Phase): Promise<void> {
  const { live } = run;
  const unit = unitsOnTheirWay(live.run)[0];
  if (!unit) return;
  const order = orderOf(live.run, play.definitions, unit.unit);
  const { databaseUrl, database, clock } = play.desk;
  const options: DoomedLiveWorkerOptions = {
    databaseUrl,
    secrets: play.secrets,
    now: clock.now,
    order,
    phase,
  };
  const child = spawn(process.execPath, ['--import', 'tsx', DOOMED, JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  if (signal === 'SIGKILL') play.counts.killed += 1;
  await database.$executeRaw`
    UPDATE units SET lease_until = clock_timestamp() - interval '1 second' WHERE run = ${live.id} AND state <> 'done'`;
}

const RUN = fc.nat({ max: 2 });
/** Mostly so short that what is approved still counts. */
const WAITS = [1_000, 10_000, 10_000, 6 * 60_000, 6 * 60_000, 16 * 60_000, 3_600_001];

/** What leads a run through its life, one after another. */
const COURSE: readonly ((run: PlayedRun, play: Play) => Promise<unknown>)[] = [
  (run, play) => play.agree(run),
  (run, play) => play.agree(run),
  (run, play) => play.ask(run, 'rollBack'),
  (run, play) => play.agree(run),
];

/** How far the first run has come before anything else happens, and where its worker dies on the way. */
export interface Opening {
  far: number;
  deaths: readonly (Phase | null)[];
}

/**
 * From a run that is asked for, and can still be edited, to one that is taken back: what is rare by chance alone is
 * there to begin with. `least`: at least so far.
 */
export const openings = ({ least }: { least: number }): fc.Arbitrary<Opening> =>
  fc.record({
    far: fc.constantFrom(0, 0, 1, 2, 3, 4).map((far) => Math.max(far, least)),
    deaths: fc.array(fc.option(fc.constantFrom(...DEATHS)), {
      minLength: COURSE.length,
      maxLength: COURSE.length,
    }),
  });

export async function comeSoFar(play: Play, { far, deaths }: Opening): Promise<void> {
  const [run] = play.runs;
  for (const [index, act] of COURSE.slice(0, far).entries()) {
    const phase = deaths[index];
    if (phase) run!.live.at(phase, 'die');
    await act(run!, play);
  }
  await play.check();
}

/** Everything that may happen; with `kill -9` where that is wanted, which takes longer. */
export function runCommands({ kills }: { kills: boolean }): fc.Arbitrary<Command>[] {
  const requested = fc
    .tuple(fc.nat({ max: 1 }), fc.nat({ max: 1 }))
    .map(([by, host]) =>
      command(`request(by ${by}, host ${host})`, (play) =>
        play.request(by === 0 ? 'responder-1' : 'approver-3', host),
      ),
    );
  const agreed = RUN.map((index) => onRun('agree', index, (run, play) => play.agree(run)));
  const voted = fc
    .record({
      index: RUN,
      need: fc.constantFrom(...NEEDS),
      by: fc.nat({ max: 7 }),
      decision: fc.constantFrom('approve' as const, 'approve' as const, 'reject' as const),
      isStale: fc.nat({ max: 3 }).map((n) => n === 0),
    })
    .map(({ index, need, by, decision, isStale }) =>
      onRun(
        `${decision} ${need.slice(0, 8)} by ${by}${isStale ? ' of the plan before' : ''}`,
        index,
        (run, play) =>
          play.vote(run, { need, by: play.players[by % play.players.length]!, decision, isStale }),
      ),
    );
  const edited = fc
    .tuple(RUN, fc.nat({ max: 1 }))
    .map(([index, host]) => onRun(`edit to host ${host}`, index, (run, play) => play.edit(run, host)));
  const passed = fc.constantFrom(...WAITS).map((ms) => command(`pass(${ms})`, (play) => play.pass(ms)));
  const keys = fc
    .tuple(fc.nat({ max: 3 }), fc.boolean())
    .map(([n, isTaken]) =>
      command(`${isTaken ? 'revoke' : 'reinstate'} approver-${n + 1}`, (play) =>
        isTaken ? play.revoke(`approver-${n + 1}`) : play.reinstate(`approver-${n + 1}`),
      ),
    );
  const asked = fc
    .tuple(fc.constantFrom('stop' as const, 'resume' as const, 'rollBack' as const, 'rollBack' as const), RUN)
    .map(([what, index]) => onRun(what, index, (run, play) => play.ask(run, what)));
  const died = fc
    .tuple(RUN, fc.constantFrom(...DEATHS))
    .map(([index, phase]) =>
      onRun(`die at ${phase}`, index, (run) => Promise.resolve(run.live.at(phase, 'die'))),
    );
  const interfered = fc
    .tuple(RUN, fc.constantFrom(...BEFORE_IT_LEAVES), fc.constantFrom('revoke', 'stop', 'wait'))
    .map(([index, phase, what]) =>
      onRun(`${what} at ${phase}`, index, async (run, play) =>
        run.live.at(phase, () => play.interfere(run, what as 'revoke' | 'stop' | 'wait')),
      ),
    );
  const stoppedLate = fc
    .tuple(RUN, fc.constantFrom('send' as const, 'answered' as const))
    .map(([index, phase]) =>
      onRun(`stop at ${phase}`, index, async (run, play) =>
        run.live.at(phase, () => play.interfere(run, 'stop')),
      ),
    );
  const killed = fc
    .tuple(RUN, fc.constantFrom(...IN_A_UNIT))
    .map(([index, phase]) =>
      onRun(`kill -9 at ${phase}`, index, async (run, play) =>
        run.live.at('claim', () => killedAt(run, play, phase)),
      ),
    );
  const often = [requested, requested, agreed, agreed, agreed, agreed];
  const rest = [voted, edited, passed, keys, asked, asked, died, interfered, stoppedLate];
  return kills ? [...often, ...rest, killed, killed] : [...often, ...rest];
}

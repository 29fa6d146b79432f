/**
 * Runs under random commands of people, time and death, held against the rules of approval told a second time
 * (test/support/run-rules.ts): nothing is done that was not allowed at that instant, nothing twice, nothing is left
 * behind untold. `TIERLINE_MODEL='<seed>:<path>'`, as a failure prints them, plays one again and makes it shorter.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  comeSoFar,
  IN_A_UNIT,
  killedAt,
  openings,
  runCommands,
  type Opening,
} from '../support/run-commands.ts';
import { openStage, Play, type Stage } from '../support/run-play.ts';

const isFull = process.env['TIERLINE_FULL'] !== undefined;
const [seed, path] = (process.env['TIERLINE_MODEL'] ?? '').split(/:(.*)/);
const replay = seed ? { seed: Number(seed), ...(path && { path }) } : { endOnFailure: true };

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.desk.close());

const COMMON = [
  'runs',
  'requests',
  'inDoubt',
  'on',
  'edits',
  'stops',
  'rollBacks',
  'deaths',
  'blocked',
] as const;

async function play(
  faults: number,
  opening: Opening,
  commands: Iterable<fc.AsyncCommand<object, Play>>,
  kills: boolean,
): Promise<void> {
  const one = await Play.begin(stage, faults);
  try {
    const [first] = one.runs;
    if (kills && first) {
      const phase = IN_A_UNIT[Math.abs(faults) % IN_A_UNIT.length]!;
      first.live.at('claim', () => killedAt(first, one, phase));
    }
    await comeSoFar(one, opening);
    await fc.asyncModelRun(() => ({ model: {}, real: one }), commands);
    await one.finish();
  } finally {
    await one.close();
  }
}

const playing = ({ kills }: { kills: boolean }) =>
  fc.asyncProperty(
    fc.integer(),
    // Whoever is to be killed in a unit needs one.
    openings({ least: kills ? 1 : 0 }),
    fc.commands(runCommands({ kills }), { maxCommands: 30, size: 'max' }),
    (faults, opening, commands) => play(faults, opening, commands, kills),
  );

test('whatever people, time and death do, nothing is done unasked, twice or untold', async () => {
  await fc.assert(playing({ kills: false }), { numRuns: isFull ? 2_000 : 100, ...replay });
  const { counts } = stage;
  // What nearly every play has; what is rare, as going on after a stop, may be missing among a few.
  if (!seed) for (const what of COMMON) expect([what, counts[what]]).not.toEqual([what, 0]);
}, 3_600_000);

test('nor where workers are killed', async () => {
  await fc.assert(playing({ kills: true }), { numRuns: isFull ? 50 : 4, ...replay });
  if (!seed) expect(stage.counts.killed).toBeGreaterThan(0);
}, 3_600_000);

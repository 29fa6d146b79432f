/** Changing one part of a run and leaving the rest: a branch, the step that it is at, an effect. */
import type { JournalEvent } from './journal.ts';
import type { Branch, Effect, Look, Place, Run, RunBody, UnitPlace } from './run.ts';

/** An event of the journal, by its type. */
export type Told<T extends RunBody['type']> = JournalEvent<Extract<RunBody, { type: T }>>;

export function withBranch(run: Run, id: string, change: (branch: Branch) => Partial<Branch>): Partial<Run> {
  const branch = run.branches[id];
  return branch ? { branches: { ...run.branches, [id]: { ...branch, ...change(branch) } } } : {};
}

/** The step that an event is about, if the branch is still at it. */
export function placeOf(run: Run, { branch, visit }: UnitPlace): Place | null {
  const place = branch === undefined ? null : (run.branches[branch]?.place ?? null);
  return place?.visit === visit ? place : null;
}

export function withPlace(run: Run, at: UnitPlace, change: (place: Place) => Partial<Place>): Partial<Run> {
  const place = placeOf(run, at);
  return place ? withBranch(run, at.branch!, () => ({ place: { ...place, ...change(place) } })) : {};
}

export const withEffect = (
  effects: Run['effects'],
  id: string | undefined,
  change: (effect: Effect) => Partial<Effect>,
): Run['effects'] => {
  const effect = id === undefined ? undefined : effects[id];
  return effect ? { ...effects, [effect.id]: { ...effect, ...change(effect) } } : effects;
};

export const newLook = (effect: string, since: number): Look => ({
  effect,
  since,
  cursor: 0,
  attempt: 1,
  outputs: {},
  againAt: null,
  fault: null,
});

/** The figures of a whole log under one policy: every clock accounted for, and whose time it was. */
import { resolveRules } from '../domain/rules.ts';
import type { ImportedHistory } from '../domain/history.ts';
import {
  HOLD_REASONS,
  isStandardClock,
  PRIORITIES,
  STANDARD_CLOCKS,
  type AppliedRules,
  type ClockName,
  type HoldReason,
  type Policy,
  type Priority,
} from '../domain/policy.ts';
import type { ListedState } from '../domain/projection.ts';
import type { Share } from '../domain/situation.ts';
import type { ImportedLog, SkippedRows } from './log.ts';
import {
  tallyClimbs,
  tallyMoves,
  tallyOffers,
  tallyTiers,
  type ClimbTally,
  type MoveTally,
  type OfferTally,
  type TierTally,
} from './hands.ts';
import { passagesOf, teamChangesOf } from './passages.ts';
import { foldedVerdict, type ClockVerdict, type Verdict } from './verdict.ts';

/**
 * The clocks of one name on tickets that ended with one priority. Each cycle of a clock counts once: as breached
 * if it ran past its deadline, met later or not; else by its state at the end of the log, paused as running.
 */
export interface ClockTally {
  clock: ClockName;
  priority: Priority;
  met: number;
  breached: number;
  running: number;
  cancelled: number;
}

export interface ReplayReport {
  file: string;
  format: string;
  policy: { name: string; version: number };
  rows: number;
  cases: number;
  rowsUsed: number;
  rowsWithoutChange: number;
  rowsSkipped: SkippedRows[];
  notes: string[];
  /** First opening and last instant, RFC 3339; nothing after it is judged. */
  from: string;
  until: string;
  /** Cases by how they stand at the end. */
  states: Record<ListedState, number>;
  clocks: ClockTally[];
  /** Seconds on the resolution calendar by owner, from opening to resolution or the end of the log. */
  timeInTier: Partial<Record<Share, number>>;
  /** Accepted changes of tier, and those among them back to a tier the ticket had left. */
  handoffs: number;
  pingPong: number;
  casesHandedOff: number;
  casesPingPong: number;
  /** The same tier by tier, and from which to which. */
  tiers: TierTally[];
  moves: MoveTally[];
  climbs: ClimbTally;
  /** Changes from one named team to another, within a tier or across, and those back to a team that had the case. */
  teamChanges: number;
  teamReturns: number;
  casesTeamReturned: number;
  /** Offers to any other tier. */
  offers: OfferTally;
  reopenings: number;
  casesReopened: number;
  /** Cases that waited, for anything and by what for. */
  casesHeld: number;
  casesHeldFor: Record<HoldReason, number>;
}

/** The rules of one policy over the whole log: its calendars are expanded once, not once a ticket. */
export function rulesOver(
  policy: Policy,
  { from, until }: Pick<ImportedLog, 'from' | 'until'>,
): AppliedRules {
  return resolveRules(policy, { openedAt: from, now: until });
}

/** Folds every case up to the end of the log. `onProgress` is called with the cases done so far. */
export function foldLog(
  { histories, until }: Pick<ImportedLog, 'histories' | 'until'>,
  rules: AppliedRules,
  onProgress: (cases: number) => void = () => {},
): Verdict[] {
  return histories.map((history, i) => {
    onProgress(i);
    return foldedVerdict(history, rules, until);
  });
}

type Outcome = 'met' | 'breached' | 'running' | 'cancelled';

function outcomeOf({ breachedAt, state }: ClockVerdict): Outcome {
  if (breachedAt !== null) return 'breached';
  return state === 'paused' ? 'running' : state;
}

function tallyClocks(verdicts: readonly Verdict[]): ClockTally[] {
  const tallies = new Map<string, ClockTally>();
  for (const { priority, clocks } of verdicts)
    for (const verdict of clocks) {
      const { clock } = verdict;
      const key = `${clock}/${priority}`;
      const tally = tallies.get(key) ?? { clock, priority, met: 0, breached: 0, running: 0, cancelled: 0 };
      tally[outcomeOf(verdict)] += 1;
      tallies.set(key, tally);
    }
  return [...tallies.values()].toSorted(byClockAndPriority);
}

/** Standard clocks in the order of the table, then a policy's own by name; P1 first. */
function byClockAndPriority(a: ClockTally, b: ClockTally): number {
  const place = ({ clock }: ClockTally) =>
    isStandardClock(clock) ? STANDARD_CLOCKS.indexOf(clock) : Infinity;
  if (a.clock !== b.clock) return place(a) - place(b) || (a.clock < b.clock ? -1 : 1);
  return PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority);
}

const ownerOrder = (a: string, b: string): number =>
  Number(b.startsWith('tier')) - Number(a.startsWith('tier')) || (a < b ? -1 : 1);

/** Milliseconds are summed before they become seconds: nothing is rounded. */
function timeInTier(verdicts: readonly Verdict[]): ReplayReport['timeInTier'] {
  const totals: Record<string, number> = {};
  for (const { shares } of verdicts)
    for (const [owner, ms = 0] of Object.entries(shares)) totals[owner] = (totals[owner] ?? 0) + ms;
  const owners = Object.keys(totals).toSorted(ownerOrder);
  return Object.fromEntries(owners.map((owner) => [owner, totals[owner]! / 1000]));
}

function tallyStates(verdicts: readonly Verdict[]): ReplayReport['states'] {
  const states = { open: 0, onHold: 0, resolved: 0, closed: 0, cancelled: 0 };
  for (const { state } of verdicts) states[state] += 1;
  return states;
}

function isHeldFor({ facts }: ImportedHistory, reason?: HoldReason): boolean {
  return facts.some((fact) => fact.type === 'held' && (reason === undefined || fact.reason === reason));
}

const total = <T>(all: readonly T[], count: (one: T) => number): number =>
  all.reduce((soFar, one) => soFar + count(one), 0);

function figuresOf(histories: readonly ImportedHistory[], verdicts: readonly Verdict[]) {
  const teams = histories.map(teamChangesOf);
  const passages = histories.map(passagesOf);
  const heldFor = (reason?: HoldReason) => histories.filter((history) => isHeldFor(history, reason)).length;
  return {
    states: tallyStates(verdicts),
    clocks: tallyClocks(verdicts),
    timeInTier: timeInTier(verdicts),
    handoffs: total(verdicts, ({ handoffs }) => handoffs),
    pingPong: total(verdicts, ({ tierReturns }) => tierReturns),
    casesHandedOff: verdicts.filter(({ handoffs }) => handoffs > 0).length,
    casesPingPong: verdicts.filter(({ tierReturns }) => tierReturns > 0).length,
    tiers: tallyTiers(passages),
    moves: tallyMoves(passages),
    climbs: tallyClimbs(passages),
    teamChanges: total(teams, ({ changes }) => changes),
    teamReturns: total(teams, ({ returns }) => returns),
    casesTeamReturned: teams.filter(({ returns }) => returns > 0).length,
    offers: tallyOffers(passages.flatMap(({ offers }) => offers)),
    reopenings: total(verdicts, ({ reopenCount }) => reopenCount),
    casesReopened: verdicts.filter(({ reopenCount }) => reopenCount > 0).length,
    casesHeld: heldFor(),
    casesHeldFor: Object.fromEntries(HOLD_REASONS.map((reason) => [reason, heldFor(reason)])) as Record<
      HoldReason,
      number
    >,
  };
}

/** The report on a log whose cases were judged under `policy`. The same input gives the same report. */
export function reportOn(
  log: ImportedLog,
  { name, version }: Pick<Policy, 'name' | 'version'>,
  verdicts: readonly Verdict[],
): ReplayReport {
  const { histories, from, until, file, format, ...account } = log;
  return {
    file,
    format,
    policy: { name, version },
    ...account,
    from: new Date(from).toISOString(),
    until: new Date(until).toISOString(),
    ...figuresOf(histories, verdicts),
  };
}

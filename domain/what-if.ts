/**
 * What would have been: the same stories judged by other rules. A story is folded once under each set of rules, and
 * every cycle of every clock is judged from how it ends, as `settle` would have judged it on the way: a verdict depends
 * on the fold alone (docs/rules.md §1). Nothing is decided, so hand-offs and closings that were made stand.
 */
import { advance, openedSituation, withHoldsEnded } from './advance.ts';
import { clockState, deadlineOf, stoppedAt } from './clock.ts';
import { compareFoldOrder, type LedgerEvent, type OpenedBody } from './events.ts';
import { readFact } from './facts.ts';
import type { ImportedHistory } from './history.ts';
import { lowestTier, PRIORITIES, type AppliedRules, type ClockName, type Priority } from './policy.ts';
import { isStoryEvent, type Happening, type Situation, type StoryEvent } from './situation.ts';
import { AFTER_CLOSE } from './ticket.ts';

/** What happened to one ticket, whatever rules judge it; events in the order in which they fold. */
export interface Story {
  caseId: string;
  opened: LedgerEvent<OpenedBody>;
  events: readonly StoryEvent[];
}

/** `breached` if it ran past its deadline, met later or not; `running` also while it stands. */
export type Outcome = 'met' | 'breached' | 'running' | 'cancelled';

/** The verdict on one cycle of one clock. */
export interface CycleVerdict {
  clock: ClockName;
  cycle: number;
  outcome: Outcome;
  /** Epoch milliseconds; null while a pause, or the end of the known hours, leaves it open. */
  deadlineAt: number | null;
}

/** How one ticket stands, as far as it is judged. */
export interface Judgement {
  priority: Priority;
  tier: number;
  cycles: readonly CycleVerdict[];
}

/** The story of an imported case up to `until`: told once, to be folded under as many rules as one likes. */
export function storyOf(history: ImportedHistory, until: number, rules: AppliedRules): Story {
  const { caseId, openedAt, attributes, priority, tier } = history;
  const opened = {
    id: 'request:import/0',
    sequence: 1,
    source: 'request',
    occurredAt: openedAt,
    receivedAt: openedAt,
    decision: 0,
    imported: true,
    type: 'opened',
    attributes,
    priority,
    tier: tier ?? lowestTier(rules.policy),
    mode: 'observe',
    rules,
  } as const satisfies LedgerEvent<OpenedBody>;
  const events: StoryEvent[] = [];
  for (const told of history.facts) {
    // What no rule can read is no part of a story, here or in the engine.
    if (told.occurredAt > until || 'problem' in readFact(told)) continue;
    events.push(
      Object.assign({ sequence: 0, source: 'fact', receivedAt: told.occurredAt }, told) as StoryEvent,
    );
  }
  return { caseId, opened, events };
}

/** What came too late for the engine to fold is left out, as it was then. */
const isFolded = ({ moot }: StoryEvent): boolean => moot !== AFTER_CLOSE && moot !== 'too_late';

/** How a story ends under these rules. */
export function foldStory({ opened, events }: Story, rules: AppliedRules): Situation {
  let situation = openedSituation(opened, rules);
  for (const event of events) {
    if (!isFolded(event)) continue;
    const step = advance(situation, event as Happening, rules);
    if ('situation' in step) situation = step.situation;
  }
  return situation;
}

/** Every cycle judged as of `until`, epoch milliseconds. Met exactly at the deadline is met (docs/rules.md §3). */
export function judge(ended: Situation, rules: AppliedRules, until: number): Judgement {
  const { priority, tier, clocks } = withHoldsEnded(ended, until, rules);
  const cycles = clocks.map((clock): CycleVerdict => {
    const deadlineAt = deadlineOf(clock, rules.hours);
    const late = deadlineAt !== null && (stoppedAt(clock) ?? until) > deadlineAt;
    const outcome = late ? 'breached' : outcomeOf(clockState(clock));
    return { clock: clock.name, cycle: clock.cycle, outcome, deadlineAt };
  });
  return { priority, tier, cycles };
}

/** The outcome of a cycle that was not late. */
export function outcomeOf(state: 'running' | 'paused' | 'met' | 'cancelled'): Outcome {
  return state === 'paused' ? 'running' : state;
}

/** A ticket of our own ledger: what folds of it, and how the engine recorded its clocks. */
export interface Recorded {
  ticketId: string;
  priority: Priority;
  tier: number;
  events: readonly LedgerEvent[];
  clocks: readonly {
    clock: ClockName;
    cycle: number;
    state: 'running' | 'paused' | 'met' | 'cancelled';
    deadlineAt: number | null;
    breachedAt: number | null;
  }[];
}

/** How the rules judged the ticket that it has lived under: what its clock rows say. */
export function recordedJudgement({ priority, tier, clocks }: Recorded): Judgement {
  const cycles = clocks.map(({ clock, cycle, state, deadlineAt, breachedAt }): CycleVerdict => {
    // A breach keeps the deadline that was missed.
    if (breachedAt !== null) return { clock, cycle, outcome: 'breached', deadlineAt: breachedAt };
    return { clock, cycle, outcome: outcomeOf(state), deadlineAt };
  });
  return { priority, tier, cycles };
}

/** The story of a ticket of our own ledger: requests and hand-offs that were made are part of it. */
export function recordedStory({ ticketId, events }: Recorded): Story {
  const [opened, ...story] = events.filter(isStoryEvent).toSorted(compareFoldOrder);
  if (opened?.type !== 'opened') throw new Error(`The ledger of ticket ${ticketId} has no opening`);
  return { caseId: ticketId, opened, events: story };
}

// ---------------------------------------------------------------------------------------------------- comparing

export interface Tally {
  met: number;
  breached: number;
  running: number;
  cancelled: number;
  /** met ÷ (met + breached); null where neither occurs. */
  compliance: number | null;
}

/** The cycles of one clock on tickets of one tier and priority, as they stand at the end. */
export interface ComparedGroup {
  clock: ClockName;
  tier: number;
  priority: Priority;
  before: Tally;
  after: Tally;
}

export interface ComparedClock {
  clock: ClockName;
  before: Tally;
  after: Tally;
}

/** One side of a change; null where there is no such cycle. */
export type ChangeSide = Pick<CycleVerdict, 'outcome' | 'deadlineAt'> | null;

/** A cycle whose outcome is another one. */
export interface Change {
  caseId: string;
  clock: ClockName;
  cycle: number;
  priority: Priority;
  tier: number;
  before: ChangeSide;
  after: ChangeSide;
}

export interface ChangeCounts {
  /** Cycles whose outcome differs. */
  count: number;
  /** Those among them that are breached only after, and only before. */
  becomeBreached: number;
  relieved: number;
  /** Cycles with the same outcome and another deadline. */
  deadlinesMoved: number;
}

export interface Comparison {
  cases: number;
  /** Cases with a cycle whose outcome differs. */
  casesChanged: number;
  clocks: ComparedClock[];
  groups: ComparedGroup[];
  changes: ChangeCounts & { data: Change[] };
}

type Counts = Record<Outcome, number>;

const noCounts = (): Counts => ({ met: 0, breached: 0, running: 0, cancelled: 0 });

function tallyOf(counts: Counts): Tally {
  const judged = counts.met + counts.breached;
  return { ...counts, compliance: judged === 0 ? null : counts.met / judged };
}

interface Group {
  clock: ClockName;
  tier: number;
  priority: Priority;
  before: Counts;
  after: Counts;
}

const sideOf = (verdict: CycleVerdict | undefined): ChangeSide =>
  verdict ? { outcome: verdict.outcome, deadlineAt: verdict.deadlineAt } : null;

/** Takes cases one by one, and knows at any time what they amount to. Keeps at most `limit` changes; counts all. */
export interface Comparer {
  add(caseId: string, before: Judgement, after: Judgement): void;
  result(): Comparison;
}

/** Clocks in the order in which they are met; tiers and priorities from the most urgent. */
function compareGroups(order: readonly ClockName[]) {
  return (a: Group, b: Group): number =>
    order.indexOf(a.clock) - order.indexOf(b.clock) ||
    a.tier - b.tier ||
    PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority);
}

function sumOf(groups: readonly Group[], side: 'before' | 'after'): Counts {
  const sum = noCounts();
  for (const group of groups)
    for (const outcome of Object.keys(sum) as Outcome[]) sum[outcome] += group[side][outcome];
  return sum;
}

export function createComparer({ limit }: { limit: number }): Comparer {
  const groups = new Map<ClockName, Group[]>();
  const changes: Change[] = [];
  const counts: ChangeCounts = { count: 0, becomeBreached: 0, relieved: 0, deadlinesMoved: 0 };
  let cases = 0;
  let casesChanged = 0;

  const groupOf = (clock: ClockName, { tier, priority }: Judgement): Group => {
    let own = groups.get(clock);
    if (!own) groups.set(clock, (own = []));
    let group = own.find((one) => one.tier === tier && one.priority === priority);
    if (!group) {
      group = { clock, tier, priority, before: noCounts(), after: noCounts() };
      own.push(group);
    }
    return group;
  };

  const compare = (change: Change): boolean => {
    const { before, after } = change;
    if (before?.outcome === after?.outcome) {
      if (before?.deadlineAt !== after?.deadlineAt) counts.deadlinesMoved += 1;
      return false;
    }
    counts.count += 1;
    if (after?.outcome === 'breached') counts.becomeBreached += 1;
    if (before?.outcome === 'breached') counts.relieved += 1;
    if (changes.length < limit) changes.push(change);
    return true;
  };

  return {
    add(caseId, before, after) {
      cases += 1;
      const { priority, tier } = after;
      let isChanged = false;
      for (const verdict of before.cycles) groupOf(verdict.clock, after).before[verdict.outcome] += 1;
      for (const verdict of after.cycles) {
        groupOf(verdict.clock, after).after[verdict.outcome] += 1;
        const { clock, cycle } = verdict;
        const other = before.cycles.find((one) => one.clock === clock && one.cycle === cycle);
        const change = {
          caseId,
          clock,
          cycle,
          priority,
          tier,
          before: sideOf(other),
          after: sideOf(verdict),
        };
        isChanged = compare(change) || isChanged;
      }
      for (const verdict of before.cycles) {
        const { clock, cycle } = verdict;
        if (after.cycles.some((one) => one.clock === clock && one.cycle === cycle)) continue;
        const change = { caseId, clock, cycle, priority, tier, before: sideOf(verdict), after: null };
        isChanged = compare(change) || isChanged;
      }
      if (isChanged) casesChanged += 1;
    },
    result() {
      const order = [...groups.keys()];
      const sorted = [...groups.values()].flat().toSorted(compareGroups(order));
      return {
        cases,
        casesChanged,
        clocks: order.map((clock) => {
          const own = sorted.filter((group) => group.clock === clock);
          return { clock, before: tallyOf(sumOf(own, 'before')), after: tallyOf(sumOf(own, 'after')) };
        }),
        groups: sorted.map(({ before, after, ...group }) => {
          return { ...group, before: tallyOf(before), after: tallyOf(after) };
        }),
        changes: { ...counts, data: changes },
      };
    },
  };
}

/** Imported cases under two sets of rules, judged as of `until`. `onProgress` hears of every thousandth case. */
export function compareHistories(
  histories: readonly ImportedHistory[],
  {
    before,
    after,
    until,
    limit,
  }: { before: AppliedRules; after: AppliedRules; until: number; limit: number },
  onProgress: (cases: number) => void = () => {},
): Comparison {
  const comparer = createComparer({ limit });
  histories.forEach((history, i) => {
    if (i > 0 && i % 1000 === 0) onProgress(i);
    const story = storyOf(history, until, before);
    const judged = [before, after].map((rules) => judge(foldStory(story, rules), rules, until));
    comparer.add(history.caseId, judged[0]!, judged[1]!);
  });
  return comparer.result();
}

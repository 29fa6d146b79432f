/** What is finally said of one ticket of a log: the figures that pure fold and engine must agree on. */
import { clockState, type ClockState } from '../domain/clock.ts';
import type { ImportedHistory } from '../domain/history.ts';
import type { AppliedRules, ClockName, Priority } from '../domain/policy.ts';
import { project, type ClockRow, type ListedState } from '../domain/projection.ts';
import { sharesOf } from '../domain/shares.ts';
import type { Share } from '../domain/situation.ts';
import type { Ticket } from '../domain/ticket.ts';
import { foldStory, judge, storyOf } from '../domain/what-if.ts';

/** One cycle of one clock; instants in epoch milliseconds. */
export interface ClockVerdict {
  clock: ClockName;
  cycle: number;
  startedAt: number;
  deadlineAt: number | null;
  metAt: number | null;
  breachedAt: number | null;
  cancelledAt: number | null;
  state: ClockState;
}

export interface Verdict {
  caseId: string;
  state: ListedState;
  priority: Priority;
  tier: number;
  /** Changes of tier, and those among them that went back to a tier the ticket had left. */
  handoffs: number;
  tierReturns: number;
  reopenCount: number;
  /** Milliseconds on the resolution calendar, by owner. */
  shares: Partial<Record<Share, number>>;
  clocks: ClockVerdict[];
}

/** Plays histories as real workflows, up to `until` (epoch milliseconds), and says what became of each. */
export type PlayOnEngine = (
  histories: readonly ImportedHistory[],
  rules: AppliedRules,
  until: number,
) => Promise<Verdict[]>;

const clockVerdict = ({
  clock,
  cycle,
  startedAt,
  deadlineAt,
  metAt,
  breachedAt,
  cancelledAt,
  state,
}: ClockRow) => ({
  clock,
  cycle,
  startedAt,
  deadlineAt,
  metAt,
  breachedAt,
  cancelledAt,
  state,
});

/** The verdict on an imported ticket as of `until`. Its case is the one it was imported for. */
export function verdictOf(ticket: Ticket, until: number): Verdict {
  const { ticket: row, clocks } = project(ticket, until);
  const { state, priority, tier, handoffs, tierReturns, reopenCount, shares } = row;
  return {
    caseId: row.attributes.external?.id ?? row.id,
    state,
    priority,
    tier,
    handoffs,
    tierReturns,
    reopenCount,
    shares,
    clocks: clocks.map(clockVerdict),
  };
}

/** By what a verdict names the case: its id in the other system. */
export const verdictCaseOf = ({ attributes, caseId }: ImportedHistory): string =>
  attributes.external?.id ?? `history:${caseId}`;

/**
 * The same verdict without playing the life: the story is folded once, and every cycle is judged from how it ends
 * (domain/what-if.ts). Several times as fast as settling at every fact, and of a log it is equal to that.
 */
export function foldedVerdict(history: ImportedHistory, rules: AppliedRules, until: number): Verdict {
  const story = storyOf(history, until, rules);
  const situation = foldStory(story, rules);
  const { state, holds, priority, tier, handoffs, tierReturns, reopenCount } = situation;
  const { cycles } = judge(situation, rules, until);
  return {
    caseId: verdictCaseOf(history),
    state: state === 'open' && holds.length > 0 ? 'onHold' : state,
    priority,
    tier,
    handoffs,
    tierReturns,
    reopenCount,
    shares: sharesOf(situation, rules, until),
    clocks: situation.clocks.map((clock, i) => {
      const { outcome, deadlineAt } = cycles[i]!;
      return {
        clock: clock.name,
        cycle: clock.cycle,
        startedAt: clock.startedAt,
        deadlineAt,
        metAt: clock.metAt,
        breachedAt: outcome === 'breached' ? deadlineAt : null,
        cancelledAt: clock.cancelledAt,
        state: clockState(clock),
      };
    }),
  };
}

/** One figure on which pure fold and engine disagree; `null` where one side has none. */
export interface Difference {
  caseId: string;
  /** Such as `tier` or `clocks.resolution/1.breachedAt`. */
  field: string;
  pure: unknown;
  engine: unknown;
}

type Figures = Map<string, unknown>;

/** Every figure of a verdict under its own name, so that two can be laid side by side. */
function figuresOf({ caseId: _caseId, shares, clocks, ...plain }: Verdict): Figures {
  const figures: Figures = new Map(Object.entries(plain));
  for (const [owner, ms = 0] of Object.entries(shares)) if (ms > 0) figures.set(`shares.${owner}`, ms);
  for (const { clock, cycle, ...fields } of clocks)
    for (const [field, value] of Object.entries(fields))
      figures.set(`clocks.${clock}/${cycle}.${field}`, value);
  return figures;
}

function differencesOf(caseId: string, pure: Figures, engine: Figures): Difference[] {
  return [...new Set([...pure.keys(), ...engine.keys()])].flatMap((field) => {
    const sides = { pure: pure.get(field) ?? null, engine: engine.get(field) ?? null };
    return sides.pure === sides.engine ? [] : [{ caseId, field, ...sides }];
  });
}

/** Where two sets of verdicts disagree, by case in the order of the pure one; a case on one side only is a difference. */
export function differences(pure: readonly Verdict[], engine: readonly Verdict[]): Difference[] {
  const played = new Map(engine.map((verdict) => [verdict.caseId, verdict]));
  const folded = new Set(pure.map(({ caseId }) => caseId));
  const lost = (caseId: string, sides: { pure: string | null; engine: string | null }): Difference => ({
    caseId,
    field: 'case',
    ...sides,
  });
  return [
    ...pure.flatMap((verdict) => {
      const other = played.get(verdict.caseId);
      if (!other) return [lost(verdict.caseId, { pure: 'present', engine: null })];
      return differencesOf(verdict.caseId, figuresOf(verdict), figuresOf(other));
    }),
    ...engine
      .filter(({ caseId }) => !folded.has(caseId))
      .map(({ caseId }) => lost(caseId, { pure: null, engine: 'present' })),
  ];
}

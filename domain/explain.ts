/** Why a clock says what it says: the spans that add up to its elapsed time, exactly. */
import {
  countingCalendar,
  governingLimit,
  knownFrom,
  stoppedAt,
  type Clock,
  type HoursByCalendar,
  type PauseReason,
} from './clock.ts';
import { openAndClosedSpans } from './open-hours.ts';

export interface ExplainedSpan {
  from: number;
  to: number;
  /** `folded`: the oldest time of a long life, of which only the sum is kept; the ledger has its details. */
  kind: 'running' | 'paused' | 'closed' | 'folded';
  /** Why it stood, for a pause. */
  reason?: PauseReason;
  /** How much of a folded span the clock ran. */
  runningMs?: number;
}

/**
 * Consecutive spans from the clock's start to its stop, or to `now`. A pause wins over closed hours; the
 * lengths of the running spans, and what ran of a folded one, sum to the elapsed time.
 */
export function explainClock(clock: Clock, hours: HoursByCalendar, now: number): ExplainedSpan[] {
  const end = stoppedAt(clock) ?? now;
  const calendar = countingCalendar(governingLimit(clock, hours));
  const open = hours[calendar]!;
  const spans: ExplainedSpan[] = [];
  if (clock.folded)
    spans.push({
      from: clock.startedAt,
      to: clock.folded.until,
      kind: 'folded',
      runningMs: clock.folded.runningMs[calendar] ?? 0,
    });
  const between = (from: number, to: number) => {
    for (const span of openAndClosedSpans(open, from, to))
      spans.push({ from: span.from, to: span.to, kind: span.open ? 'running' : 'closed' });
  };
  let cursor = knownFrom(clock);
  for (const pause of clock.pauses) {
    const from = Math.max(pause.from, cursor);
    const to = Math.min(pause.to ?? end, end);
    between(cursor, Math.min(from, end));
    if (to > from) spans.push({ from, to, kind: 'paused', reason: pause.reason });
    cursor = Math.max(cursor, to);
  }
  between(cursor, end);
  return spans;
}

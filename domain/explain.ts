/** Why a clock says what it says: the spans that add up to its elapsed time, exactly. */
import { governingLimit, stoppedAt, type Clock, type HoursByCalendar, type PauseReason } from './clock.ts';
import { openAndClosedSpans } from './open-hours.ts';

export interface ExplainedSpan {
  from: number;
  to: number;
  kind: 'running' | 'paused' | 'closed';
  /** Why it stood, for a pause. */
  reason?: PauseReason;
}

/**
 * Consecutive spans from the clock's start to its stop, or to `now`. A pause wins over closed hours; the
 * lengths of the running spans sum to the elapsed time.
 */
export function explainClock(clock: Clock, hours: HoursByCalendar, now: number): ExplainedSpan[] {
  const end = stoppedAt(clock) ?? now;
  const open = hours[governingLimit(clock, hours).calendar]!;
  const spans: ExplainedSpan[] = [];
  const between = (from: number, to: number) => {
    for (const span of openAndClosedSpans(open, from, to))
      spans.push({ from: span.from, to: span.to, kind: span.open ? 'running' : 'closed' });
  };
  let cursor = clock.startedAt;
  for (const pause of clock.pauses) {
    const to = Math.min(pause.to ?? end, end);
    between(cursor, Math.min(pause.from, end));
    if (to > pause.from) spans.push({ from: pause.from, to, kind: 'paused', reason: pause.reason });
    cursor = Math.max(cursor, to);
  }
  between(cursor, end);
  return spans;
}

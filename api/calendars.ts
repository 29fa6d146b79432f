/** Calendars: what one makes of a span of time. */
import {
  add,
  elapsed,
  intervalsOf,
  subtract,
  type BusinessCalendar,
  type Unreachable,
} from '../domain/business-time.ts';
import { droppedWindows } from '../domain/calendar.ts';
import type { ApiDeps } from './deps.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { evaluateBody, evaluation, type EvaluateBody, type Evaluation } from './schemas/evaluation.ts';
import { EVALUATE_EXAMPLE } from './schemas/examples.ts';

/** Nobody reads more, and an answer stays below a megabyte. */
const INTERVALS_TOLD = 10_000;

const UNREACHABLE: Record<Unreachable, { pointer: string; message: string }> = {
  no_open_time_found: {
    pointer: '/calendar',
    message: 'the calendar has no open time within ten years of where the rest is due',
  },
  never_reached: { pointer: '/pauses', message: 'a pause without an end comes first' },
  too_far: { pointer: '', message: 'what is asked for lies before 1900 or after 2200' },
};

function refuse(code: string, { pointer, message }: { pointer: string; message: string }): Problem {
  return new Problem('invalid', message, { errors: [{ pointer, code, message }] });
}

function reached(at: number | Unreachable): number {
  if (typeof at === 'string') throw refuse(at, UNREACHABLE[at]);
  return at;
}

/** The span of time that the question is about, and the end of it that was asked for. */
function spanOf(body: EvaluateBody): { start: number; end: number; asked?: 'deadlineAt' | 'startAt' } {
  const { calendar, pauses } = body;
  if (body.add !== undefined) {
    const start = body.start!;
    return { start, end: reached(add(calendar, start, body.add, pauses)), asked: 'deadlineAt' };
  }
  if (body.subtract !== undefined) {
    const end = body.end ?? body.start!;
    return { start: reached(subtract(calendar, end, body.subtract, pauses)), end, asked: 'startAt' };
  }
  return { start: body.start!, end: body.end! };
}

function warningsFor(calendar: BusinessCalendar, start: number, end: number): Evaluation['warnings'] {
  if (calendar === 'always') return [];
  return droppedWindows(calendar, start, end).map(({ pointer, code, message }) => ({
    pointer,
    code,
    message,
  }));
}

const iso = (at: number): string => new Date(at).toISOString();

function evaluate(body: EvaluateBody): Evaluation {
  const { calendar, pauses } = body;
  const { start, end, asked } = spanOf(body);
  const intervals = intervalsOf(calendar, { start, end, pauses, most: INTERVALS_TOLD });
  if (!intervals)
    throw refuse('too_many_intervals', {
      pointer: '',
      message: `the span has more than ${INTERVALS_TOLD} intervals; ask about a shorter one`,
    });
  return {
    ...(asked === 'deadlineAt' && { deadlineAt: iso(end) }),
    ...(asked === 'startAt' && { startAt: iso(start) }),
    elapsedSeconds: elapsed(calendar, start, end, pauses) / 1000,
    intervals: intervals.map(({ from, to, kind }) => ({
      from: iso(from),
      to: iso(to),
      kind,
      seconds: (to - from) / 1000,
    })),
    warnings: warningsFor(calendar, start, end),
  };
}

export function calendarRoutes(_deps: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/calendars/evaluate',
      operationId: 'evaluateCalendar',
      operation: 'calendar.evaluate',
      tag: 'calendars',
      summary: 'Count business time on a calendar that need not be stored',
      description:
        'Where `start` plus `add` leads, where `end` less `subtract` leads, or what elapses between `start` and `end`. ' +
        'The intervals say why. Changes nothing.',
      body: evaluateBody,
      example: EVALUATE_EXAMPLE,
      answers: { 200: { description: 'The answer, with every interval of the span', schema: evaluation } },
      problems: [],
      handle: async ({ body }) => ({ body: evaluate(body) }),
    }),
  ];
}

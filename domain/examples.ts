/**
 * The examples that a policy carries: a ticket's story, and what must be true of it. Played by the functions that run
 * live tickets, so that a policy can prove what it promises before anybody is judged by it.
 */
import { elapsedOf } from './clock.ts';
import type { DeskBody, LedgerEvent, TicketAttributes } from './events.ts';
import { explainClock, type ExplainedSpan } from './explain.ts';
import { lifeOf, MOST_INSTANTS, type Life } from './history.ts';
import type { Severity, Tlp } from './incident.ts';
import {
  lowestTier,
  priorityOf,
  type AppliedRules,
  type ClockName,
  type Policy,
  type Priority,
} from './policy.ts';
import { project, type ClockRow } from './projection.ts';
import { resolveRules } from './rules.ts';

export const CLOCK_STATES = ['running', 'paused', 'met', 'cancelled'] as const;
export const STATES = ['open', 'onHold', 'resolved', 'closed', 'cancelled'] as const;

/** A fact of the story, `at` epoch milliseconds. */
export type ExampleEvent = DeskBody & { at: number };

/** What one cycle of a clock must say; only what is named is compared. Instants and `elapsed` in milliseconds. */
export interface ClockExpectation {
  /** Which cycle is meant; the newest unless told. */
  cycle?: number;
  state?: (typeof CLOCK_STATES)[number];
  breached?: boolean;
  startedAt?: number;
  deadlineAt?: number | null;
  metAt?: number | null;
  breachedAt?: number | null;
  cancelledAt?: number | null;
  elapsed?: number;
}

export interface StepExpectation {
  clock: ClockName;
  step: string;
  cycle?: number;
  at?: number;
}

export interface ExampleExpectations {
  /** One cycle; or a list of all the cycles there must be, oldest first, `[]` for no such clock. */
  clocks?: Partial<Record<ClockName, ClockExpectation | readonly ClockExpectation[]>>;
  /** Every step that must be reached, in order, and no other. */
  steps?: readonly StepExpectation[];
  tier?: number;
  priority?: Priority;
  state?: (typeof STATES)[number];
  /** Of the security incident that it is by then; null for none. */
  severity?: Severity | null;
  tlp?: Tlp | null;
}

/** What is expected of the ticket itself, beside its clocks and steps. */
const TICKET_FIELDS = ['tier', 'priority', 'state', 'severity', 'tlp'] as const;

export interface PolicyExample {
  name: string;
  openedAt: number;
  /** From impact and urgency by the policy's matrix unless told. */
  priority?: Priority;
  /** The lowest tier unless told. */
  tier?: number;
  attributes: TicketAttributes;
  events: readonly ExampleEvent[];
  /** Up to when the story is played; the last event unless told. */
  until?: number;
  expect: ExampleExpectations;
}

/** One thing that was not as expected. */
export interface ExampleFailure {
  /** Name of the example. */
  example: string;
  /** Into the policy: where the expectation is written. */
  path: readonly (string | number)[];
  /** What it is about: `resolution deadlineAt`, `tier`, `steps`. */
  what: string;
  expected: string;
  got: string;
  /** The sentence that says it all. */
  message: string;
  /** Where a clock is in question: why it says what it says. */
  why?: { clock: ClockName; cycle: number; calendar: string; spans: readonly ExplainedSpan[] };
}

/** The policy's examples; they were checked when it was parsed. */
export function examplesOf({ examples = [] }: Pick<Policy, 'examples'>): readonly PolicyExample[] {
  return examples as readonly PolicyExample[];
}

/** Places are padded so that facts of one instant keep the order in which they are written. */
const factId = (place: number): string => `e${String(place).padStart(4, '0')}`;

/** Up to when an example is played. */
export const endOf = ({ openedAt, events, until }: PolicyExample): number =>
  until ?? events.reduce((latest, { at }) => Math.max(latest, at), openedAt);

interface Play {
  policy: Policy;
  rules: AppliedRules;
  example: PolicyExample;
  /** Instants that may be played. */
  most: number;
}

/** Plays the story of an example under its policy, as a live ticket: ladders hand off, resolved tickets close. */
function playExample({ policy, rules, example, most }: Play): Life {
  const { openedAt, attributes, events } = example;
  const until = endOf(example);
  const facts = events.map(({ at, ...body }, i) => ({ ...body, id: factId(i), occurredAt: at }));
  return lifeOf(
    {
      type: 'opened',
      ticketId: 'example',
      messageId: 'example',
      openedAt,
      actor: { subject: 'example', role: 'integration' },
      attributes,
      priority: example.priority ?? priorityOf(policy, attributes.impact, attributes.urgency),
      tier: example.tier ?? lowestTier(policy),
      mode: 'act',
      rules,
    },
    { facts: facts.toSorted((a, b) => a.occurredAt - b.occurredAt), until },
    most,
  );
}

type Path = readonly (string | number)[];

/** What is compared, while one example is gone through. */
interface Comparison {
  example: PolicyExample;
  failures: ExampleFailure[];
  /** Facts that changed nothing: often the reason why another thing is not as expected. */
  ineffective: string;
}

type Figure = string | number | boolean | null;

const MINUTE = 60_000;

/** `26h3m4s`. Hours, not days: of open time a day would be taken for a working day. */
export function writtenDuration(ms: number): string {
  const units = [
    [60 * MINUTE, 'h'],
    [MINUTE, 'm'],
    [1000, 's'],
    [1, 'ms'],
  ] as const;
  let left = Math.abs(ms);
  const parts = units.flatMap(([size, unit]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count > 0 ? [`${count}${unit}`] : [];
  });
  return `${ms < 0 ? '-' : ''}${parts.join('') || '0s'}`;
}

function written(field: string, value: Figure | undefined): string {
  if (value === null || value === undefined) return 'none';
  if (field.endsWith('At') && typeof value === 'number') return new Date(value).toISOString();
  return field === 'elapsed' && typeof value === 'number' ? writtenDuration(value) : String(value);
}

function fail(
  { example, failures, ineffective }: Comparison,
  path: Path,
  found: { what: string; expected: string; got: string; why?: ExampleFailure['why'] },
): void {
  const { what, expected, got } = found;
  const message = `example "${example.name}": ${what} is expected to be ${expected}, and is ${got}${ineffective}`;
  const { why, ...plain } = found;
  failures.push({ example: example.name, path, ...plain, message, ...(why && { why }) });
}

/** Everything that can be expected of one cycle. */
interface CycleFigures {
  row: ClockRow;
  figures: Record<Exclude<keyof ClockExpectation, 'cycle'>, Figure>;
  why: NonNullable<ExampleFailure['why']>;
}

function cyclesOf({ ticket }: Life, until: number): CycleFigures[] {
  const { hours } = ticket.rules;
  const { clocks } = project(ticket, until);
  return clocks.map((row, i) => {
    const clock = ticket.situation.clocks[i]!;
    const { state, startedAt, deadlineAt, metAt, breachedAt, cancelledAt } = row;
    return {
      row,
      figures: {
        state,
        startedAt,
        deadlineAt,
        metAt,
        breachedAt,
        cancelledAt,
        breached: breachedAt !== null,
        elapsed: elapsedOf(clock, hours, until),
      },
      why: {
        clock: row.clock,
        cycle: row.cycle,
        calendar: row.calendar,
        // Up to the deadline: what lies before it is what puts it there.
        spans: explainClock(clock, hours, Math.max(until, deadlineAt ?? until)),
      },
    };
  });
}

function compareCycle(
  comparison: Comparison,
  path: Path,
  { name, expected, found }: { name: string; expected: ClockExpectation; found: CycleFigures | undefined },
): void {
  const called = found && found.row.cycle > 1 ? `${name} ${found.row.cycle}` : name;
  if (!found) {
    const cycle = expected.cycle === undefined ? '' : ` with cycle ${expected.cycle}`;
    return fail(comparison, path, { what: name, expected: `a clock${cycle}`, got: 'none' });
  }
  for (const [field, value] of Object.entries(expected) as [string, Figure][]) {
    if (field === 'cycle') continue;
    const got = found.figures[field as keyof CycleFigures['figures']];
    if (got !== value)
      fail(comparison, [...path, field], {
        what: `${called} ${field}`,
        expected: written(field, value),
        got: written(field, got),
        why: found.why,
      });
  }
}

function compareClock(
  comparison: Comparison,
  name: string,
  { expected, cycles }: { expected: ClockExpectation | readonly ClockExpectation[]; cycles: CycleFigures[] },
): void {
  const path: Path = ['expect', 'clocks', name];
  const known = cycles.filter(({ row }) => row.clock === name);
  if (!isList(expected)) {
    const { cycle } = expected;
    const found = cycle === undefined ? known.at(-1) : known.find(({ row }) => row.cycle === cycle);
    return compareCycle(comparison, path, { name, expected, found });
  }
  if (expected.length !== known.length)
    return fail(comparison, path, {
      what: name,
      expected: `${expected.length} cycles`,
      got: `${known.length}`,
      ...(known.at(-1) && { why: known.at(-1)!.why }),
    });
  expected.forEach((one, i) =>
    compareCycle(comparison, [...path, i], { name, expected: one, found: known[i] }),
  );
}

const isList = (
  expected: ClockExpectation | readonly ClockExpectation[],
): expected is readonly ClockExpectation[] => Array.isArray(expected);

type StepReached = Extract<LedgerEvent, { type: 'stepReached' }>;

/** What the ladders did in a life, in the order it was done. */
export function stepsReached({ events }: Pick<Life, 'events'>): StepReached[] {
  return events.filter((event): event is StepReached => event.type === 'stepReached');
}

const stepName = ({ clock, step }: { clock: string; step: string }): string => `${clock}/${step}`;

function compareSteps(comparison: Comparison, expected: readonly StepExpectation[], life: Life): void {
  const reached = stepsReached(life);
  const listed = (steps: readonly { clock: string; step: string }[]) =>
    steps.length === 0 ? 'none' : steps.map(stepName).join(', ');
  const fits = ({ cycle, clock, step }: StepExpectation, got: StepReached | undefined) =>
    got !== undefined &&
    got.clock === clock &&
    got.step === step &&
    (cycle === undefined || got.cycle === cycle);
  if (reached.length !== expected.length || expected.some((step, i) => !fits(step, reached[i])))
    return fail(comparison, ['expect', 'steps'], {
      what: 'steps',
      expected: listed(expected),
      got: listed(reached),
    });
  expected.forEach(({ at, ...step }, i) => {
    if (at !== undefined && at !== reached[i]!.dueAt)
      fail(comparison, ['expect', 'steps', i, 'at'], {
        what: stepName(step),
        expected: written('At', at),
        got: written('At', reached[i]!.dueAt),
      });
  });
}

function ineffectiveIn({ events }: Life): string {
  const moot = events.filter((event) => event.moot !== undefined);
  if (moot.length === 0) return '';
  const told = moot.map(
    ({ type, occurredAt, moot: reason }) => `${type} at ${written('At', occurredAt)} (${reason})`,
  );
  return `; without effect: ${told.join(', ')}`;
}

function failuresOf({ example }: Play, life: Life): ExampleFailure[] {
  const until = endOf(example);
  const comparison: Comparison = { example, failures: [], ineffective: ineffectiveIn(life) };
  const { clocks = {}, steps, ...ofTicket } = example.expect;
  const { ticket } = project(life.ticket, until);
  const cycles = cyclesOf(life, until);
  for (const [name, expected] of Object.entries(clocks))
    if (expected) compareClock(comparison, name, { expected, cycles });
  if (steps) compareSteps(comparison, steps, life);
  for (const field of TICKET_FIELDS) {
    const [value, got] = [ofTicket[field], ticket[field]];
    if (value !== undefined && value !== got)
      fail(comparison, ['expect', field], {
        what: field,
        expected: written(field, value),
        got: written(field, got),
      });
  }
  if (life.cut)
    fail(comparison, ['until'], {
      what: 'the story',
      expected: 'short enough to be played',
      got: `broken off after ${life.instants} instants`,
    });
  return comparison.failures;
}

/** What `resolveRules` expands beyond the time that is asked for. */
const HORIZON_MS = 60 * 1440 * MINUTE;

/** The rules of each example: expanding calendars is most of the work, so what lies close together shares them. */
function rulesForAll(policy: Policy): (example: PolicyExample) => AppliedRules {
  const examples = examplesOf(policy);
  const openedAt = Math.min(...examples.map((example) => example.openedAt));
  const now = Math.max(...examples.map(endOf));
  if (now - openedAt > examples.length * HORIZON_MS)
    return (example) => resolveRules(policy, { openedAt: example.openedAt, now: endOf(example) });
  const shared = resolveRules(policy, { openedAt, now });
  return () => shared;
}

/**
 * Plays every example of a policy and answers with whatever is not as it expects; empty where it keeps its word. A
 * version with failures must not be published. Pure; takes a few milliseconds per example.
 */
export function runExamples(policy: Policy): ExampleFailure[] {
  if (examplesOf(policy).length === 0) return [];
  const rulesOf = rulesForAll(policy);
  // Shared by all: whoever publishes a policy has everybody else wait.
  let most = MOST_INSTANTS;
  return examplesOf(policy).flatMap((example, i) => {
    const play = { policy, rules: rulesOf(example), example, most };
    const life = playExample(play);
    most -= life.instants;
    return failuresOf(play, life).map((failure) => ({ ...failure, path: ['examples', i, ...failure.path] }));
  });
}

/**
 * What a change of rules makes of one ticket. The dry run, the apply and its record ask the same functions, so they
 * cannot disagree (docs/rule-changes.md).
 */
import { decideRequest, firstEventIdOf, type Request } from './decide.ts';
import { settle } from './escalation.ts';
import type { Actor, LedgerEvent } from './events.ts';
import type { AppliedRules, ClockName } from './policy.ts';
import { project, type ClockRow } from './projection.ts';
import { cycleKey, isFinal, rebuild, type Ticket } from './ticket.ts';

export const CHANGE_KINDS = ['policy', 'calendar'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** `failed` went all the way, but not for every ticket. */
export const CHANGE_STATES = [
  'awaitingApproval',
  'scheduled',
  'running',
  'done',
  'failed',
  'cancelled',
] as const;
export type ChangeState = (typeof CHANGE_STATES)[number];

/** A change as far as a ticket hears of it. */
export interface RuleChange {
  id: string;
  kind: ChangeKind;
  actor: Actor;
  /** Tickets opened since then are judged anew, verdicts included; null for none. Epoch milliseconds. */
  judgesAnewSince: number | null;
}

/** One cycle of one clock before and after; an instant is null where there is no deadline, or no such clock. */
export interface ClockChange {
  clock: ClockName;
  cycle: number;
  deadlineBefore: number | null;
  deadlineAfter: number | null;
}

export const DIFFERENCES = [
  'becomesBreached',
  'relieved',
  'deadlineMoved',
  'clocksCancelled',
  'clocksStarted',
] as const;
export type DifferenceKind = (typeof DIFFERENCES)[number];

/** What is different about a ticket, by kind; all lists empty where nothing is. */
export type Difference = Record<DifferenceKind, ClockChange[]>;

/** What the change asks of a ticket: once, however often it is sent. */
export function requestOf(
  { id, kind, actor, judgesAnewSince }: RuleChange,
  { openedAt, rules }: { openedAt: number; rules: AppliedRules },
): Request {
  const retroactive = judgesAnewSince !== null && openedAt >= judgesAnewSince;
  const cause = kind === 'policy' ? 'policyChanged' : 'calendarChanged';
  return { id, actor, command: { type: 'changeRules', rules, cause, change: id, retroactive } };
}

interface Cycle {
  name: ClockName;
  cycle: number;
  row: ClockRow | undefined;
  isBreached: boolean;
}

function cyclesOf(ticket: Ticket, now: number): Map<string, Cycle> {
  const rows = new Map(project(ticket, now).clocks.map((row) => [cycleKey(row.clock, row.cycle), row]));
  const keys = new Set([...rows.keys(), ...Object.keys(ticket.breaches)]);
  return new Map(
    [...keys].map((key) => {
      const slash = key.lastIndexOf('/');
      const [name, cycle] = [key.slice(0, slash), Number(key.slice(slash + 1))];
      return [key, { name, cycle, row: rows.get(key), isBreached: ticket.breaches[key]?.standing ?? false }];
    }),
  );
}

const isActive = (cycle: Cycle | undefined): boolean =>
  cycle?.row?.state === 'running' || cycle?.row?.state === 'paused';

/** Paused clocks have no deadline: theirs moves with the target, or with the calendar it counts on. */
const isMoved = (before: ClockRow, after: ClockRow): boolean =>
  before.deadlineAt !== after.deadlineAt ||
  before.targetMs !== after.targetMs ||
  before.calendar !== after.calendar;

function kindsOf(before: Cycle | undefined, after: Cycle | undefined): DifferenceKind[] {
  const kinds: DifferenceKind[] = [];
  if (after?.isBreached && !before?.isBreached) kinds.push('becomesBreached');
  if (before?.isBreached && !after?.isBreached) kinds.push('relieved');
  if (isActive(before) && isActive(after) && isMoved(before!.row!, after!.row!)) kinds.push('deadlineMoved');
  if (isActive(before) && !isActive(after) && after?.row?.state !== 'met') kinds.push('clocksCancelled');
  if (!isActive(before) && isActive(after)) kinds.push('clocksStarted');
  return kinds;
}

/** What is different between two states of a ticket as of `now`. */
export function differenceBetween(before: Ticket, after: Ticket, now: number): Difference {
  const was = cyclesOf(before, now);
  const is = cyclesOf(after, now);
  const difference: Difference = {
    becomesBreached: [],
    relieved: [],
    deadlineMoved: [],
    clocksCancelled: [],
    clocksStarted: [],
  };
  for (const key of new Set([...was.keys(), ...is.keys()])) {
    const { name: clock, cycle } = (is.get(key) ?? was.get(key))!;
    const change: ClockChange = {
      clock,
      cycle,
      deadlineBefore: was.get(key)?.row?.deadlineAt ?? before.breaches[key]?.deadlineAt ?? null,
      deadlineAfter: is.get(key)?.row?.deadlineAt ?? null,
    };
    for (const kind of kindsOf(was.get(key), is.get(key))) difference[kind].push(change);
  }
  return difference;
}

/** Whether there is any. */
export const isDifferent = (difference: Difference): boolean =>
  DIFFERENCES.some((kind) => difference[kind].length > 0);

/**
 * What the request would make of the ticket at `now`, what falls due by itself until then left out; null where the
 * ticket would refuse it.
 */
export function foresee(ticket: Ticket, request: Request, now: number): Difference | null {
  if (isFinal(ticket)) return null;
  const decision = decideRequest(ticket, request, now);
  if ('refusal' in decision) return null;
  return differenceBetween(settle(ticket, now).ticket, decision.turn.ticket, now);
}

/** What a change made of a ticket, read from its ledger; null where the change is not in it. */
export function lookBack(
  ticketId: string,
  events: readonly LedgerEvent[],
  changeId: string,
): Difference | null {
  const first = events.findIndex(({ id }) => id === firstEventIdOf(changeId));
  if (first < 0) return null;
  const now = events[first]!.receivedAt;
  // The rest of its turn: decided at the same instant, by the engine alone.
  const rest = events.slice(first + 1);
  const beyond = rest.findIndex(({ receivedAt, source }) => receivedAt !== now || source !== 'engine');
  const last = beyond < 0 ? events.length : first + 1 + beyond;
  return differenceBetween(
    rebuild(ticketId, events.slice(0, first)),
    rebuild(ticketId, events.slice(0, last)),
    now,
  );
}

/** Shown at most of one kind; the counts are exact. */
export const SHOWN_LIMIT = 1_000;

export type TicketClockChange = ClockChange & { ticketId: string };

/** What a change would do to many tickets. */
export interface Forecast {
  /** Open tickets that were looked at. */
  tickets: number;
  /** Of these, with any difference. */
  affected: number;
  unchanged: number;
  differences: Record<DifferenceKind, { count: number; shown: TicketClockChange[] }>;
}

export function emptyForecast(): Forecast {
  const none = () => ({ count: 0, shown: [] });
  return {
    tickets: 0,
    affected: 0,
    unchanged: 0,
    differences: {
      becomesBreached: none(),
      relieved: none(),
      deadlineMoved: none(),
      clocksCancelled: none(),
      clocksStarted: none(),
    },
  };
}

/** Adds one ticket to a forecast, in place: a forecast is made of thousands. */
export function addTo(forecast: Forecast, ticketId: string, difference: Difference): void {
  forecast.tickets += 1;
  if (isDifferent(difference)) forecast.affected += 1;
  else forecast.unchanged += 1;
  for (const kind of DIFFERENCES) {
    const list = forecast.differences[kind];
    list.count += difference[kind].length;
    for (const change of difference[kind])
      if (list.shown.length < SHOWN_LIMIT) list.shown.push({ ticketId, ...change });
  }
}

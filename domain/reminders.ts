/**
 * Being reminded of a due date: what tasks and reviews have in common. Reminders before it, being overdue, steps of
 * escalation after it; each is told once for a due date, and of several that come together only the latest.
 */

/** When somebody is told of a due date, and whom an escalation tells. */
export interface Reminding {
  /** Reminders, so long before it is due. */
  remindBeforeMs: readonly number[];
  /** Steps of escalation, so long after it was due. */
  escalateAfterMs: readonly number[];
  /** Whom each step tells, a role or a name; the last one is told of all further steps. */
  escalateTo: readonly string[];
}

/** What was told of a due date so far. */
export interface Told {
  /** The last reminder that was sent for this due date, by how long before. */
  remindedBeforeMs: number | null;
  /** Whether being overdue is logged for this due date. */
  isOverdue: boolean;
  /** Steps of escalation taken for this due date. */
  escalations: number;
}

export const NOTHING_TOLD: Told = { remindedBeforeMs: null, isOverdue: false, escalations: 0 };

/** A due date with what is said about it. Instants are epoch milliseconds. */
export interface DueDate extends Reminding, Told {
  owner: string | null;
  dueAt: number;
  /** Since when it is due then: reminders that would have been before are not sent. */
  dueSince: number;
}

export type ReminderBody =
  | { type: 'reminded'; dueAt: number; beforeMs: number; owner: string | null }
  | { type: 'overdue'; dueAt: number; owner: string | null }
  | { type: 'escalated'; dueAt: number; step: number; to: string; owner: string | null };

/** Ascending, each once. */
export const inOrder = (numbers: readonly number[]): number[] =>
  [...new Set(numbers)].toSorted((a, b) => a - b);

/** How long before it is due the reminders come that are still to be sent, the nearest to the due date first. */
function remindersLeft({ remindBeforeMs, remindedBeforeMs, dueAt, dueSince, isOverdue }: DueDate): number[] {
  if (isOverdue) return [];
  const sent = remindedBeforeMs ?? Number.POSITIVE_INFINITY;
  return remindBeforeMs.filter((beforeMs) => beforeMs < sent && dueAt - beforeMs > dueSince);
}

/** Done exactly when it is due is in time, as with every deadline (docs/rules.md §3). */
const overdueAt = ({ dueAt }: DueDate): number => dueAt + 1;

function toldAt({ escalateTo }: DueDate, step: number): string {
  return escalateTo[Math.min(step, escalateTo.length) - 1] ?? 'lead';
}

/** The next thing to tell at `now`; logged, it is not due any more. The lists are in order (`inOrder`). */
export function reminderDue(due: DueDate, now: number): { id: string; body: ReminderBody } | null {
  const { dueAt, owner, escalateAfterMs, escalations } = due;
  if (!due.isOverdue && now >= overdueAt(due))
    return { id: `overdue/${dueAt}`, body: { type: 'overdue', dueAt, owner } };
  const step = escalateAfterMs.filter((afterMs) => now > dueAt && now >= dueAt + afterMs).length;
  if (step > escalations) {
    const body: ReminderBody = { type: 'escalated', dueAt, step, to: toldAt(due, step), owner };
    return { id: `escalated/${dueAt}/${step}`, body };
  }
  const beforeMs = remindersLeft(due).find((one) => now >= dueAt - one);
  if (beforeMs === undefined) return null;
  return { id: `reminded/${dueAt}/${beforeMs}`, body: { type: 'reminded', dueAt, beforeMs, owner } };
}

/** When there is something to tell next; null where all is told. */
export function nextReminderAt(due: DueDate): number | null {
  const { dueAt, escalateAfterMs, escalations, isOverdue } = due;
  const reminders = remindersLeft(due).map((beforeMs) => dueAt - beforeMs);
  // Nothing escalates before it is late, also where the first step comes at once.
  const steps = escalateAfterMs
    .slice(escalations, escalations + 1)
    .map((afterMs) => Math.max(dueAt + afterMs, overdueAt(due)));
  const all = [...reminders, ...(isOverdue ? [] : [overdueAt(due)]), ...steps];
  return all.length > 0 ? Math.max(Math.min(...all), 0) : null;
}

/** What was told, after one of these was. */
export function toldWith(event: ReminderBody): Partial<Told> {
  switch (event.type) {
    case 'reminded':
      return { remindedBeforeMs: event.beforeMs };
    case 'overdue':
      return { isOverdue: true };
    case 'escalated':
      return { escalations: event.step };
  }
}

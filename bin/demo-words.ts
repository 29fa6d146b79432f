/** The demo's words: what an event means to somebody who watches, and how the clocks stand meanwhile. */
import type { ClockView } from '../api/schemas/clocks.ts';
import type { TicketView } from '../api/schemas/tickets.ts';
import type { TimelineEvent } from '../api/schemas/timeline.ts';

/** Seconds between two instants (RFC 3339). */
export const secondsFrom = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000;
export const seconds = (amount: number): string => `${amount.toFixed(1)} s`;
const CLOCK_WORDS: Record<string, string> = { firstResponse: 'first response', resolution: 'resolution' };

interface Situation {
  ticket: TicketView;
  clocks: readonly ClockView[];
}

type Teller = (event: TimelineEvent, situation: Situation) => string | null;

const named = (clock: string | undefined): string => CLOCK_WORDS[clock ?? ''] ?? 'a clock';
const clockOf = (name: string | undefined, { clocks }: Situation): ClockView =>
  clocks.find(({ clock }) => clock === name)!;

/** The types of event that the story leads to. */
const TELLERS: Partial<Record<TimelineEvent['type'], Teller>> = {
  opened({ data }, { ticket, clocks }) {
    const promises = clocks.map(({ clock, targetSeconds }) => `${named(clock)} within ${targetSeconds} s`);
    return `Opened: "${ticket.subject}". ${data.priority}, at tier ${data.tier}. Promised: ${promises.join(', ')}.`;
  },
  acknowledged: () => 'Acknowledged: somebody looks at it. That is not an answer, so no clock stops.',
  messageAdded({ source }, situation) {
    if (source === 'fact') {
      const due = dueAt(clockOf('resolution', situation), situation);
      return `The customer answers (a fact, told by the mail system). The hold ends, and resolution runs again: due at ${due}.`;
    }
    const { metAt, deadlineAt } = clockOf('firstResponse', situation);
    const spare = metAt && deadlineAt ? secondsFrom(metAt, deadlineAt) : 0;
    return `The agent asks the customer a question. First response is met, ${seconds(spare)} before its deadline.`;
  },
  held(_event, situation) {
    const { remainingSeconds } = clockOf('resolution', situation);
    return `On hold for the customer. Resolution stands with ${seconds(remainingSeconds ?? 0)} left; a clock that stands cannot breach.`;
  },
  // What is due at the breach is told by what it leads to.
  stepReached: ({ data: { percent, clock } }) =>
    percent === 100 ? null : `Warning: ${percent} % of ${named(clock)} is used.`,
  notificationRequested: ({ data }) => `To be told: the ${data.audience} of tier ${data.tier}.`,
  breached({ data: { clock, deadlineAt }, occurredAt }, situation) {
    const late = Date.parse(occurredAt) - Date.parse(deadlineAt!);
    const due = dueAt(clockOf(clock, situation), situation);
    return `Breach of ${named(clock)}: it was due at ${due}; decided ${late} ms later.`;
  },
  handedOff: ({ data }) =>
    `Escalated from tier ${data.fromTier} to tier ${data.toTier}. Nobody had to do it.`,
  resolved: () =>
    'Resolved. The breach stays in the register. Unless the customer objects, the ticket will close by itself.',
  autoClosed: () => 'Closed by itself, as the policy says. Every line above is in the ledger.',
};

/** What an event means; null where another event says it already. */
export function sentenceFor(event: TimelineEvent, situation: Situation): string | null {
  const tell = TELLERS[event.type];
  return tell ? tell(event, situation) : `${event.type} ${JSON.stringify(event.data)}`;
}

const dueAt = ({ deadlineAt }: ClockView, { ticket }: Situation): string =>
  deadlineAt === null ? 'an instant not known yet' : `+${seconds(secondsFrom(ticket.openedAt, deadlineAt))}`;

/** How every clock stands at this moment, in one line. */
export function countdownOf(clocks: readonly ClockView[]): string {
  const counting = clocks.filter(({ state }) => state === 'running' || state === 'paused');
  if (counting.length === 0) return 'no clock runs';
  return counting
    .map(({ clock, state, deadlineAt, remainingSeconds }) => {
      if (state === 'paused' || deadlineAt === null)
        return `${named(clock)} stands, ${seconds(remainingSeconds ?? 0)} left`;
      const left = (Date.parse(deadlineAt) - Date.now()) / 1000;
      return `${named(clock)} ${left >= 0 ? `${seconds(left)} left` : `${seconds(-left)} late`}`;
    })
    .join('  ·  ');
}

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

/** What an event means; null where another event says it already. */
export function sentenceFor(
  { type, data, source, occurredAt }: TimelineEvent,
  { ticket, clocks }: Situation,
): string | null {
  const value = (name: keyof TimelineEvent['data']) => String(data[name]);
  const clockOf = (name: string) => clocks.find(({ clock }) => clock === name)!;
  const resolution = clockOf('resolution');
  switch (type) {
    case 'opened': {
      const promises = clocks.map(
        ({ clock, targetSeconds }) => `${CLOCK_WORDS[clock]} within ${targetSeconds} s`,
      );
      return `Opened: "${ticket.subject}". ${value('priority')}, at tier ${value('tier')}. Promised: ${promises.join(', ')}.`;
    }
    case 'acknowledged':
      return 'Acknowledged: somebody looks at it. That is not an answer, so no clock stops.';
    case 'messageAdded': {
      if (source === 'fact')
        return `The customer answers (a fact, told by the mail system). The hold ends, and resolution runs again: due at ${dueAt(resolution, ticket)}.`;
      const { metAt, deadlineAt } = clockOf('firstResponse');
      const spare = metAt && deadlineAt ? secondsFrom(metAt, deadlineAt) : 0;
      return `The agent asks the customer a question. First response is met, ${seconds(spare)} before its deadline.`;
    }
    case 'held':
      return `On hold for the customer. Resolution stands with ${seconds(resolution.remainingSeconds)} left; a clock that stands cannot breach.`;
    case 'stepReached':
      if (data['percent'] === 100) return null;
      return `Warning: ${value('percent')} % of ${CLOCK_WORDS[value('clock')]} is used.`;
    case 'notificationRequested':
      return `To be told: the ${value('audience')} of tier ${value('tier')}.`;
    case 'breached': {
      const late = Date.parse(occurredAt) - Date.parse(value('deadlineAt'));
      return `Breach of ${CLOCK_WORDS[value('clock')]}: it was due at ${dueAt(clockOf(value('clock')), ticket)}; decided ${late} ms later.`;
    }
    case 'handedOff':
      return `Escalated from tier ${value('fromTier')} to tier ${value('toTier')}. Nobody had to do it.`;
    case 'resolved':
      return `Resolved. The breach stays in the register. Unless the customer objects, the ticket will close by itself.`;
    case 'autoClosed':
      return `Closed by itself, as the policy says. Every line above is in the ledger.`;
    default:
      return `${type} ${JSON.stringify(data)}`;
  }
}

const dueAt = ({ deadlineAt }: ClockView, { openedAt }: TicketView): string =>
  deadlineAt === null ? 'an instant not known yet' : `+${seconds(secondsFrom(openedAt, deadlineAt))}`;

/** How every clock stands at this moment, in one line. */
export function countdownOf(clocks: readonly ClockView[]): string {
  const counting = clocks.filter(({ state }) => state === 'running' || state === 'paused');
  if (counting.length === 0) return 'no clock runs';
  return counting
    .map(({ clock, state, deadlineAt, remainingSeconds }) => {
      if (state === 'paused' || deadlineAt === null)
        return `${CLOCK_WORDS[clock]} stands, ${seconds(remainingSeconds)} left`;
      const left = (Date.parse(deadlineAt) - Date.now()) / 1000;
      return `${CLOCK_WORDS[clock]} ${left >= 0 ? `${seconds(left)} left` : `${seconds(-left)} late`}`;
    })
    .join('  ·  ');
}

/** What the engine does at once about something that a person or a front end said, besides what the fold says. */
import type { DeskEventType, EventType, LedgerEvent, Notice } from './events.ts';
import { reviewCauseOf } from './incident-review.ts';
import type { Audience } from './policy.ts';
import { tellOf } from './steps.ts';
import { decideAt, type Turn } from './turn.ts';

/** Facts that there were before they had consequences. */
export const ONCE_BARE: ReadonlySet<DeskEventType> = new Set<DeskEventType>([
  'handoffOffered',
  'handoffReturned',
  'consultAsked',
  'consultAnswered',
]);

/** A major incident always asks for its review; others where their policy has one (docs/rules.md §9). */
function askForReview(turn: Turn, event: LedgerEvent, now: number): Turn {
  const cause = turn.ticket.situation.major ? 'majorIncident' : reviewCauseOf(turn.ticket);
  return cause ? decideAt(turn, now, `${event.id}/review`, { type: 'reviewRequested', cause }) : turn;
}

function afterResolution(turn: Turn, event: LedgerEvent, now: number): Turn {
  return turn.ticket.situation.state === 'resolved' ? askForReview(turn, event, now) : turn;
}

/** Closed without having been resolved, it is over all the same. */
const afterClosing = (turn: Turn, event: LedgerEvent, now: number): Turn =>
  turn.ticket.rules.policy.reviews && turn.ticket.situation.resolvedAt === event.occurredAt
    ? askForReview(turn, event, now)
    : turn;

/** Somebody in particular, or the people of another tier: whether they are there now, the sender finds out. */
function tellOthers(
  turn: Turn,
  event: LedgerEvent,
  {
    now,
    audience = 'team',
    tier = turn.ticket.situation.tier,
    ...rest
  }: Notice & { now: number; audience?: Audience; tier?: number; agent?: string },
): Turn {
  const body = { type: 'notificationRequested' as const, ...rest, audience, tier };
  return decideAt(turn, now, `${event.id}/notify/${rest.agent ?? audience}`, body);
}

/** Whoever has the ticket, if anybody has. */
function tellOwner(turn: Turn, event: LedgerEvent, told: Notice & { now: number }): Turn {
  return turn.ticket.situation.assignee === null
    ? turn
    : tellOthers(turn, event, { ...told, audience: 'assignee' });
}

type Consequence<T extends EventType> = (
  turn: Turn,
  event: Extract<LedgerEvent, { type: T }>,
  now: number,
) => Turn;

/** Of a return whoever made the offer is told; where that was the ladder, a lead. */
const returned: Consequence<'handoffReturned'> = (turn, event, now) =>
  turn.ticket.situation.returnedSince
    ? tellOf(turn, `${event.id}/notify`, { notice: 'handoffReturned', now })
    : tellOwner(turn, event, { notice: 'handoffReturned', now });

const consulted: Consequence<'consultAsked'> = (turn, event, now) => {
  const { consult: reference, agent, toTier: tier } = event;
  const whom = { ...(agent !== undefined && { agent }), ...(tier !== undefined && { tier }) };
  return tellOthers(turn, event, { notice: 'consultAsked', reference, ...whom, now });
};

const problemNews: Consequence<'problemNoted'> = (turn, event, now) => {
  const about = { notice: 'problem' as const, reference: event.problem };
  return tellOf(turn, `${event.id}/notify`, { ...about, now, audience: 'assignee' });
};

const CONSEQUENCES: { [T in EventType]?: Consequence<T> } = {
  handoffOffered: (turn, event, now) =>
    tellOthers(turn, event, { notice: 'handoffOffered', tier: event.toTier, now }),
  handoffReturned: returned,
  consultAsked: consulted,
  consultAnswered: (turn, event, now) =>
    tellOwner(turn, event, { notice: 'consultAnswered', reference: event.consult, now }),
  joined: (turn, event, now) =>
    tellOthers(turn, event, { notice: 'joined', reference: event.as, agent: event.agent, now }),
  majorDeclared: (turn, event, now) =>
    tellOf(turn, `${event.id}/notify`, { notice: 'majorIncident', now, page: true }),
  problemNoted: problemNews,
  resolved: afterResolution,
  closed: afterClosing,
};

/** The turn with what follows from its newest event; nothing does from one that changed nothing. */
export function withConsequences(turn: Turn, event: LedgerEvent, now: number): Turn {
  if (event.moot !== undefined || event.imported || turn.ticket.mode === 'observe') return turn;
  const consequence = CONSEQUENCES[event.type] as Consequence<EventType> | undefined;
  return consequence ? consequence(turn, event, now) : turn;
}

/** What the engine does at once about something that a person or a front end said, besides what the fold says. */
import type { LedgerEvent } from './events.ts';
import { tellOf } from './steps.ts';
import { decideAt, type Turn } from './turn.ts';

function afterResolution(turn: Turn, event: LedgerEvent, now: number): Turn {
  // One review for the whole incident: tickets that were part of it have none of their own (docs/rules.md §9).
  return turn.ticket.situation.major && turn.ticket.situation.state === 'resolved'
    ? decideAt(turn, now, `${event.id}/review`, { type: 'reviewRequested', cause: 'majorIncident' })
    : turn;
}

/** The turn with what follows from its newest event; nothing does from one that changed nothing. */
export function withConsequences(turn: Turn, event: LedgerEvent, now: number): Turn {
  if (event.moot !== undefined || event.imported || turn.ticket.mode === 'observe') return turn;
  const id = `${event.id}/notify`;
  if (event.type === 'handoffReturned' && turn.ticket.situation.returnedSince)
    return tellOf(turn, id, { notice: 'handoffReturned', now });
  if (event.type === 'majorDeclared') return tellOf(turn, id, { notice: 'majorIncident', now, page: true });
  if (event.type === 'problemNoted')
    return tellOf(turn, id, { notice: 'problem', reference: event.problem, now, audience: 'assignee' });
  return event.type === 'resolved' ? afterResolution(turn, event, now) : turn;
}

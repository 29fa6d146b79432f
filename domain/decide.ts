/**
 * Decisions: what a person asks for becomes events or a refusal; what merely happened becomes an event in any
 * case. Pure and synchronous, so that the workflow, its validators and every preview give the same answer.
 */
import { advance } from './advance.ts';
import { bodiesOf, type Command } from './commands.ts';
import { withConsequences } from './consequences.ts';
import type { Actor, EventBody, Fact, LedgerEvent, OpenedBody, TextReference } from './events.ts';
import { settle } from './escalation.ts';
import { isFactId, readFact } from './facts.ts';
import { refusalOf } from './objections.ts';
import type { OpenHours } from './open-hours.ts';
import type { AppliedRules, Matchable } from './policy.ts';
import type { Refusal } from './refusals.ts';
import type { Happening, StoryEvent } from './situation.ts';
import {
  AFTER_CLOSE,
  areRulesDue,
  evolve,
  isFinal,
  isSameMatch,
  isTooLate,
  matchableOf,
  situationBefore,
  type Ticket,
} from './ticket.ts';
import { append, startTurn, type Draft, type Turn } from './turn.ts';

/** A request as it reaches the ticket: `id` names it for good and makes it count once. */
export interface Request {
  id: string;
  command: Command;
  actor: Actor;
  requestId?: string;
  text?: TextReference;
  /** The request is meant for the ticket at this sequence only. */
  ifSequence?: number;
}

export type Decision = { turn: Turn } | { refusal: Refusal };

function staleness({ id, sequence }: Ticket, { ifSequence }: Request): Refusal | null {
  if (ifSequence === undefined || ifSequence === sequence) return null;
  const message = `Ticket ${id} is at ${sequence}, not at ${ifSequence} any more`;
  return { code: 'precondition_failed', message };
}

const messageEventId = (messageId: string, ordinal: number): string => `request:${messageId}/${ordinal}`;

/** Message id and last sequence of every request among these events: what they came to. */
export function requestOutcomes(events: readonly LedgerEvent[]): { id: string; sequence: number }[] {
  const outcomes = new Map<string, number>();
  for (const { id, sequence } of events) {
    const [, messageId] = /^request:(.+)\/\d+$/.exec(id) ?? [];
    if (messageId !== undefined) outcomes.set(messageId, sequence);
  }
  return [...outcomes].map(([id, sequence]) => ({ id, sequence }));
}

/** The id of the first event of a request: finds its outcome in the ledger. */
export const firstEventIdOf = (messageId: string): string => messageEventId(messageId, 0);
/** The ledger id of a fact. */
export const factEventId = (factId: string): string => `fact:${factId}`;

/** What opening a ticket needs: everything resolved beforehand. */
export interface Opening extends OpenedBody {
  ticketId: string;
  messageId: string;
  openedAt: number;
  actor: Actor;
  requestId?: string;
  text?: TextReference;
  imported?: true;
}

/** The first turn of a ticket: it opens, and whatever is already overdue is settled at `now`. */
export function decideOpening(opening: Opening, now: number): Turn {
  const { ticketId, messageId, openedAt, actor, requestId, text, imported, ...body } = opening;
  const event: LedgerEvent = {
    id: messageEventId(messageId, 0),
    sequence: 1,
    source: 'request',
    occurredAt: openedAt,
    receivedAt: now,
    decision: 0,
    actor,
    ...(requestId && { requestId }),
    ...(text && { text }),
    ...(imported && { imported }),
    ...body,
  };
  const opened: Turn = { ticket: evolve(null, event, ticketId), events: [event] };
  return andSettle(opened, now);
}

function andSettle(turn: Turn, now: number): Turn {
  const settled = settle(turn.ticket, now);
  return { ticket: settled.ticket, events: [...turn.events, ...settled.events] };
}

function appendWithConsequences(turn: Turn, draft: Draft, body: EventBody): Turn {
  const next = append(turn, draft, body);
  return withConsequences(next, next.events.at(-1)!, draft.receivedAt);
}

export interface FactOptions {
  /** Nothing follows from it: as it was when facts had no consequences. Replays of that time need it. */
  isBare?: boolean;
}

/**
 * A request at `now`: what is due is settled first, so that a resolve one second late cannot hide a breach;
 * then the command is granted or refused.
 */
export function decideRequest(ticket: Ticket, request: Request, now: number): Decision {
  let turn = settle(ticket, now);
  const { id, actor, requestId, text, command } = request;
  const refusal = staleness(ticket, request) ?? refusalOf(turn.ticket, command, { actor, now });
  if (refusal) return { refusal };
  // How it was before offers waited: nobody has to be told of what is accepted at once.
  const take = command.type === 'offerHandoff' && command.acceptedAtOnce ? append : appendWithConsequences;
  bodiesOf(turn.ticket, command, { requestId: id, actor, now }).forEach((body, ordinal) => {
    const draft: Draft = {
      id: messageEventId(id, ordinal),
      source: 'request',
      occurredAt: now,
      receivedAt: now,
      actor,
      ...(requestId && { requestId }),
      ...(text && ordinal === 0 && { text }),
    };
    turn = take(turn, draft, body);
  });
  return { turn: andSettle(turn, now) };
}

/** Why a fact changes nothing where it falls, as far as is known: told beside it in the ledger. */
function mootReason(ticket: Ticket, event: StoryEvent): string | null {
  if (isFinal(ticket) && event.type !== 'rated') return AFTER_CLOSE;
  if (isTooLate(ticket, event.occurredAt)) return 'too_late';
  const step = advance(situationBefore(ticket, event), event as Happening, ticket.rules);
  return 'moot' in step ? step.moot : null;
}

/**
 * A fact, once: the second time, or without an id to know it by, it adds nothing. One dated after `now` is taken as happening now; the API
 * refuses more than two minutes (docs/rules.md §9). What was due before is settled after it, so that a late answer is counted
 * before a breach is.
 */
export function decideFact(
  ticket: Ticket,
  told: Fact,
  now: number,
  { isBare = false }: FactOptions = {},
): Turn {
  if (!isFactId(told.id)) return startTurn(ticket);
  const eventId = factEventId(told.id);
  if (ticket.seen.includes(eventId)) return startTurn(ticket);
  const read = readFact(told);
  if ('problem' in read) {
    const rejected: Draft = { id: eventId, source: 'fact', occurredAt: now, receivedAt: now };
    return append(startTurn(ticket), rejected, { type: 'factRejected', problem: read.problem });
  }
  const { id: _id, occurredAt, actor, text, imported, ...body } = read.fact;
  const draft: Draft = {
    id: eventId,
    source: 'fact',
    occurredAt: Math.min(occurredAt, now),
    receivedAt: now,
    ...(actor && { actor }),
    ...(text && { text }),
    ...(imported && { imported }),
  };
  const reason = mootReason(ticket, Object.assign({ sequence: 0 }, draft, body) as StoryEvent);
  const kept = reason ? { ...draft, moot: reason } : draft;
  const take = isBare ? append : appendWithConsequences;
  const turn = take(startTurn(ticket), kept, body as EventBody);
  return isFinal(ticket) ? turn : andSettle(turn, now);
}

/** Longer opening hours, loaded from outside before the known ones end. */
export function decideLongerHours(ticket: Ticket, hours: Record<string, OpenHours>, now: number): Turn {
  const until = Math.max(...Object.values(hours).map((one) => (one.intervals === 'always' ? 0 : one.until)));
  const draft: Draft = { id: `rules/until/${until}`, source: 'engine', occurredAt: now, receivedAt: now };
  return andSettle(append(startTurn(ticket), draft, { type: 'rulesExtended', hours }), now);
}

/** What the policies say, once a field that chooses among them has changed: other rules, or that they are the same. */
export type MatchedRules = { matchedOn: Matchable } & (
  { rules: AppliedRules } | { policy: string; version: number }
);

/** The rules that were looked up for the fields the ticket has by now; till then nothing was judged. */
export function decideMatchedRules(ticket: Ticket, matched: MatchedRules, now: number): Turn {
  // Another change may have come meanwhile: then they are looked up once more.
  if (!areRulesDue(ticket) || !isSameMatch(matched.matchedOn, matchableOf(ticket.attributes)))
    return startTurn(ticket);
  const draft: Draft = {
    id: `rules/matched/${ticket.sequence}`,
    source: 'engine',
    occurredAt: now,
    receivedAt: now,
  };
  const body: EventBody =
    'rules' in matched
      ? {
          type: 'rulesChanged',
          rules: matched.rules,
          policy: matched.rules.policy.name,
          version: matched.rules.policy.version,
          cause: 'attributesChanged',
          retroactive: false,
        }
      : { type: 'rulesConfirmed', policy: matched.policy, version: matched.version };
  return andSettle(append(startTurn(ticket), draft, body), now);
}

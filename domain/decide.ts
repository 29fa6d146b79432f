/**
 * Decisions: what a person asks for becomes events or a refusal; what merely happened becomes an event in any
 * case. Pure and synchronous, so that the workflow, its validators and every preview give the same answer.
 */
import { advance, isAcknowledged } from './advance.ts';
import {
  CHANGEABLE,
  type Actor,
  type AttributeChanges,
  type DeskBody,
  type EventBody,
  type Fact,
  type LedgerEvent,
  type OpenedBody,
  type RulesChangedBody,
  type TextReference,
} from './events.ts';
import { settle } from './escalation.ts';
import { isFactId, readFact } from './facts.ts';
import type { OpenHours } from './open-hours.ts';
import type { AppliedRules, HoldReason, Level, Matchable, Priority } from './policy.ts';
import type { Refusal } from './refusals.ts';
import { wasAsked, type Happening, type StoryEvent } from './situation.ts';
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

export type Command =
  | { type: 'acknowledge' }
  | { type: 'assign'; assignee?: string | null; team?: string | null }
  | { type: 'reply' }
  | { type: 'note' }
  | { type: 'hold'; reason: HoldReason }
  | { type: 'resume'; reason?: HoldReason }
  | { type: 'prioritise'; priority: Priority; impact?: Level; urgency?: Level }
  | { type: 'offerHandoff'; toTier: number; team?: string }
  | { type: 'resolve'; causeCode?: string }
  | { type: 'reopen' }
  | { type: 'close' }
  | { type: 'cancel' }
  /** Corrects what the ticket is about; where that chooses another policy, the ticket looks its rules up by itself. */
  | { type: 'update'; changes: AttributeChanges }
  /** Part of a change of rules that somebody had made: not a route of the ticket. */
  | ({ type: 'changeRules' } & Omit<RulesChangedBody, 'type' | 'policy' | 'version'>);

export type CommandType = Command['type'];

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

const stateName = (ticket: Ticket): string => ticket.situation.state;

function refuse(code: Refusal['code'], message: string, extra: Partial<Refusal> = {}): Refusal {
  return { code, message, ...extra };
}

/** Why the command cannot be carried out as things stand; null when it can. */
function refusalOf(ticket: Ticket, command: Command, now: number): Refusal | null {
  const { situation, id } = ticket;
  const state = stateName(ticket);
  const no = (code: Refusal['code'], fact: string, pointer?: string) =>
    refuse(code, `Ticket ${id} ${fact}`, pointer ? { state, pointer } : { state });
  if (situation.state === 'closed') return no('ticket_closed', `is closed; it cannot be changed`);
  if (situation.state === 'cancelled') return no('ticket_cancelled', `is cancelled; it cannot be changed`);
  const resolved = situation.state === 'resolved';
  switch (command.type) {
    case 'acknowledge':
      return isAcknowledged(situation, ticket.rules, now)
        ? no('already_acknowledged', 'is already acknowledged')
        : null;
    case 'hold':
      return holdRefusal(ticket, command.reason, no);
    case 'resume':
      return situation.holds.some(({ reason }) => !command.reason || reason === command.reason)
        ? null
        : no('not_on_hold', command.reason ? `is not on hold for ${command.reason}` : 'is not on hold');
    case 'prioritise':
      return command.priority === situation.priority
        ? no('same_priority', `already has priority ${command.priority}`, '/priority')
        : null;
    case 'offerHandoff':
      if (resolved) return no('ticket_resolved', 'is resolved; reopen it before handing it on');
      if (!ticket.rules.policy.tiers.some(({ tier }) => tier === command.toTier))
        return no('tier_unknown', `has no tier ${command.toTier} in its policy`, '/toTier');
      return command.toTier === situation.tier
        ? no('same_tier', `is already at tier ${command.toTier}`, '/toTier')
        : null;
    case 'resolve':
      return resolved ? no('ticket_resolved', 'is already resolved') : null;
    case 'reopen':
    case 'close':
      return resolved ? null : no('ticket_not_resolved', `is ${state}; it has not been resolved`);
    case 'changeRules': {
      const { name } = ticket.rules.policy;
      return command.rules.policy.name === name
        ? null
        : no('policy_differs', `is judged by policy ${name}, not by ${command.rules.policy.name} any more`);
    }
    case 'assign':
    case 'reply':
    case 'note':
    case 'cancel':
      return null;
    case 'update':
      return changesAnything(ticket, command.changes)
        ? null
        : no('nothing_changed', 'already says all of this');
  }
}

function changesAnything({ attributes }: Ticket, changes: AttributeChanges): boolean {
  return CHANGEABLE.some((name) => name in changes && (changes[name] ?? undefined) !== attributes[name]);
}

function staleness({ id, sequence }: Ticket, { ifSequence }: Request): Refusal | null {
  if (ifSequence === undefined || ifSequence === sequence) return null;
  return refuse('precondition_failed', `Ticket ${id} is at ${sequence}, not at ${ifSequence} any more`);
}

function holdRefusal(
  { situation }: Ticket,
  reason: HoldReason,
  no: (code: Refusal['code'], fact: string, pointer?: string) => Refusal,
): Refusal | null {
  if (situation.state === 'resolved') return no('ticket_resolved', 'is resolved; it cannot be put on hold');
  if (situation.holds.some((hold) => hold.reason === reason))
    return no('already_on_hold', `is already on hold for ${reason}`, '/reason');
  return reason === 'customer' && !wasAsked(situation)
    ? no('public_question_missing', 'has no public question since the last customer message', '/reason')
    : null;
}

/** The events that a granted command stands for. */
function bodiesOf(command: Command): (DeskBody | RulesChangedBody)[] {
  switch (command.type) {
    case 'acknowledge':
      return [{ type: 'acknowledged' }];
    case 'assign': {
      const { type: _type, ...rest } = command;
      return [{ type: 'assigned', ...rest }];
    }
    case 'reply':
      return [{ type: 'messageAdded', author: 'agent', visibility: 'public' }];
    case 'note':
      return [{ type: 'messageAdded', author: 'agent', visibility: 'internal' }];
    case 'hold':
      return [{ type: 'held', reason: command.reason }];
    case 'resume':
      return [{ type: 'resumed', ...(command.reason && { reason: command.reason }) }];
    case 'prioritise': {
      const { type: _type, ...rest } = command;
      return [{ type: 'prioritised', ...rest }];
    }
    case 'offerHandoff': {
      const { type: _type, ...rest } = command;
      return [{ type: 'handoffOffered', ...rest }, { type: 'handoffAccepted' }];
    }
    case 'resolve':
      return [{ type: 'resolved', ...(command.causeCode && { causeCode: command.causeCode }) }];
    case 'reopen':
      return [{ type: 'reopened' }];
    case 'close':
      return [{ type: 'closed' }];
    case 'cancel':
      return [{ type: 'cancelled' }];
    case 'update':
      return [{ type: 'attributesChanged', changes: command.changes }];
    case 'changeRules': {
      const { name: policy, version } = command.rules.policy;
      return [{ ...command, type: 'rulesChanged', policy, version }];
    }
  }
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

/**
 * A request at `now`: what is due is settled first, so that a resolve one second late cannot hide a breach;
 * then the command is granted or refused.
 */
export function decideRequest(ticket: Ticket, request: Request, now: number): Decision {
  let turn = settle(ticket, now);
  const refusal = staleness(ticket, request) ?? refusalOf(turn.ticket, request.command, now);
  if (refusal) return { refusal };
  const { id, actor, requestId, text } = request;
  bodiesOf(request.command).forEach((body, ordinal) => {
    const draft: Draft = {
      id: messageEventId(id, ordinal),
      source: 'request',
      occurredAt: now,
      receivedAt: now,
      actor,
      ...(requestId && { requestId }),
      ...(text && ordinal === 0 && { text }),
    };
    turn = append(turn, draft, body);
  });
  return { turn: andSettle(turn, now) };
}

/** Why a fact changes nothing where it falls, as far as is known: told beside it in the ledger. */
function mootReason(ticket: Ticket, event: StoryEvent): string | null {
  if (isFinal(ticket)) return AFTER_CLOSE;
  if (isTooLate(ticket, event.occurredAt)) return 'too_late';
  const step = advance(situationBefore(ticket, event), event as Happening, ticket.rules);
  return 'moot' in step ? step.moot : null;
}

/**
 * A fact, once: the second time, or without an id to know it by, it adds nothing. One dated after `now` is taken as happening now; the API
 * refuses more than two minutes (docs/rules.md §9). What was due before is settled after it, so that a late answer is counted
 * before a breach is.
 */
export function decideFact(ticket: Ticket, told: Fact, now: number): Turn {
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
  const turn = append(startTurn(ticket), reason ? { ...draft, moot: reason } : draft, body as EventBody);
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

/** Customer updates: which ones an event of a ticket leads to, and what their templates can say of the ticket. */
import { openEngagements, collaborationOf, parentOf } from './collaboration.ts';
import { deadlineOf, isActive, type Clock } from './clock.ts';
import type { Author, EventType, LedgerEvent } from './events.ts';
import { awaitsReview } from './incident-review.ts';
import type { UpdateOccasion } from './policy.ts';
import type { TemplateReader, Value, Values, Variable } from './template.ts';
import { evolve, type Ticket } from './ticket.ts';

export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;

/** What the requester said of themselves when the ticket was opened; erased with the ticket's words. */
export interface Requester {
  id?: string;
  contact?: string;
  language?: string;
  timezone?: string;
}

/** By what language and zone a customer reads: what the requester said goes before what is kept of the customer. */
export const readerOf = (
  { language, timezone }: Requester,
  customer: TemplateReader | null,
): TemplateReader => ({
  language: language ?? customer?.language ?? null,
  timezone: timezone ?? customer?.timezone ?? null,
});

/** An update that somebody or something wants the customer to have. */
export interface AskedUpdate {
  template: string;
  /** Sent at once, or else drafted for somebody to send. */
  send: boolean;
}

/** Events that are an occasion whatever they say. */
const OCCASIONS: Partial<Record<EventType, UpdateOccasion>> = {
  opened: 'opened',
  handedOff: 'handedOn',
  handoffAccepted: 'handedOn',
  vendorEngaged: 'vendorEngaged',
  majorDeclared: 'majorDeclared',
  restored: 'workaroundKnown',
  resolved: 'resolved',
  reopened: 'reopened',
  closed: 'closed',
  autoClosed: 'closed',
};

/** What an event alone says of the occasions of a policy. A customer's message may be one: it may reopen the ticket. */
export function occasionOf(event: LedgerEvent): UpdateOccasion | null {
  if (event.type === 'problemNoted') return event.news === 'workaround' ? 'workaroundKnown' : null;
  if (event.type === 'messageAdded') return event.author === 'customer' ? 'reopened' : null;
  return OCCASIONS[event.type] ?? null;
}

/**
 * The updates that an event leads to; `before` is the ticket before it. None for a ticket that is only watched, or is
 * part of a major incident: the parent's updates are theirs (docs/rules.md §9).
 */
export function updatesAskedBy(event: LedgerEvent, before: Ticket | null, after: Ticket): AskedUpdate[] {
  if (event.moot || event.imported || after.mode !== 'act' || parentOf(after.situation) !== undefined)
    return [];
  if (event.type === 'updateRequested') return [{ template: event.template, send: event.send }];
  const occasion = occasionOf(event);
  if (occasion === null) return [];
  if (event.type === 'messageAdded' && !isReopening(before, after)) return [];
  const rules = (after.rules.policy.updates ?? []).filter(({ on }) => on === occasion);
  return rules.map(({ template, send }) => ({ template, send }));
}

const isReopening = (before: Ticket | null, after: Ticket): boolean =>
  before?.situation.state === 'resolved' && after.situation.state === 'open';

/** The ticket as it stands once the customer has this update: it may begin the wait for the next one. */
function afterUpdate(ticket: Ticket, { author, at }: { author: Author; at: number }): Ticket {
  return evolve(ticket, {
    type: 'messageAdded',
    id: 'update',
    sequence: ticket.sequence + 1,
    source: 'fact',
    author,
    visibility: 'public',
    update: true,
    occurredAt: at,
    receivedAt: at,
  });
}

/** The earliest deadline ahead of the running clocks that pass. */
function deadlineAhead(ticket: Ticket, at: number, passes: (clock: Clock) => boolean): Value | undefined {
  const deadlines = ticket.situation.clocks
    .filter((clock) => isActive(clock) && passes(clock))
    .flatMap((clock) => deadlineOf(clock, ticket.rules.hours) ?? []);
  const ahead = deadlines.filter((deadline) => deadline > at);
  return ahead.length > 0 ? { at: Math.min(...ahead) } : undefined;
}

const instant = (at: number | null | undefined): Value | undefined =>
  at === null || at === undefined ? undefined : { at };

function closesAt(ticket: Ticket): number | null {
  const { situation, rules } = ticket;
  const { autoCloseAfterMs } = rules.policy;
  const { state, resolvedAt } = situation;
  const isKnown = state === 'resolved' && resolvedAt !== null && !awaitsReview(ticket);
  return isKnown && autoCloseAfterMs !== null ? resolvedAt + autoCloseAfterMs : null;
}

/** Of a vendor that is engaged now, else of the one that was engaged last. */
function vendorOf({ situation }: Ticket): string | undefined {
  const last = openEngagements(situation).at(-1) ?? collaborationOf(situation).engagements.at(-1);
  return last?.vendor;
}

/**
 * What templates can say of a ticket at an instant (epoch milliseconds), when `author` sends the update. What is not
 * known is left out.
 */
export function templateValues(
  ticket: Ticket,
  { subject, author, at }: { subject: string | undefined; author: Author; at: number },
): Values {
  const { id, attributes, situation } = ticket;
  const next = afterUpdate(ticket, { author, at });
  const isHeld = situation.state === 'open' && situation.holds.length > 0;
  const promised = deadlineAhead(
    ticket,
    at,
    ({ name, subject: to }) => name === 'commitment' && to !== 'update',
  );
  const values: Record<Variable, Value | undefined> = {
    'ticket.id': id,
    'ticket.reference': attributes.external?.id ?? id,
    'ticket.subject': subject,
    'ticket.type': attributes.type,
    customer: attributes.customer,
    service: attributes.service,
    priority: situation.priority,
    state: { state: isHeld ? 'onHold' : situation.state },
    vendor: vendorOf(ticket),
    openedAt: instant(situation.openedAt),
    restoredAt: instant(situation.restoredAt),
    resolvedAt: instant(situation.resolvedAt),
    closesAt: instant(closesAt(ticket)),
    nextUpdateAt: deadlineAhead(
      next,
      at,
      ({ name, subject: to }) => name === 'customerUpdate' || (name === 'commitment' && to === 'update'),
    ),
    promisedAt: promised ?? deadlineAhead(ticket, at, ({ name }) => name === 'resolution'),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Values;
}

/** How records are shown: instants as RFC 3339 in UTC, amounts in seconds. */
import {
  calendarCalled,
  clockState,
  deadlineOf,
  elapsedOf,
  governingLimit,
  lengthOf,
  remainingOf,
  type Clock,
  type HoursByCalendar,
} from '../domain/clock.ts';
import { ALONE } from '../domain/collaborators.ts';
import type { TicketAttributes } from '../domain/events.ts';
import { explainClock } from '../domain/explain.ts';
import { EMPTY_PACKET } from '../domain/packet.ts';
import type { Teamwork } from '../domain/projection.ts';
import { areRulesDue, clocksOf, cycleKey, type Ticket } from '../domain/ticket.ts';
import type { BreachRecord } from '../prisma/breaches.ts';
import type { LedgerRecord, TextRecord, TicketRecord } from '../prisma/tickets.ts';
import { securityOfRow } from './incident-views.ts';
import type { BreachView } from './schemas/breaches.ts';
import type { ClockView } from './schemas/clocks.ts';
import type { TicketView } from './schemas/tickets.ts';
import type { TimelineEvent } from './schemas/timeline.ts';

const iso = (at: number | Date): string => new Date(at).toISOString();
const isoOrNull = (at: number | Date | null): string | null => (at === null ? null : iso(at));
const seconds = (ms: number): number => ms / 1000;
const secondsOrNull = (ms: number | null): number | null => (ms === null ? null : seconds(ms));

const ticketPath = (id: string): string => `/v1/tickets/${id}`;

/** Attributes that have a field of their own in the view. */
const SHOWN_APART = new Set([
  'type',
  'channel',
  'impact',
  'urgency',
  'customer',
  'service',
  'category',
  'external',
]);

function otherAttributes(attributes: TicketAttributes): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([name]) => !SHOWN_APART.has(name))
      .map(([name, value]) => [name, name === 'detectedAt' ? iso(value as number) : value]),
  );
}

/** Instants among what a ticket carries of others, as they are shown. */
const INSTANTS = new Set(['since', 'askedAt', 'answeredAt', 'engagedAt', 'returnedAt']);

function withShownInstants(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withShownInstants);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name,
      INSTANTS.has(name) && typeof part === 'number' ? iso(part) : withShownInstants(part),
    ]),
  );
}

/** A ticket recorded by an earlier version has none of this yet. */
const NOTHING_TOGETHER = {
  ...ALONE,
  offer: null,
  automaticSince: null,
  returnedSince: null,
  packet: EMPTY_PACKET,
  major: null,
} satisfies Teamwork;

function togetherView(row: TicketRecord) {
  const teamwork: Teamwork = { ...NOTHING_TOGETHER, ...(row.teamwork as object) };
  const { automaticSince, returnedSince, rating, updatesSent = 0, links: relations, ...rest } = teamwork;
  const lists = { ...rest, relations };
  return {
    ...(withShownInstants(lists) as Pick<
      TicketView,
      | 'offer'
      | 'packet'
      | 'consults'
      | 'people'
      | 'engagements'
      | 'relations'
      | 'checklists'
      | 'drafts'
      | 'reproducedIn'
      | 'major'
    >),
    queuedAt: isoOrNull(row.queuedAt),
    awaitsAcceptanceSince: isoOrNull(automaticSince),
    awaitsLeadSince: isoOrNull(returnedSince),
    handoffReturns: row.handoffReturns,
    parent: row.parent,
    resolution: { causeCode: row.causeCode, article: row.article, needsArticle: row.needsArticle },
    rating: rating ?? null,
    updatesSent,
  };
}

interface OpeningText {
  subject?: string;
  description?: string;
  requester?: Record<string, string>;
  attachments?: string[];
  custom?: Record<string, string | number | boolean>;
}

/** A ticket; its words are null once they were erased. */
export function ticketView(row: TicketRecord, text: TextRecord | undefined): TicketView {
  const attributes = row.attributes as unknown as TicketAttributes;
  const words = (text?.body ?? {}) as OpeningText;
  return {
    id: row.id,
    state: row.state as TicketView['state'],
    priority: row.priority as TicketView['priority'],
    tier: row.tier,
    team: row.team,
    assignee: row.assignee,
    subject: words.subject ?? null,
    description: words.description ?? null,
    type: attributes.type,
    channel: attributes.channel,
    impact: attributes.impact,
    urgency: attributes.urgency,
    requester: words.requester ?? null,
    customer: row.customer,
    service: row.service,
    category: row.category,
    external: attributes.external ?? null,
    attributes: {
      ...otherAttributes(attributes),
      ...(words.attachments && { attachments: words.attachments }),
      ...(words.custom && { custom: words.custom }),
    },
    openedAt: iso(row.openedAt),
    acknowledgedAt: isoOrNull(row.acknowledgedAt),
    resolvedAt: isoOrNull(row.resolvedAt),
    closedAt: isoOrNull(row.closedAt),
    holds: (row.holds as { reason: string; since: number }[]).map(({ reason, since }) => ({
      reason,
      since: iso(since),
    })),
    reopenCount: row.reopenCount,
    handoffs: row.handoffs,
    tierReturns: row.tierReturns,
    policy: { name: row.policy, version: row.policyVersion },
    mode: row.mode as TicketView['mode'],
    breached: row.breached,
    nextDeadlineAt: isoOrNull(row.nextDeadlineAt),
    timeByOwner: Object.fromEntries(
      Object.entries(row.shares as Record<string, number>).map(([owner, ms]) => [owner, seconds(ms)]),
    ),
    timeByOwnerAt: iso(row.sharesAt),
    inFlightByTier: Object.fromEntries(
      Object.entries(row.inFlight as Record<string, number>).map(([tier, ms]) => [
        `tier${tier}`,
        seconds(ms),
      ]),
    ),
    ...togetherView(row),
    security: securityOfRow(row),
    sequence: row.sequence,
    asOf: iso(row.recordedAt),
    links: {
      self: ticketPath(row.id),
      timeline: `${ticketPath(row.id)}/timeline`,
      clocks: `${ticketPath(row.id)}/clocks`,
    },
  };
}

function clockView(ticket: Ticket, clock: Clock, now: number): ClockView {
  const hours: HoursByCalendar = ticket.rules.hours;
  const limit = governingLimit(clock, hours);
  const verdict = ticket.breaches[cycleKey(clock.name, clock.cycle)];
  return {
    clock: clock.name,
    kind: clock.kind ?? 'promise',
    cycle: clock.cycle,
    ...(clock.subject !== undefined && { subject: clock.subject }),
    state: clockState(clock),
    breached: verdict?.standing ?? false,
    startedAt: iso(clock.startedAt),
    deadlineAt: isoOrNull(deadlineOf(clock, hours)),
    metAt: isoOrNull(clock.metAt),
    breachedAt: verdict?.standing ? iso(verdict.deadlineAt) : null,
    cancelledAt: isoOrNull(clock.cancelledAt),
    cancelReason: clock.cancelReason,
    calendar: calendarCalled(limit.calendar),
    calendarVersion: hours[limit.calendar]?.version ?? limit.calendar,
    ...(limit.period && { target: limit.period }),
    targetSeconds: seconds(lengthOf(hours, limit) ?? 0),
    elapsedSeconds: seconds(elapsedOf(clock, hours, now)),
    remainingSeconds: secondsOrNull(remainingOf(clock, hours, now)),
    explain: explainClock(clock, hours, now).map(({ from, to, runningMs, ...rest }) => ({
      from: iso(from),
      to: iso(to),
      ...rest,
      seconds: seconds(to - from),
      ...(runningMs !== undefined && { runningSeconds: seconds(runningMs) }),
    })),
  };
}

/** The clocks of a ticket, counted up to `now`. */
export function clocksView(ticket: Ticket, now: number) {
  const { name, version } = ticket.rules.policy;
  return {
    ticketId: ticket.id,
    policy: { name, version },
    pending: areRulesDue(ticket),
    data: clocksOf(ticket).map((clock) => clockView(ticket, clock, now)),
    sequence: ticket.sequence,
    asOf: iso(now),
  };
}

/** Fields of event data that hold instants in epoch milliseconds. */
const isInstant = (name: string, value: unknown): value is number =>
  (name.endsWith('At') || name === 'since' || name === 'until') && typeof value === 'number';

/** Long or derived data that a reader of the timeline has no use for. */
const LEFT_OUT = new Set(['rules', 'hours', 'obligations', 'isReminded']);

function shownData(data: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data)
      .filter(([name]) => !LEFT_OUT.has(name))
      .map(([name, value]) => [name, shownValue(name, value)]),
  );
}

function shownValue(name: string, value: unknown): unknown {
  if (isInstant(name, value)) return iso(value);
  return name === 'attributes' ? shownData(value as object) : value;
}

export function timelineEvent(row: LedgerRecord & { text: TextRecord | null }): TimelineEvent {
  return {
    sequence: row.sequence,
    id: row.id,
    type: row.type as TimelineEvent['type'],
    source: row.source as TimelineEvent['source'],
    occurredAt: iso(row.occurredAt),
    receivedAt: iso(row.receivedAt),
    ...(row.actor !== null && { actor: row.actor as unknown as NonNullable<TimelineEvent['actor']> }),
    ...(row.requestId !== null && { requestId: row.requestId }),
    ...(row.moot !== null && { moot: row.moot }),
    ...(row.imported && { imported: true }),
    ...(row.text && {
      text: {
        body: row.text.body as Record<string, unknown> | null,
        digest: row.textDigest ?? row.text.digest,
        erasedAt: isoOrNull(row.text.erasedAt),
      },
    }),
    data: shownData(row.data as object),
  };
}

export function breachView(row: BreachRecord): BreachView {
  return {
    ticketId: row.ticketId,
    clock: row.clock as BreachView['clock'],
    kind: row.kind as BreachView['kind'],
    cycle: row.cycle,
    breachedAt: iso(row.breachedAt),
    decidedAt: iso(row.decidedAt),
    withdrawn: row.verdict === 'withdrawn',
    withdrawnAt: isoOrNull(row.withdrawnAt),
    revision: row.revision,
    tier: row.tier,
    priority: row.priority as BreachView['priority'],
    customer: row.customer,
    policy: { name: row.policy, version: row.policyVersion },
    links: { ticket: ticketPath(row.ticketId) },
  };
}

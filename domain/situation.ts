/** How things stand with a ticket: what the fold of its story (domain/advance.ts) says. */
import type { Collaboration, MajorIncident } from './collaborators.ts';
import type { Clock } from './clock.ts';
import type {
  DeskBody,
  EngineBody,
  LedgerEvent,
  NotedReviewState,
  OpenedBody,
  TicketAttributes,
} from './events.ts';
import { SECURITY_EVENTS, type SecurityBody, type SecurityIncident } from './incident.ts';
import type { Packet, PacketItem } from './packet.ts';
import type { HoldReason, Priority } from './policy.ts';

export type TicketState = 'open' | 'resolved' | 'closed' | 'cancelled';

export interface Hold {
  reason: HoldReason;
  since: number;
}

export interface Offer {
  toTier: number;
  team: string | null;
  since: number;
  /** Who made it, and what its packet lacks. */
  fromTier?: number;
  missing?: readonly PacketItem[];
  completeness?: number;
}

/** How a resolved ticket was explained. */
export interface Resolution {
  causeCode?: string;
  article?: string;
  needsArticle?: true;
}

/**
 * Who owns a span of time: exactly one of them owns every second (docs/rules.md §3). The hold reasons besides customer
 * and vendor own it where they stand the resolution clock still; `uncovered` is time in which the owner's tier is closed.
 */
export type Share = HoldReason | 'uncovered' | 'handoff' | `tier${number}` | 'none';

export interface ShareSpan {
  from: number;
  share: Share;
  /** Who offered what is in flight: it is charged to them (docs/rules.md §9). */
  charged?: number;
  /** Whose closed hours are uncovered: the calendar of the tier that owns the ticket, where it is not round the clock. */
  coveredBy?: string;
}

/** Old spans, folded: who owned how much open time up to `until`, per calendar that may judge the resolution. */
export interface FoldedShares {
  until: number;
  totalsMs: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface Situation {
  state: TicketState;
  openedAt: number;
  priority: Priority;
  tier: number;
  team: string | null;
  assignee: string | null;
  acknowledgedAt: number | null;
  /** When a tier first took the ticket on, and when it was first given to somebody. */
  acceptedAt?: number;
  assignedAt?: number;
  /** When the service worked again, if it did before the solution. */
  restoredAt?: number | null;
  /** As changed since opening; absent where they are as they were. */
  attributes?: TicketAttributes;
  holds: readonly Hold[];
  offer: Offer | null;
  /** Since when a ticket that the ladder handed on waits for its tier to say that it saw it. */
  automaticSince?: number | null;
  /** Since when a lead has to decide about an automatic handoff that its tier returned. */
  returnedSince?: number | null;
  /** Offers that came back. */
  handoffReturns?: number;
  /** Since when nobody has it where it is. */
  queuedSince?: number | null;
  packet?: Packet;
  collaboration?: Collaboration;
  major?: MajorIncident;
  security?: SecurityIncident;
  resolution?: Resolution;
  /** The review of the incident, as it was told last. */
  review?: { id: string; state: NotedReviewState };
  clocks: readonly Clock[];
  /** Opening counts as the customer's first message. */
  lastCustomerMessageAt: number;
  lastPublicReplyAt: number | null;
  /** Whether anybody waits for a first response: nobody does after one, or behind a monitoring alert (docs/rules.md §9). */
  awaitsResponse: boolean;
  /** The customer's first message that nobody answered, after the first response. */
  unansweredSince?: number | null;
  firstResolvedAt: number | null;
  resolvedAt: number | null;
  /** The priority it was resolved under. */
  resolvedPriority: Priority | null;
  closedAt: number | null;
  reopenCount: number;
  /** Changes of tier, and those among them that went back to a tier the ticket had left. */
  handoffs: number;
  tierReturns: number;
  tiersLeft: readonly number[];
  /** Changes of team within or across tiers, and those back to a team the ticket had left. */
  teamChanges: number;
  teamReturns: number;
  teamsLeft: readonly string[];
  /** In order; those before `foldedShares.until` are in it. */
  shares: readonly ShareSpan[];
  foldedShares?: FoldedShares;
}

/** What folds: everything but the engine's own book-keeping of steps and breaches. */
export type StoryBody =
  | OpenedBody
  | DeskBody
  | SecurityBody
  | Extract<
      EngineBody,
      { type: 'handedOff' | 'autoClosed' | 'priorityRaised' | 'reviewTaskOpened' | 'holdExpired' }
    >;
export type StoryEvent = LedgerEvent<StoryBody>;

/** Everything in a story but its beginning. */
export type Happening = Exclude<StoryEvent, LedgerEvent<OpenedBody>>;

/** Every type of event that folds, so that the compiler tells of a new one. */
const STORY_TYPES = {
  opened: true,
  acknowledged: true,
  assigned: true,
  messageAdded: true,
  held: true,
  resumed: true,
  vendorEngaged: true,
  vendorAsked: true,
  vendorReturned: true,
  prioritised: true,
  handoffOffered: true,
  handoffAccepted: true,
  handoffReturned: true,
  handoffWithdrawn: true,
  packetWritten: true,
  handedOff: true,
  consultAsked: true,
  consultAnswered: true,
  consultWithdrawn: true,
  joined: true,
  left: true,
  linked: true,
  unlinked: true,
  reproduced: true,
  rated: true,
  updateDrafted: true,
  majorDeclared: true,
  checklistAttached: true,
  checklistItemDone: true,
  articlesOffered: true,
  problemNoted: true,
  reviewNoted: true,
  restored: true,
  committed: true,
  taskCreated: true,
  taskDone: true,
  marked: true,
  attributesChanged: true,
  ...SECURITY_EVENTS,
  priorityRaised: true,
  reviewTaskOpened: true,
  holdExpired: true,
  resolved: true,
  reopened: true,
  closed: true,
  autoClosed: true,
  cancelled: true,
} satisfies Record<StoryBody['type'], true>;

export function isStoryEvent(event: LedgerEvent): event is StoryEvent {
  return Object.hasOwn(STORY_TYPES, event.type);
}

/** Nobody waits for a customer who was not asked anything since the last word from there (docs/rules.md §9). */
export function wasAsked({ lastPublicReplyAt, lastCustomerMessageAt }: Situation): boolean {
  return lastPublicReplyAt !== null && lastPublicReplyAt >= lastCustomerMessageAt;
}

/** Whether the customer wrote after the first response, and nobody has answered since. */
export function isUnanswered(situation: Situation): boolean {
  return !situation.awaitsResponse && !!situation.unansweredSince;
}

/**
 * What can happen to a ticket. Events are the only way a ticket changes; the ledger holds them in the order
 * they were recorded, the ticket folds them in the order they happened.
 */
import type { EngagementKind, Participation, Relation } from './collaborators.ts';
import type { SecurityBody } from './incident.ts';
import type { PacketItem } from './packet.ts';
import type { RequestCause } from './review-rule.ts';
import type { AppliedRules, Audience, ClockName, HoldReason, HoldRule, Level, Priority } from './policy.ts';
import type { OpenHours } from './open-hours.ts';

export const AUTHORS = ['agent', 'customer', 'system'] as const;
export type Author = (typeof AUTHORS)[number];

export const VISIBILITIES = ['public', 'internal'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

export const CHANNELS = [
  'email',
  'web',
  'chat',
  'api',
  'phone',
  'inPerson',
  'monitoring',
  'internal',
] as const;
export type Channel = (typeof CHANNELS)[number];

/** `act` does what the ladder says; `observe` runs every clock with hand-offs and outward actions off (docs/rules.md §9). */
export type Mode = 'act' | 'observe';

/** Who did it: the authenticated subject, and for whom it says it acts. */
export interface Actor {
  subject: string;
  role: string;
  /** Whose personal key it was: an agent of the directory. Absent for keys that many use. */
  person?: string;
  actingFor?: string;
}

/** The engine itself, where it asks or opens something. */
export const TIERLINE: Actor = { subject: 'tierline', role: 'integration' };

/** Where an erasable text lies and what it said: the ledger keeps only the salted digest (docs/rules.md §9, erasure). */
export interface TextReference {
  id: string;
  digest: string;
}

/** What a ticket is about, as far as rules and reports need it; no personal data. */
export interface TicketAttributes {
  type: string;
  channel: Channel;
  impact: Level;
  urgency: Level;
  customer?: string;
  contract?: string;
  service?: string;
  configurationItem?: string;
  site?: string;
  category?: string;
  symptom?: string;
  affectedUsers?: number;
  fingerprint?: string;
  detectedAt?: number;
  external?: { system: string; id: string; url?: string };
  /** The closed ticket that its customer wrote to again. */
  followUpOf?: string;
}

/** Attributes that may change while a ticket is open; null takes one away. */
export const CHANGEABLE = [
  'type',
  'customer',
  'contract',
  'service',
  'configurationItem',
  'site',
  'category',
  'symptom',
  'affectedUsers',
  'fingerprint',
] as const satisfies readonly (keyof TicketAttributes)[];
export type AttributeChanges = {
  type?: string;
} & { [K in Exclude<(typeof CHANGEABLE)[number], 'type'>]?: NonNullable<TicketAttributes[K]> | null };

/** What a promised time is for: the next word to the customer, service restored, or the solution. */
export const PROMISES = ['update', 'restore', 'resolution'] as const;
export type PromiseKind = (typeof PROMISES)[number];

/** Tasks after an incident, each clocked by itself. */
export const TASK_CLOCKS = ['reviewTask', 'actionItem'] as const;
export type TaskClock = (typeof TASK_CLOCKS)[number];

export interface OpenedBody {
  type: 'opened';
  attributes: TicketAttributes;
  priority: Priority;
  tier: number;
  mode: Mode;
  rules: AppliedRules;
  /** The policy was named, not matched: it stays, whatever the ticket turns out to be about. */
  pinned?: true;
}

/** Things that happen in the desk's day; a person's request and an outside fact look alike. */
export type DeskBody =
  | { type: 'acknowledged' }
  | {
      type: 'assigned';
      assignee?: string | null;
      team?: string | null;
      /** The place in the queue that it was taken from; recording the event frees it. */
      reservation?: string;
    }
  | {
      type: 'messageAdded';
      author: Author;
      visibility: Visibility;
      /** It was meant as the customer's update, from a template or a draft. */
      update?: true;
      template?: string;
      /** The major incident whose update counts for this ticket too. */
      parent?: string;
    }
  | { type: 'held'; reason: HoldReason }
  | { type: 'resumed'; reason?: HoldReason }
  | {
      type: 'vendorEngaged';
      engagement: string;
      vendor?: string;
      kind?: EngagementKind;
      reference?: string;
    }
  /** Something more was asked, or their own number became known. */
  | { type: 'vendorAsked'; engagement: string; reference?: string }
  /** Without an engagement: all of them, and the hold for the vendor in any case. */
  | { type: 'vendorReturned'; engagement?: string; outcome?: string }
  | { type: 'prioritised'; priority: Priority; impact?: Level; urgency?: Level }
  | {
      type: 'handoffOffered';
      toTier: number;
      team?: string;
      /** What the offer adds to the packet. */
      items?: PacketItem[];
      articles?: string[];
      /** What the tier requires and the packet does not have: only under an override, or told from outside. */
      missing?: PacketItem[];
      /** Percent of what the tier requires. */
      completeness?: number;
      /** A lead let it pass. */
      override?: true;
      /** Tiers between that were left out. */
      skipped?: number[];
    }
  | { type: 'handoffAccepted' }
  /** Back to who offered it, who has owned it all along; an automatic handoff goes to a lead (docs/rules.md §9). */
  | { type: 'handoffReturned'; missing?: PacketItem[]; automatic?: true }
  | { type: 'handoffWithdrawn' }
  | { type: 'packetWritten'; items: PacketItem[]; articles?: string[] }
  | { type: 'consultAsked'; consult: string; toTier?: number; team?: string; agent?: string }
  /** `solved`: the asker could go on with it, and no handoff was needed. */
  | { type: 'consultAnswered'; consult: string; solved?: boolean }
  | { type: 'consultWithdrawn'; consult: string }
  | { type: 'joined'; agent: string; as: Participation; skills?: string[] }
  | { type: 'left'; agent: string; as?: Participation }
  | { type: 'linked'; relation: Relation; reference: string; url?: string }
  | { type: 'unlinked'; relation: Relation; reference: string }
  | { type: 'reproduced'; environment: string }
  /** How content the customer is: `score` of `outOf`. */
  | { type: 'rated'; score: number; outOf: number }
  | { type: 'updateDrafted'; draft: string; template?: string }
  | { type: 'majorDeclared'; commander?: string; automatic?: true }
  | { type: 'checklistAttached'; procedure: string; version: number; items: string[] }
  | { type: 'checklistItemDone'; item: string }
  | { type: 'articlesOffered'; articles: string[]; at: ArticleMoment }
  | { type: 'problemNoted'; problem: string; news: ProblemNews }
  /** How the review of the incident stands. */
  | { type: 'reviewNoted'; review: string; state: NotedReviewState }
  /** The service works again, by a workaround if need be. */
  | { type: 'restored' }
  /** Somebody promised the customer a time. */
  | { type: 'committed'; dueAt: number; to?: PromiseKind }
  | { type: 'taskCreated'; task: string; clock: TaskClock }
  | { type: 'taskDone'; task: string }
  /** A named fact that anchored clocks start or stop at. */
  | { type: 'marked'; mark: string }
  | { type: 'attributesChanged'; changes: AttributeChanges }
  | {
      type: 'resolved';
      causeCode?: string;
      /** The article that has the solution, or that somebody has to write one. */
      article?: string;
      needsArticle?: true;
      /** The tickets of the major incident are resolved with it. */
      children?: true;
    }
  | { type: 'reopened' }
  /** `override`: before its review was closed; somebody who may said why. */
  | { type: 'closed'; override?: true }
  | { type: 'cancelled' };

export type DeskEventType = DeskBody['type'];

/** When articles were offered: at opening, or before the ticket climbs a tier. */
export const ARTICLE_MOMENTS = ['opening', 'escalation'] as const;
export type ArticleMoment = (typeof ARTICLE_MOMENTS)[number];

/** What a ticket hears of the problem it is linked to. */
export const PROBLEM_NEWS = [
  'linked',
  'knownError',
  'workaround',
  'fixPlanned',
  'fixed',
  'recurred',
  'resolved',
] as const;
export type ProblemNews = (typeof PROBLEM_NEWS)[number];

/** What a ticket knows of the review of its incident. */
export const NOTED_REVIEW_STATES = ['open', 'closed'] as const;
export type NotedReviewState = (typeof NOTED_REVIEW_STATES)[number];

/** Why somebody is told besides what a ladder says. */
export const NOTICES = [
  'handoffOffered',
  'handoffReturned',
  'pingPong',
  'consultAsked',
  'consultAnswered',
  'joined',
  'problem',
  'majorIncident',
  'containmentDelayEnded',
] as const;
export interface Notice {
  notice: (typeof NOTICES)[number];
  /** The problem or consult, as what somebody joined, or how many returns it has been. */
  reference?: string;
}

/** Which step of which clock an event of the ladder belongs to. */
export interface StepReference {
  clock: ClockName;
  cycle: number;
  step: string;
}

/** Why a ticket is judged by other rules from now on. */
export type RulesChangeCause = 'policyChanged' | 'calendarChanged' | 'attributesChanged';

export interface RulesChangedBody {
  type: 'rulesChanged';
  rules: AppliedRules;
  policy: string;
  version: number;
  cause: RulesChangeCause;
  /** The change of rules that it is part of. */
  change?: string;
  /** Whether verdicts already given are judged again; they stand otherwise (docs/rules.md §9). */
  retroactive: boolean;
}

/** What the engine itself decides. */
export type EngineBody =
  | ({
      type: 'stepReached';
      dueAt: number;
      percent: number;
      observed: boolean;
      /** Whom the step would have told and who was not there. */
      nobody?: Audience[];
    } & StepReference)
  /** `supersededBy` names a later step, or `acknowledged`. */
  | ({ type: 'stepSkipped'; dueAt: number; supersededBy: string } & StepReference)
  | ({
      type: 'notificationRequested';
      audience: Audience;
      tier: number;
      /** It must wake somebody. */
      page?: true;
      /** Who was asked for first and was not there. */
      insteadOf?: Audience;
      /** Whose vendor manager is meant. */
      vendor?: string;
      /** Somebody in particular, instead of the audience. */
      agent?: string;
    } & (StepReference | { hold: HoldReason } | Notice))
  | ({
      type: 'handedOff';
      fromTier: number;
      toTier: number;
      automatic: true;
      /** What the tier requires and the packet does not have. */
      missing?: PacketItem[];
      completeness?: number;
      /** Tiers that were closed, with nobody on call. */
      skipped?: number[];
    } & StepReference)
  /** The ladder is about to hand off, and there is time left to ask first. */
  | ({ type: 'consultSuggested'; toTier: number } & StepReference)
  /** A customer update is due: it is sent, or drafted for somebody to send. */
  | ({ type: 'updateRequested'; template: string; send: boolean } & StepReference)
  /** Handed to and fro as often as the policy allows: a lead is called. */
  | { type: 'leadCalled'; returns: number }
  /** The incident is over and wants a post-incident review. */
  | { type: 'reviewRequested'; cause: RequestCause }
  | ({ type: 'priorityRaised'; priority: Priority; automatic: true } & StepReference)
  | ({ type: 'reviewTaskOpened'; task: string; title: string } & StepReference)
  | ({ type: 'webhookRequested'; endpoint: string } & StepReference)
  /** A hold lasted as long as the policy allows: it ends, or the lead is asked. */
  | { type: 'holdExpired'; reason: HoldReason; since: number; atEnd: HoldRule['atEnd'] }
  /** The attacker was let go on until now: a lead is told. */
  | { type: 'containmentDelayEnded'; until: number }
  | RulesChangedBody
  /** Attributes changed that choose the policy, and it is still the same. */
  | { type: 'rulesConfirmed'; policy: string; version: number }
  | {
      type: 'breached';
      clock: ClockName;
      cycle: number;
      revision: number;
      deadlineAt: number;
      tier: number;
      priority: Priority;
      /** A duty of law; else a promise of the desk. */
      kind?: 'law';
    }
  | { type: 'breachWithdrawn'; clock: ClockName; cycle: number; revision: number; deadlineAt: number }
  | { type: 'autoClosed'; resolvedAt: number }
  /** A fact that no rule can read: kept for whoever sent it, without effect. */
  | { type: 'factRejected'; problem: string }
  | { type: 'rulesExtended'; hours: Record<string, OpenHours> };

export type EventBody = OpenedBody | DeskBody | SecurityBody | EngineBody;
export type EventType = EventBody['type'];

/** Where an event comes from. A fact is what merely happened; requests and engine events are decisions. */
export type Source = 'request' | 'fact' | 'engine';

export interface Envelope {
  /** Deterministic: message id and ordinal, or clock, cycle and step. Unique per ticket. */
  id: string;
  /** Position in the ticket's ledger, from 1. */
  sequence: number;
  source: Source;
  /** When it happened. For decisions, when they were taken. */
  occurredAt: number;
  /** When the engine took it in. */
  receivedAt: number;
  /** Count of decisions before this one: keeps decisions of one millisecond in the order they were taken. */
  decision?: number;
  actor?: Actor;
  requestId?: string;
  text?: TextReference;
  /** Imported from another system: exempt from what a person would have been asked. */
  imported?: true;
  /** Why the event changes nothing, where it does not; it is kept all the same. */
  moot?: string;
}

export type LedgerEvent<B extends EventBody = EventBody> = Envelope & B;

/** A fact from outside, before it is in the ledger. `id` is the sender's own and makes it count once. */
export type Fact = DeskBody & {
  id: string;
  occurredAt: number;
  actor?: Actor;
  text?: TextReference;
  imported?: true;
};

/**
 * The order in which events fold: by instant; at one instant first facts by id, then decisions in the order
 * they were taken. It does not depend on the order of arrival (docs/rules.md §1).
 */
export function compareFoldOrder(a: LedgerEvent, b: LedgerEvent): number {
  if (a.type === 'opened' || b.type === 'opened')
    return (a.type === 'opened' ? 0 : 1) - (b.type === 'opened' ? 0 : 1);
  if (a.occurredAt !== b.occurredAt) return a.occurredAt - b.occurredAt;
  const aIsFact = a.decision === undefined;
  const bIsFact = b.decision === undefined;
  if (aIsFact !== bIsFact) return aIsFact ? -1 : 1;
  if (!aIsFact && !bIsFact) return a.decision! - b.decision!;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

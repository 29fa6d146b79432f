/** Policies: what is promised for a ticket, and what happens when a promise is at risk or broken. */
import type { Calendar } from './calendar.ts';
import type { SecurityRule } from './incident.ts';
import type { OpenHours } from './open-hours.ts';
import type { PacketItem } from './packet.ts';
import type { ReviewRule } from './review-rule.ts';

export const PRIORITIES = ['P1', 'P2', 'P3', 'P4'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const LEVELS = ['high', 'medium', 'low'] as const;
/** Impact and urgency, the two axes of the priority matrix (ITIL 4). */
export type Level = (typeof LEVELS)[number];

export const HOLD_REASONS = ['customer', 'vendor', 'changeWindow', 'internal'] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

/** The clocks that every desk knows, in the order of the table in docs/rules.md §3. */
export const STANDARD_CLOCKS = [
  'firstResponse',
  'nextResponse',
  'customerUpdate',
  'resolution',
  'restore',
  'commitment',
  'tierAccept',
  'tierWork',
  'consult',
  'vendor',
  'reviewTask',
  'actionItem',
] as const;
export type StandardClock = (typeof STANDARD_CLOCKS)[number];

/** A standard clock, or one that a policy anchors on marks of its own: such a name has a hyphen (`nis2-early-warning`). */
export type ClockName = string;

export const isStandardClock = (name: ClockName): name is StandardClock =>
  (STANDARD_CLOCKS as readonly string[]).includes(name);

/**
 * A span of whole local days, as laws count it: the day of the event is left out and the last day counts to its end
 * (Regulation (EEC, Euratom) 1182/71, article 3).
 */
export interface Period {
  unit: 'businessDays' | 'months';
  count: number;
}

/** A promise: so many milliseconds of open time on a calendar, or a period of its days. */
export interface Target {
  /** 0 where a period is promised. */
  ms: number;
  /** `tier`: the calendar of the team, or else the tier, that has the ticket. */
  calendar: string;
  period?: Period;
}

/** Stands for the calendar of whoever has the ticket. */
export const OWNER_CALENDAR = 'tier';

/** Where a clock begins to count: at opening, when a tier first accepts, or when somebody is first assigned. */
export const BASES = ['opened', 'accepted', 'assigned'] as const;
export type Basis = (typeof BASES)[number];

/** What a clock does when a resolved ticket is reopened (docs/rules.md §3). */
export type ReopenRule = 'continue' | 'restart' | 'newCycle';

/** Who is told: a role at the ticket's tier; who comes later in the list is asked where nobody is there before. */
export const AUDIENCES = ['vendorManager', 'assignee', 'team', 'lead', 'manager'] as const;
export type Audience = (typeof AUDIENCES)[number];

export type LadderAction =
  | { notify: Audience }
  /** As `notify`, but so urgently that it must wake somebody. */
  | { page: Audience }
  | { handOff: 'next' | number }
  /** One step up, or to a priority. */
  | { raisePriority: 'next' | Priority }
  /** Opens a task of the post-incident review. */
  | { openReviewTask: string }
  /** Tells an endpoint, by its name. */
  | { webhook: string }
  /** Suggests to ask a tier before the ladder hands off to it; not once the clock is late. */
  | { suggestConsult: 'next' | number }
  /** Sends the customer an update from a template, or drafts one for somebody to send. */
  | { sendUpdate: string }
  | { draftUpdate: string }
  | { declareMajor: true };

/**
 * What to do where a step would tell somebody who is not there, nobody assigned or a tier closed: tell the next
 * audience, skip it and log that, or hold the whole step until the tier opens.
 */
export const NOBODY_RULES = ['next', 'skip', 'wait'] as const;
export type NobodyRule = (typeof NOBODY_RULES)[number];

/** One step of an escalation ladder: due when `percent` of the target plus `offsetMs` of open time have run. */
export interface LadderStep {
  /** Unique within its ladder, and part of the step's event id. */
  id: string;
  percent: number;
  /** Counted on the step's own calendar where it has one, else on the clock's. */
  offsetMs: number;
  calendar?: string;
  /** After the first time, again every so often, so many times; not while somebody has acknowledged (docs/rules.md §9). */
  repeat?: { everyMs: number; times: number };
  /** `next` unless said otherwise. */
  ifNobody?: NobodyRule;
  actions: readonly LadderAction[];
}

export type Targets = Partial<Record<Priority, Target>>;

export interface ClockRule {
  /** A priority without a target has no such clock. */
  targets: Targets;
  /** Targets that differ at a tier, for the clocks that measure tiers. */
  byTier?: Readonly<Record<number, Targets>>;
  pausedBy: readonly HoldReason[];
  reopen: ReopenRule;
  ladder: readonly LadderStep[];
  /** `opened` unless said otherwise; for clocks that would start at opening. */
  basis?: Basis;
  /** Whether what the system sends counts as an update (`customerUpdate`; docs/rules.md §9: not by default). */
  systemUpdatesCount?: boolean;
  /** The marks between which an anchored clock runs. */
  anchor?: { startsAt: string; stopsAt: string };
}

/** How long a hold may last, in open time of a calendar, and what then. */
export interface HoldRule {
  maxMs: number;
  calendar: string;
  /** The hold ends by itself, or the lead is asked to look at it. */
  atEnd: 'resume' | 'askLead';
}

/** Which tickets a policy is for; every named field must equal the ticket's. */
export interface MatchCondition {
  customer?: string;
  service?: string;
  category?: string;
  type?: string;
}

export interface TierRule {
  tier: number;
  name: string;
  /** When the tier works; round the clock if it does not say. */
  calendar?: string;
  /** Teams with hours of their own. */
  teams?: readonly { name: string; calendar: string }[];
  /** When somebody is on call for the tier outside its hours; who that is, the rota knows. */
  onCall?: { calendar: string };
  /** What a handoff to the tier has to say. */
  requires?: readonly PacketItem[];
  /** What an hour of the tier's time costs. */
  rate?: { perHour: number; currency: string };
}

/** What is agreed with a vendor, or with our own development. */
export interface VendorRule {
  /** Instead of the targets of the clock `vendor`: the underpinning contract, on the vendor's calendar. */
  targets?: Targets;
  /** Whether engaging it puts the ticket on hold for the vendor. */
  hold?: boolean;
  /** Who is told by the audience `vendorManager`. */
  manager?: string;
}

/** How tickets come back that belong together: so many within a time, alike in these fields. */
export interface RecurrenceRule {
  count: number;
  withinMs: number;
  by?: readonly ('category' | 'service' | 'configurationItem' | 'symptom' | 'customer' | 'site')[];
  /** How long it has to stay quiet before a fix counts as one. */
  quietMs?: number;
}

/** What a crowded queue leads to. */
export interface SurgeRule {
  tier: number;
  /** Tickets in the queue from which on it is crowded, and down to which it is not any more. */
  depth: number;
  clearAt?: number;
  notify: Audience;
  /** Agents of this tier may pull from the queue too, as long as it is crowded. */
  raiseTo?: number;
}

/** A customer update that an event leads to. */
export interface UpdateRule {
  on: UpdateOccasion;
  template: string;
  /** Sent at once, or else drafted for somebody to send. */
  send: boolean;
}

export const UPDATE_OCCASIONS = [
  'opened',
  'handedOn',
  'vendorEngaged',
  'majorDeclared',
  'workaroundKnown',
  'resolved',
  'reopened',
  'closed',
] as const;
export type UpdateOccasion = (typeof UPDATE_OCCASIONS)[number];

export const RESOLUTION_PARTS = ['causeCode', 'article'] as const;

/** A policy without its calendars: what a ticket carries. */
export interface AppliedPolicy {
  name: string;
  version: number;
  /** Policies are matched in ascending precedence. */
  precedence: number;
  /** Any one suffices; none means the policy applies only when it is named. */
  match: readonly MatchCondition[];
  priorityMatrix: Record<Level, Record<Level, Priority>>;
  tiers: readonly TierRule[];
  /** A clock that is not there is never set. */
  clocks: Readonly<Record<ClockName, ClockRule>>;
  holds?: Partial<Record<HoldReason, HoldRule>>;
  /** After this long an acknowledgement counts no more (docs/rules.md §9); never where it is absent. */
  ackTimeoutMs?: number;
  /** Open time on the `always` calendar from resolved to closed; null for never. */
  autoCloseAfterMs: number | null;
  /** After so many returns, and every so many more, a lead is called. */
  handoffs?: { returnsBeforeLead?: number };
  /** By name; `default` is for any other, and `development` for our own. */
  vendors?: Readonly<Record<string, VendorRule>>;
  /** What resolving has to say, and the cause codes to choose from. */
  resolving?: { requires: readonly (typeof RESOLUTION_PARTS)[number][]; causeCodes?: readonly string[] };
  /** How long somebody has to write an article that is needed. */
  knowledge?: { articleTask: { ms: number; calendar: string } };
  recurrence?: RecurrenceRule;
  surge?: readonly SurgeRule[];
  updates?: readonly UpdateRule[];
  /** Post-incident reviews; without it none opens by itself. */
  reviews?: ReviewRule;
  /** From how many affected users, or tickets that are part of it, a ticket is a major incident by itself. */
  major?: { affectedUsers?: number; children?: number };
  /** Who is paged where nobody is on call: a person or a channel. */
  onCallFallback?: string;
  security?: SecurityRule;
  /** How far back a person and an integration may date a fact (docs/rules.md §9). */
  backdating: { personMs: number; integrationMs: number };
}

/** A policy as stored: with the calendars that it names. */
export interface Policy extends AppliedPolicy {
  calendars: Record<string, Calendar>;
  /** Its own tests, `PolicyExample`s (domain/examples.ts, which knows this file); no ticket carries them. */
  examples?: readonly unknown[];
}

/** The rules that judge one ticket, resolved: no zone, no look-up left. */
export interface AppliedRules {
  policy: AppliedPolicy;
  hours: Record<string, OpenHours>;
}

/** The fields of a ticket that choose its policy. */
export interface Matchable {
  customer?: string | undefined;
  service?: string | undefined;
  category?: string | undefined;
  type: string;
}

function fits(condition: MatchCondition, ticket: Matchable): boolean {
  return (Object.keys(condition) as (keyof MatchCondition)[]).every((key) => condition[key] === ticket[key]);
}

/** The first policy, by precedence and then name, with a condition that fits. */
export function matchPolicy<P extends AppliedPolicy>(
  policies: readonly P[],
  ticket: Matchable,
): P | undefined {
  return policies
    .toSorted((a, b) => a.precedence - b.precedence || (a.name < b.name ? -1 : 1))
    .find((policy) => policy.match.some((condition) => fits(condition, ticket)));
}

export function priorityOf(policy: AppliedPolicy, impact: Level, urgency: Level): Priority {
  return policy.priorityMatrix[impact][urgency];
}

/** P1 is the most urgent: whether `a` is more urgent than `b`. */
export function isMoreUrgent(a: Priority, b: Priority): boolean {
  return PRIORITIES.indexOf(a) < PRIORITIES.indexOf(b);
}

const NO_CLOCK: ClockRule = { targets: {}, pausedBy: [], reopen: 'continue', ladder: [] };

/** The rule of a clock; one without targets where the policy has no such clock. */
export function clockRuleOf(policy: AppliedPolicy, name: ClockName): ClockRule {
  return policy.clocks[name] ?? NO_CLOCK;
}

/** The calendar that a tier, or one of its teams, works by. */
export function ownerCalendar(policy: AppliedPolicy, tier: number, team: string | null): string {
  const rule = policy.tiers.find((one) => one.tier === tier);
  return rule?.teams?.find(({ name }) => name === team)?.calendar ?? rule?.calendar ?? 'always';
}

/** What is agreed with the vendor of an engagement; nothing beyond the clock's own targets where it is not said. */
export function vendorRuleOf(policy: AppliedPolicy, vendor: string | undefined): VendorRule {
  const { vendors = {} } = policy;
  return (vendor === undefined ? undefined : vendors[vendor]) ?? vendors['default'] ?? {};
}

/** What a handoff to a tier has to say. */
export const requiredBy = ({ tiers }: AppliedPolicy, tier: number): readonly PacketItem[] =>
  tiers.find((one) => one.tier === tier)?.requires ?? [];

/** Every calendar that the owner of a ticket may have. */
function ownerCalendars({ tiers }: AppliedPolicy): string[] {
  const calendars = tiers.flatMap(({ calendar = 'always', teams = [] }) => [
    calendar,
    ...teams.map((team) => team.calendar),
  ]);
  return [...new Set(calendars)];
}

/** The targets that a clock may have, on real calendars, under one priority or another, with one owner or another. */
export function targetsOf(policy: AppliedPolicy, name: ClockName): Target[] {
  const { targets, byTier = {} } = clockRuleOf(policy, name);
  const contracts = name === 'vendor' ? Object.values(policy.vendors ?? {}) : [];
  const agreed = contracts.flatMap((contract) => contract.targets ?? []);
  return [targets, ...Object.values(byTier), ...agreed]
    .flatMap((each) => PRIORITIES.flatMap((priority) => each[priority] ?? []))
    .flatMap((target) =>
      target.calendar === OWNER_CALENDAR
        ? ownerCalendars(policy).map((calendar) => ({ ...target, calendar }))
        : [target],
    );
}

/** The tier above `tier`; tiers need not be numbered without gaps. Undefined at the highest. */
export function nextTier(policy: AppliedPolicy, tier: number): number | undefined {
  const above = policy.tiers.map((one) => one.tier).filter((one) => one > tier);
  return above.length > 0 ? Math.min(...above) : undefined;
}

export function lowestTier(policy: AppliedPolicy): number {
  return Math.min(...policy.tiers.map(({ tier }) => tier));
}

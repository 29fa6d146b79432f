/** Policies: what is promised for a ticket, and what happens when a promise is at risk or broken. */
import type { Calendar } from './calendar.ts';
import type { OpenHours } from './open-hours.ts';

export const PRIORITIES = ['P1', 'P2', 'P3', 'P4'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const LEVELS = ['high', 'medium', 'low'] as const;
/** Impact and urgency, the two axes of the priority matrix (ITIL 4). */
export type Level = (typeof LEVELS)[number];

export const HOLD_REASONS = ['customer', 'vendor', 'internal'] as const;
export type HoldReason = (typeof HOLD_REASONS)[number];

export const CLOCK_NAMES = ['firstResponse', 'resolution'] as const;
export type ClockName = (typeof CLOCK_NAMES)[number];

/** A promise: so many milliseconds of open time on a calendar. */
export interface Target {
  ms: number;
  calendar: string;
}

/** What a clock does when a resolved ticket is reopened (docs/rules.md §3). */
export type ReopenRule = 'continue' | 'restart' | 'newCycle';

/** Who is told: a role at the ticket's tier. */
export const AUDIENCES = ['assignee', 'team', 'lead', 'manager'] as const;
export type Audience = (typeof AUDIENCES)[number];

export type LadderAction = { notify: Audience } | { handOff: 'next' | number };

/** One step of an escalation ladder: due when `percent` of the target plus `offsetMs` of open time have run. */
export interface LadderStep {
  /** Unique within its ladder, and part of the step's event id. */
  id: string;
  percent: number;
  offsetMs: number;
  actions: readonly LadderAction[];
}

export interface ClockRule {
  /** A priority without a target has no such clock. */
  targets: Partial<Record<Priority, Target>>;
  pausedBy: readonly HoldReason[];
  reopen: ReopenRule;
  ladder: readonly LadderStep[];
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
}

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
  clocks: Record<ClockName, ClockRule>;
  /** Open time on the `always` calendar from resolved to closed; null for never. */
  autoCloseAfterMs: number | null;
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

/** The targets that a clock may have, under one priority or another. */
export function targetsOf({ targets }: ClockRule): Target[] {
  return PRIORITIES.flatMap((priority) => targets[priority] ?? []);
}

/** The tier above `tier`; tiers need not be numbered without gaps. Undefined at the highest. */
export function nextTier(policy: AppliedPolicy, tier: number): number | undefined {
  const above = policy.tiers.map((one) => one.tier).filter((one) => one > tier);
  return above.length > 0 ? Math.min(...above) : undefined;
}

export function lowestTier(policy: AppliedPolicy): number {
  return Math.min(...policy.tiers.map(({ tier }) => tier));
}

/** Who may do what: the one table, asked in one place (api/auth.ts). */
const ALL_ROLES = ['integration', 'agent', 'lead', 'manager', 'auditor', 'admin'] as const;
export type Role = (typeof ALL_ROLES)[number];
export const ROLES: readonly Role[] = ALL_ROLES;

const EVERYBODY = ROLES;
/** Everybody who has a hand in the work; auditors only look. */
const ALL_BUT_AUDITORS = ROLES.filter((role) => role !== 'auditor');
/** Persons, not front ends. */
const PEOPLE = ROLES.filter((role) => role !== 'integration');
/** Those who work on tickets, and front ends for them. */
const DESK = ['integration', 'agent', 'lead', 'admin'] as const;
const LEADS = ['lead', 'manager', 'admin'] as const;
const OVERSEERS = ['lead', 'manager', 'auditor', 'admin'] as const;
const RULERS = ['manager', 'admin'] as const;

const TABLE = {
  'ticket.read': EVERYBODY,
  /** Ask something of a ticket. */
  'ticket.work': DESK,
  /** Post facts, opening tickets included. */
  'ticket.tell': DESK,
  'queue.read': EVERYBODY,
  /** Take the next ticket of a queue for an agent. */
  'queue.pull': DESK,
  'breach.read': OVERSEERS,
  /** What tiers and teams do, and what it costs. */
  'report.read': OVERSEERS,
  'calendar.evaluate': EVERYBODY,
  'rule.read': PEOPLE,
  /** Publish policies, calendars and templates, and bring them to open tickets. */
  'rule.change': RULERS,
  'people.read': EVERYBODY,
  /** Say who works here, who is on call, and what is known of customers and services; it also shows how to reach them. */
  'people.change': LEADS,
  'knowledge.read': EVERYBODY,
  /** Write and retire articles; integrations too, so that a wiki can be kept in step. */
  'knowledge.write': ALL_BUT_AUDITORS,
  'task.read': EVERYBODY,
  /** Open tasks, and work on them. */
  'task.work': ALL_BUT_AUDITORS,
  'problem.read': EVERYBODY,
  /** Open problems, and work on them. */
  'problem.work': ALL_BUT_AUDITORS,
  'schedule.read': PEOPLE,
  /** Procedures, and what opens on schedule. */
  'schedule.change': LEADS,
  'suggestion.read': EVERYBODY,
  'suggestion.write': ALL_BUT_AUDITORS,
  /** What becomes of a suggestion. */
  'suggestion.decide': LEADS,
} as const satisfies Record<string, readonly Role[]>;

export type Operation = keyof typeof TABLE;
export const OPERATIONS = Object.keys(TABLE) as Operation[];

const mayDo = (operation: Operation): readonly Role[] => TABLE[operation];

/** The same table by role. */
export const PERMISSIONS = Object.fromEntries(
  ROLES.map((role) => [role, OPERATIONS.filter((operation) => mayDo(operation).includes(role))]),
) as Record<Role, Operation[]>;

export function isAllowed(role: string, operation: Operation): boolean {
  return isRole(role) && mayDo(operation).includes(role);
}

/** Beyond the policy's limits on back-dating it takes one of these (docs/rules.md §9). */
export const mayBackdateFreely = (role: string): boolean => role === 'lead' || role === 'admin';

export const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

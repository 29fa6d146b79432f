/** Who may do what: the one table, asked in one place (api/auth.ts). */
import { APPROVERS, isRole, ROLES, type Role } from '../domain/role.ts';

export { isRole, ROLES, type Role };

const EVERYBODY = ROLES;
/** Everybody who has a hand in the work; auditors only look. */
const ALL_BUT_AUDITORS = ROLES.filter((role) => role !== 'auditor');
/** Persons, not front ends. */
const PEOPLE = ROLES.filter((role) => role !== 'integration');
/** Those who work on tickets, and front ends for them. */
const DESK = ['integration', 'agent', 'lead', 'responder', 'admin'] as const;
const LEADS = ['lead', 'manager', 'admin'] as const;
/** Those who handle security incidents: not admins, who run the system and read no security ticket. */
const RESPONDERS = ['lead', 'responder', 'manager'] as const;
/** Those who do what a playbook leaves to people. */
const HANDS = ['agent', 'lead', 'responder'] as const;
const SECURITY = ['agent', 'lead', 'responder', 'approver', 'manager', 'auditor'] as const;
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
  'playbook.read': PEOPLE,
  /** Ask whether a playbook can be carried out; it changes nothing. */
  'playbook.check': PEOPLE,
  'playbook.import': ['lead', 'responder', 'manager', 'admin'],
  'containment.read': SECURITY,
  'containment.request': ['agent', 'lead', 'responder'],
  /** With personal credentials only, and never what one has asked for. */
  'containment.approve': APPROVERS,
  /** Whoever sees that something goes wrong can stop it. */
  'containment.stop': ['lead', 'responder', 'approver', 'manager'],
  /** Do a manual step. */
  'containment.complete': HANDS,
  /** Let a named playbook run without asking each time; two persons. */
  'containment.authorise': ['approver', 'manager'],
  /** Say what no playbook may touch. */
  'asset.protect': RESPONDERS,
  /** Who contains does not decide alone that something may be touched. */
  'asset.unprotect': ['lead', 'manager'],
  /** A front end may say that a ticket is a security incident; it does not read it afterwards. */
  'incident.declare': ['integration', 'agent', 'lead', 'responder', 'manager'],
  /** Label, named persons, phases. */
  'incident.work': RESPONDERS,
  'legalHold.change': RESPONDERS,
  /** Whether a duty to report applies, and why not. */
  'obligation.judge': APPROVERS,
  'evidence.read': SECURITY,
  'evidence.write': HANDS,
  'review.read': PEOPLE,
  /** Open post-incident reviews, and work on them. */
  'review.work': ['agent', 'lead', 'responder', 'approver', 'manager'],
  /** Who has which API key; never the keys themselves. */
  'key.read': ['manager', 'auditor', 'admin'],
  /** Make and revoke keys; which roles, says docs/access.md. */
  'key.change': RULERS,
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

/** Who may do what: the one table, asked in one place (api/auth.ts). */
export const OPERATIONS = [
  'ticket.read',
  'ticket.work',
  'ticket.tell',
  'queue.read',
  'queue.pull',
  'breach.read',
  'calendar.evaluate',
  'rule.read',
  'rule.change',
  'people.read',
  'people.change',
  'knowledge.read',
  'knowledge.write',
  'task.read',
  'task.work',
  'problem.read',
  'problem.work',
  'schedule.read',
  'schedule.change',
  'suggestion.read',
  'suggestion.write',
  'suggestion.decide',
] as const;
/**
 * `ticket.tell`: post facts, opening tickets included. `ticket.work`: ask something of a ticket. `rule.change`: publish
 * policies and calendars, and bring them to open tickets. `people.change`: say who works here, who is on call, and what
 * is known of customers and services; it also shows how to reach them. `knowledge.write`: write and retire articles.
 * `schedule.change`: procedures, and what opens on schedule. `suggestion.decide`: what becomes of a suggestion.
 * `task.work`, `problem.work`: open tasks and problems, and work on them.
 */
export type Operation = (typeof OPERATIONS)[number];

export const PERMISSIONS = {
  integration: [
    'ticket.read',
    'ticket.work',
    'ticket.tell',
    'queue.read',
    'queue.pull',
    'calendar.evaluate',
    'people.read',
    'knowledge.read',
    'knowledge.write',
    'task.read',
    'task.work',
    'problem.read',
    'problem.work',
    'suggestion.read',
    'suggestion.write',
  ],
  agent: [
    'ticket.read',
    'ticket.work',
    'ticket.tell',
    'queue.read',
    'queue.pull',
    'calendar.evaluate',
    'rule.read',
    'people.read',
    'knowledge.read',
    'knowledge.write',
    'task.read',
    'task.work',
    'problem.read',
    'problem.work',
    'schedule.read',
    'suggestion.read',
    'suggestion.write',
  ],
  lead: [
    'ticket.read',
    'ticket.work',
    'ticket.tell',
    'queue.read',
    'queue.pull',
    'breach.read',
    'calendar.evaluate',
    'rule.read',
    'people.read',
    'people.change',
    'knowledge.read',
    'knowledge.write',
    'task.read',
    'task.work',
    'problem.read',
    'problem.work',
    'schedule.read',
    'schedule.change',
    'suggestion.read',
    'suggestion.write',
    'suggestion.decide',
  ],
  manager: [
    'ticket.read',
    'queue.read',
    'breach.read',
    'calendar.evaluate',
    'rule.read',
    'rule.change',
    'people.read',
    'people.change',
    'knowledge.read',
    'knowledge.write',
    'task.read',
    'task.work',
    'problem.read',
    'problem.work',
    'schedule.read',
    'schedule.change',
    'suggestion.read',
    'suggestion.write',
    'suggestion.decide',
  ],
  auditor: [
    'ticket.read',
    'queue.read',
    'breach.read',
    'calendar.evaluate',
    'rule.read',
    'people.read',
    'knowledge.read',
    'task.read',
    'problem.read',
    'schedule.read',
    'suggestion.read',
  ],
  admin: [
    'ticket.read',
    'ticket.work',
    'ticket.tell',
    'queue.read',
    'queue.pull',
    'breach.read',
    'calendar.evaluate',
    'rule.read',
    'rule.change',
    'people.read',
    'people.change',
    'knowledge.read',
    'knowledge.write',
    'task.read',
    'task.work',
    'problem.read',
    'problem.work',
    'schedule.read',
    'schedule.change',
    'suggestion.read',
    'suggestion.write',
    'suggestion.decide',
  ],
} as const satisfies Record<string, readonly Operation[]>;

export type Role = keyof typeof PERMISSIONS;
export const ROLES = Object.keys(PERMISSIONS) as Role[];

export function isAllowed(role: string, operation: Operation): boolean {
  const operations: readonly Operation[] = isRole(role) ? PERMISSIONS[role] : [];
  return operations.includes(operation);
}

/** Beyond the policy's limits on back-dating it takes one of these (docs/rules.md §9). */
export const mayBackdateFreely = (role: string): boolean => role === 'lead' || role === 'admin';

export const isRole = (text: string): text is Role => Object.hasOwn(PERMISSIONS, text);

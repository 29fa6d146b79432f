/** The table of roles, tried at every door: role × route. */
import { beforeAll, expect, test } from '@jest/globals';
import { allRoutes } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { isAllowed, OPERATIONS, PERMISSIONS, ROLES, type Role } from '../../api/roles.ts';
import type { Caller } from './front-door.ts';
import { setUpOffice } from './office.ts';

const office = setUpOffice({ worker: false });
// What the routes are does not depend on what they are given to answer with.
const routes = allRoutes({} as ApiDeps);

const callers = new Map<Role, Caller>();
beforeAll(async () => {
  for (const role of ROLES) callers.set(role, await office.caller(role));
});

const table = ROLES.flatMap((role) =>
  routes.map(({ operationId, method, path, operation }) => {
    const isAllowedTo = isAllowed(role, operation);
    return {
      role,
      operationId,
      method,
      path,
      operation,
      isAllowedTo,
      verdict: isAllowedTo ? 'may' : 'may not',
    };
  }),
);

test.each(table)('$role $verdict $operationId', async ({ role, method, path, operation, isAllowedTo }) => {
  const { status, body } = await callers.get(role)!.send(method, path.replaceAll(/\{\w+\}/g, 'nobody'), {
    ...(['post', 'put'].includes(method) && { body: '{"nonsense":true}' }),
  });
  if (isAllowedTo) expect([200, 404, 422]).toContain(status);
  else
    expect([status, body.code, body.detail]).toEqual([403, 'forbidden', expect.stringContaining(operation)]);
});

test('agents see no breaches, managers change rules and no ticket, auditors nothing; leads and managers say who works here', () => {
  expect(PERMISSIONS).toEqual({
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
      'report.read',
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
      'report.read',
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
      'report.read',
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
      'report.read',
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
  });
});

test('a role that nobody has heard of may do nothing', () => {
  for (const role of ['', 'root', 'constructor', '__proto__', 'toString'])
    for (const operation of OPERATIONS) expect(isAllowed(role, operation)).toBe(false);
});

test('every operation of the table guards a route, and every route is guarded by one', () => {
  expect(new Set(routes.map(({ operation }) => operation))).toEqual(new Set(OPERATIONS));
});

/** The table of roles, tried at every door: role × route. */
import { readFileSync } from 'node:fs';
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

/** The table of docs/access.md: by operation, who may. */
function documentedTable(): Record<string, string[]> {
  const lines = readFileSync('docs/access.md', 'utf8').split('\n');
  const cells = (line: string) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const rows = lines.filter((line) => /^\| (operation|`[a-z]+[A-Za-z]*\.[a-z]+`)/.test(line)).map(cells);
  const [[, ...roles] = [], ...operations] = rows;
  return Object.fromEntries(
    operations.map(([operation = '', ...marks]) => [
      operation.replaceAll('`', ''),
      roles.filter((_role, i) => marks[i] === '●'),
    ]),
  );
}

test('the documentation says who may do what, as the table does', () => {
  const table = OPERATIONS.map((operation) => [
    operation,
    ROLES.filter((role) => isAllowed(role, operation)),
  ]);
  expect(documentedTable()).toEqual(Object.fromEntries(table));
});

test('admins run the system: what is done about security incidents they neither do nor read', () => {
  const securityWork = /^(containment|incident|legalHold|obligation|evidence|asset)\./;
  expect(PERMISSIONS.admin.filter((operation) => securityWork.test(operation))).toEqual([]);
});

test('auditors change nothing', () => {
  expect(PERMISSIONS.auditor.filter((operation) => !/\.(read|evaluate|check)$/.test(operation))).toEqual([]);
});

test('a role that nobody has heard of may do nothing', () => {
  for (const role of ['', 'root', 'constructor', '__proto__', 'toString'])
    for (const operation of OPERATIONS) expect(isAllowed(role, operation)).toBe(false);
});

/** Their routes are on their way. */
const AWAITED = /^(playbook|containment|asset|incident|legalHold|obligation|evidence|review)\./;

test('every operation of the table guards a route, and every route is guarded by one', () => {
  const guarding = new Set(routes.map(({ operation }) => operation));
  expect(OPERATIONS.filter((operation) => !guarding.has(operation) && !AWAITED.test(operation))).toEqual([]);
});

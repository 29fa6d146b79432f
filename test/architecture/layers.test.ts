import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { importsOf, readSources } from './imports.ts';
import { cyclesIn, layerFaults, LAYERS, reachableFrom } from './layers.ts';

const sources = readSources(join(import.meta.dirname, '..', '..'));
const source = (path: string, text: string) => ({ path, imports: importsOf(path, text) });

test('every file imports only what its layer may', () => {
  expect(layerFaults(sources)).toEqual([]);
});

test('there are no rings of imports', () => {
  expect(cyclesIn(sources)).toEqual([]);
});

test('the workflow bundle holds domain, workflows and the SDK, no calendar and no Node built-in', () => {
  const reached = [...reachableFrom('workflows/index.ts', sources)];
  const files = reached.filter((path) => path.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((path) => !/^(?:workflows|domain)\//.test(path))).toEqual([]);
  expect(files).not.toContain('domain/calendar.ts');
  expect(files).not.toContain('domain/zone.ts');
  expect(reached.filter((path) => !path.endsWith('.ts'))).toEqual(['@temporalio/workflow']);
});

test('the sources are all there, and each is in a layer or at the root', () => {
  const folders = new Set(
    sources
      .map(({ path }) => path.split('/'))
      .flatMap(([first, ...more]) => (more.length > 0 ? [first!] : [])),
  );
  expect([...folders].filter((folder) => !(folder in LAYERS))).toEqual([]);
  const known = new Set(sources.map(({ path }) => path));
  const missing = sources.flatMap(({ path, imports }) =>
    imports
      .filter(({ isFile, target }) => isFile && !known.has(target) && !/generated|\.d\.|\.json$/.test(target))
      .map(({ target }) => `${path} → ${target}`),
  );
  expect(missing).toEqual([]);
});

/** Each of these is wrong, and is told. */
test.each([
  ['domain/clock.ts', `import { z } from 'zod';`, 'must not import zod'],
  ['domain/clock.ts', `import { readFileSync } from 'node:fs';`, 'must not import node:fs'],
  ['domain/zone.ts', `import { Temporal } from 'temporal-polyfill';`, 'must not import temporal-polyfill'],
  ['domain/calendar.ts', `import { readFileSync } from 'node:fs';`, 'must not import node:fs'],
  ['domain/clock.ts', `import type { Ledger } from '../prisma/ledger.ts';`, 'must not import prisma'],
  [
    'domain/clock.ts',
    `import { proxyActivities } from '@temporalio/workflow';`,
    'must not import @temporalio/workflow',
  ],
  [
    'workflows/ticket.ts',
    `import { resolveRules } from '../domain/calendar.ts';`,
    'must leave domain/calendar.ts alone',
  ],
  [
    'workflows/ticket.ts',
    `import { record } from '../activities/record.ts';`,
    'may name activities in types only',
  ],
  [
    'workflows/ticket.ts',
    `import { type Activities } from '../activities/index.ts';`,
    'may name activities in types only',
  ],
  ['workflows/ticket.ts', `import type { Ledger } from '../prisma/ledger.ts';`, 'must not import prisma'],
  ['workflows/ticket.ts', `import { createHash } from 'node:crypto';`, 'must not import node:crypto'],
  ['workflows/ticket.ts', `import { z } from 'zod';`, 'must not import zod'],
  ['workflows/ticket.ts', `const { app } = await import` + `('../api/app.ts');`, 'must not import api'],
  ['prisma/ledger.ts', `export { app } from '../api/app.ts';`, 'must not import api'],
  ['prisma/ledger.ts', `import { TASK_QUEUE } from '../workflows/messages.ts';`, 'must not import workflows'],
  ['activities/record.ts', `import {\n  readConfig,\n} from '../bin/config.ts';`, 'must not import bin'],
  ['activities/record.ts', `import '../api/app.ts';`, 'must not import api'],
  [
    'activities/record.ts',
    `import { ticketWorkflow } from '../workflows/ticket.ts';`,
    'must not import workflows',
  ],
  ['api/app.ts', `import { record } from '../activities/record.ts';`, 'must not import activities'],
  ['api/app.ts', `import type { Config } from '../bin/config.ts';`, 'must not import bin'],
  ['api/schemas/common.ts', `import { Book } from '../../workflows/book.ts';`, 'must not import workflows'],
  [
    'api/app.ts',
    `import { PrismaClient } from '@prisma/client';`,
    'must not import @prisma/client: it is for prisma',
  ],
  ['histories/uci.ts', `import { pointerOf } from '../api/schemas/issues.ts';`, 'must not import api'],
  ['bin/start.ts', `import { rig } from '../test/support/rig.ts';`, 'must not import test'],
  ['bin/start.ts', `import express from 'express';`, 'must not import express: it is for api, test'],
  ['prisma.config.ts', `import { rig } from './test/support/rig.ts';`, 'is configuration and imports a test'],
])('%s may not: %s', (path, text, fault) => {
  expect(layerFaults([source(path, text)])).toEqual([`${path} ${fault}`]);
});

/** And each of these is right. */
test.each([
  ['domain/calendar.ts', `import { createHash } from 'node:crypto';`],
  ['workflows/proxies.ts', `import type { Activities } from '../activities/index.ts';`],
  ['workflows/ticket.ts', `import type { Calendar } from '../domain/calendar.ts';`],
  ['api/engine.ts', `import { TASK_QUEUE } from '../workflows/messages.ts';`],
  ['activities/task-priority.ts', `import { ticketWorkflowId } from '../workflows/messages.ts';`],
  ['api/docs.ts', 'const page = `\n  import x from "../bin/config.ts"`;'],
])('%s may: %s', (path, text) => {
  expect(layerFaults([source(path, text)])).toEqual([]);
});

test('a ring is found, whatever way it goes round, and types close one too', () => {
  const ring = [
    source('domain/a.ts', `import { b } from './b.ts';`),
    source('domain/b.ts', `export { c } from './c.ts';`),
    source('domain/c.ts', `import type { A } from './a.ts';`),
    source('domain/d.ts', `import { a } from './a.ts';`),
  ];
  expect(cyclesIn(ring)).toEqual([['domain/a.ts', 'domain/b.ts', 'domain/c.ts', 'domain/a.ts']]);
  expect(cyclesIn(ring.slice(0, 2))).toEqual([]);
});

test('what is loaded is followed through every file, but not through types', () => {
  const files = [
    source('workflows/index.ts', `export { a } from './a.ts';\nimport type { Z } from '../domain/z.ts';`),
    source('workflows/a.ts', `import { b } from '../domain/b.ts';`),
    source('domain/b.ts', `import { createHash } from 'node:crypto';`),
    source('domain/z.ts', `import { z } from 'zod';`),
  ];
  expect([...reachableFrom('workflows/index.ts', files)]).toEqual([
    'workflows/index.ts',
    'workflows/a.ts',
    'domain/b.ts',
    'node:crypto',
  ]);
});

/** A ticket with a long history goes on in a new run, and nobody outside can tell. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTemporal, type RunningTemporal } from '../../bin/embedded-temporal.ts';
import { ticketWorkflowId } from '../../workflows/messages.ts';
import { createDesk, type Desk } from '../support/desk.ts';

let home: string;
let temporal: RunningTemporal;
let desk: Desk;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tierline-long-life-'));
  chmodSync(home, 0o711);
  temporal = await startTemporal({
    home,
    port: 0,
    dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': '60' },
  });
  desk = await createDesk({ temporal: temporal.address });
});
afterAll(async () => {
  await desk.close();
  await temporal.stop();
  rmSync(home, { recursive: true, force: true });
});

test('requests, facts and outcomes survive many runs of one ticket', async () => {
  const ticketId = await desk.open({ policy: 'standard', priority: 'P4' });
  const runOf = async () =>
    (await desk.client.workflow.getHandle(ticketWorkflowId(ticketId)).describe()).runId;
  const firstRun = await runOf();
  const first = await desk.ask(ticketId, { type: 'note' }, 'note-0');
  for (let i = 1; i < 40; i += 1) {
    const fact = { type: 'assigned', team: `team-${i}`, occurredAt: Date.now(), id: `fact-${i}` } as const;
    await Promise.all([desk.ask(ticketId, { type: 'note' }, `note-${i}`), desk.tell(ticketId, fact)]);
  }
  expect(await runOf()).not.toBe(firstRun);
  expect(await desk.ask(ticketId, { type: 'note' }, 'note-0')).toBe(first);
  await desk.tell(ticketId, { type: 'assigned', team: 'team-1', occurredAt: Date.now(), id: 'fact-1' });
  await desk.ask(ticketId, { type: 'resolve' });
  const types = await desk.types(ticketId);
  expect(types.filter((type) => type === 'messageAdded')).toHaveLength(40);
  expect(types.filter((type) => type === 'assigned')).toHaveLength(39);
  expect(types.at(-1)).toBe('resolved');
});

/** `tierline playbook run` against a real server: what it asks for, what it tells, and how it ends. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runPlaybook, type PlaybookRunOptions } from '../../bin/playbook-run.ts';
import { temporaryFolder } from '../bin/helpers.ts';
import { A_STALL_MS } from '../support/desk.ts';
import { isolationPlaybook } from '../support/isolation.ts';
import type { Caller } from './front-door.ts';
import { openTicket } from './office.ts';
import { isAsked, setUpResponseTeam } from './response-team.ts';

const scene = setUpResponseTeam();

/** A command for the isolation of a host: what it printed is read while it runs. */
async function commanded(by: Caller, host: string, more: Partial<PlaybookRunOptions> = {}) {
  const { id: ticket } = await openTicket(scene.office.agent);
  const playbook = isolationPlaybook();
  await scene.imported(playbook);
  const file = join(temporaryFolder(), 'isolate.json');
  writeFileSync(file, JSON.stringify(playbook));
  const printed: string[] = [];
  const tools = {
    api: scene.office.door.url,
    secret: by.authorization!.replace('Bearer ', ''),
    print: (text: string) => void printed.push(text),
    everyMs: 50,
  };
  const variable = [`host=${host}`, `__edr__=${scene.edr.url}`];
  const code = runPlaybook(file, { ticket, variable, ...more }, tools);
  // Whoever waits for the run first must not miss that the command fails.
  code.catch(() => undefined);
  return { ticket: ticket as string, printed, code };
}

test('a dry run lists every target and who has to agree, and does nothing', async () => {
  const { responder } = await scene.team();
  const { code, printed } = await commanded(responder, 'ws-3001', { dryRun: true });
  expect(await code).toBe(0);
  expect(printed.join()).toMatch(/Isolate.*ws-3001.*yes/);
  expect(printed.join()).toContain('Needs 2 × approver for plan');
  expect(await scene.effectsOn('ws-3001')).toEqual([]);
});

test(
  'a run is asked for, waits for those who have to agree, and is told to its end',
  async () => {
    const { responder, first, second } = await scene.team();
    const { ticket, code, printed } = await commanded(responder, 'ws-3002');
    const asked = await scene.settledOf(responder, ticket, isAsked('plan'));
    for (const who of [first, second])
      await who.post(`/v1/containments/${asked.id}/approve`, { planHash: asked.planHash });
    expect(await code).toBe(0);
    const sentences = printed.slice(1, -1).map((line) => line.replace(/^\S+ +/, ''));
    expect(sentences).toEqual([
      'Waits for the approval of the plan',
      expect.stringMatching(/^approver-.* approves the plan$/),
      expect.stringMatching(/^approver-.* approves the plan$/),
      'Begins',
      '… Isolate the host',
      'Isolate the host: succeeded',
      '… Look whether the host is isolated (is it there?)',
      'Look whether the host is isolated (is it there?): succeeded',
      'Ended: succeeded',
    ]);
    expect(printed.at(-1)).toContain('hostIsolated on ws-3002, verified');
    expect(await scene.effectsOn('ws-3002')).toHaveLength(1);
  },
  4 * A_STALL_MS,
);

test('a run that is rejected, as JSON: every event, and an exit code that says so', async () => {
  const { responder, first } = await scene.team();
  const { ticket, code, printed } = await commanded(responder, 'ws-3003', { json: true });
  const asked = await scene.settledOf(responder, ticket, isAsked('plan'));
  await first.post(`/v1/containments/${asked.id}/reject`, {
    planHash: asked.planHash,
    reason: 'Not this one',
  });
  expect(await code).toBe(1);
  const types = printed.map((line) => (JSON.parse(line) as { type: string }).type);
  expect(types).toEqual(expect.arrayContaining(['opened', 'approvalAsked', 'voted', 'ended']));
  expect(await scene.effectsOn('ws-3003')).toEqual([]);
});

test('what is refused names the field, and an unreadable value is told before anything is sent', async () => {
  const { responder } = await scene.team();
  const unknown = await commanded(responder, 'ws-3004', { variable: ['nobody=x'] });
  await expect(unknown.code).rejects.toThrow(/422[^]*__nobody__/);
  const bare = await commanded(responder, 'ws-3004', { variable: ['host'] });
  await expect(bare.code).rejects.toThrow('--variable host: write it as name=value');
  const { first } = await scene.team();
  const stranger = await commanded(first, 'ws-3004');
  await expect(stranger.code).rejects.toThrow(/403 forbidden/);
});

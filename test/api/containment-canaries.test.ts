/** Secrets of a run, in the vault and given as variables, are nowhere but in what is sent: a canary in each of them. */
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import type { Response } from 'supertest';
import { expectNowhere, foundIn } from '../support/canaries.ts';
import { A_STALL_MS, eventually } from '../support/desk.ts';
import { startFakeEdr, type FakeEdr } from '../support/fake-edr.ts';
import { isolationPlaybook } from '../support/isolation.ts';
import { openTicket, setUpOffice } from './office.ts';
import { isAsked } from './response-team.ts';

const TOKEN = 'canary-of-the-token-7d31';
const IN_VAULT = 'canary-in-the-vault-52ae';
const GIVEN = 'canary "given" & sealed-90bf';
const CANARIES = [TOKEN, IN_VAULT, GIVEN];

const logged: string[] = [];
const log = new Writable({
  write(chunk, _encoding, done) {
    logged.push(String(chunk));
    done();
  },
});

let edr: FakeEdr;
beforeAll(async () => {
  edr = await startFakeEdr({ token: TOKEN });
});
afterAll(() => edr.close());

const office = setUpOffice({
  logTo: log,
  secrets: { TIERLINE_SECRET_EDR_TOKEN: TOKEN, TIERLINE_SECRET_CASE_NUMBER: IN_VAULT },
});

/** All bytes and texts of a history, as they were written. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.values(value).map(textOf).join('\n');
}

async function historyOf(client: Client, workflowId: string): Promise<string> {
  return textOf(await client.workflow.getHandle(workflowId).fetchHistory());
}

test(
  'no history, row, log line or answer has what the vault holds or what was given to be hidden',
  async () => {
    const responder = await office.caller('responder', 'responder-1');
    const approver = await office.caller('approver', 'approver-1');
    const manager = await office.caller('manager', 'manager-1');
    const ticket = await openTicket(office.agent);
    const playbook = isolationPlaybook({ approvers: 1, hidden: ['__case__', '__note__'] });
    expect((await manager.post('/v1/playbooks', playbook)).status).toBe(201);
    // The other side says back what it was sent, once to each command.
    await edr.setFaults({
      rules: [
        { method: 'PUT', fault: 'echo', times: 1 },
        { method: 'GET', fault: 'echo', times: 1 },
        { method: 'DELETE', fault: 'echo', times: 1 },
      ],
    });
    const answers: Response[] = [];
    const said = async (asked: Promise<Response>): Promise<Response> => {
      const answer = await asked;
      answers.push(answer);
      return answer;
    };
    const body = {
      playbook: { id: playbook.id },
      variables: {
        __host__: 'ws-7',
        __edr__: edr.url,
        __case__: { vault: 'case/number' },
        __note__: GIVEN,
      },
    };
    const path = `/v1/tickets/${ticket.id}/containments`;
    await said(responder.post(path, { ...body, dryRun: true }));
    const asked = await said(responder.post(path, body));
    expect(asked.status).toBe(201);
    const run = `/v1/containments/${asked.body.id}`;
    const { planHash } = asked.body;
    const until = (enough: (view: Response['body']) => boolean) =>
      eventually(async () => (await said(responder.get(run))).body as Response['body'], enough);
    await until(isAsked('plan'));
    await said(approver.post(`${run}/approve`, { planHash }));
    const done = await until(({ result }) => result !== null);
    expect(done.result).toBe('succeeded');
    await said(responder.post(`${run}/roll-back`, {}));
    await until(isAsked('rollBack'));
    await said(approver.post(`${run}/approve`, { need: 'rollBack', planHash }));
    await until(({ state }) => state === 'rolledBack');
    const units = await said(responder.get(`${run}/units`));
    for (const { requestHash, answerHash } of units.body.data)
      for (const hash of [requestHash, answerHash])
        if (hash) await said(responder.get(`${run}/artifacts/${hash}`));
    await said(responder.get(`${run}/plan`));

    // They did arrive: the other side has seen the headers, and said them back.
    expect((await edr.journal()).requests.filter(({ fault }) => fault === 'echo')).toHaveLength(3);
    expect(foundIn(answers.map(({ text }) => text).join('\n'), CANARIES)).toEqual([]);
    expect(foundIn(logged.join('\n'), CANARIES)).toEqual([]);
    expect(logged.length).toBeGreaterThan(0);
    expect(foundIn(await historyOf(office.desk.client, `containment/${asked.body.id}`), CANARIES)).toEqual(
      [],
    );
    await expectNowhere(office.desk.database, CANARIES);
  },
  4 * A_STALL_MS,
);

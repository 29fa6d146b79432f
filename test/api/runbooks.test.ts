/** Runbooks: playbooks for any ticket, which agents run. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startFakeEdr, type FakeEdr } from '../support/fake-edr.ts';
import { isolationPlaybook } from '../support/isolation.ts';
import { openTicket, setUpOffice } from './office.ts';

let edr: FakeEdr;
beforeAll(async () => {
  edr = await startFakeEdr({ token: 'token' });
});
afterAll(() => edr.close());

const office = setUpOffice({ secrets: { TIERLINE_SECRET_EDR_TOKEN: 'token' } });

test('an agent runs runbooks, and no playbook that is for security alone', async () => {
  const manager = await office.caller('manager', 'manager-1');
  const agent = await office.caller('agent', 'agent-17');
  const ticket = await openTicket(office.agent);
  const [runbook, containment] = [isolationPlaybook({ type: 'runbook' }), isolationPlaybook()];
  for (const playbook of [runbook, containment])
    expect((await manager.post('/v1/playbooks', playbook)).status).toBe(201);
  const asking = (id: string, dryRun: boolean) =>
    agent.post(`/v1/tickets/${ticket.id}/containments`, {
      playbook: { id },
      variables: { __host__: 'ws-7', __edr__: edr.url },
      dryRun,
    });
  expect((await asking(containment.id, true)).status).toBe(403);
  expect((await asking(containment.id, false)).body.code).toBe('forbidden');
  expect((await asking(runbook.id, true)).status).toBe(200);
  const asked = await asking(runbook.id, false);
  expect(asked.status).toBe(201);
  const run = `/v1/containments/${asked.body.id}`;
  expect(
    (await agent.post(`${run}/change-plan`, { variables: { __host__: 'ws-8', __edr__: edr.url } })).status,
  ).toBe(200);
  // Of the run that a responder asked for, an agent changes nothing either.
  const responder = await office.caller('responder', 'responder-1');
  const theirs = await responder.post(`/v1/tickets/${ticket.id}/containments`, {
    playbook: { id: containment.id },
    variables: { __host__: 'ws-9', __edr__: edr.url },
  });
  expect((await agent.post(`/v1/containments/${theirs.body.id}/roll-back`, {})).status).toBe(403);
});

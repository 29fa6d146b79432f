/** Runs that end while a request waits for its record: what the caller is told, and what the ledger then holds. */
import { afterEach, expect, test } from '@jest/globals';
import { ticketWorkflowId } from '../../workflows/messages.ts';
import { openTicket, setUpOffice } from './office.ts';

let release: (() => void) | null = null;
let held: Promise<void> | null = null;
let reached = 0;

/** From now on no turn with a message of the desk is recorded, until `letGo`. */
function hold(): void {
  held = new Promise((resolve) => (release = resolve));
}
function letGo(): void {
  release?.();
  held = null;
}
afterEach(letGo);

const office = setUpOffice({
  activities: (real) => ({
    async record(turn) {
      if (held && turn.events.some(({ type }) => type === 'messageAdded')) {
        reached += 1;
        await held;
      }
      return real.record(turn);
    },
  }),
});

const terminate = (ticketId: string) =>
  office.desk.client.workflow.getHandle(ticketWorkflowId(ticketId)).terminate('cut off by the test');

async function untilReached(count: number): Promise<void> {
  while (reached < count) await new Promise((resolve) => setTimeout(resolve, 20));
}

test.each([
  ['before it was accepted', 1],
  // Three attempts inside the workflow task, then a durable activity: by then the update is in the history.
  ['after it was accepted', 4],
])(
  'a request whose run is cut off %s is carried out once by a run made from the ledger',
  async (_when, attempts) => {
    const { id } = await openTicket(office.agent);
    reached = 0;
    hold();
    const asked = office.agent.post(`/v1/tickets/${id}/note`, { text: 'Still there?' });
    await untilReached(attempts);
    await terminate(id);
    letGo();
    const { status, body } = await asked;
    expect([status, body.sequence]).toEqual([200, 2]);
    expect(await office.desk.types(id)).toEqual(['opened', 'messageAdded']);
    expect((await office.agent.post(`/v1/tickets/${id}/resolve`)).status).toBe(200);
  },
);

test('a ticket whose workflow was lost answers the next request from its ledger', async () => {
  const { id } = await openTicket(office.agent);
  await office.agent.post(`/v1/tickets/${id}/acknowledge`);
  await terminate(id);
  const { status, body } = await office.agent.post(`/v1/tickets/${id}/acknowledge`);
  expect([status, body.code]).toEqual([409, 'already_acknowledged']);
  await terminate(id).catch(() => undefined);
  expect((await office.agent.post(`/v1/tickets/${id}/resolve`)).body.sequence).toBe(3);
});

/** Many at once on one ticket: every answer is true, and nothing acknowledged is lost or doubled. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { Response } from 'supertest';
import type { Caller } from './front-door.ts';
import { openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();

const noteTexts = async (ticketId: string): Promise<string[]> => {
  const { body } = await office.agent.get(`/v1/tickets/${ticketId}/timeline?limit=200`);
  return body.data.flatMap(({ text, type }: { text?: { body: { text: string } }; type: string }) =>
    type === 'messageAdded' ? [text!.body.text] : [],
  );
};

/** Asks as a good front end does: told to come back later, it does so with the same key. */
async function insist(caller: Caller, path: string, body: object): Promise<Response> {
  const key = { 'idempotency-key': randomUUID() };
  for (;;) {
    const answer = await caller.post(path, body, key);
    if (answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('fifty requests at once are each granted and each in the timeline once', async () => {
  const { id } = await openTicket(office.agent);
  const texts = Array.from({ length: 50 }, (_, i) => `Note ${i}`);
  const answers = await Promise.all(
    texts.map((text) => insist(office.agent, `/v1/tickets/${id}/note`, { text })),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await noteTexts(id)).toSorted()).toEqual(texts.toSorted());
});

test('of many who acknowledge at once, one does', async () => {
  const { id } = await openTicket(office.agent);
  const answers = await Promise.all(
    Array.from({ length: 12 }, () => office.agent.post(`/v1/tickets/${id}/acknowledge`)),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ body }) => body.code === 'already_acknowledged')).toHaveLength(11);
  expect(await office.desk.types(id)).toEqual(['opened', 'acknowledged']);
});

test('requests that arrive while a ticket closes are granted or told that it is closed', async () => {
  for (let round = 0; round < 3; round += 1) {
    const { id } = await openTicket(office.agent);
    await office.agent.post(`/v1/tickets/${id}/resolve`);
    const note = (i: number) => insist(office.agent, `/v1/tickets/${id}/note`, { text: `Note ${i}` });
    const [closed, ...notes] = await Promise.all([
      office.agent.post(`/v1/tickets/${id}/close`),
      ...Array.from({ length: 15 }, (_, i) => note(i)),
    ]);
    expect(closed!.status).toBe(200);
    const granted = notes.filter(({ status }) => status === 200);
    const refused = notes.filter(({ body }) => body.code === 'ticket_closed');
    expect(granted.length + refused.length).toBe(notes.length);
    expect(await noteTexts(id)).toHaveLength(granted.length);
  }
});

test('through three doors at once, each with a turnstile of its own, nothing is lost either', async () => {
  const doors = await Promise.all([1, 2, 3].map(() => office.openDoor({})));
  const callers = await Promise.all(doors.map((door) => door.caller('agent')));
  const { id } = await openTicket(office.agent);
  const texts = Array.from({ length: 30 }, (_, i) => `Note ${i}`);
  const answers = await Promise.all(
    texts.map((text, i) => insist(callers[i % callers.length]!, `/v1/tickets/${id}/note`, { text })),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect((await noteTexts(id)).toSorted()).toEqual(texts.toSorted());
});

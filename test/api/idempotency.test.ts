import { expect, test } from '@jest/globals';
import { inMs, openTicket, setUpOffice, ticketBody } from './office.ts';

const office = setUpOffice();

const key = (name: string) => ({ 'idempotency-key': name });
const typesOf = (ticketId: string) => office.desk.types(ticketId);

test('the same key and body open one ticket, and the repeat says that it is one', async () => {
  const open = () => office.agent.post('/v1/tickets', ticketBody(), key('open-1'));
  const [first, second] = [await open(), await open()];
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body.id).toBe(first.body.id);
  expect(second.headers['location']).toBe(first.headers['location']);
  expect(first.headers['idempotency-replayed']).toBeUndefined();
  expect(second.headers['idempotency-replayed']).toBe('true');
  expect(await typesOf(first.body.id)).toEqual(['opened']);
});

test('the order of fields and the space around words make no other body', async () => {
  const one = { ...ticketBody(), custom: { a: 1, b: 2 } };
  const other = {
    custom: { b: 2, a: 1 },
    ...ticketBody({ subject: `  ${String(ticketBody()['subject'])} ` }),
  };
  const first = await office.agent.post('/v1/tickets', one, key('open-2'));
  const second = await office.agent.post('/v1/tickets', other, key('open-2'));
  expect(second.status).toBe(201);
  expect(second.body.id).toBe(first.body.id);
});

test('the same key with another body is refused, for openings', async () => {
  const first = await office.agent.post('/v1/tickets', ticketBody(), key('open-3'));
  const { status, body } = await office.agent.post(
    '/v1/tickets',
    ticketBody({ subject: 'Other' }),
    key('open-3'),
  );
  expect([status, body.code]).toEqual([422, 'idempotency_key_reused']);
  expect((await office.agent.get(`/v1/tickets/${first.body.id}`)).body.subject).not.toBe('Other');
});

test('the same key with another body is refused, for requests', async () => {
  const { id } = await openTicket(office.agent);
  await office.agent.post(`/v1/tickets/${id}/note`, { text: 'One.' }, key('note'));
  const { status, body } = await office.agent.post(`/v1/tickets/${id}/note`, { text: 'Two.' }, key('note'));
  expect([status, body.code]).toEqual([422, 'idempotency_key_reused']);
  expect(await typesOf(id)).toEqual(['opened', 'messageAdded']);
});

test('the same key with another body is refused, for facts', async () => {
  const { id } = await openTicket(office.agent);
  const occurredAt = inMs(0);
  const facts = (name: string) => ({ events: [{ type: 'acknowledged', id: name, occurredAt }] });
  const post = (name: string) => office.agent.post(`/v1/tickets/${id}/events`, facts(name), key('facts'));
  expect((await post('one')).status).toBe(202);
  const again = await post('one');
  expect([again.status, again.headers['idempotency-replayed']]).toEqual([202, 'true']);
  const other = await post('two');
  expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
});

test('a repeated request has the same outcome once, also after the ticket went on and closed', async () => {
  const { id } = await openTicket(office.agent);
  const reply = () => office.agent.post(`/v1/tickets/${id}/reply`, { text: 'On it.' }, key('reply'));
  const resolve = () => office.agent.post(`/v1/tickets/${id}/resolve`, {}, key('resolve'));
  expect((await reply()).headers['idempotency-replayed']).toBeUndefined();
  await resolve();
  const repeated = await resolve();
  expect([repeated.status, repeated.body.state]).toEqual([200, 'resolved']);
  await office.agent.post(`/v1/tickets/${id}/close`);
  for (const repeat of [reply, resolve]) {
    const { status, headers, body } = await repeat();
    expect([status, headers['idempotency-replayed'], body.state]).toEqual([200, 'true', 'closed']);
  }
  expect(await typesOf(id)).toEqual(['opened', 'messageAdded', 'resolved', 'closed']);
});

test('a repeated opening has the same outcome after the ticket closed', async () => {
  const open = () => office.agent.post('/v1/tickets', ticketBody(), key('open-4'));
  const { id } = (await open()).body;
  await office.agent.post(`/v1/tickets/${id}/resolve`);
  await office.agent.post(`/v1/tickets/${id}/close`);
  const { status, body } = await open();
  expect([status, body.id, body.state]).toEqual([201, id, 'closed']);
  expect(await typesOf(id)).toEqual(['opened', 'resolved', 'closed']);
});

test('a request without a key counts each time it is sent', async () => {
  const { id } = await openTicket(office.agent);
  for (let i = 0; i < 2; i += 1) await office.agent.post(`/v1/tickets/${id}/note`, { text: 'Same words.' });
  expect(await typesOf(id)).toEqual(['opened', 'messageAdded', 'messageAdded']);
});

test('a refused request frees its key: the key works for another body, and its words are gone', async () => {
  const { id } = await openTicket(office.agent);
  const hold = (body: object) => office.agent.post(`/v1/tickets/${id}/hold`, body, key('hold'));
  const words = 'Gone with the refusal.';
  expect((await hold({ reason: 'customer', comment: words })).status).toBe(422);
  expect((await hold({ reason: 'vendor' })).status).toBe(200);
  const texts = await office.desk.database.text.findMany();
  expect(JSON.stringify(texts)).not.toContain(words);
});

test('a stale precondition frees its key too', async () => {
  const { id } = await openTicket(office.agent);
  const ask = (tag: string) =>
    office.agent.post(`/v1/tickets/${id}/resolve`, {}, { ...key('stale'), 'if-match': tag });
  expect((await ask('"99"')).status).toBe(412);
  expect((await ask('"1"')).status).toBe(200);
});

test('a body that fails validation leaves its key unused', async () => {
  const open = (fields: object) =>
    office.agent.post('/v1/tickets', { ...ticketBody(), ...fields }, key('open-5'));
  expect((await open({ impact: 'huge' })).status).toBe(422);
  const { status, headers } = await open({});
  expect([status, headers['idempotency-replayed']]).toEqual([201, undefined]);
});

test('the same key of another caller is another message', async () => {
  const other = await office.caller('agent');
  const open = (caller: typeof other, subject: string) =>
    caller.post('/v1/tickets', ticketBody({ subject }), key('shared'));
  const [first, second] = [await open(office.agent, 'Mine'), await open(other, 'Theirs')];
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body.id).not.toBe(first.body.id);
});

test('the same key on another path is another message', async () => {
  const [one, other] = [await openTicket(office.agent), await openTicket(office.agent)];
  for (const { id } of [one, other])
    expect((await office.agent.post(`/v1/tickets/${id}/acknowledge`, {}, key('ack'))).status).toBe(200);
  expect((await office.agent.post(`/v1/tickets/${one.id}/resolve`, {}, key('ack'))).status).toBe(200);
});

test('both names of a ticket share its keys', async () => {
  const { id } = await openTicket(office.agent, { external: { system: 'jira', id: 'KEY-1' } });
  const note = (name: string) =>
    office.agent.post(`/v1/tickets/${name}/note`, { text: 'Once.' }, key('names'));
  await note(id);
  expect((await note('jira:KEY-1')).headers['idempotency-replayed']).toBe('true');
  expect(await typesOf(id)).toEqual(['opened', 'messageAdded']);
});

test('one key sent many times at once counts once, for openings and for requests', async () => {
  const times = Array.from({ length: 10 });
  const opened = await Promise.all(
    times.map(() => office.agent.post('/v1/tickets', ticketBody(), key('many'))),
  );
  expect(opened.map(({ status }) => status)).toEqual(times.map(() => 201));
  const ids = new Set(opened.map(({ body }) => body.id as string));
  expect(ids.size).toBe(1);
  const [id] = [...ids] as [string];
  const notes = await Promise.all(
    times.map(() => office.agent.post(`/v1/tickets/${id}/note`, { text: 'Once.' }, key('many'))),
  );
  expect(notes.map(({ status }) => status)).toEqual(times.map(() => 200));
  expect(await typesOf(id)).toEqual(['opened', 'messageAdded']);
});

test.each(['', 'x'.repeat(256)])('a key of %# characters is a fault of the header', async (text) => {
  const { status, body } = await office.agent.post('/v1/tickets', ticketBody(), key(text));
  expect(status).toBe(422);
  expect(body.errors).toMatchObject([{ parameter: 'Idempotency-Key' }]);
});

test('a key of 255 characters will do', async () => {
  const { status } = await office.agent.post('/v1/tickets', ticketBody(), key(`"a/${'x'.repeat(252)}`));
  expect(status).toBe(201);
});

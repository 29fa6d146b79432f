/** Security incidents over HTTP: declared, worked on, reported, with their evidence; on the real engine and database. */
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Caller } from './front-door.ts';
import { HOUR, inMs, openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();
let lead: Caller;
let responder: Caller;
let manager: Caller;
beforeAll(async () => {
  lead = await office.caller('lead');
  responder = await office.caller('responder', 'responder-1');
  manager = await office.caller('manager');
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Asks something of a ticket and answers status, code and body. */
async function ask(by: Caller, ticketId: string, path: string, body: object = {}) {
  const answer = await by.post(`/v1/tickets/${ticketId}/${path}`, body as Record<string, unknown>);
  return { status: answer.status, code: answer.body.code as string | undefined, body: answer.body };
}

async function declared(fields: object = {}): Promise<string> {
  const { id } = await openTicket(office.agent);
  const { status } = await ask(responder, id, 'declare-security-incident', {
    severity: 'high',
    regimes: ['gdpr', 'dora'],
    ...fields,
  });
  expect(status).toBe(200);
  return id;
}

describe('a declaration', () => {
  test('labels the ticket, names the declarer, and gives it a plain name', async () => {
    const id = await declared();
    const { body } = await responder.get(`/v1/tickets/${id}`);
    expect(body.security).toMatchObject({
      severity: 'high',
      tlp: 'TLP:AMBER+STRICT',
      codename: expect.stringMatching(/^[a-z]+-[a-z]+$/),
      regimes: ['gdpr', 'dora'],
      phase: { phase: 'detect' },
      legalHold: null,
    });
    expect(body.security).toMatchObject({ declaredBy: 'responder-1', named: ['responder-1'] });
  });

  test('is written to the row that visibility is asked of', async () => {
    const id = await declared({ tlp: 'TLP:RED', named: ['responder-4'], codename: 'otter' });
    const row = await office.desk.database.ticket.findUniqueOrThrow({ where: { id } });
    expect(row).toMatchObject({ tlp: 'TLP:RED', severity: 'high', codename: 'otter', legalHold: false });
    expect(row.named).toContain('responder-4');
  });

  test('is made once', async () => {
    const id = await declared();
    expect(await ask(responder, id, 'declare-security-incident', { severity: 'low' })).toMatchObject({
      status: 409,
      code: 'already_security',
    });
  });

  test('of another ticket has to come first', async () => {
    const { id } = await openTicket(office.agent);
    expect(await ask(responder, id, 'enter-phase', { phase: 'respond' })).toMatchObject({
      status: 409,
      code: 'not_security',
    });
  });
});

describe('the circle of TLP:RED', () => {
  test('needs somebody named where a key that many use declares it; others find no such ticket', async () => {
    const { id } = await openTicket(office.agent);
    const body = { severity: 'high', tlp: 'TLP:RED' };
    expect(await ask(lead, id, 'declare-security-incident', body)).toMatchObject({
      status: 422,
      code: 'nobody_named',
    });
    const named = { ...body, named: ['responder-1'] };
    expect(await ask(lead, id, 'declare-security-incident', named)).toMatchObject({ status: 200 });
    expect((await responder.get(`/v1/tickets/${id}/obligations`)).status).toBe(200);
    expect((await lead.get(`/v1/tickets/${id}/obligations`)).status).toBe(404);
    expect((await lead.get(`/v1/tickets/${id}/evidence`)).status).toBe(404);
    expect((await ask(lead, id, 'evidence/evd_1/custody')).status).toBe(422);
  });

  test('never loses its last named person', async () => {
    const id = await declared({ tlp: 'TLP:RED' });
    const { body } = await responder.get(`/v1/tickets/${id}`);
    const [only] = body.security.named as string[];
    expect(await ask(responder, id, 'unname-people', { people: [only] })).toMatchObject({
      status: 422,
      code: 'nobody_named',
    });
  });
});

describe('a legal hold', () => {
  test('is lifted by another lead or manager than whoever placed it', async () => {
    const id = await declared();
    const reason = 'Proceedings are expected.';
    expect(await ask(lead, id, 'place-legal-hold', { reason })).toMatchObject({ status: 200 });
    expect(await ask(lead, id, 'lift-legal-hold', { reason })).toMatchObject({ code: 'lifted_by_placer' });
    expect(await ask(responder, id, 'lift-legal-hold', { reason })).toMatchObject({
      status: 403,
      code: 'override_not_allowed',
    });
    expect(await ask(manager, id, 'lift-legal-hold', { reason })).toMatchObject({ status: 200 });
  });
});

describe('containment that is put off', () => {
  test('is shown with who agreed, and pages a lead when its time is over', async () => {
    const id = await declared();
    const body = { until: inMs(2 * HOUR), consentedBy: 'counsel-1', reason: 'To see where it leads.' };
    expect(await ask(responder, id, 'delay-containment', body)).toMatchObject({ status: 200 });
    const { body: ticket } = await responder.get(`/v1/tickets/${id}`);
    const { until, consentedBy } = body;
    expect(ticket.security.containmentDelay).toMatchObject({ until, consentedBy, by: 'responder-1' });
    await office.desk.fastForward(id, 3 * HOUR);
    await office.desk.timeline(id, (events) => events.some(({ type }) => type === 'containmentDelayEnded'));
    const { body: timeline } = await responder.get(`/v1/tickets/${id}/timeline?limit=200`);
    expect(timeline.data).toContainEqual(
      expect.objectContaining({ type: 'containmentDelayEnded', occurredAt: until }),
    );
    expect(timeline.data).toContainEqual(
      expect.objectContaining({
        type: 'notificationRequested',
        data: expect.objectContaining({ notice: 'containmentDelayEnded', page: true }),
      }),
    );
  });
});

describe('a duty of law', () => {
  test('is shown from waiting for its fact to reported, with its citation', async () => {
    const id = await declared();
    const path = `/v1/tickets/${id}/obligations`;
    const found = async () => {
      const { body } = await responder.get(path);
      return body.data.find((one: { obligation: string }) => one.obligation === 'gdpr-authority');
    };
    expect(await found()).toMatchObject({ state: 'awaitingFact', deadlineAt: null });
    const at = inMs(-2 * HOUR);
    expect(await ask(responder, id, 'establish-fact', { fact: 'personalData', at })).toMatchObject({
      status: 200,
    });
    expect(await found()).toMatchObject({
      state: 'running',
      citation: expect.stringContaining('article 33'),
      startedAt: at,
      deadlineAt: new Date(Date.parse(at) + 72 * HOUR).toISOString(),
    });
    const { body: clocks } = await responder.get(`/v1/tickets/${id}/clocks`);
    expect(clocks.data).toContainEqual(
      expect.objectContaining({ clock: 'gdpr-authority', kind: 'law', targetSeconds: 72 * 3600 }),
    );
    const reportedAt = inMs(-HOUR);
    const report = { obligation: 'gdpr-authority', reportedAt, reference: 'DPA-1' };
    expect(await ask(responder, id, 'report-obligation', report)).toMatchObject({ status: 200 });
    expect(await found()).toMatchObject({ state: 'reported', reports: [{ reportedAt, reference: 'DPA-1' }] });
  });

  test('that is overdue from the start is in the register as one, and goes on when the ticket is closed', async () => {
    const id = await declared();
    const fact = { fact: 'personalData', at: inMs(-100 * HOUR) };
    expect(await ask(responder, id, 'establish-fact', fact)).toMatchObject({
      status: 422,
      code: 'reason_missing',
    });
    const reason = 'Found in the logs only today.';
    expect(await ask(responder, id, 'establish-fact', { ...fact, reason })).toMatchObject({ status: 200 });
    const { body: register } = await lead.get('/v1/breaches?kind=law&clock=gdpr-authority');
    expect(register.data.map(({ ticketId }: { ticketId: string }) => ticketId)).toContain(id);
    await ask(lead, id, 'resolve', { resolution: 'Contained.' });
    expect(await ask(lead, id, 'close')).toMatchObject({ status: 200 });
    expect(await ask(lead, id, 'note', { text: 'Too late.' })).toMatchObject({ code: 'ticket_closed' });
    const report = { obligation: 'gdpr-authority', reportedAt: inMs(-HOUR), reason: 'Late, as said.' };
    expect(await ask(responder, id, 'report-obligation', report)).toMatchObject({ status: 200 });
    const { body } = await responder.get(`/v1/tickets/${id}/obligations`);
    expect(body.data[0]).toMatchObject({ obligation: 'gdpr-authority', state: 'reportedLate' });
    // The run has ended; what is established now starts another one from the ledger.
    const again = await ask(responder, id, 'establish-fact', { fact: 'major', at: inMs(-HOUR) });
    expect(again).toMatchObject({ status: 200 });
  });

  test('is judged not to apply by an approver, not by whoever works on it', async () => {
    const id = await declared();
    const judged = { obligation: 'gdpr-authority', reason: 'No personal data were on the host.' };
    expect(await ask(responder, id, 'judge-not-applicable', judged)).toMatchObject({
      status: 403,
      code: 'forbidden',
    });
    expect(await ask(manager, id, 'judge-not-applicable', judged)).toMatchObject({ status: 200 });
    const { body } = await responder.get(`/v1/tickets/${id}/obligations`);
    expect(body.data[0]).toMatchObject({
      state: 'notApplicable',
      judgedNotApplicable: { by: expect.any(String) },
    });
  });
});

describe('evidence', () => {
  const item = (more: object = {}) => ({
    name: 'auth.log',
    content: Buffer.from('hello').toString('base64'),
    source: 'host web-3',
    collectedAt: inMs(-HOUR),
    collectedBy: 'responder-4',
    location: 'safe 2',
    ...more,
  });
  const moved = (more: object = {}) => ({
    what: 'transferred',
    at: inMs(-HOUR / 2),
    location: 'laboratory',
    to: 'forensics-1',
    ...more,
  });

  test('is hashed here, and its custody begins', async () => {
    const id = await declared();
    const { status, body } = await ask(responder, id, 'evidence', item());
    expect(status).toBe(201);
    expect(body).toMatchObject({ sha256: sha256('hello'), sizeBytes: 5 });
    const { body: custody } = await responder.get(body.links.custody);
    expect(custody).toMatchObject({
      verified: true,
      fault: null,
      data: [{ what: 'collected', location: 'safe 2' }],
    });
    const { body: list } = await responder.get(`/v1/tickets/${id}/evidence`);
    expect(list.data).toEqual([body]);
  });

  test.each<[string, object, string]>([
    ['another hash than its content', { sha256: sha256('other') }, '/sha256'],
    ['another size', { sizeBytes: 6 }, '/sizeBytes'],
    ['no hash and no content', { content: undefined }, '/sha256'],
    ['a time to come', { collectedAt: inMs(HOUR) }, '/collectedAt'],
  ])('with %s is refused', async (_what, more, pointer) => {
    const id = await declared();
    const { status, body } = await ask(responder, id, 'evidence', item(more));
    expect(status).toBe(422);
    expect(body.errors).toEqual([expect.objectContaining({ pointer })]);
  });

  test('sent twice under one key is one item', async () => {
    const id = await declared();
    const body = item();
    const headers = { 'idempotency-key': 'evidence-1' };
    const first = await responder.post(`/v1/tickets/${id}/evidence`, body, headers);
    const second = await responder.post(`/v1/tickets/${id}/evidence`, body, headers);
    expect(second.body).toEqual(first.body);
    const { body: custody } = await responder.get(first.body.links.custody);
    expect(custody.data).toHaveLength(1);
  });

  test('each entry follows the one before; one that was changed in the database is found', async () => {
    const id = await declared();
    const { body } = await ask(responder, id, 'evidence', item());
    const { status, body: custody } = await ask(responder, id, `evidence/${body.id}/custody`, moved());
    expect(status).toBe(201);
    expect(custody.data.map(({ what }: { what: string }) => what)).toEqual(['collected', 'transferred']);
    expect(custody.data[1].previousHash).toBe(custody.data[0].hash);
    const { database } = office.desk;
    await expect(
      database.$executeRaw`UPDATE custody SET entry = replace(entry, 'laboratory', 'cellar')
        WHERE evidence_id = ${body.id}`,
    ).rejects.toThrow(/keeps what it has/);
    await expect(database.$executeRaw`DELETE FROM custody WHERE evidence_id = ${body.id}`).rejects.toThrow(
      /keeps what it has/,
    );
    await expect(database.$executeRaw`UPDATE evidence SET name = 'x' WHERE id = ${body.id}`).rejects.toThrow(
      /keeps what it has/,
    );
    // Somebody with the rights of the owner takes the guard away.
    await database.$executeRaw`ALTER TABLE custody DISABLE TRIGGER custody_is_kept`;
    await database.$executeRaw`UPDATE custody SET entry = replace(entry, 'laboratory', 'cellar')
      WHERE evidence_id = ${body.id}`;
    await database.$executeRaw`ALTER TABLE custody ENABLE TRIGGER custody_is_kept`;
    const { body: after } = await responder.get(body.links.custody);
    expect(after).toMatchObject({ verified: false, fault: 'entry 2 was changed' });
  });

  test('two entries at once are both kept, one after the other', async () => {
    const id = await declared();
    const { body } = await ask(responder, id, 'evidence', item());
    const path = `evidence/${body.id}/custody`;
    const answers = await Promise.all(
      ['shelf 1', 'shelf 2', 'shelf 3', 'shelf 4'].map((location) =>
        ask(responder, id, path, moved({ location })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const { body: custody } = await responder.get(body.links.custody);
    expect(custody).toMatchObject({ verified: true });
    expect(custody.data).toHaveLength(5);
  });

  test('is not disposed of under a legal hold, nor used after it was', async () => {
    const id = await declared();
    const { body } = await ask(responder, id, 'evidence', item());
    const path = `evidence/${body.id}/custody`;
    const disposal = moved({ what: 'disposed', to: undefined, reason: 'Not needed any more.' });
    const reason = 'Proceedings are expected.';
    await ask(lead, id, 'place-legal-hold', { reason });
    expect(await ask(responder, id, path, disposal)).toMatchObject({ status: 409, code: 'under_legal_hold' });
    await ask(manager, id, 'lift-legal-hold', { reason });
    expect(await ask(responder, id, path, disposal)).toMatchObject({ status: 201 });
    expect(await ask(responder, id, path, moved())).toMatchObject({ status: 409, code: 'evidence_disposed' });
  });

  test('of another ticket is not there', async () => {
    const [id, other] = [await declared(), await declared()];
    const { body } = await ask(responder, id, 'evidence', item());
    const { status, body: problem } = await responder.get(`/v1/tickets/${other}/evidence/${body.id}/custody`);
    expect([status, problem.code]).toEqual([404, 'evidence_not_found']);
  });
});

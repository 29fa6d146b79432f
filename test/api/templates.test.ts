/** Templates over HTTP: what is put is what is there, what cannot be filled is refused, and how it reads can be seen. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { DEFAULT_TEMPLATES } from '../../domain/default-templates.ts';
import { createTemplateStore } from '../../prisma/templates.ts';
import type { Caller } from './front-door.ts';
import { openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();
let manager: Caller;
beforeAll(async () => {
  manager = await office.caller('manager');
});

const wording = (text: string) => ({ subject: 'Status: {{ticket.subject}}', text });
const faults = async (body: object): Promise<[string, string][]> => {
  const response = await manager.put('/v1/templates/refused', body);
  expect(response.status).toBe(422);
  const { errors } = response.body as { errors: { pointer: string; code: string }[] };
  return errors.map(({ pointer, code }) => [pointer, code]);
};

test('those that ship are there from the start, and stay where somebody wrote better ones', async () => {
  const { body } = await office.agent.get('/v1/templates?limit=200');
  const names = (body as { data: { name: string; createdBy: unknown }[] }).data.map(({ name }) => name);
  expect(names).toEqual(Object.keys(DEFAULT_TEMPLATES).toSorted((a, b) => (a < b ? -1 : 1)));
  await manager.put('/v1/templates/closed', wording('Bye.'));
  await createTemplateStore(office.desk.database).publishDefaults(DEFAULT_TEMPLATES);
  expect((await office.agent.get('/v1/templates/closed')).body).toMatchObject({ version: 2, text: 'Bye.' });
});

describe('a template', () => {
  test('is new, changed, and each of its versions stays', async () => {
    const first = await manager.put('/v1/templates/outage', wording('We know.'));
    expect([first.status, first.body]).toMatchObject([
      201,
      { version: 1, language: 'en', languages: {}, createdBy: { subject: manager.subject }, current: true },
    ]);
    const second = await manager.put('/v1/templates/outage', wording('We know more.'));
    expect([second.status, second.body.version]).toEqual([200, 2]);
    const same = await manager.put('/v1/templates/outage', wording('We know more.'));
    expect([same.status, same.body.version]).toEqual([200, 2]);
    expect((await manager.get('/v1/templates/outage')).body).toEqual(second.body);
    expect((await manager.get('/v1/templates/outage?version=1')).body).toEqual({
      ...first.body,
      current: false,
    });
    expect((await manager.get('/v1/templates/outage?version=3')).body.code).toBe('template_not_found');
    expect((await manager.get('/v1/templates/none')).body.code).toBe('template_not_found');
  });

  test('of twenty who write at once each has a version of its own, and one is in use', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => manager.put('/v1/templates/race', wording(`Text ${i}`))),
    );
    const versions = answers.map(({ body }) => body.version as number).toSorted((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(await office.desk.database.template.count({ where: { name: 'race', current: true } })).toBe(1);
  });

  test('is kept by the database as it was', async () => {
    const attempts = [
      `UPDATE templates SET body = '{}' WHERE name = 'status'`,
      `UPDATE templates SET body = '{}', current = false WHERE name = 'status'`,
      `DELETE FROM templates WHERE name = 'status'`,
      `TRUNCATE templates`,
      `INSERT INTO templates (name, version, body, current) VALUES ('status', 9, '{}', true)`,
    ];
    for (const attempt of attempts)
      await expect(office.desk.database.$executeRawUnsafe(attempt)).rejects.toThrow();
  });

  test.each<[what: string, body: object, pointer: string, code: string]>([
    ['a variable that there is not', wording('{{ticket.password}}'), '/text', 'variable_unknown'],
    ['a variable without an end', wording('Hello {{ticket.id'), '/text', 'variable_unclosed'],
    ['one in the subject', { subject: '{{nope}}', text: 'x' }, '/subject', 'variable_unknown'],
    [
      'one in another language',
      { ...wording('x'), languages: { de: wording('{{nope}}') } },
      '/languages/de/text',
      'variable_unknown',
    ],
    ['a subject of two lines', { subject: 'a\nBcc: x@y.example', text: 'x' }, '/subject', 'value_invalid'],
    ['no text', { subject: 'x' }, '/text', 'required'],
    [
      'a language that is none',
      { ...wording('x'), languages: { '!!': wording('x') } },
      '/languages/!!',
      'value_invalid',
    ],
    ['a field that there is not', { ...wording('x'), html: '<b>' }, '/html', 'unknown_key'],
  ])('with %s is refused, and told where', async (_what, body, pointer, code) => {
    const told = await faults(body);
    expect(told.map(([where]) => where)).toEqual([pointer]);
    expect([code, expect.anything()]).toContainEqual(told[0]![1]);
  });

  test('is for those who change rules', async () => {
    expect((await office.agent.put('/v1/templates/status', wording('x'))).status).toBe(403);
    expect((await manager.put('/v1/templates/No!', wording('x'))).status).toBe(404);
  });
});

describe('a preview', () => {
  test('reads as the customer would read it now, and sends nothing', async () => {
    await manager.put('/v1/customers/tokyo-desk', { language: 'de', timezone: 'Asia/Tokyo' });
    const external = { system: 'desk', id: '4711' };
    const { id } = await openTicket(await office.caller('lead'), {
      customer: 'tokyo-desk',
      subject: 'Drucker {{ticket.id}}',
      external,
      openedAt: '2026-01-30T16:00:00Z',
    });
    const seen = await office.agent.post('/v1/templates/opened/preview', { ticketId: 'desk:4711' });
    expect(seen.body).toMatchObject({
      template: 'opened',
      version: 1,
      language: 'de',
      timezone: 'Asia/Tokyo',
      subject: 'Eingegangen: Drucker {{ticket.id}}',
      text: expect.stringMatching(/Samstag, 31\. Januar 2026 um 01:00 .*Priorität P1/s),
    });
    expect(seen.body.text).toContain('Ihr Zeichen: 4711');
    const other = await office.agent.post('/v1/templates/opened/preview', {
      ticketId: id,
      language: 'en',
      timezone: 'UTC',
    });
    expect(other.body.text).toMatch(/Friday,? 30 January 2026 at 16:00 UTC/);
    expect((await office.agent.get(`/v1/tickets/${id}/deliveries`)).body.data).toEqual([]);
  });

  test('is of a ticket and a template that there are', async () => {
    const { id } = await openTicket(office.agent);
    const of = (name: string, body: object) => office.agent.post(`/v1/templates/${name}/preview`, body);
    expect((await of('none', { ticketId: id })).body.code).toBe('template_not_found');
    expect((await of('status', { ticketId: 'nobody' })).body.code).toBe('ticket_not_found');
    expect((await of('status', { ticketId: id, timezone: 'Mars/Olympus' })).status).toBe(422);
    expect((await of('status', {})).status).toBe(422);
  });
});

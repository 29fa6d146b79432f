/** Teams, agents, customers and services: what is put is what is there, and nothing that leads nowhere is taken. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Caller } from './front-door.ts';
import { setUpOffice } from './office.ts';
import { postCalendar } from './rule-book.ts';

const office = setUpOffice({ worker: false });
let lead: Caller;
let manager: Caller;
beforeAll(async () => {
  lead = await office.caller('lead');
  manager = await office.caller('manager');
  const hours = { timezone: 'Europe/Berlin', hours: { mon: [['14:00', '22:00']] } };
  expect((await postCalendar(manager, 'late-shift', hours)).status).toBe(202);
});

const created = async (path: string, body: object): Promise<void> => {
  const { status, text } = await lead.put(path, body);
  expect([path, status, text]).toEqual([path, 201, expect.anything()]);
};
const faults = async (path: string, body: object): Promise<[string, string][]> => {
  const response = await lead.put(path, body);
  expect(response.status).toBe(422);
  const { errors } = response.body as { errors: { pointer: string; code: string }[] };
  return errors.map(({ pointer, code }) => [pointer, code]);
};

describe('a team', () => {
  test('is made, changed, and read as it was put', async () => {
    await created('/v1/teams/mail', { tier: 1 });
    const body = {
      tier: 2,
      assignment: 'bySkill',
      calendar: 'late-shift',
      capacity: 5,
      rate: { amount: 84.995, currency: 'EUR' },
    };
    const changed = await lead.put('/v1/teams/mail', body);
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ name: 'mail', ...body, lead: null, manager: null, active: true });
    expect((await office.agent.get('/v1/teams/mail')).body).toEqual(changed.body);
  });

  test('put without a field is without it', async () => {
    await created('/v1/teams/web', { tier: 1, capacity: 3 });
    expect((await lead.put('/v1/teams/web', { tier: 1 })).body.capacity).toBeNull();
  });

  test('has a lead and a manager who are agents', async () => {
    await created('/v1/teams/voice', { tier: 1 });
    const body = { tier: 1, lead: 'lead-voice', manager: 'manager-voice', calendar: 'nowhere' };
    expect(await faults('/v1/teams/voice', body)).toEqual([
      ['/calendar', 'calendar_unknown'],
      ['/lead', 'agent_unknown'],
      ['/manager', 'agent_unknown'],
    ]);
    await created('/v1/agents/lead-voice', { team: 'voice' });
    await created('/v1/agents/manager-voice', { team: 'voice' });
    expect((await lead.put('/v1/teams/voice', { ...body, calendar: null })).body).toMatchObject({
      lead: 'lead-voice',
      manager: 'manager-voice',
    });
  });

  test.each<[what: string, more: object, pointer: string]>([
    ['without a tier', { tier: undefined }, '/tier'],
    ['of a tier that there is not', { tier: 10 }, '/tier'],
    ['given tickets in a way that there is not', { assignment: 'loudest' }, '/assignment'],
    ['that may have nothing in progress', { capacity: 0 }, '/capacity'],
    ['at a price without a currency', { rate: { amount: 1 } }, '/rate/currency'],
    ['paid to work', { rate: { amount: -1, currency: 'EUR' } }, '/rate/amount'],
    ['whose price would be rounded', { rate: { amount: 1.00001, currency: 'EUR' } }, '/rate/amount'],
    ['with a field that there is not', { leader: 'agent-1' }, '/leader'],
  ])('%s is refused', async (_what, more, pointer) => {
    expect((await faults('/v1/teams/none', { tier: 1, ...more })).map(([where]) => where)).toEqual([pointer]);
    expect((await lead.get('/v1/teams/none')).status).toBe(404);
  });

  test('is out of service once nobody is in it, and back with a PUT', async () => {
    await created('/v1/teams/fax', { tier: 1 });
    await created('/v1/agents/agent-fax', { team: 'fax' });
    const occupied = await lead.send('delete', '/v1/teams/fax');
    expect([occupied.status, occupied.body.code]).toEqual([409, 'team_occupied']);
    await lead.put('/v1/agents/agent-fax', { team: 'fax', active: false });
    for (let i = 0; i < 2; i += 1)
      expect((await lead.send('delete', '/v1/teams/fax')).body).toMatchObject({ name: 'fax', active: false });
    expect(await faults('/v1/agents/agent-new', { team: 'fax' })).toEqual([['/team', 'team_unknown']]);
    expect((await lead.put('/v1/teams/fax', { tier: 1 })).body.active).toBe(true);
    await created('/v1/agents/agent-new', { team: 'fax' });
    expect((await lead.send('delete', '/v1/teams/nowhere')).body.code).toBe('team_not_found');
  });

  test('may be called anything that tickets call it', async () => {
    const name = 'Netz & Wartung / Süd 100%';
    await created(`/v1/teams/${encodeURIComponent(name)}`, { tier: 3 });
    const { body } = await lead.get(`/v1/teams/${encodeURIComponent(name)}`);
    expect(body.name).toBe(name);
    expect((await lead.get(body.links.self as string)).body).toEqual(body);
    expect((await lead.get(body.links.agents as string)).body.data).toEqual([]);
  });
});

describe('an agent', () => {
  const full = {
    team: 'desk',
    skills: ['vpn', 'mail', 'vpn'],
    capacity: 4,
    calendar: 'late-shift',
    contact: { email: 'agent-1@example.com', phone: '+49 30 555 0101' },
    absentUntil: '2030-01-01T09:00:00+01:00',
  };
  beforeAll(() => created('/v1/teams/desk', { tier: 2 }));

  test('is made, and is at the tier of the team unless told', async () => {
    await created('/v1/agents/agent-1', full);
    expect((await lead.get('/v1/agents/agent-1')).body).toMatchObject({
      id: 'agent-1',
      tier: 2,
      skills: ['vpn', 'mail'],
      active: true,
      absentUntil: '2030-01-01T08:00:00.000Z',
    });
    expect((await lead.put('/v1/agents/agent-1', { ...full, tier: 3 })).body.tier).toBe(3);
  });

  test('is reached by those who look after people; others do not see how', async () => {
    for (const role of ['lead', 'manager', 'admin'] as const)
      expect((await (await office.caller(role)).get('/v1/agents/agent-1')).body.contact).toEqual(
        full.contact,
      );
    for (const role of ['agent', 'integration', 'auditor'] as const)
      expect((await (await office.caller(role)).get('/v1/agents/agent-1')).body).not.toHaveProperty(
        'contact',
      );
  });

  test('can be forgotten', async () => {
    await lead.put('/v1/agents/agent-1', { ...full, contact: null });
    expect((await lead.get('/v1/agents/agent-1')).body.contact).toBeNull();
    const { rows } = await office.desk.database.$queryRaw<
      { row: string }[]
    >`SELECT to_jsonb(a)::text AS row FROM agents a WHERE id = 'agent-1'`.then((found) => ({ rows: found }));
    expect(rows[0]!.row).not.toContain('example.com');
  });

  test.each<[what: string, more: object, fault: [string, string]]>([
    ['in a team that there is not', { team: 'nowhere' }, ['/team', 'team_unknown']],
    ['in no team', { team: null }, ['/team', 'wrong_kind']],
    ['with a shift that there is not', { calendar: 'nowhere' }, ['/calendar', 'calendar_unknown']],
    ['who is reached nowhere', { contact: { email: 'agent-1' } }, ['/contact/email', 'value_invalid']],
    ['away until some time', { absentUntil: '2030-01-01T09:00:00' }, ['/absentUntil', 'value_invalid']],
  ])('%s is refused', async (_what, more, fault) => {
    expect(await faults('/v1/agents/agent-none', { ...full, ...more })).toEqual([fault]);
    expect((await lead.get('/v1/agents/agent-none')).body.code).toBe('agent_not_found');
  });

  test('is listed by id, by team and tier, page by page', async () => {
    await created('/v1/teams/row', { tier: 4 });
    for (const id of ['agent-r3', 'agent-r1', 'agent-r2']) await created(`/v1/agents/${id}`, { team: 'row' });
    await lead.put('/v1/agents/agent-r2', { team: 'row', active: false });
    const ids = async (query: string): Promise<string[]> => {
      const { body } = await lead.get(`/v1/agents?${query}`);
      const next = body.page.nextCursor as string | null;
      const here = (body.data as { id: string }[]).map(({ id }) => id);
      return next === null ? here : [...here, ...(await ids(`${query.split('&cursor')[0]}&cursor=${next}`))];
    };
    expect(await ids('team=row')).toEqual(['agent-r1', 'agent-r2', 'agent-r3']);
    expect(await ids('team=row&limit=1')).toEqual(['agent-r1', 'agent-r2', 'agent-r3']);
    expect(await ids('tier=4&active=true')).toEqual(['agent-r1', 'agent-r3']);
    const { body } = await lead.get('/v1/agents?team=row&limit=1');
    expect((await lead.get(`/v1/agents?limit=1&cursor=${body.page.nextCursor}`)).body.code).toBe(
      'cursor_invalid',
    );
    expect((await lead.get('/v1/teams?tier=4')).body.data).toMatchObject([{ name: 'row' }]);
  });
});

describe('reference data', () => {
  test('of a customer is put and read', async () => {
    const body = {
      timezone: 'America/New_York',
      language: 'en-GB',
      contact: { email: 'desk@example.com' },
      updates: { channel: 'email', everyHours: 4, urgentOnly: false },
    };
    await created('/v1/customers/acme', body);
    expect((await lead.get('/v1/customers/acme')).body).toMatchObject(body);
    expect((await office.agent.get('/v1/customers/acme')).body).not.toHaveProperty('contact');
    expect((await lead.get('/v1/customers')).body.data).toMatchObject([{ name: 'acme' }]);
    expect((await lead.put('/v1/customers/acme', {})).body).toMatchObject({ contact: null, updates: null });
    expect((await lead.get('/v1/customers/other')).body.code).toBe('customer_not_found');
  });

  test.each<[what: string, body: object, pointer: string]>([
    ['in a zone that there is not', { timezone: 'Europe/Atlantis' }, '/timezone'],
    ['in an offset, which knows no summer time', { timezone: '+01:00' }, '/timezone'],
    ['who speaks in sentences', { language: 'english please' }, '/language'],
    ['whose wishes are nested', { updates: { by: { channel: 'email' } } }, '/updates/by'],
  ])('of a customer %s is refused', async (_what, body, pointer) => {
    expect((await faults('/v1/customers/none', body)).map(([where]) => where)).toEqual([pointer]);
  });

  test('of a service names its team and its owner', async () => {
    await created('/v1/teams/net', { tier: 2 });
    await created('/v1/agents/agent-net', { team: 'net' });
    const body = { team: 'net', owner: 'agent-net', criticality: 'gold' };
    await created('/v1/services/vpn', body);
    expect((await office.agent.get('/v1/services/vpn')).body).toMatchObject({ name: 'vpn', ...body });
    expect((await lead.get('/v1/services')).body.data).toMatchObject([{ name: 'vpn' }]);
    expect((await lead.get('/v1/services/other')).body.code).toBe('service_not_found');
    expect(await faults('/v1/services/vpn', { team: 'nowhere', owner: 'agent-none' })).toEqual([
      ['/team', 'team_unknown'],
      ['/owner', 'agent_unknown'],
    ]);
  });
});

test('agents read, and change nothing', async () => {
  for (const path of ['teams/mail', 'agents/agent-1', 'on-call/tier-1', 'customers/acme', 'services/vpn'])
    expect((await office.agent.put(`/v1/${path}`, {})).status).toBe(403);
  expect((await office.agent.send('delete', '/v1/teams/mail')).status).toBe(403);
  expect((await office.agent.get('/v1/teams')).status).toBe(200);
});

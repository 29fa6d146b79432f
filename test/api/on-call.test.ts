/** Rotas over HTTP: turns, overrides, and who is on call when. */
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Response } from 'supertest';
import type { Caller } from './front-door.ts';
import { setUpOffice } from './office.ts';

/** What the API believes that it is; database and keys have the time of the machine. */
let now = 0;
const office = setUpOffice({ worker: false, deps: () => ({ now: () => now }) });
let lead: Caller;

const at = (text: string): number => Date.parse(text);
const WEEK_S = 604_800;
/** Mondays at nine in Berlin; the clocks change on the last Sunday of March. */
const weekly = (more: object = {}) => ({
  timezone: 'Europe/Berlin',
  startsAt: '2026-03-16T09:00:00+01:00',
  rotationSeconds: WEEK_S,
  members: ['agent-1', 'agent-2', 'agent-3'],
  ...more,
});

beforeAll(async () => {
  lead = await office.caller('lead');
  await lead.put('/v1/teams/network', { tier: 2 });
  for (const id of ['agent-1', 'agent-2', 'agent-3', 'agent-9', 'agent-left'])
    await lead.put(`/v1/agents/${id}`, { team: 'network', active: id !== 'agent-left' });
});
beforeEach(() => void (now = at('2026-03-18T12:00:00Z')));

const put = async (name: string, more: object = {}): Promise<Response> =>
  lead.put(`/v1/on-call/${name}`, weekly(more));
async function faultsOf(asked: Promise<Response>): Promise<[string, string][]> {
  const { status, body } = await asked;
  expect(status).toBe(422);
  return (body.errors as { pointer?: string; parameter: string; code: string }[]).map(
    ({ pointer, parameter, code }) => [pointer ?? parameter, code],
  );
}

describe('a rota', () => {
  test('says who is on call now and until when, by itself and in the list', async () => {
    const { status, body } = await put('nights', { tier: 4 });
    expect(status).toBe(201);
    const onCall = { agent: 'agent-1', override: null, available: true, until: '2026-03-23T08:00:00.000Z' };
    expect(body).toMatchObject({
      name: 'nights',
      tier: 4,
      team: null,
      rotationSeconds: WEEK_S,
      onCall,
      overrides: [],
    });
    expect((await office.agent.get('/v1/on-call/nights')).body).toEqual(body);
    const list = async (query: string) =>
      ((await office.agent.get(`/v1/on-call${query}`)).body.data as { rota: string }[]).find(
        ({ rota }) => rota === 'nights',
      );
    expect(await list('')).toEqual({ rota: 'nights', tier: 4, team: null, ...onCall });
    // The hand-over after the clocks changed is at nine local time, an hour earlier by UTC.
    expect(await list('?at=2026-03-30T06:59:59.999Z')).toMatchObject({ agent: 'agent-2' });
    expect(await list('?at=2026-03-30T07:00:00Z')).toMatchObject({ agent: 'agent-3' });
    expect(await list('?at=2026-03-01T00:00:00Z')).toMatchObject({
      agent: null,
      available: false,
      until: '2026-03-16T08:00:00.000Z',
    });
  });

  test('put twice is the same, put otherwise is changed', async () => {
    await put('days');
    const again = await put('days');
    expect([again.status, again.body.members]).toEqual([200, weekly().members]);
    expect((await put('days', { members: ['agent-9'] })).body).toMatchObject({
      members: ['agent-9'],
      onCall: { agent: 'agent-9', until: null },
    });
  });

  test('says that somebody is on call who is not there', async () => {
    await put('gone', { members: ['agent-9'] });
    await lead.put('/v1/agents/agent-9', { team: 'network', absentUntil: '2026-03-20T00:00:00Z' });
    expect((await lead.get('/v1/on-call/gone')).body.onCall).toMatchObject({
      agent: 'agent-9',
      available: false,
    });
    now = at('2026-03-20T00:00:00Z');
    expect((await lead.get('/v1/on-call/gone')).body.onCall).toMatchObject({
      agent: 'agent-9',
      available: true,
    });
    await lead.put('/v1/agents/agent-9', { team: 'network' });
  });

  test.each<[what: string, more: object, fault: [string, string]]>([
    ['in a zone that there is not', { timezone: 'Mars/Olympus' }, ['/timezone', 'value_invalid']],
    ['of nobody', { members: [] }, ['/members', 'value_invalid']],
    ['of a stranger', { members: ['agent-1', 'agent-none'] }, ['/members/1', 'agent_unknown']],
    ['of somebody who has left', { members: ['agent-left'] }, ['/members/0', 'agent_unknown']],
    ['of a team that there is not', { team: 'nowhere' }, ['/team', 'team_unknown']],
    ['for a tier and a team', { tier: 2, team: 'network' }, ['/tier', 'value_invalid']],
    ['with turns of minutes', { rotationSeconds: 3599 }, ['/rotationSeconds', 'value_invalid']],
    ['that starts without a zone', { startsAt: '2026-03-16T09:00:00' }, ['/startsAt', 'value_invalid']],
  ])('%s is refused', async (_what, more, fault) => {
    expect(await faultsOf(put('none', more))).toEqual([fault]);
    expect((await lead.get('/v1/on-call/none')).body.code).toBe('rota_not_found');
  });

  test('is the only one of its tier, and of its team', async () => {
    await put('first', { tier: 5 });
    await put('second', { team: 'network' });
    for (const more of [{ tier: 5 }, { team: 'network' }])
      expect((await put('third', more)).body).toMatchObject({ status: 409, code: 'on_call_taken' });
    // Without either it is only looked up, and there may be many.
    expect((await put('third')).status).toBe(201);
    expect((await put('fourth')).status).toBe(201);
    // Of two that are put at once for one tier, one is.
    const both = await Promise.all([put('fifth', { tier: 6 }), put('sixth', { tier: 6 })]);
    expect(both.map(({ status }) => `${status}`).toSorted()).toEqual(['201', '409']);
  });
});

const override = (
  rota: string,
  from: string,
  to: string,
  more: object = {},
  headers = {},
): Promise<Response> =>
  lead.post(`/v1/on-call/${rota}/overrides`, { agent: 'agent-9', from, to, ...more }, headers);

describe('an override', () => {
  beforeAll(() => put('covered'));
  const schedule = async (from: string, to: string): Promise<string[]> => {
    const { body } = await office.agent.get(`/v1/on-call/covered/schedule?from=${from}&to=${to}`);
    return (body.data as { agent: string; from: string; to: string }[]).map(
      (span) => `${span.agent} ${span.from} ${span.to}`,
    );
  };

  test('puts somebody in from the very instant on, and is in the schedule', async () => {
    const { status, body, headers } = await override(
      'covered',
      '2026-03-18T18:00:00Z',
      '2026-03-24T08:00:00Z',
      {
        reason: 'Ill',
        actingFor: 'lead-2',
      },
    );
    expect(status).toBe(201);
    expect(body).toMatchObject({
      rota: 'covered',
      agent: 'agent-9',
      reason: 'Ill',
      createdBy: `${lead.subject} for lead-2`,
    });
    expect((await office.agent.get(headers['location'] as string)).body).toEqual(body);
    expect(await schedule('2026-03-18T00:00:00Z', '2026-03-25T00:00:00Z')).toEqual([
      'agent-1 2026-03-18T00:00:00.000Z 2026-03-18T18:00:00.000Z',
      'agent-9 2026-03-18T18:00:00.000Z 2026-03-24T08:00:00.000Z',
      'agent-2 2026-03-24T08:00:00.000Z 2026-03-25T00:00:00.000Z',
    ]);
    const onCall = async () => (await lead.get('/v1/on-call/covered')).body.onCall;
    now = at('2026-03-18T17:59:59.999Z');
    expect(await onCall()).toMatchObject({ agent: 'agent-1', until: '2026-03-18T18:00:00.000Z' });
    now += 1;
    expect(await onCall()).toMatchObject({
      agent: 'agent-9',
      override: body.id,
      until: '2026-03-24T08:00:00.000Z',
    });
  });

  test('never overlaps another of the same rota; the end of one may be the start of the next', async () => {
    const first = await override('covered', '2026-04-01T00:00:00Z', '2026-04-03T00:00:00Z');
    for (const [from, to] of [
      ['2026-04-02T23:59:59.999Z', '2026-04-05T00:00:00Z'],
      ['2026-03-31T00:00:00Z', '2026-04-01T00:00:00.001Z'],
      ['2026-04-01T12:00:00Z', '2026-04-01T13:00:00Z'],
    ] as const) {
      const refused = await override('covered', from, to);
      expect(refused.body.errors).toEqual([
        {
          pointer: '/from',
          code: 'override_overlaps',
          message: expect.stringContaining(first.body.id as string),
        },
      ]);
    }
    expect((await override('covered', '2026-04-03T00:00:00Z', '2026-04-04T00:00:00Z')).status).toBe(201);
    await put('beside');
    expect((await override('beside', '2026-04-01T00:00:00Z', '2026-04-03T00:00:00Z')).status).toBe(201);
  });

  test.each<[what: string, from: string, to: string, more: object, fault: [string, string]]>([
    [
      'that ends before it begins',
      '2026-05-02T00:00:00Z',
      '2026-05-01T00:00:00Z',
      {},
      ['/to', 'value_invalid'],
    ],
    [
      'that ends when it begins',
      '2026-05-01T00:00:00Z',
      '2026-05-01T00:00:00Z',
      {},
      ['/to', 'value_invalid'],
    ],
    ['that is over already', '2026-03-01T00:00:00Z', '2026-03-18T12:00:00Z', {}, ['/to', 'override_over']],
    [
      'by a stranger',
      '2026-05-01T00:00:00Z',
      '2026-05-02T00:00:00Z',
      { agent: 'agent-none' },
      ['/agent', 'agent_unknown'],
    ],
    [
      'by one who left',
      '2026-05-01T00:00:00Z',
      '2026-05-02T00:00:00Z',
      { agent: 'agent-left' },
      ['/agent', 'agent_unknown'],
    ],
  ])('%s is refused', async (_what, from, to, more, fault) => {
    expect(await faultsOf(override('covered', from, to, more))).toEqual([fault]);
  });

  test('sent twice with one key is one; with another body it is refused', async () => {
    const send = (more: object = {}) =>
      override('covered', '2026-06-01T00:00:00Z', '2026-06-02T00:00:00Z', more, {
        'idempotency-key': 'june',
      });
    const first = await send();
    // By now it would be refused: its time is over.
    now = at('2026-06-03T00:00:00Z');
    const again = await send();
    expect([again.status, again.body, again.headers['idempotency-replayed']]).toEqual([
      201,
      first.body,
      'true',
    ]);
    expect((await send({ agent: 'agent-3' })).body.code).toBe('idempotency_key_reused');
  });

  test('of eight sent at once for one night, one counts', async () => {
    const all = await Promise.all(
      Array.from({ length: 8 }, () => override('covered', '2026-07-01T00:00:00Z', '2026-07-02T00:00:00Z')),
    );
    expect(all.map(({ status }) => `${status}`).toSorted()).toEqual(['201', ...Array(7).fill('422')]);
  });

  test('that has not begun is taken back; one that counts ends now; one that is over stays', async () => {
    const { body } = await override('covered', '2026-08-01T00:00:00Z', '2026-08-02T00:00:00Z');
    const self = body.links.self as string;
    expect((await lead.send('delete', self)).status).toBe(204);
    expect((await lead.get(self)).body.code).toBe('override_not_found');
    expect((await lead.send('delete', self)).body.code).toBe('override_not_found');

    const running = await override('covered', '2026-08-01T00:00:00Z', '2026-08-02T00:00:00Z');
    const path = running.body.links.self as string;
    now = at('2026-08-01T06:00:00Z');
    expect((await lead.send('delete', path)).status).toBe(204);
    expect((await lead.get(path)).body.to).toBe('2026-08-01T06:00:00.000Z');
    expect((await lead.get('/v1/on-call/covered')).body.onCall.override).toBeNull();
    expect((await lead.send('delete', path)).body.code).toBe('override_ended');
    expect((await lead.send('delete', path.replace('covered', 'beside'))).body.code).toBe(
      'override_not_found',
    );
  });
});

test('a schedule is for a hundred days at most, four weeks unless told', async () => {
  await put('view');
  const { body } = await office.agent.get('/v1/on-call/view/schedule');
  expect(body).toMatchObject({
    from: '2026-03-18T12:00:00.000Z',
    to: '2026-04-15T12:00:00.000Z',
    timezone: 'Europe/Berlin',
  });
  expect(body.data).toHaveLength(5);
  for (const query of ['to=2026-03-18T12:00:00Z', 'from=2026-01-01T00:00:00Z&to=2026-05-01T00:00:00Z'])
    expect(await faultsOf(office.agent.get(`/v1/on-call/view/schedule?${query}`))).toEqual([
      ['to', 'value_invalid'],
    ]);
  expect((await office.agent.get('/v1/on-call/nowhere/schedule')).body.code).toBe('rota_not_found');
});

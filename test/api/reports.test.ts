/**
 * Reports over scripted tickets, each figure worked out by hand: five tickets, decided by the domain and recorded as the
 * engine records them. Hours count from a Monday at midnight; tier 1 is there from 9 to 17, the others always.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { policyHash } from '../../api/schemas/policy.ts';
import type { Command } from '../../domain/commands.ts';
import { decideRequest } from '../../domain/decide.ts';
import { project } from '../../domain/projection.ts';
import { createPolicyStore } from '../../prisma/policies.ts';
import { clockIn, DAYTIME } from '../support/desk-clocks.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, MS, PaperDesk, type PaperOptions } from '../support/paper-desk.ts';
import type { Caller } from './front-door.ts';
import { setUpOffice } from './office.ts';

const NOW = 60;
const office = setUpOffice({ worker: false, deps: () => ({ now: () => at(NOW) }) });

const POLICY = deskPolicy({
  name: 'tiers',
  clocks: {
    resolution: clockIn(16, {
      pausedBy: ['customer', 'vendor'],
      ladder: [
        { id: 'ask', percent: 75, offsetMs: 0, actions: [{ suggestConsult: 'next' }] },
        { id: 'breach', percent: 100, offsetMs: 0, actions: [{ handOff: 'next' }] },
      ],
    }),
  },
  tiers: [
    { tier: 1, name: 'Desk', calendar: 'office', rate: { perHour: 40, currency: 'EUR' } },
    {
      tier: 2,
      name: 'Specialists',
      requires: ['symptoms', 'scope'],
      rate: { perHour: 62.5, currency: 'EUR' },
    },
    { tier: 3, name: 'Engineering', rate: { perHour: 95.01, currency: 'EUR' } },
  ],
  calendars: DAYTIME,
});

const iso = (hour: number): string => new Date(at(hour)).toISOString();

/** A ticket that happened as the story tells, in the ledger by the hour given. */
async function record(
  id: string,
  { by, ...options }: PaperOptions & { by: number },
  story: (desk: PaperDesk) => void,
): Promise<void> {
  const desk = new PaperDesk({ policy: POLICY, ...options });
  story(desk);
  desk.wait(by);
  const projection = project(desk.ticket, at(by));
  const turn = { ticketId: id, head: 0, events: desk.ledger, projection };
  expect(await office.desk.ledger.record(turn)).toEqual({ recorded: true });
}

/** A lead asks, who may let an incomplete packet pass. */
function asLead(desk: PaperDesk, hour: number, command: Command): void {
  const request = { id: `lead-${hour}`, command, actor: { subject: 'key-2', role: 'lead' } };
  const decision = decideRequest(desk.ticket, request, at(hour));
  if ('refusal' in decision) throw new Error(decision.refusal.code);
  desk.carryOn(decision.turn.ticket);
  desk.ledger.push(...decision.turn.events);
}

let manager: Caller;
beforeAll(async () => {
  const { database } = office.desk;
  await createPolicyStore(database).publish([{ policy: POLICY, hash: policyHash(POLICY) }]);
  await database.team.create({ data: { name: 'desk', tier: 1, rate: 40.1, currency: 'EUR' } });
  await database.team.create({ data: { name: 'net', tier: 2 } });
  await database.agent.create({ data: { id: 'agent-31', team: 'net', tier: 2 } });
  manager = await office.caller('manager');

  // Handed on in order, with a consult of tier 3 that solved it: tier 1 has 2 h, 1 h in flight, tier 2 has 4 h.
  await record(
    'tkt_consult',
    { opened: 9, by: 16, attributes: { customer: 'acme', service: 'mail', category: 'network' } },
    (desk) => {
      desk.tell(9, { type: 'assigned', team: 'desk', assignee: 'agent-1' });
      desk.ask(11, { type: 'offerHandoff', toTier: 2, team: 'net', items: ['symptoms', 'scope'] });
      desk.ask(12, { type: 'acceptHandoff' });
      desk.tell(13, { type: 'joined', agent: 'agent-9', as: 'shadow' });
      desk.tell(14, { type: 'consultAsked', consult: 'c1', toTier: 3 });
      desk.tell(15, { type: 'consultAnswered', consult: 'c1', solved: true });
      desk.ask(16, { type: 'resolve', causeCode: 'configuration' });
    },
  );
  // Returned, withdrawn, then solved by tier 1 with an article: 1 + 0.5 + 0.75 + 1.5 h; 0.75 h in flight; 1 h closed.
  await record('tkt_article', { opened: 8, by: 14.5, attributes: { customer: 'acme' } }, (desk) => {
    const offer: Command = { type: 'offerHandoff', toTier: 2, isReasoned: true, override: true };
    asLead(desk, 10, { ...offer, items: ['symptoms'] });
    desk.tell(10.5, { type: 'handoffReturned', missing: ['scope', 'environment'] });
    asLead(desk, 11, offer);
    desk.tell(11.25, { type: 'handoffWithdrawn' });
    desk.tell(12, { type: 'held', reason: 'customer' }, { imported: true });
    desk.tell(13, { type: 'resumed' });
    desk.ask(14.5, { type: 'resolve', causeCode: 'user', article: 'art_1' });
  });
  // Nobody asks although it is suggested at 75 % (hour 21): the ladder hands on at the breach (hour 25).
  await record(
    'tkt_ladder',
    { opened: 9, by: 28, attributes: { category: 'network', symptom: 'slow' } },
    (desk) => {
      desk.wait(21);
      desk.wait(25 + MS);
      desk.ask(25.5, { type: 'acknowledge' });
      desk.ask(28, { type: 'resolve', causeCode: 'configuration', article: 'art_2' });
    },
  );
  // Tier 1 sits on it for 7 h and an hour in flight; tier 2 is blamed for the breach at hour 49, tier 3 solves it.
  await record('tkt_late', { opened: 33, by: 50, attributes: { category: 'network' } }, (desk) => {
    desk.ask(40, { type: 'offerHandoff', toTier: 2, items: ['symptoms', 'scope'] });
    desk.tell(42, { type: 'handoffAccepted' });
    desk.tell(43, { type: 'consultAsked', consult: 'c2', agent: 'agent-31' });
    desk.tell(43.5, { type: 'consultAnswered', consult: 'c2' });
    desk.wait(45);
    desk.wait(49 + MS);
    desk.ask(50, { type: 'resolve', causeCode: 'configuration' });
  });
  // Open; its row is as old as its opening.
  await record('tkt_open', { opened: 57, by: 57, attributes: { customer: 'globex' } }, () => undefined);
});

/** An answer, whose shape the contract has been held against. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests read many shapes
type Row = Record<string, any>;
interface Fact {
  ticketId: string;
  seconds?: number;
}
interface Report extends Row {
  data: Row[];
  total: Row;
}
const PERIOD = `from=${iso(0)}&to=${iso(NOW)}`;

async function report(name: string, query = ''): Promise<Report> {
  const { status, body } = await manager.get(`/v1/reports/${name}?${PERIOD}&${query}`);
  expect([status, body.detail]).toEqual([200, undefined]);
  return body as Report;
}
const shown = (rows: readonly Row[], names: readonly string[]) =>
  rows.map((row) => names.map((name) => row[name]));

describe('effort', () => {
  const COLUMNS = ['owner', 'tier', 'team', 'policy', 'hours', 'ratePerHour', 'cost', 'tickets'];

  test('is hours times rate for each tier and team; in flight for who offered, uncovered for the policy', async () => {
    const { data, total, openTickets } = await report('effort');
    expect(shown(data, COLUMNS)).toEqual([
      // tkt_consult, the team's own rate
      ['tier', 1, 'desk', null, 2, 40.1, 80.2, 1],
      // tkt_article 3.75 h, tkt_ladder 8 h (9 to 17), tkt_late 7 h, tkt_open 3 h up to now
      ['tier', 1, null, null, 21.75, 40, 870, 4],
      // A team without a rate has that of its tier
      ['tier', 2, 'net', null, 4, 62.5, 250, 1],
      // tkt_ladder 25 to 28, tkt_late 42 to 49
      ['tier', 2, null, null, 10, 62.5, 625, 2],
      ['tier', 3, null, null, 1, 95.01, 95.01, 1],
      ['inFlight', 1, 'desk', null, 1, 40.1, 40.1, 1],
      // tkt_article 0.75 h, tkt_late 1 h until its sender went home
      ['inFlight', 1, null, null, 1.75, 40, 70, 2],
      // tkt_article 1 h, tkt_ladder 17 to 25, tkt_late 41 to 42
      ['uncovered', null, null, 'tiers', 10, null, null, 3],
      ['customer', null, null, null, 1, null, null, 1],
    ]);
    expect(total).toEqual({
      seconds: 52.5 * 3600,
      hours: 52.5,
      costs: [{ currency: 'EUR', amount: 2030.31 }],
      tickets: 5,
    });
    expect(openTickets).toEqual({ counted: 1, hasOlder: false });
  });

  test('an open ticket is counted up to the instant asked for', async () => {
    const { data } = await report('effort', `customer=globex&asOf=${iso(58)}`);
    expect(shown(data, ['owner', 'tier', 'hours', 'cost'])).toEqual([['tier', 1, 1, 40]]);
  });

  test('the time of a team is only what surely was its own', async () => {
    const { data } = await report('effort', 'team=net');
    expect(shown(data, ['owner', 'tier', 'team', 'hours'])).toEqual([['tier', 2, 'net', 4]]);
  });

  test('a tier with two teams in one ticket belongs to neither', async () => {
    await record('tkt_two', { opened: 80, by: 85 }, (desk) => {
      desk.tell(81, { type: 'assigned', team: 'desk' });
      desk.tell(82, { type: 'assigned', team: 'other' });
      desk.ask(85, { type: 'resolve' });
    });
    const later = `/v1/reports/effort?from=${iso(70)}&to=${iso(90)}`;
    const { body } = await manager.get(later);
    expect(shown(body.data, ['owner', 'tier', 'team', 'hours'])).toEqual([
      ['tier', 1, null, 4],
      ['uncovered', null, null, 1],
    ]);
  });
});

test('escalations that were avoided, at the median time of the tier that was not needed', async () => {
  const { data, total } = await report('avoided-escalations', 'by=resolved');
  expect(shown(data, ['how', 'tier', 'tickets', 'medianSeconds', 'sample', 'ratePerHour', 'cost'])).toEqual([
    ['consult', 3, 1, 3599.999, 1, 95.01, 95.01],
    // Tier 2 had 3, 4 and 7 h: the median is 4. The article of tkt_ladder came after its escalation to tier 2.
    ['article', 2, 1, 4 * 3600, 3, 62.5, 250],
    ['article', 3, 1, 3599.999, 1, 95.01, 95.01],
  ]);
  expect(total).toEqual({ tickets: 3, costs: [{ currency: 'EUR', amount: 440.02 }] });
});

test('handoffs from tier to tier and team: what became of them, how fast, and what was missing', async () => {
  const { data, total } = await report('handoffs');
  const names = ['kind', 'fromTier', 'fromTeam', 'toTier', 'toTeam', 'handoffs', 'accepted', 'returned'];
  expect(shown(data, [...names, 'withdrawn', 'lapsed', 'overridden', 'meanCompleteness'])).toEqual([
    ['offered', 1, 'desk', 2, 'net', 1, 1, 0, 0, 0, 0, 100],
    ['offered', 1, null, 2, null, 3, 1, 1, 1, 0, 2, 66.7],
    ['automatic', 1, null, 2, null, 1, 1, 0, 0, 0, 0, 0],
    // Tier 3 requires nothing
    ['automatic', 2, null, 3, null, 1, 0, 0, 0, 1, 0, null],
  ]);
  expect(shown(data, ['medianAcceptSeconds', 'p90AcceptSeconds'])).toEqual([
    [3600, 3600],
    [7200, 7200],
    // From the breach, a millisecond after the deadline
    [1799.999, 1799.999],
    [null, null],
  ]);
  expect(data[1]!['missing']).toEqual([
    { item: 'scope', count: 2 },
    { item: 'environment', count: 1 },
  ]);
  expect(data[2]!['missing']).toEqual([
    { item: 'symptoms', count: 1 },
    { item: 'scope', count: 1 },
  ]);
  // 1,800 s, 3,600 s and 7,200 s; the 90th percentile lies at 80 % between the upper two.
  expect(total).toMatchObject({
    handoffs: 6,
    accepted: 3,
    medianAcceptSeconds: 3600,
    p90AcceptSeconds: 6480,
    tickets: 4,
    pingPongTickets: 0,
  });
});

test('a ticket that came back twice is ping-pong', async () => {
  await record('tkt_pong', { opened: 100, by: 110 }, (desk) => {
    for (const hour of [101, 103]) {
      desk.tell(hour, { type: 'handoffOffered', toTier: 2 });
      desk.tell(hour + 1, { type: 'handoffReturned' });
    }
    desk.ask(110, { type: 'resolve' });
  });
  const { body } = await manager.get(`/v1/reports/handoffs?from=${iso(99)}&to=${iso(110)}`);
  expect(body.total).toMatchObject({ handoffs: 2, returned: 2, tickets: 1, pingPongTickets: 1 });
});

test('what upper tiers solve again and again, by the hours it takes them', async () => {
  const { data, total } = await report('shift-left', 'groupBy=category,causeCode&atLeast=1');
  const names = ['solvedAtTier', 'category', 'causeCode', 'tickets', 'hours', 'articles', 'advice'];
  expect(shown(data, names)).toEqual([
    // tkt_late: 7 h of tier 2 and 1 h of tier 3
    [3, 'network', 'configuration', 1, 8, [], 'writeArticle'],
    [2, 'network', 'configuration', 2, 7, ['art_2'], 'useArticle'],
  ]);
  expect(total).toEqual({ tickets: 3, seconds: 15 * 3600 - 0.001, hours: 15 });
  const repeated = await report('shift-left', 'groupBy=category,causeCode');
  expect(shown(repeated.data, ['solvedAtTier', 'tickets'])).toEqual([[2, 2]]);
  expect((await report('shift-left', 'groupBy=fingerprint&atLeast=1')).data).toEqual([]);
});

test('an article that is published for the category exists', async () => {
  await office.desk.database.$queryRaw`SELECT tierline_save_article(${JSON.stringify({
    id: 'art_9',
    title: 'Networks',
    body: 'How they work',
    categories: ['network'],
    services: [],
    audience: 'agent',
    language: 'en',
    state: 'published',
    external_url: null,
    created_by: { subject: 'key-1', role: 'lead' },
  })}::jsonb, true, null)`;
  const { data } = await report('shift-left', 'groupBy=category&atLeast=1');
  expect(shown(data, ['solvedAtTier', 'solvedWithArticle', 'articleExists', 'advice'])).toEqual([
    [3, 0, true, 'useArticle'],
    [2, 1, true, 'useArticle'],
  ]);
});

test('coaching: who offers what comes back, who asks and answers, who learns, who leaves suggestions', async () => {
  const { data } = await report('coaching');
  const names = [
    'tier',
    'team',
    'handoffs',
    'returned',
    'returnedPercent',
    'overridden',
    'automaticHandoffs',
  ];
  expect(shown(data, names)).toEqual([
    [1, 'desk', 1, 0, 0, 0, 0],
    [1, null, 3, 1, 33.3, 2, 1],
    [2, 'net', 0, 0, null, 0, 0],
    [2, null, 0, 0, null, 0, 1],
    [3, null, 0, 0, null, 0, 0],
  ]);
  const beside = ['consultsAsked', 'consultsAnswered', 'consultsSolved', 'medianAnswerSeconds', 'shadowed'];
  expect(shown(data, [...beside, 'suggestions', 'suggestionsIgnored'])).toEqual([
    [0, 0, 0, null, 0, 0, 0],
    // tkt_ladder: suggested at hour 21, handed on at 25, and nobody had asked
    [0, 0, 0, null, 0, 1, 1],
    // asked by net in tkt_consult; answered by agent-31 of net in tkt_late
    [1, 1, 0, 1800, 1, 0, 0],
    // tkt_late: suggested to tier 2 after its consult, and handed on all the same
    [1, 0, 0, null, 0, 1, 1],
    [0, 1, 1, 3600, 0, 0, 0],
  ]);
  expect(data[1]!['missing']).toEqual([
    { item: 'scope', count: 3 },
    { item: 'symptoms', count: 1 },
    { item: 'environment', count: 1 },
  ]);
});

test('breaches: tier 1 burned most of the time of the one that tier 2 is blamed for', async () => {
  const { data, total, complete } = await report('breaches-by-tier');
  const names = ['breachedAtTier', 'owner', 'tier', 'hours', 'inFlightSeconds', 'percent', 'burnedMost'];
  expect(shown(data, names)).toEqual([
    [1, 'tier', 1, 8, 0, 50, 1],
    [1, 'uncovered', null, 8, 0, 50, 0],
    [2, 'tier', 1, 8, 3600, 50, 1],
    [2, 'tier', 2, 7, 0, 43.8, 0],
    [2, 'uncovered', null, 1, 0, 6.3, 0],
  ]);
  expect([total, complete]).toEqual([
    { breaches: 2, seconds: 32 * 3600, hours: 32, countedSeconds: 32 * 3600 },
    true,
  ]);
});

const NAMES = ['effort', 'avoided-escalations', 'handoffs', 'shift-left', 'coaching', 'breaches-by-tier'];
const records = (text: string) =>
  parse<Record<string, string>>(text, { bom: true, columns: true, record_delimiter: '\r\n' });
const cell = (value: unknown): string =>
  Array.isArray(value)
    ? value.map((one) => (typeof one === 'string' ? one : `${one.item}:${one.count}`)).join(' ')
    : `${(value ?? '') as string | number | boolean}`;

describe.each(NAMES)('the report %s', (name) => {
  const query = name === 'shift-left' ? 'atLeast=1' : '';

  test('is the same as CSV, by the query or by what the caller would like', async () => {
    const { data, links } = await report(name, query);
    const csv = await manager.get(links.csv);
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(csv.headers['content-disposition']).toContain(`${name}.csv`);
    const rows = data.map(({ links: _links, ...row }) => row);
    expect(rows.length).toBeGreaterThan(0);
    expect(records(csv.text)).toEqual(
      rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([column, value]) => [column, cell(value)])),
      ),
    );
    const liked = await manager.get(`/v1/reports/${name}?${PERIOD}&${query}`, { accept: 'text/csv' });
    expect(liked.text).toBe(csv.text);
  });

  test('leads from each line to the facts that it adds up, and from the whole to all of them', async () => {
    const { data, links } = await report(name, query);
    const whole = (await manager.get(`${links.tickets}&limit=200`)).body.data as { ticketId: string }[];
    const parts: { ticketId: string }[] = [];
    for (const line of data) {
      const { status, body } = await manager.get(`${line['links'].tickets}&limit=200`);
      expect(status).toBe(200);
      parts.push(...body.data);
      const tickets = new Set(body.data.map(({ ticketId }: { ticketId: string }) => ticketId)).size;
      expect(tickets).toBe(line['tickets'] ?? line['breaches']);
      const seconds = body.data.reduce((sum: number, fact: Fact) => sum + (fact.seconds ?? 0), 0);
      if ('seconds' in line) expect(seconds).toBeCloseTo(line['seconds'], 6);
      if (typeof line['cost'] === 'number' && 'hours' in line)
        expect(line['cost']).toBe(Math.round((seconds / 36) * line['ratePerHour']) / 100);
    }
    const texts = (facts: object[]) => facts.map((fact) => JSON.stringify(fact)).toSorted();
    expect(texts(parts)).toEqual(texts(whole));
    const csv = records((await manager.get(`${links.tickets}&format=csv`)).text);
    expect(csv.map(({ ticketId }) => ticketId)).toEqual(whole.map(({ ticketId }) => ticketId));
  });

  test('shows its facts in pages that are together all of them', async () => {
    const { links } = await report(name, query);
    const whole = (await manager.get(`${links.tickets}&limit=200`)).body.data as object[];
    const seen: object[] = [];
    for (let cursor = ''; ;) {
      const { body } = await manager.get(`${links.tickets}&limit=2${cursor}`);
      seen.push(...body.data);
      if (!body.page.hasMore) break;
      cursor = `&cursor=${body.page.nextCursor}`;
    }
    expect(seen).toEqual(whole);
    const other = await manager.get(`${links.tickets}&limit=1`);
    const forged = await manager.get(
      `${links.tickets}&customer=x&limit=1&cursor=${other.body.page.nextCursor}`,
    );
    expect([forged.status, forged.body.code]).toEqual([400, 'cursor_invalid']);
  });

  test('of a period without tickets is empty, and says so', async () => {
    const empty = `from=${iso(-200)}&to=${iso(-100)}`;
    const { status, body } = await manager.get(`/v1/reports/${name}?${empty}`);
    expect([status, body.data]).toEqual([200, []]);
    expect(body.total.tickets ?? body.total.breaches).toBe(0);
    const csv = await manager.get(`/v1/reports/${name}?${empty}&format=csv`);
    expect(csv.text.trim().split('\r\n')).toHaveLength(1);
    expect((await manager.get(body.links.tickets)).body.data).toEqual([]);
  });

  test.each(['customer=nobody', 'service=nothing', 'policy=other', 'mode=observe'])(
    'has nothing of %s',
    async (filter) => {
      expect((await report(name, filter)).data).toEqual([]);
    },
  );

  test.each([
    ['from=yesterday', 'from'],
    [`from=${iso(2)}&to=${iso(1)}`, 'from'],
    ['from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z', 'from'],
    ['by=closed', 'by'],
    ['format=xml', 'format'],
    ['colour=red', 'colour'],
    ['customer=a%00', 'customer'],
  ])('refuses %s, naming the parameter', async (asked, parameter) => {
    for (const path of [`/v1/reports/${name}`, `/v1/reports/${name}/tickets`]) {
      const { status, body } = await manager.get(`${path}?${asked}`);
      expect([path, status, body.errors[0].parameter]).toEqual([path, 422, parameter]);
    }
  });
});

test.each([
  ['effort', 'customer=acme', 2],
  ['effort', 'service=mail', 1],
  ['effort', 'policy=tiers', 5],
  ['handoffs', 'customer=acme', 2],
  ['handoffs', 'team=net', 1],
  ['handoffs', 'team=', 3],
  ['coaching', 'team=net', 2],
  ['shift-left', 'service=mail&atLeast=1', 1],
])('%s of %s is of so many tickets', async (name, query, tickets) => {
  expect((await report(name, query)).total['tickets']).toBe(tickets);
});

test('by resolution, a ticket counts in the period in which it was resolved', async () => {
  const period = `from=${iso(20)}&to=${iso(50)}&by=resolved`;
  const { body } = await manager.get(`/v1/reports/effort?${period}`);
  // Up to hour 50, and not at it: tkt_ladder alone.
  expect(body.total).toMatchObject({ tickets: 1, seconds: 19 * 3600 });
});

test('without a period it is the last 31 days', async () => {
  const { body } = await manager.get('/v1/reports/effort');
  expect([body.from, body.to]).toEqual([iso(NOW - 31 * 24), iso(NOW)]);
});

test('a withdrawn breach is nobody’s', async () => {
  await office.desk.database.$executeRaw`
    INSERT INTO breaches (ticket_id, clock, cycle, revision, verdict, breached_at, decided_at, event_id)
    SELECT ticket_id, clock, cycle, 2, 'withdrawn', breached_at, decided_at, 'withdrawn' FROM breaches
    WHERE ticket_id = 'tkt_late'`;
  const { total } = await report('breaches-by-tier');
  expect(total).toMatchObject({ breaches: 1 });
});

test.each(['agent', 'integration'] as const)('the role %s sees none of it', async (role) => {
  const caller = await office.caller(role);
  expect((await caller.get('/v1/reports/effort')).status).toBe(403);
});

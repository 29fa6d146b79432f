/**
 * A security ticket that is not to be known of, and every door there is. The list of doors is the API's own: a new route
 * is tried here without anybody's doing, with the ticket's id and those of what was made from it wherever a path, a query
 * or a body takes one, and is to answer as for something that there is not.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { allRoutes } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { isAllowed, type Role } from '../../api/roles.ts';
import type { Route } from '../../api/route.ts';
import { createApiKeyStore } from '../../prisma/api-keys.ts';
import { eventually } from '../support/desk.ts';
import { isolationPlaybook } from '../support/isolation.ts';
import type { Caller } from './front-door.ts';
import { HOUR, inMs, openTicket, setUpOffice, ticketBody } from './office.ts';

const office = setUpOffice();
const routes = allRoutes({} as ApiDeps);

/** In every word of the ticket, and nowhere else. */
const CANARY = 'quetzal';
const SECRET = {
  subject: `${CANARY} subject`,
  description: `${CANARY} description`,
  requester: { id: `${CANARY}-requester`, contact: `${CANARY}@example.com` },
  customer: `${CANARY}-customer`,
  service: `${CANARY}-service`,
  category: `${CANARY}-category`,
  symptom: `${CANARY}-symptom`,
  fingerprint: `${CANARY}-fingerprint`,
  external: { system: 'siem', id: `${CANARY}-1` },
  policy: 'demo',
};

/** Whom the ticket is hidden from: by role, and one of them with a personal key. */
const PERSONS: Partial<Record<Role, string>> = {
  agent: 'agent-18',
  responder: 'responder-2',
  approver: 'approver-2',
};
const STRANGERS = [
  'agent',
  'admin',
  'integration',
  'lead',
  'manager',
  'auditor',
  'responder',
  'approver',
] as const satisfies Role[];
const callers = new Map<string, Caller>();
let opener: Caller;
let named: Caller;
/** The ticket and what was made from it, by the name of the parameter that takes its id. */
const hidden: Record<string, string> = {};
const UNKNOWN: Record<string, string> = {
  ticketId: 'tkt_nobody',
  problemId: 'prb_nobody',
  taskId: 'tsk_nobody',
  reviewId: 'rev_nobody',
  containmentId: 'run_nobody',
  evidence: 'evd_nobody',
};
const HIDDEN_QUERIES = {
  ticket: () => hidden['ticketId']!,
  run: () => hidden['containmentId']!,
  target: () => `${CANARY}-host`,
  subject: () => `ticket:${hidden['ticketId']}`,
  customer: () => SECRET.customer,
  service: () => SECRET.service,
  category: () => SECRET.category,
  fingerprint: () => SECRET.fingerprint,
  owner: () => `${CANARY}-owner`,
  assignee: () => `${CANARY}-owner`,
};

/** What every stranger reads where nothing is asked for, before there is such a ticket. */
const before = new Map<string, string>();
/** The same when there is one, and nothing else was done. */
const after = new Map<string, string>();
const LISTS = routes.filter(({ method, path }) => method === 'get' && !/\{(?!tier)/.test(path));

const made = async (caller: Caller, path: string, body: object) => {
  const answer = await caller.post(path, body);
  if (![200, 201, 202].includes(answer.status)) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer.body;
};

/** Without what moves by itself: instants, time that passed and what it costs, and the name of the request. */
const settled = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.%A]+(?:Z|\+00:00)/g, 'instant')
    .replaceAll('"lastUsedAt":null', '"lastUsedAt":"instant"')
    .replaceAll(
      /"(\w*[sS]econds|hours|cost|amount|percent|perOpenHour|probability|uncertainty|requestId)":(?:"[^"]*"|[\d.]+)/g,
      '"$1":0',
    );

const listsSeenBy = async (role: Role): Promise<[string, string][]> => {
  const seen: [string, string][] = [];
  for (const { path, operation } of LISTS) {
    if (!isAllowed(role, operation)) continue;
    const { text } = await callers.get(role)!.get(path.replace('{tier}', '1'));
    seen.push([`${role} ${path}`, settled(text)]);
  }
  return seen;
};

beforeAll(async () => {
  const admin = await office.caller('admin');
  for (const role of STRANGERS) callers.set(role, await office.caller(role, PERSONS[role]));
  opener = callers.get('integration')!;
  named = await office.caller('responder', 'agent-17');
  await admin.put('/v1/teams/desk', { tier: 1 });
  for (const id of ['agent-17', 'agent-18']) await admin.put(`/v1/agents/${id}`, { team: 'desk' });
  const plain = await openTicket(opener, { policy: 'demo', openedAt: inMs(-HOUR) });
  const lead = callers.get('lead')!;
  const suggestion = await made(lead, '/v1/suggestions', {
    title: 'A second gateway',
    text: 'So that one may fail',
  });
  await made(lead, `/v1/suggestions/${suggestion.id}/link-ticket`, { ticket: plain.id });
  await office.desk.timeline(
    plain.id,
    (events) => events.filter(({ type }) => type === 'breached').length >= 2,
  );
  const playbook = isolationPlaybook();
  await made(callers.get('manager')!, '/v1/playbooks', playbook);
  // What is still open would go on counting by itself.
  await made(lead, `/v1/tickets/${plain.id}/resolve`, {});
  await made(lead, `/v1/tickets/${plain.id}/close`, {});
  await openTicket(opener);
  for (const role of STRANGERS) for (const [door, text] of await listsSeenBy(role)) before.set(door, text);

  const { id } = await openTicket(opener, { ...SECRET, openedAt: inMs(-HOUR) });
  hidden['ticketId'] = id;
  await office.desk.timeline(id, (events) => events.filter(({ type }) => type === 'breached').length >= 2);
  const due = { dueAt: inMs(HOUR), owner: `${CANARY}-owner` };
  hidden['problemId'] = (
    await made(lead, '/v1/problems', {
      title: `${CANARY} cause`,
      fingerprint: SECRET.fingerprint,
      tickets: [id],
    })
  ).id;
  hidden['reviewId'] = (await made(lead, '/v1/reviews', { ticket: id, owner: `${CANARY}-owner` })).id;
  const task = { kind: 'actionItem', title: `${CANARY} task`, ...due };
  hidden['taskId'] = (await made(lead, '/v1/tasks', { ...task, subject: { type: 'ticket', id } })).id;
  await made(lead, '/v1/tasks', { ...task, subject: { type: 'problem', id: hidden['problemId'] } });
  await made(lead, '/v1/tasks', { ...task, subject: { type: 'review', id: hidden['reviewId'] } });
  await made(lead, `/v1/suggestions/${suggestion.id}/link-ticket`, { ticket: id });
  await made(named, `/v1/tickets/${id}/declare-security-incident`, {
    severity: 'critical',
    tlp: 'TLP:RED',
    codename: `${CANARY} codename`,
  });
  const run = await made(named, `/v1/tickets/${id}/containments`, {
    playbook: { id: playbook.id },
    variables: { __host__: `${CANARY}-host`, __edr__: 'https://edr.example.com' },
    reason: `${CANARY} reason`,
  });
  hidden['containmentId'] = run.id;
  const evidence = await made(named, `/v1/tickets/${id}/evidence`, {
    name: `${CANARY} image`,
    content: 'cXVldHphbA==',
    source: `${CANARY}-host`,
    collectedAt: inMs(-HOUR),
    collectedBy: 'agent-17',
    location: 'safe-2',
  });
  hidden['evidence'] = evidence.id;
  for (const role of STRANGERS) for (const [door, text] of await listsSeenBy(role)) after.set(door, text);
});

/** The example with every name of a ticket, and of what was made from it, replaced. */
function bodyNaming(example: unknown, ids: Record<string, string>): string {
  return JSON.stringify(example, (_key, value: unknown) => {
    if (typeof value !== 'string') return value;
    if (/^(?:tkt_\w+|zendesk:\w+)$/.test(value)) return ids['ticketId'];
    if (/^evd_\w+$/.test(value)) return ids['evidence'];
    if (/^prb_\w+$/.test(value)) return ids['problemId'];
    return /^rev_\w+$/.test(value) ? ids['reviewId'] : value;
  });
}

const pathNaming = (path: string, ids: Record<string, string>): string =>
  path.replace('{tier}', '1').replaceAll(/\{(\w+)\}/g, (_all, name: string) => ids[name] ?? 'nobody');

/** The answer, with what the caller named itself called X. */
async function answerTo(caller: Caller, { method, path, example }: Route, ids: Record<string, string>) {
  const { status, text, headers } = await caller.send(method, pathNaming(path, ids), {
    ...(example !== undefined && { body: bodyNaming(example, ids) }),
  });
  const unnamed = (said: string) => Object.values(ids).reduce((left, id) => left.replaceAll(id, 'X'), said);
  return { status, text: settled(unnamed(text ?? '')), etag: headers['etag'], location: headers['location'] };
}

/** Doors that may tell something, each with its reason. */
const EXEMPT: Record<string, (role: Role) => boolean> = {
  // Whoever opened the ticket may go on telling it facts: a test of its own.
  postEvents: (role) => role === 'integration',
};

const takesName = ({ path, example }: Route): boolean =>
  Object.keys(UNKNOWN).some((name) => path.includes(`{${name}}`)) ||
  bodyNaming(example ?? null, UNKNOWN) !== JSON.stringify(example ?? null);

describe.each(STRANGERS)('to a caller of role %s', (role) => {
  const open = routes.filter(({ operation }) => isAllowed(role, operation));

  test('every route that takes an id answers as for one that there is not', async () => {
    for (const route of open.filter(takesName)) {
      if (EXEMPT[route.operationId]?.(role)) continue;
      const caller = callers.get(role)!;
      const door = { door: `${route.method} ${route.path}` };
      const asked = await answerTo(caller, route, hidden);
      expect({ ...door, ...asked }).toEqual({ ...door, ...(await answerTo(caller, route, UNKNOWN)) });
      expect(asked.text).not.toContain(CANARY);
    }
  });

  test('lists, counts, sums and exports are those of before there was such a ticket', () => {
    for (const [door, text] of after) {
      if (!door.startsWith(`${role} `)) continue;
      expect([door, text]).toEqual([door, before.get(door)]);
      for (const id of [CANARY, ...Object.values(hidden)]) expect(text).not.toContain(id);
    }
  });

  test('looking for its words finds what looking for nobody’s words finds', async () => {
    for (const { path, query } of open.filter(
      ({ method, path: at }) => method === 'get' && !/\{(?!tier)/.test(at),
    ))
      for (const [name, secret] of Object.entries(HIDDEN_QUERIES)) {
        if (!query || !(name in query.shape)) continue;
        const nobody =
          name === 'ticket' ? UNKNOWN['ticketId']! : name === 'subject' ? 'ticket:tkt_nobody' : 'nobody';
        const at = (words: string) => `${path.replace('{tier}', '1')}?${name}=${encodeURIComponent(words)}`;
        const [found, none] = [
          await callers.get(role)!.get(at(secret())),
          await callers.get(role)!.get(at(nobody)),
        ];
        const unnamed = (text: string, words: string) =>
          settled(
            text
              .replaceAll(words, 'X')
              .replaceAll(encodeURIComponent(words), 'X')
              .replace(/^.*tkt_\w+.*$/, 'X'),
          );
        expect([at('X'), found.status, unnamed(found.text, secret())]).toEqual([
          at('X'),
          none.status,
          unnamed(none.text, nobody),
        ]);
      }
  });
});

test('whoever is named sees it everywhere', async () => {
  const { ticketId, problemId, taskId, reviewId, containmentId } = hidden;
  expect((await named.get(`/v1/tickets/${ticketId}`)).body.subject).toBe(SECRET.subject);
  expect((await named.get('/v1/tickets/siem:quetzal-1/timeline')).status).toBe(200);
  const parts = [`tickets/${ticketId}/evidence`, `containments/${containmentId}/plan`];
  for (const path of [`problems/${problemId}`, `tasks/${taskId}`, `reviews/${reviewId}`, ...parts])
    expect((await named.get(`/v1/${path}`)).text).toContain(CANARY);
  const { body } = await named.get('/v1/tickets');
  expect(body.data.map(({ id }: { id: string }) => id)).toContain(ticketId);
});

test('being named is nothing without a personal key, whoever a caller says it acts for', async () => {
  const keys = createApiKeyStore(office.desk.database);
  const { secret } = await keys.create({ name: 'shared', role: 'agent' });
  const shared = office.door.stranger(`Bearer ${secret}`);
  const { status } = await shared.post(`/v1/tickets/${hidden['ticketId']}/note`, {
    text: 'x',
    actingFor: 'agent-17',
  });
  expect(status).toBe(404);
});

test('whoever opened it may go on telling it facts, and is told nothing back', async () => {
  const fact = {
    id: 'seen-again',
    type: 'messageAdded',
    author: 'customer',
    visibility: 'public',
    occurredAt: inMs(0),
  };
  const path = `/v1/tickets/${hidden['ticketId']}/events`;
  const told = await opener.post(path, { events: [fact] });
  expect([told.status, told.body]).toEqual([
    202,
    { accepted: ['seen-again'], duplicates: [], spooled: false },
  ]);
  const other = await office.caller('integration');
  expect((await other.post(path, { events: [fact] })).status).toBe(404);
});

test('an opening is not replayed, and a taken reference does not say by whom, once it may not be known', async () => {
  const body = { ...ticketBody(), external: { system: 'siem', id: 'kestrel' } };
  const headers = { 'idempotency-key': 'opened-once' };
  const first = await opener.post('/v1/tickets', body, headers);
  expect(first.status).toBe(201);
  expect((await opener.post('/v1/tickets', body, headers)).status).toBe(201);
  await made(named, `/v1/tickets/${first.body.id}/declare-security-incident`, {
    severity: 'low',
    tlp: 'TLP:RED',
  });

  const again = await opener.post('/v1/tickets', body, headers);
  expect([again.status, again.body.code]).toEqual([404, 'ticket_not_found']);
  const taken = await opener.post('/v1/tickets', body);
  expect([taken.status, taken.body.code]).toEqual([409, 'external_reference_taken']);
  expect(taken.text + JSON.stringify(taken.headers)).not.toContain(first.body.id);
});

test('a ticket under AMBER is for those who handle incidents and for whoever has it', async () => {
  const { id } = await openTicket(opener, { subject: 'An odd login' });
  await made(named, `/v1/tickets/${id}/declare-security-incident`, { severity: 'low', tlp: 'TLP:AMBER' });
  const statusFor = async (caller: Caller) => (await caller.get(`/v1/tickets/${id}`)).status;
  const seen = () => Promise.all(STRANGERS.map((role) => statusFor(callers.get(role)!)));
  expect(await seen()).toEqual([404, 404, 404, 200, 200, 200, 200, 200]);
  await made(named, `/v1/tickets/${id}/assign`, { assignee: 'agent-18' });
  await eventually(seen, ([agent]) => agent === 200);
  expect(await seen()).toEqual([200, 404, 404, 200, 200, 200, 200, 200]);
});

test('a security ticket is neither pulled nor counted in queues', async () => {
  const manager = callers.get('manager')!;
  const { body } = await manager.get('/v1/queues/1?limit=100');
  const ids = body.data.map(({ ticketId }: { ticketId: string }) => ticketId);
  expect(ids).not.toContain(hidden['ticketId']);
});

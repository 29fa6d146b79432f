/** Playbooks handed in: kept as they are, once per version, and never with a secret in them. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { digestOf } from '../../api/playbooks.ts';
import { closureOf, createPlaybookStore } from '../../prisma/playbooks.ts';
import { IDS, isolationPlaybook, type Document } from '../support/playbooks.ts';
import type { Caller } from './front-door.ts';
import { setUpOffice } from './office.ts';

const office = setUpOffice();
let lead: Caller;
let auditor: Caller;
beforeAll(async () => {
  lead = await office.caller('lead');
  auditor = await office.caller('auditor');
});

let made = 0;
const newId = () => `playbook--00000000-0000-4000-9000-${String((made += 1)).padStart(12, '0')}`;
function newPlaybook(change: (playbook: Document) => void = () => {}): Document {
  const playbook = { ...isolationPlaybook(), id: newId() };
  change(playbook);
  return playbook;
}
const path = (playbook: Document) => `/v1/playbooks/${playbook.id}`;

test('a version is kept as it came, with what was found in it, and shown to whoever may read it', async () => {
  const playbook = newPlaybook((p) => {
    p.acme = { deep: [1, null, 'ä 😀'] };
    p.valid_until = '2026-01-03T00:00:00.000Z';
  });
  const answer = await lead.post('/v1/playbooks', playbook);
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({
    id: playbook.id,
    modified: playbook.modified,
    digest: digestOf(playbook),
    verdict: 'executable',
    importedBy: lead.subject,
    findings: [{ code: 'expired', pointer: '/valid_until' }],
  });
  expect((await auditor.get(answer.headers['location']!)).body).toEqual(answer.body);
  const exported = await auditor.get(`${path(playbook)}/document`);
  expect(exported.body).toEqual(playbook);
});

test('the same again changes nothing: 200, whoever asks; something else as the same version is refused', async () => {
  const playbook = newPlaybook();
  await lead.post('/v1/playbooks', playbook);
  const again = await (await office.caller('manager')).post('/v1/playbooks', playbook);
  expect([again.status, again.body.importedBy]).toEqual([200, lead.subject]);
  const other = await lead.post('/v1/playbooks', { ...playbook, name: 'Isolate two hosts' });
  expect([other.status, other.body.code]).toEqual([409, 'playbook_version_exists']);
  expect((await lead.get(path(playbook))).body.name).toBe('Isolate a host');
});

test('of two at once that say different things, one is stored', async () => {
  const playbook = newPlaybook();
  const answers = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) => lead.post('/v1/playbooks', { ...playbook, name })),
  );
  expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['201', '409', '409', '409']);
});

test('the database itself changes no version', async () => {
  const playbook = newPlaybook();
  await lead.post('/v1/playbooks', playbook);
  const change = office.desk.database
    .$executeRaw`UPDATE playbooks SET digest = 'x' WHERE id = ${playbook.id}`;
  await expect(change).rejects.toThrow('does not change');
});

test('a signature is added to a version, and makes no new one', async () => {
  const playbook = newPlaybook();
  const { digest } = (await lead.post('/v1/playbooks', playbook)).body;
  const signature = {
    type: 'jss',
    related_to: playbook.id,
    related_version: playbook.modified,
    algorithm: 'RS256',
  };
  const signed = await lead.post('/v1/playbooks', { ...playbook, signatures: [signature] });
  expect(signed.body).toMatchObject({
    digest,
    signatures: [{ valid: false, trusted: false }],
    playbook: { signatures: [signature] },
  });
  await lead.post('/v1/playbooks', playbook);
  expect((await lead.get(path(playbook))).body.signatures).toHaveLength(1);
});

test('a later modified is a newer version, in whatever order they came', async () => {
  const playbook = newPlaybook();
  const at = (day: number) => ({
    ...playbook,
    modified: `2026-02-0${day}T00:00:00.000Z`,
    name: `day ${day}`,
  });
  for (const day of [2, 3, 1]) await lead.post('/v1/playbooks', at(day));
  expect((await lead.get(path(playbook))).body.name).toBe('day 3');
  expect((await lead.get(`${path(playbook)}?modified=${at(2).modified}`)).body.name).toBe('day 2');
  const first = (await lead.get(`${path(playbook)}/versions?limit=2`)).body;
  const rest = (await lead.get(`${path(playbook)}/versions?limit=2&cursor=${first.page.nextCursor}`)).body;
  expect([...first.data, ...rest.data].map(({ name }) => name)).toEqual(['day 3', 'day 2', 'day 1']);
  const listed = (await lead.get('/v1/playbooks?limit=200')).body.data;
  expect(listed.filter(({ id }: Document) => id === playbook.id).map(({ name }: Document) => name)).toEqual([
    'day 3',
  ]);
});

test('what is no playbook is refused, with everything wrong; what cannot be executed is kept, and says why', async () => {
  const broken = await lead.post(
    '/v1/playbooks',
    newPlaybook((p) => {
      delete p.name;
      p.workflow_start = IDS.isolate;
    }),
  );
  expect(broken.body).toMatchObject({
    status: 422,
    code: 'invalid',
    errors: [
      { pointer: '/name', code: 'missing' },
      { pointer: '/workflow_start', code: 'start_wrong' },
    ],
  });
  const foreign = await lead.post(
    '/v1/playbooks',
    newPlaybook((p) => (p.workflow[IDS.isolate].commands[0].type = 'caldera-cmd')),
  );
  expect([foreign.status, foreign.body.verdict]).toEqual([201, 'importable']);
});

test('a secret is not stored, nor told again', async () => {
  const playbook = newPlaybook((p) => (p.authentication_info_definitions[IDS.login].token = 'canary-7f3a'));
  const answer = await lead.post('/v1/playbooks', playbook);
  expect(answer.body).toMatchObject({
    status: 422,
    code: 'literal_secret',
    errors: [{ pointer: `/authentication_info_definitions/${IDS.login}/token`, code: 'literal_secret' }],
  });
  expect(answer.text).not.toContain('canary');
  expect((await lead.get(path(playbook))).status).toBe(404);
});

test('a check says the same and stores nothing', async () => {
  const playbook = newPlaybook((p) => (p.authentication_info_definitions[IDS.login].token = 'abc'));
  const answer = await auditor.post('/v1/playbooks/check', playbook);
  expect([answer.status, answer.body]).toEqual([
    200,
    {
      verdict: 'executable',
      findings: [expect.objectContaining({ code: 'literal_secret' })],
      signatures: [],
    },
  ]);
  expect((await lead.get(path(playbook))).status).toBe(404);
});

test('a playbook may be larger than other requests, within its own limit', async () => {
  const sized = (bytes: number) => newPlaybook((p) => (p.description = 'x'.repeat(bytes)));
  expect((await lead.post('/v1/playbooks', sized(500_000))).status).toBe(201);
  expect((await lead.post('/v1/playbooks', sized(1_100_000))).status).toBe(413);
});

test('agents hand in no playbooks, and integrations read none', async () => {
  expect((await office.agent.post('/v1/playbooks', newPlaybook())).status).toBe(403);
  expect((await (await office.caller('integration')).get('/v1/playbooks')).status).toBe(403);
});

describe('parts', () => {
  const A = 'action--00000000-0000-4000-8000-000000000050';
  const withPart =
    (id: string, more: object = {}) =>
    (playbook: Document) => {
      playbook.workflow[IDS.start].on_completion = A;
      playbook.workflow[A] = {
        type: 'playbook-action',
        playbook_id: id,
        on_completion: IDS.isolate,
        ...more,
      };
    };
  async function closure(playbook: Document) {
    const store = createPlaybookStore(office.desk.database);
    await lead.post('/v1/playbooks', playbook);
    return closureOf(store, (await store.get(playbook.id))!);
  }

  test('are pinned to the version that is the latest, or that is named', async () => {
    const part = newPlaybook();
    const later = { ...part, modified: '2026-03-01T00:00:00.000Z' };
    for (const version of [part, later]) await lead.post('/v1/playbooks', version);
    const whole = newPlaybook(withPart(part.id));
    expect(await closure(whole)).toMatchObject({ pins: { [digestOf(whole)]: { [A]: digestOf(later) } } });
    const named = newPlaybook(withPart(part.id, { playbook_version: part.modified }));
    const found = await closure(named);
    expect(found).toMatchObject({ pins: { [digestOf(named)]: { [A]: digestOf(part) } } });
    expect('playbooks' in found && found.playbooks.map(({ id }) => id)).toEqual([named.id, part.id]);
  });

  test('are refused where one is missing, cannot be executed, or is a part of itself', async () => {
    const missing = newId();
    expect(await closure(newPlaybook(withPart(missing)))).toMatchObject({
      problem: expect.stringContaining('is not stored'),
    });
    const foreign = newPlaybook((p) => (p.workflow[IDS.isolate].commands[0].type = 'caldera-cmd'));
    await lead.post('/v1/playbooks', foreign);
    expect(await closure(newPlaybook(withPart(foreign.id)))).toMatchObject({
      problem: expect.stringContaining('cannot be executed'),
    });
    const second = newPlaybook();
    const first = newPlaybook(withPart(second.id));
    withPart(first.id)(second);
    await lead.post('/v1/playbooks', second);
    expect(await closure(first)).toMatchObject({ problem: expect.stringContaining('a part of itself') });
  });
});

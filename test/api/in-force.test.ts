/** The register of what is in force, over HTTP. */
import { beforeAll, expect, test } from '@jest/globals';
import type { Database } from '../../prisma/client.ts';
import type { Caller } from './front-door.ts';
import { openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();
let responder: Caller;
let ticket = '';

async function hold(database: Database, run: string, target: string, released = false): Promise<void> {
  await database.$executeRaw`
    INSERT INTO in_force (effect, target_key, run, ticket_id, unit, state, since, released_at, released_because)
    VALUES ('hostIsolated', ${target}, ${run}, ${ticket}, ${`${run}/u`}, ${released ? 'released' : 'held'}, now(),
            ${released ? new Date() : null}, ${released ? 'undone' : null})`;
}

beforeAll(async () => {
  responder = await office.caller('responder', 'agent-17');
  ticket = (await openTicket(office.agent)).id;
  for (const run of ['run_a', 'run_b', 'run_c']) await hold(office.desk.database, run, 'h-1');
  await hold(office.desk.database, 'run_a', 'h-2');
  await hold(office.desk.database, 'run_d', 'h-1', true);
});

const runsIn = async (query: string): Promise<string[]> => {
  const { body } = await responder.get(`/v1/in-force?${query}`);
  return body.data.map(({ run, target }: { run: string; target: string }) => `${run} ${target}`);
};

test('is listed by target, run and ticket, the newest first', async () => {
  expect(await runsIn('target=h-1')).toEqual(['run_c h-1', 'run_b h-1', 'run_a h-1']);
  expect(await runsIn('run=run_a')).toEqual(['run_a h-2', 'run_a h-1']);
  expect(await runsIn(`ticket=${ticket}&effect=hostIsolated`)).toHaveLength(4);
  expect(await runsIn('effect=accountDisabled')).toEqual([]);
  expect((await responder.get('/v1/in-force?ticket=tkt_absent')).status).toBe(404);
});

test('has what was in force once for whoever asks for it', async () => {
  const { body } = await responder.get('/v1/in-force?target=h-1&released=true&limit=1');
  expect(body.data).toMatchObject([{ run: 'run_d', state: 'released', releasedBecause: 'undone', ticket }]);
});

test('comes in pages that lack nothing and have nothing twice', async () => {
  const seen: string[] = [];
  let cursor = '';
  do {
    const { body } = await responder.get(`/v1/in-force?target=h-1&limit=2${cursor}`);
    seen.push(...body.data.map(({ run }: { run: string }) => run));
    cursor = body.page.nextCursor ? `&cursor=${body.page.nextCursor as string}` : '';
  } while (cursor !== '');
  expect(seen).toEqual(['run_c', 'run_b', 'run_a']);
  const foreign = await responder.get('/v1/in-force?target=h-2&limit=2&cursor=eyJ4IjoxfQ');
  expect(foreign.body.code).toBe('cursor_invalid');
});

test('is not for front ends', async () => {
  expect((await (await office.caller('integration')).get('/v1/in-force')).status).toBe(403);
});

test('of a ticket that is not seen is not listed', async () => {
  await office.desk.database
    .$executeRaw`UPDATE tickets SET tlp = 'TLP:RED', named = '{lead-2}' WHERE id = ${ticket}`;
  expect(await runsIn('target=h-1&released=true')).toEqual([]);
  expect((await responder.get(`/v1/in-force?ticket=${ticket}`)).status).toBe(404);
  const named = await office.caller('responder', 'lead-2');
  expect((await named.get('/v1/in-force?target=h-1')).body.data).toHaveLength(3);
});

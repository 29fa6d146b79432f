/** The directory under races, and the guards of the database behind what the API checks. */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Agent, Team } from '../../domain/people.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createPeopleStore, type PeopleStore } from '../../prisma/people.ts';
import { createRotaStore, type RotaStore } from '../../prisma/rotas.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/desk.ts';

let url: string;
let database: Database;
let people: PeopleStore;
let rotas: RotaStore;
beforeAll(async () => {
  url = await createTestDatabase();
  database = openDatabase(url);
  people = createPeopleStore(database);
  rotas = createRotaStore(database);
});
afterAll(() => database.$disconnect());

const TEAM: Omit<Team, 'active' | 'name'> = {
  tier: 1,
  assignment: 'pull',
  calendar: null,
  capacity: null,
  lead: null,
  manager: null,
  rate: null,
};
const agent = (id: string, team: string): Agent => ({
  id,
  team,
  tier: 1,
  skills: [],
  capacity: null,
  calendar: null,
  contact: null,
  active: true,
  absentUntil: null,
});

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** Until somebody waits for a lock that another transaction holds. */
const untilWaiting = () =>
  eventually(
    () => database.$queryRaw<{ n: number }[]>`
      SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    ([row]) => row!.n > 0,
  );

test('a team that an agent is just being put into is not taken out of service', async () => {
  await people.putTeam({ name: 'busy', ...TEAM });
  const other = await connect();
  await other.query('BEGIN');
  await other.query(
    `INSERT INTO agents (id, team, tier) SELECT 'agent-1', name, 1 FROM teams WHERE name = 'busy' AND active FOR SHARE`,
  );
  const outcome = people.deactivateTeam('busy');
  await untilWaiting();
  await other.query('COMMIT');
  await other.end();
  expect(await outcome).toBe('occupied');
  expect((await people.team('busy'))!.active).toBe(true);
});

test('nobody is put into a team that is just being taken out of service', async () => {
  await people.putTeam({ name: 'ending', ...TEAM });
  const other = await connect();
  await other.query('BEGIN');
  await other.query(`SELECT tierline_deactivate_team('ending')`);
  const stored = people.putAgent(agent('agent-2', 'ending'));
  await untilWaiting();
  await other.query('COMMIT');
  await other.end();
  expect(await stored).toBe('noTeam');
  expect(await people.agent('agent-2')).toBeNull();
});

test('of puts and deactivations at once, no active agent is left in a team out of service', async () => {
  for (let round = 0; round < 20; round += 1) {
    const name = `team-${round}`;
    await people.putTeam({ name, ...TEAM });
    await Promise.all([
      ...[1, 2, 3].map((i) => people.putAgent(agent(`agent-${round}-${i}`, name))),
      people.deactivateTeam(name),
      people.deactivateTeam(name),
    ]);
  }
  const rows = await database.$queryRaw`
    SELECT a.id FROM agents a JOIN teams t ON t.name = a.team WHERE a.active AND NOT t.active`;
  expect(rows).toEqual([]);
});

test('an override is stored once for its id, and the first word stands', async () => {
  await people.putTeam({ name: 'desk', ...TEAM });
  for (const id of ['agent-7', 'agent-8']) await people.putAgent(agent(id, 'desk'));
  const members = ['agent-7'];
  const turns = { timezone: 'UTC', startsAt: 0, rotationMs: 86_400_000, members, tier: null, team: null };
  await rotas.put({ name: 'nights', ...turns });
  const override = {
    id: 'ovr_1',
    rota: 'nights',
    agent: 'agent-8',
    fromAt: 10,
    toAt: 20,
    reason: null,
    createdBy: 'key:1',
  };
  const first = await rotas.addOverride(override);
  expect(await rotas.addOverride({ ...override, agent: 'agent-7' })).toEqual(first);
});

/** What the API refuses before, and nobody can write past it. */
test.each<[guard: string, sql: string]>([
  ['teams_assignment_check', `INSERT INTO teams (name, tier, assignment) VALUES ('x', 1, 'loudest')`],
  ['teams_capacity_check', `INSERT INTO teams (name, tier, capacity) VALUES ('x', 1, 0)`],
  ['teams_rate_check', `INSERT INTO teams (name, tier, rate) VALUES ('x', 1, 10)`],
  ['teams_rate_check', `INSERT INTO teams (name, tier, rate, currency) VALUES ('x', 1, -1, 'EUR')`],
  ['teams_lead_fkey', `INSERT INTO teams (name, tier, lead) VALUES ('x', 1, 'agent-none')`],
  ['teams_manager_fkey', `INSERT INTO teams (name, tier, manager) VALUES ('x', 1, 'agent-none')`],
  ['agents_team_fkey', `INSERT INTO agents (id, team, tier) VALUES ('x', 'nowhere', 1)`],
  ['agents_capacity_check', `INSERT INTO agents (id, team, tier, capacity) VALUES ('x', 'a', 1, 0)`],
  ['rotas_members_check', `INSERT INTO rotas VALUES ('x', null, null, 'UTC', now(), 3600000, '{}')`],
  [
    'rotas_rotation_ms_check',
    `INSERT INTO rotas VALUES ('x', null, null, 'UTC', now(), 3599999, '{agent-1}')`,
  ],
  ['rotas_for_one_check', `INSERT INTO rotas VALUES ('x', 1, 'a', 'UTC', now(), 3600000, '{agent-1}')`],
  ['rotas_team_fkey', `INSERT INTO rotas VALUES ('x', null, 'nowhere', 'UTC', now(), 3600000, '{agent-1}')`],
  ['rotas_team_key', `INSERT INTO rotas VALUES ('x', null, 'a', 'UTC', now(), 3600000, '{agent-1}')`],
  ['rotas_tier_key', `INSERT INTO rotas VALUES ('x', 7, null, 'UTC', now(), 3600000, '{agent-1}')`],
  [
    'rota_overrides_rota_fkey',
    `INSERT INTO rota_overrides VALUES ('x', 'nowhere', 'b', now(), now() + '1h', null, '')`,
  ],
  [
    'rota_overrides_agent_fkey',
    `INSERT INTO rota_overrides VALUES ('x', 'r', 'agent-none', now(), now() + '1h', null, '')`,
  ],
  ['rota_overrides_order_check', `INSERT INTO rota_overrides VALUES ('x', 'r', 'b', now(), now(), null, '')`],
  [
    'rota_overrides_overlap_excl',
    `INSERT INTO rota_overrides VALUES ('x', 'r', 'b', to_timestamp(19), to_timestamp(30), null, ''),
       ('y', 'r', 'b', to_timestamp(10), to_timestamp(20), null, '')`,
  ],
  ['services_team_fkey', `INSERT INTO services (name, team) VALUES ('x', 'nowhere')`],
  ['services_owner_fkey', `INSERT INTO services (name, owner) VALUES ('x', 'agent-none')`],
])('the database refuses what goes against %s', async (guard, sql) => {
  const client = await connect();
  await client.query(`
    INSERT INTO teams (name, tier) VALUES ('a', 1) ON CONFLICT DO NOTHING;
    INSERT INTO agents (id, team, tier) VALUES ('b', 'a', 1) ON CONFLICT DO NOTHING;
    INSERT INTO rotas VALUES ('r', null, 'a', 'UTC', now(), 3600000, '{b}'), ('s', 7, null, 'UTC', now(), 3600000, '{b}')
    ON CONFLICT DO NOTHING`);
  await expect(client.query(sql)).rejects.toMatchObject({ constraint: guard });
  await client.end();
});

/** Teams and agents: who works here, in what hours, and how to reach them. */
import type { Agent, AssignmentMode, Contact, Team } from '../domain/people.ts';
import type { Database } from './client.ts';
import type { Agent as AgentRow, Team as TeamRow } from './generated/client.ts';

export interface TeamRecord extends Team {
  updatedAt: Date;
}
export interface AgentRecord extends Agent {
  updatedAt: Date;
}

/** By name or id, after the last one of the page before. */
export interface NamePage {
  after: string | null;
  limit: number;
}

export interface AgentFilter {
  team?: string | undefined;
  tier?: number | undefined;
  active?: boolean | undefined;
}

export interface PeopleStore {
  team(name: string): Promise<TeamRecord | null>;
  teams(
    filter: { tier?: number | undefined; active?: boolean | undefined },
    page: NamePage,
  ): Promise<TeamRecord[]>;
  /** Stores it in place of what was said of it before, and puts it into service; answers whether it is new. */
  putTeam(team: Omit<Team, 'active'>): Promise<{ created: boolean }>;
  /** Takes a team out of service; `occupied` while active agents are in it. */
  deactivateTeam(name: string): Promise<'done' | 'unknown' | 'occupied'>;
  agent(id: string): Promise<AgentRecord | null>;
  agents(filter: AgentFilter, page: NamePage): Promise<AgentRecord[]>;
  /** Those of these ids that are agents. */
  agentsOf(ids: readonly string[]): Promise<AgentRecord[]>;
  /** Stores it in place of what was said before; `noTeam` where its team is unknown or out of service. */
  putAgent(agent: Agent): Promise<{ created: boolean } | 'noTeam'>;
  /** The teams in service of a tier, by name. */
  teamsOfTier(tier: number): Promise<TeamRecord[]>;
  /** The active agents of these teams, by id. */
  membersOf(teams: readonly string[]): Promise<AgentRecord[]>;
}

const instantOf = (at: number | null): Date | null => (at === null ? null : new Date(at));

function teamOf({ rate, currency, assignment, ...row }: TeamRow): TeamRecord {
  return {
    ...row,
    assignment: assignment as AssignmentMode,
    rate: rate === null || currency === null ? null : { amount: rate.toNumber(), currency },
  };
}

const agentOf = ({ absentUntil, contact, ...row }: AgentRow): AgentRecord => ({
  ...row,
  contact: contact as Contact | null,
  absentUntil: absentUntil?.getTime() ?? null,
});

const after = (field: 'name' | 'id', mark: string | null) => (mark === null ? {} : { [field]: { gt: mark } });

export function createPeopleStore(database: Database): PeopleStore {
  return {
    async team(name) {
      const row = await database.team.findUnique({ where: { name } });
      return row && teamOf(row);
    },
    async teams({ tier, active }, { after: mark, limit }) {
      const rows = await database.team.findMany({
        where: {
          ...(tier !== undefined && { tier }),
          ...(active !== undefined && { active }),
          ...after('name', mark),
        },
        orderBy: { name: 'asc' },
        take: limit,
      });
      return rows.map(teamOf);
    },
    async putTeam({ name, tier, assignment, calendar, capacity, lead, manager, rate }) {
      const [row] = await database.$queryRaw<{ created: boolean }[]>`
        INSERT INTO teams (name, tier, assignment, calendar, capacity, lead, manager, rate, currency, active, updated_at)
        VALUES (${name}, ${tier}, ${assignment}, ${calendar}, ${capacity}, ${lead}, ${manager},
                ${rate?.amount ?? null}::numeric, ${rate?.currency ?? null}, true, clock_timestamp())
        ON CONFLICT (name) DO UPDATE SET
          tier = excluded.tier, assignment = excluded.assignment, calendar = excluded.calendar,
          capacity = excluded.capacity, lead = excluded.lead, manager = excluded.manager, rate = excluded.rate,
          currency = excluded.currency, active = true, updated_at = excluded.updated_at
        RETURNING xmax = 0 AS created`;
      return row!;
    },
    async deactivateTeam(name) {
      const [row] = await database.$queryRaw<{ outcome: 'done' | 'unknown' | 'occupied' }[]>`
        SELECT tierline_deactivate_team(${name}) AS outcome`;
      return row!.outcome;
    },
    async agent(id) {
      const row = await database.agent.findUnique({ where: { id } });
      return row && agentOf(row);
    },
    async agents({ team, tier, active }, { after: mark, limit }) {
      const rows = await database.agent.findMany({
        where: {
          ...(team !== undefined && { team }),
          ...(tier !== undefined && { tier }),
          ...(active !== undefined && { active }),
          ...after('id', mark),
        },
        orderBy: { id: 'asc' },
        take: limit,
      });
      return rows.map(agentOf);
    },
    async agentsOf(ids) {
      return (await database.agent.findMany({ where: { id: { in: [...ids] } } })).map(agentOf);
    },
    async putAgent({ id, team, tier, skills, capacity, calendar, contact, active, absentUntil }) {
      // An active agent needs a team in service; the lock keeps it from being taken out of service meanwhile.
      const rows = await database.$queryRaw<{ created: boolean }[]>`
        INSERT INTO agents (id, team, tier, skills, capacity, calendar, contact, active, absent_until, updated_at)
        SELECT ${id}, t.name, ${tier}, ${[...skills]}::text[], ${capacity}, ${calendar},
               ${contact === null ? null : JSON.stringify(contact)}::jsonb, ${active},
               ${instantOf(absentUntil)}::timestamptz, clock_timestamp()
        FROM (SELECT name FROM teams WHERE name = ${team} AND (active OR NOT ${active}) FOR SHARE) t
        ON CONFLICT (id) DO UPDATE SET
          team = excluded.team, tier = excluded.tier, skills = excluded.skills, capacity = excluded.capacity,
          calendar = excluded.calendar, contact = excluded.contact, active = excluded.active,
          absent_until = excluded.absent_until, updated_at = excluded.updated_at
        RETURNING xmax = 0 AS created`;
      return rows[0] ?? 'noTeam';
    },
    async teamsOfTier(tier) {
      const rows = await database.team.findMany({ where: { tier, active: true }, orderBy: { name: 'asc' } });
      return rows.map(teamOf);
    },
    async membersOf(teams) {
      const rows = await database.agent.findMany({
        where: { team: { in: [...teams] }, active: true },
        orderBy: { id: 'asc' },
      });
      return rows.map(agentOf);
    },
  };
}

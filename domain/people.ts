/** Who works here: teams, agents, and who of them is there at an instant. */
import { STRETCH_DAYS, stretchAt, type Calendar } from './calendar.ts';
import { openTimeBetween } from './open-hours.ts';

/** How the tickets of a team reach its members: they pull them, or are given them. */
export const ASSIGNMENT_MODES = ['pull', 'roundRobin', 'leastLoaded', 'bySkill'] as const;
export type AssignmentMode = (typeof ASSIGNMENT_MODES)[number];

export interface Team {
  name: string;
  tier: number;
  assignment: AssignmentMode;
  /** The shift of members without one of their own: a stored calendar; round the clock where it is null. */
  calendar: string | null;
  /** Tickets that a member may have in progress, unless the agent has a limit of its own. */
  capacity: number | null;
  /** Ids of agents. */
  lead: string | null;
  manager: string | null;
  /** What an hour of work costs. */
  rate: { amount: number; currency: string } | null;
  /** Nobody is put into a team that is not. */
  active: boolean;
}

/** How to reach somebody: personal data, kept where it can be erased. */
export interface Contact {
  email?: string | undefined;
  phone?: string | undefined;
  chat?: string | undefined;
}

export interface Agent {
  id: string;
  team: string;
  tier: number;
  skills: readonly string[];
  capacity: number | null;
  /** The shift: a stored calendar; the team's where it is null. */
  calendar: string | null;
  contact: Contact | null;
  active: boolean;
  /** Epoch milliseconds; nothing is to reach the agent before. */
  absentUntil: number | null;
}

/** Whether somebody works here and is not away. */
export const isPresent = (
  { active, absentUntil }: Pick<Agent, 'active' | 'absentUntil'>,
  at: number,
): boolean => active && (absentUntil === null || absentUntil <= at);

const DAY = 86_400_000;

function isOpenAt(calendar: Calendar, at: number): boolean {
  // Hours of a local day reach into the stretch before or after the one that the day is in by UTC.
  const index = Math.floor(at / DAY / STRETCH_DAYS);
  return [index - 1, index, index + 1].some(
    (one) => openTimeBetween(stretchAt(calendar, one), at, at + 1) > 0,
  );
}

/**
 * Whether an agent is present and in their hours: their own calendar, else the team's, else round the clock. A calendar
 * that is not in force hides nobody: better somebody is told off duty than nobody at all.
 */
export function isOnShift(
  agent: Pick<Agent, 'active' | 'absentUntil' | 'calendar'>,
  {
    team,
    calendars,
    at,
  }: {
    team: Pick<Team, 'calendar'> | undefined;
    calendars: Readonly<Record<string, Calendar>>;
    at: number;
  },
): boolean {
  const name = agent.calendar ?? team?.calendar ?? null;
  const calendar = name === null ? undefined : calendars[name];
  return isPresent(agent, at) && (calendar === undefined || isOpenAt(calendar, at));
}

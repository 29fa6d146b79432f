/**
 * Queues: in which order tickets wait for somebody at a tier, what counts as work in progress, who is given the next
 * one where a team does not pull, and when a queue is overloaded. Migration 0005 says the same in SQL.
 */
import { PRIORITIES, type AppliedPolicy, type HoldReason, type Priority, type SurgeRule } from './policy.ts';
import type { AssignmentMode } from './people.ts';

/** A ticket that waits, as far as its place in the queue depends on it. */
export interface QueueEntry {
  ticketId: string;
  priority: Priority;
  /** Earliest deadline of a running clock, epoch milliseconds; null while every clock stands. */
  nextDeadlineAt: number | null;
  /** Since when nobody has had it where it is, epoch milliseconds. */
  queuedAt: number;
}

/**
 * The order of a queue: priority first, then time to breach (late ones before all others, those without a deadline
 * last), then who has waited longest; ids break ties, so that it is one order for everybody.
 */
export function compareInQueue(a: QueueEntry, b: QueueEntry): number {
  return (
    PRIORITIES.indexOf(a.priority) - PRIORITIES.indexOf(b.priority) ||
    compareDeadlines(a.nextDeadlineAt, b.nextDeadlineAt) ||
    a.queuedAt - b.queuedAt ||
    compareWords(a.ticketId, b.ticketId)
  );
}

function compareDeadlines(a: number | null, b: number | null): number {
  if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
  return a - b;
}

const compareWords = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What holds and owners say of a ticket; `state` as lists show it. */
export interface Standing {
  state: 'open' | 'onHold' | 'resolved' | 'closed' | 'cancelled';
  mode: 'act' | 'observe';
  tier: number;
  team: string | null;
  assignee: string | null;
  holds: readonly { reason: HoldReason }[];
  nextDeadlineAt: number | null;
  /** Where it is offered, if it is. */
  offered: { tier: number; team: string | null } | null;
}

/** Nobody here can do anything about these; an internal hold is our own work. */
const WAITS_FOR_OTHERS: ReadonlySet<HoldReason> = new Set(['customer', 'vendor', 'changeWindow']);

const isHeldByOthers = ({ holds }: Pick<Standing, 'holds'>): boolean =>
  holds.some(({ reason }) => WAITS_FOR_OTHERS.has(reason));

const isLive = ({ state, mode }: Standing): boolean =>
  mode === 'act' && (state === 'open' || state === 'onHold');

/**
 * Whether a ticket counts against the limit of its assignee (docs/rules.md §9): it is open, and does not wait for the
 * customer, a vendor or a change window. One that is offered to another tier counts until it is accepted there.
 */
export function isInProgress(ticket: Standing): boolean {
  return isLive(ticket) && ticket.assignee !== null && !isHeldByOthers(ticket);
}

/**
 * The queue that a ticket waits in: where it is offered, or where it is while nobody has it; null for none. One that
 * waits for others waits in no queue, unless a clock of it runs all the same: the acceptance of a tier, say.
 */
export function queueOf(ticket: Standing): { tier: number; team: string | null } | null {
  if (!isLive(ticket)) return null;
  if (isHeldByOthers(ticket) && ticket.nextDeadlineAt === null) return null;
  if (ticket.offered) return ticket.offered;
  return ticket.assignee === null ? { tier: ticket.tier, team: ticket.team } : null;
}

/** A member of a team, as far as it matters who gets the next ticket. */
export interface Member {
  agent: string;
  skills: readonly string[];
  /** Work in progress and reservations together. */
  load: number;
  /** At most so many of them; null for no limit. */
  limit: number | null;
  /** On shift and not absent. */
  isThere: boolean;
  /** When a ticket was last given to them, by pull or by turn; epoch milliseconds, null for never. */
  lastGivenAt: number | null;
}

/** Who gets a ticket; or nobody, because everybody is busy or away, or has not the skill. */
export type Choice = { agent: string } | { nobody: 'pull' | 'busy' | 'skillMissing' };

const isFree = ({ isThere, load, limit }: Member): boolean => isThere && (limit === null || load < limit);

const hasSkills = ({ skills }: Member, wanted: readonly string[]): boolean =>
  wanted.every((skill) => skills.includes(skill));

function compareTurns(a: Member, b: Member): number {
  const [x, y] = [a.lastGivenAt ?? -Infinity, b.lastGivenAt ?? -Infinity];
  return (x === y ? 0 : x - y) || compareWords(a.agent, b.agent);
}

/** Share of the limit; who has none is measured by the largest limit among the others. */
function compareLoads(members: readonly Member[]): (a: Member, b: Member) => number {
  const largest = Math.max(...members.map(({ limit }) => limit ?? 1));
  const share = ({ load, limit }: Member) => load / (limit ?? largest);
  return (a, b) => share(a) - share(b) || a.load - b.load || compareTurns(a, b);
}

/**
 * Who of a team gets a ticket that asks for these skills. By turn: whoever was given something longest ago. By load:
 * whoever has the smallest share of the limit. By skill: by load among those who have all the skills.
 */
export function chooseMember(
  mode: AssignmentMode,
  wanted: readonly string[],
  members: readonly Member[],
): Choice {
  if (mode === 'pull') return { nobody: 'pull' };
  const skilled = mode === 'bySkill' ? members.filter((member) => hasSkills(member, wanted)) : members;
  if (mode === 'bySkill' && skilled.length === 0) return { nobody: 'skillMissing' };
  const free = skilled.filter(isFree).toSorted(mode === 'roundRobin' ? compareTurns : compareLoads(members));
  return free[0] ? { agent: free[0].agent } : { nobody: 'busy' };
}

/**
 * A rule that applies to the queues of a tier, and whose it is: what is not said of `clearAt` is four fifths of `depth`.
 */
export interface Surge extends Required<Omit<SurgeRule, 'raiseTo'>> {
  raiseTo: number | null;
  policy: string;
}

const clearAtOf = ({ depth, clearAt }: SurgeRule): number =>
  Math.min(clearAt ?? Math.floor(depth * 0.8), depth - 1);

/** One rule for each tier that has any: the one with the lowest threshold, so that no policy's alert comes late. */
export function surgesOf(policies: readonly Pick<AppliedPolicy, 'name' | 'surge'>[]): Surge[] {
  const all = policies.flatMap(({ name, surge = [] }) =>
    surge.map((rule) => ({
      ...rule,
      raiseTo: rule.raiseTo ?? null,
      clearAt: clearAtOf(rule),
      policy: name,
    })),
  );
  const sorted = all.toSorted((a, b) => a.depth - b.depth || compareWords(a.policy, b.policy));
  return sorted.filter(({ tier }, i) => sorted.findIndex((one) => one.tier === tier) === i);
}

/** What the depth of a queue calls for, given the alert that stands. */
export function weighQueue(
  depth: number,
  surge: Surge | undefined,
  alert: { clearAt: number } | undefined,
): 'raise' | 'clear' | null {
  // A rule that is gone is no reason to keep the alarm up.
  if (alert) return !surge || depth <= alert.clearAt ? 'clear' : null;
  return surge && depth >= surge.depth ? 'raise' : null;
}

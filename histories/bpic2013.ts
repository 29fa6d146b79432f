/**
 * Incidents of Volvo IT (BPI Challenge 2013, doi 10.4121/500573e6-accc-4b0c-9576-aa5468b10cee): one row is a change
 * of status, and the support team's name tells its line. The one log with tiers.
 */
import type { TicketAttributes } from '../domain/events.ts';
import type { HoldReason, Level, Priority } from '../domain/policy.ts';
import { lookUp, skip, type Format, type Skip } from './format.ts';
import type { Reading, ReadStatus } from './reading.ts';
import type { Row } from './rows.ts';
import { timeReader } from './times.ts';

const COLUMNS = {
  caseId: 'case:concept:name',
  time: 'time:timestamp',
  status: 'concept:name',
  subStatus: 'lifecycle:transition',
  team: 'org:group',
  impact: 'impact',
  product: 'product',
} as const;

const STATUSES: Readonly<Record<string, ReadStatus>> = {
  Accepted: 'open',
  Queued: 'open',
  Completed: 'resolved',
  Unmatched: 'unchanged',
};

/** Sub-statuses in which somebody is waited for. */
const HOLDS: Readonly<Record<string, HoldReason>> = {
  'Wait - User': 'customer',
  'Wait - Customer': 'customer',
  'Wait - Vendor': 'vendor',
  Wait: 'internal',
  'Wait - Implementation': 'internal',
};

const PRIORITIES: Readonly<Record<string, Priority>> = { Major: 'P1', High: 'P2', Medium: 'P3', Low: 'P4' };
const LEVELS: Readonly<Record<string, Level>> = { Major: 'high', High: 'high', Medium: 'medium', Low: 'low' };

const readTime = timeReader({ format: 'iso' });

/** The support line: the ending of the team's name; a name without one is of the first line. */
function lineOf(team: string): number {
  if (team.endsWith(' 3rd')) return 3;
  return team.endsWith(' 2nd') ? 2 : 1;
}

function attributesOf({ cells }: Row): TicketAttributes {
  const level = lookUp(LEVELS, cells[COLUMNS.impact]!) ?? 'medium';
  const service = cells[COLUMNS.product]!;
  return {
    type: 'incident',
    channel: 'api',
    impact: level,
    // The log knows no urgency; its priorities follow from the impact alone.
    urgency: level,
    ...(service !== '' && { service }),
    external: { system: 'bpic2013', id: cells[COLUMNS.caseId]! },
  };
}

function read({ number: row, cells }: Row): Reading | Skip {
  const caseId = cells[COLUMNS.caseId]!;
  const status = lookUp(STATUSES, cells[COLUMNS.status]!);
  const subStatus = cells[COLUMNS.subStatus]!;
  const team = cells[COLUMNS.team]!;
  const priority = lookUp(PRIORITIES, cells[COLUMNS.impact]!);
  const at = readTime(cells[COLUMNS.time]!);
  if (caseId === '') return skip(COLUMNS.caseId, 'names no incident', caseId);
  if (at === null) return skip(COLUMNS.time, 'is not an ISO 8601 time with its offset', cells[COLUMNS.time]!);
  if (!status) return skip(COLUMNS.status, 'is not a known status', cells[COLUMNS.status]!);
  if (!priority) return skip(COLUMNS.impact, 'is not a known impact', cells[COLUMNS.impact]!);
  if (team === '') return skip(COLUMNS.team, 'names no team', team);
  return {
    caseId,
    row,
    at,
    status: status === 'resolved' && subStatus === 'Closed' ? 'closed' : status,
    hold: lookUp(HOLDS, subStatus) ?? null,
    responds: cells[COLUMNS.status] === 'Accepted' && subStatus === 'In Progress',
    queued: cells[COLUMNS.status] === 'Queued',
    accepts: cells[COLUMNS.status] === 'Accepted',
    priority,
    tier: lineOf(team),
    team,
  };
}

export const bpic2013: Format = { name: 'bpic2013', columns: Object.values(COLUMNS), read, attributesOf };

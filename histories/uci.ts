/**
 * The audit log of a ServiceNow desk (UCI, doi 10.24432/C57S4H): one row is a snapshot of an incident.
 *
 * `closed_at`, `resolved_at` and `closed_code` are written on every row with what became known at the end, and are
 * therefore not read. Neither is `contact_type`: a call counts as answered here by the first row that is no longer
 * New, not because it was a call.
 */
import type { TicketAttributes } from '../domain/events.ts';
import type { HoldReason, Level, Priority } from '../domain/policy.ts';
import { lookUp, skip, type Format, type Skip } from './format.ts';
import type { Reading, ReadStatus } from './reading.ts';
import type { Row } from './rows.ts';
import { timeReader } from './times.ts';

/** The log names no zone; it is read as London time, in which the few rows of March's skipped hour are an hour later. */
const ZONE = 'Europe/London';
const MISSING = '?';

interface State {
  status: ReadStatus;
  hold: HoldReason | null;
}

const STATES: Readonly<Record<string, State>> = {
  New: { status: 'open', hold: null },
  Active: { status: 'open', hold: null },
  'Awaiting User Info': { status: 'open', hold: 'customer' },
  'Awaiting Evidence': { status: 'open', hold: 'customer' },
  'Awaiting Vendor': { status: 'open', hold: 'vendor' },
  'Awaiting Problem': { status: 'open', hold: 'internal' },
  Resolved: { status: 'resolved', hold: null },
  Closed: { status: 'closed', hold: null },
  // A value outside ServiceNow's list: the ticket was touched, nobody knows how it stood.
  '-100': { status: 'unchanged', hold: null },
};

const PRIORITIES: Readonly<Record<string, Priority>> = {
  '1 - Critical': 'P1',
  '2 - High': 'P2',
  '3 - Moderate': 'P3',
  '4 - Low': 'P4',
};
const LEVELS: Readonly<Record<string, Level>> = {
  '1 - High': 'high',
  '2 - Medium': 'medium',
  '3 - Low': 'low',
};

const TIME = { format: 'd/M/yyyy HH:mm', zone: ZONE };
const readTime = timeReader(TIME);
const readOpening = timeReader(TIME);

function attributesOf({ cells }: Row): TicketAttributes {
  const named = (column: string) => (cells[column] === MISSING ? undefined : cells[column]);
  const category = named('category');
  const symptom = named('u_symptom');
  const configurationItem = named('cmdb_ci');
  return {
    type: 'incident',
    channel: 'api',
    impact: lookUp(LEVELS, cells['impact']!) ?? 'medium',
    urgency: lookUp(LEVELS, cells['urgency']!) ?? 'medium',
    ...(category !== undefined && { category }),
    ...(symptom !== undefined && { symptom }),
    ...(configurationItem !== undefined && { configurationItem }),
    external: { system: 'uci', id: cells['number']! },
  };
}

function read({ number: row, cells }: Row): Reading | Skip {
  const { number: caseId, incident_state: state, priority, assignment_group: team } = cells;
  const at = readTime(cells['sys_updated_at']!);
  const openedAt = readOpening(cells['opened_at']!);
  const standing = lookUp(STATES, state!);
  const known = lookUp(PRIORITIES, priority!);
  if (!caseId || caseId === MISSING) return skip('number', 'names no incident', caseId!);
  if (at === null) return skip('sys_updated_at', 'is not a time d/M/yyyy HH:mm', cells['sys_updated_at']!);
  if (openedAt === null) return skip('opened_at', 'is not a time d/M/yyyy HH:mm', cells['opened_at']!);
  if (!standing) return skip('incident_state', 'is not a known state', state!);
  if (!known) return skip('priority', 'is not a known priority', priority!);
  const reading: Reading = {
    caseId,
    row,
    at,
    openedAt,
    status: standing.status,
    hold: standing.hold,
    responds: state !== 'New',
    queued: false,
    accepts: false,
    priority: known,
    tier: 1,
  };
  // Not by spreading: a hundred thousand rows are read here.
  if (team !== MISSING) reading.team = team!;
  return reading;
}

export const uci: Format = {
  name: 'uci',
  columns: [
    'number',
    'incident_state',
    'sys_updated_at',
    'opened_at',
    'priority',
    'assignment_group',
    'impact',
    'urgency',
    'category',
    'u_symptom',
    'cmdb_ci',
  ],
  read,
  attributesOf,
};

/**
 * The help desk of an Italian software firm (doi 10.4121/uuid:0c60edf1-6f83-4e75-9367-4c63b3e9d5bb): one row is
 * something that was done. Rows that repeat another are repeated events; they are read, and change nothing.
 */
import type { TicketAttributes } from '../domain/events.ts';
import type { Level, Priority } from '../domain/policy.ts';
import { lookUp, skip, type Format, type Skip } from './format.ts';
import type { Reading, ReadStatus } from './reading.ts';
import type { Row } from './rows.ts';
import { timeReader } from './times.ts';

/** The log names no zone; the desk is in Italy. */
const ZONE = 'Europe/Rome';

const TAKEN = 'Take in charge ticket';
const WAIT = 'Wait';

/** Activities that say how the ticket stands. What is done beside them leaves it as it was, and ends a wait. */
const STATUSES: Readonly<Record<string, ReadStatus>> = {
  [TAKEN]: 'open',
  [WAIT]: 'open',
  'Resolve ticket': 'resolved',
  Closed: 'closed',
};

const SERIOUSNESS: Readonly<Record<string, { priority: Priority; level: Level }>> = {
  'Value 1': { priority: 'P4', level: 'low' },
  'Value 2': { priority: 'P3', level: 'medium' },
  'Value 3': { priority: 'P2', level: 'high' },
  'Value 4': { priority: 'P1', level: 'high' },
};

const readTime = timeReader({ format: 'yyyy/MM/dd HH:mm:ss.SSS', zone: ZONE });

function attributesOf({ cells }: Row): TicketAttributes {
  const level = lookUp(SERIOUSNESS, cells['seriousness_2']!)!.level;
  return {
    type: 'incident',
    channel: 'api',
    impact: level,
    urgency: level,
    customer: cells['customer']!,
    service: cells['product']!,
    external: { system: 'helpdesk', id: cells['Case ID']! },
  };
}

function read({ number: row, cells }: Row): Reading | Skip {
  const { 'Case ID': caseId, Activity: activity, seriousness_2: seriousness } = cells;
  const time = cells['Complete Timestamp']!;
  const at = readTime(time);
  const graded = lookUp(SERIOUSNESS, seriousness!);
  if (!caseId) return skip('Case ID', 'names no case', caseId!);
  if (!activity) return skip('Activity', 'is empty', activity!);
  if (at === null) return skip('Complete Timestamp', 'is not a time yyyy/MM/dd HH:mm:ss.SSS', time);
  if (!graded) return skip('seriousness_2', 'is not a known seriousness', seriousness!);
  return {
    caseId,
    row,
    at,
    status: lookUp(STATUSES, activity) ?? 'unchanged',
    hold: activity === WAIT ? 'customer' : null,
    responds: activity === TAKEN,
    queued: false,
    accepts: false,
    priority: graded.priority,
    tier: 1,
  };
}

export const helpdesk: Format = {
  name: 'helpdesk',
  columns: ['Case ID', 'Activity', 'Complete Timestamp', 'seriousness_2', 'customer', 'product'],
  read,
  attributesOf,
};

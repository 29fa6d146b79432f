/** Anybody's export, by a mapping file (histories/mapping.ts). */
import type { TicketAttributes } from '../domain/events.ts';
import type { Level, Priority } from '../domain/policy.ts';
import { lookUp, skip, type Format, type Skip } from './format.ts';
import type { EventMeaning, Mapping, MappedAttribute } from './mapping.ts';
import type { Reading } from './reading.ts';
import type { Row } from './rows.ts';
import { timeReader } from './times.ts';

type Cells = Row['cells'];

/** Between the values of several event columns. */
const JOINT = ' / ';

/** Policies match by attributes; these two only fill the place of what the export does not tell. */
const LEVEL_OF: Readonly<Record<Priority, Level>> = { P1: 'high', P2: 'high', P3: 'medium', P4: 'low' };

function columnsOf({ columns, attributes }: Mapping): string[] {
  const { event, ...others } = columns;
  const named = [...Object.values(others), ...Object.values(attributes)].filter(
    (column) => column !== undefined,
  );
  return [...new Set([...event, ...named])];
}

function attributesOf(mapping: Mapping, cells: Cells, priority: Priority): TicketAttributes {
  const entries = (Object.entries(mapping.attributes) as [MappedAttribute, string][])
    .map(([name, column]) => [name, cells[column]!] as const)
    .filter(([, value]) => !mapping.missing.includes(value));
  return {
    type: 'incident',
    channel: 'api',
    impact: LEVEL_OF[priority],
    urgency: LEVEL_OF[priority],
    ...(Object.fromEntries(entries) as Partial<Record<MappedAttribute, string>>),
    external: { system: 'csv', id: cells[mapping.columns.case]! },
  };
}

function priorityIn({ columns, priorities, defaults, missing }: Mapping, cells: Cells): Priority | Skip {
  if (!columns.priority || !priorities) return defaults.priority;
  const value = cells[columns.priority]!;
  const priority = lookUp(priorities, value);
  if (priority === undefined && missing.includes(value)) return defaults.priority;
  return priority ?? skip(columns.priority, 'is not in the priorities of the mapping', value);
}

function tierIn({ columns, tiers, defaults, missing }: Mapping, cells: Cells): number | Skip {
  if (!columns.tier) return defaults.tier;
  const value = cells[columns.tier]!;
  const tier = tiers ? lookUp(tiers, value) : /^[1-9]\d{0,2}$/.test(value) ? Number(value) : undefined;
  if (tier === undefined && missing.includes(value)) return defaults.tier;
  if (tier !== undefined) return tier;
  return skip(
    columns.tier,
    tiers ? 'is not in the tiers of the mapping' : 'is not a tier number from 1',
    value,
  );
}

function meaningIn({ columns, events, otherEvents }: Mapping, cells: Cells): EventMeaning | Skip {
  const value = columns.event.map((column) => cells[column]!).join(JOINT);
  const meaning = lookUp(events, value) ?? otherEvents;
  return meaning ?? skip(columns.event.join(JOINT), 'is not in the events of the mapping', value);
}

/** The format that a mapping describes. */
export function csvFormat(mapping: Mapping): Format {
  const { columns, missing } = mapping;
  const readTime = timeReader(mapping.time);
  const readOpening = timeReader(mapping.time);
  const noTime = `is not a time ${mapping.time.format}`;

  function read({ number: row, cells }: Row): Reading | Skip {
    const caseId = cells[columns.case]!;
    const at = readTime(cells[columns.time]!);
    const openedAt = columns.opened ? readOpening(cells[columns.opened]!) : undefined;
    const meaning = meaningIn(mapping, cells);
    const priority = priorityIn(mapping, cells);
    const tier = tierIn(mapping, cells);
    const team = columns.team ? cells[columns.team]! : '';
    if (missing.includes(caseId)) return skip(columns.case, 'names no case', caseId);
    if (at === null) return skip(columns.time, noTime, cells[columns.time]!);
    if (openedAt === null) return skip(columns.opened!, noTime, cells[columns.opened!]!);
    if ('skip' in meaning) return meaning;
    if (typeof priority === 'object') return priority;
    if (typeof tier === 'object') return tier;
    return {
      caseId,
      row,
      at,
      ...(openedAt !== undefined && { openedAt }),
      ...meaning,
      priority,
      tier,
      ...(team !== '' && !missing.includes(team) && { team }),
    };
  }

  return {
    name: 'csv',
    columns: columnsOf(mapping),
    delimiter: mapping.delimiter,
    read,
    attributesOf: ({ cells }, { priority }) => attributesOf(mapping, cells, priority),
  };
}

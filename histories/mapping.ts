/**
 * Mapping files: how to read somebody's own export, told in YAML. docs/replay.md explains it to users.
 *
 * ```yaml
 * columns:
 *   case: Ticket                  # what the rows of one case share
 *   time: Changed at              # when the row happened
 *   event: [Status, Sub-status]   # one column, or several; their values are joined by " / "
 *   opened: Opened at             # optional; else a case opens with its first row
 *   priority: Severity            # optional, read by `priorities`
 *   tier: Line                    # optional, read by `tiers`, or a number as it stands
 *   team: Group                   # optional
 * time: { format: d/M/yyyy HH:mm, zone: Europe/London }   # or iso, epochSeconds, epochMilliseconds
 * events:                         # what each value of the event column says, in one word or several
 *   New: open
 *   In progress: [open, respond]
 *   Waiting for user: hold customer
 *   Done: resolve
 *   Closed: close
 * otherEvents: none               # optional: what a value not listed says; else its rows are skipped
 * priorities: { Critical: P1, High: P2, Medium: P3, Low: P4 }
 * tiers: { Desk: 1, Experts: 2 }
 * defaults: { priority: P3, tier: 1 }
 * attributes: { category: Category, customer: Account }   # attribute of the ticket: column
 * missing: ['', '?']              # cells that say nothing
 * delimiter: ';'
 * ```
 */
import { readFile } from 'node:fs/promises';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { isKnownZone } from '../domain/calendar.ts';
import { HOLD_REASONS, PRIORITIES, type HoldReason } from '../domain/policy.ts';
import type { Reading, ReadStatus } from './reading.ts';
import { timeReader } from './times.ts';

/** What the words for one value of the event column come to. */
export type EventMeaning = Pick<Reading, 'status' | 'hold' | 'responds' | 'queued' | 'accepts'>;

/** Words that say how the ticket stands: a row can hold one of them. A hold is a way of being open. */
const STATES: Readonly<Record<string, { status: ReadStatus; hold: HoldReason | null }>> = {
  open: { status: 'open', hold: null },
  ...Object.fromEntries(HOLD_REASONS.map((hold) => [`hold ${hold}`, { status: 'open', hold }] as const)),
  resume: { status: 'unchanged', hold: null },
  resolve: { status: 'resolved', hold: null },
  close: { status: 'closed', hold: null },
  cancel: { status: 'cancelled', hold: null },
};
/** Words about what happened on the row, which go with any state. */
const ACTS = ['respond', 'queue', 'accept'] as const;
const NONE = 'none';
const WORDS = [NONE, ...Object.keys(STATES), ...ACTS];

const columnSchema = z
  .union([z.string().min(1), z.number()], 'must be the name of a column')
  .transform(String);

const eventSchema = z
  .union([z.string(), z.array(z.string()).min(1)], 'must be a word or a list of words')
  .transform((given, context): EventMeaning => {
    const words = [given].flat();
    const fault = (message: string) => context.addIssue({ code: 'custom', message });
    const unknown = words.filter((word) => !WORDS.includes(word));
    if (unknown.length > 0) fault(`${unknown.join(', ')} is not one of ${WORDS.join(', ')}`);
    const states = words.filter((word) => Object.hasOwn(STATES, word));
    if (states.length > 1) fault(`a row cannot say ${states.join(' and ')} at once`);
    if (words.includes(NONE) && words.length > 1) fault('none stands alone');
    return {
      status: 'unchanged',
      ...STATES[states[0] ?? ''],
      responds: words.includes('respond'),
      queued: words.includes('queue'),
      accepts: words.includes('accept'),
    };
  });

const timeSchema = z
  .strictObject({ format: z.string(), zone: z.string().optional() })
  .superRefine(({ format, zone }, context) => {
    const fault = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message });
    if (zone !== undefined && !isKnownZone(zone))
      return fault('zone', `${zone} is not a time zone known here`);
    try {
      timeReader({ format, zone });
    } catch (error) {
      fault('format', (error as Error).message);
    }
  });

const columnsSchema = z.strictObject({
  case: columnSchema,
  time: columnSchema,
  event: z
    .union([columnSchema, z.array(columnSchema).min(1)], 'must be the name of a column, or a list of names')
    .transform((given) => [given].flat()),
  opened: columnSchema.optional(),
  priority: columnSchema.optional(),
  tier: columnSchema.optional(),
  team: columnSchema.optional(),
});

const ATTRIBUTES = [
  'customer',
  'contract',
  'service',
  'configurationItem',
  'site',
  'category',
  'symptom',
] as const;
export type MappedAttribute = (typeof ATTRIBUTES)[number];

const mappingSchema = z
  .strictObject({
    columns: columnsSchema,
    time: timeSchema,
    events: z.record(z.string(), eventSchema),
    otherEvents: eventSchema.optional(),
    priorities: z.record(z.string(), z.enum(PRIORITIES)).optional(),
    tiers: z.record(z.string(), z.int().min(1)).optional(),
    defaults: z
      .strictObject({ priority: z.enum(PRIORITIES).default('P3'), tier: z.int().min(1).default(1) })
      .prefault({}),
    attributes: z.partialRecord(z.enum(ATTRIBUTES), columnSchema).default({}),
    missing: z.array(z.union([z.string(), z.null()]).transform((text) => text ?? '')).default(['', '?']),
    delimiter: z.string().length(1, 'is one character').default(','),
  })
  .superRefine(({ columns, priorities, tiers }, context) => {
    const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (columns.priority && !priorities)
      fault(['priorities'], 'is missing; columns.priority cannot be read without it');
    if (!columns.priority && priorities)
      fault(['columns', 'priority'], 'is missing; priorities has nothing to read');
    if (!columns.tier && tiers) fault(['columns', 'tier'], 'is missing; tiers has nothing to read');
  });

export type Mapping = z.infer<typeof mappingSchema>;

/** A mapping file that cannot be used; one line a fault, each with the file and the field. */
export class MappingError extends Error {
  override readonly name = 'MappingError';
}

const fieldOf = (path: readonly PropertyKey[]): string =>
  path.map((key) => (/^[\w-]+$/.test(String(key)) ? String(key) : JSON.stringify(key))).join('.');

function faultsOf(issue: z.core.$ZodIssue): { field: string; message: string }[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      field: fieldOf([...issue.path, key]),
      message: 'is not a field of a mapping',
    }));
  if (issue.path.length === 0 && issue.code === 'invalid_type')
    return [{ field: '', message: 'is no mapping: a set of fields such as columns, time and events' }];
  const isMissing = issue.input === undefined && issue.code !== 'custom';
  const message = isMissing ? 'is missing' : issue.message;
  return [{ field: fieldOf(issue.path), message }];
}

/** A mapping from YAML text; `file` is what messages call it. Throws MappingError with every fault. */
export function parseMapping(text: string, file: string): Mapping {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    if (error instanceof YAMLParseError)
      throw new MappingError(`${file}: not YAML: ${error.message}`, { cause: error });
    throw error;
  }
  const result = mappingSchema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const faults = result.error.issues.flatMap(faultsOf);
  throw new MappingError(
    faults.map(({ field, message }) => `${file}: ${field ? `${field} ` : ''}${message}`).join('\n'),
  );
}

/** Reads a mapping file. Throws MappingError. */
export async function readMapping(file: string): Promise<Mapping> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new MappingError(`${file} cannot be read: ${error.message}`, { cause: error });
  });
  return parseMapping(text, file);
}

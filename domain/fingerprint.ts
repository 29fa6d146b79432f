/** What makes two tickets the same trouble: the fingerprint by which recurrence is counted. */
import type { TicketAttributes } from './events.ts';
import type { RecurrenceRule } from './policy.ts';

type Field = NonNullable<RecurrenceRule['by']>[number];

/** One of each, unless the rule says otherwise: what it is, what it is about, and how it shows. */
const DEFAULT_FIELDS: readonly (readonly Field[])[] = [
  ['category'],
  ['configurationItem', 'service'],
  ['symptom'],
];

/** Case and spaces make no other trouble; what sets fields apart is written out. */
function normalised(text: string): string {
  return text
    .normalize('NFC')
    .trim()
    .toLowerCase()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\=|]/g, String.raw`\$&`);
}

/**
 * The ticket's own fingerprint, as monitoring sends one; else a canonical text of the fields by which the rule counts.
 * Null where one of them is not known: what says too little of itself would be taken for anything.
 */
export function fingerprintOf(
  attributes: Readonly<TicketAttributes>,
  { by }: Pick<RecurrenceRule, 'by'> = {},
): string | null {
  const own = attributes.fingerprint?.trim();
  if (own) return own;
  const wanted = by ? by.map((field) => [field] as const) : DEFAULT_FIELDS;
  if (wanted.length === 0) return null;
  const parts: string[] = [];
  for (const fields of wanted) {
    const field = fields.find((one) => attributes[one]?.trim());
    if (!field) return null;
    parts.push(`${field}=${normalised(attributes[field]!)}`);
  }
  return parts.toSorted().join(' | ');
}

/** Whether a fact from outside can be read at all: a Temporal client may signal anything. */
import { AUTHORS, VISIBILITIES, type DeskBody, type DeskEventType } from './events.ts';
import { HOLD_REASONS, PRIORITIES } from './policy.ts';

type Fields = Record<string, unknown>;
type Check = (fields: Fields) => string | null;

const oneOf =
  (name: string, allowed: readonly string[]): Check =>
  (fields) =>
    allowed.includes(fields[name] as string) ? null : `${name} is not one of ${allowed.join(', ')}`;

const wholeNumber =
  (name: string): Check =>
  (fields) =>
    Number.isInteger(fields[name]) ? null : `${name} is not a whole number`;

const optional =
  (name: string, check: Check): Check =>
  (fields) =>
    fields[name] === undefined ? null : check(fields);

const textOrNull =
  (name: string): Check =>
  (fields) =>
    fields[name] === undefined || fields[name] === null || typeof fields[name] === 'string'
      ? null
      : `${name} is not a text`;

/** Per type of fact, what its fields must be. */
const CHECKS: Record<DeskEventType, readonly Check[]> = {
  acknowledged: [],
  assigned: [textOrNull('assignee'), textOrNull('team')],
  messageAdded: [oneOf('author', AUTHORS), oneOf('visibility', VISIBILITIES)],
  held: [oneOf('reason', HOLD_REASONS)],
  resumed: [optional('reason', oneOf('reason', HOLD_REASONS))],
  vendorReturned: [],
  prioritised: [oneOf('priority', PRIORITIES)],
  handoffOffered: [wholeNumber('toTier'), textOrNull('team')],
  handoffAccepted: [],
  resolved: [textOrNull('causeCode')],
  reopened: [],
  closed: [],
  cancelled: [],
} satisfies Record<DeskBody['type'], readonly Check[]>;

export const FACT_TYPES = Object.keys(CHECKS) as DeskEventType[];

/** What is wrong with a fact, naming the field; null for one that can be taken in. */
export function factProblem(fact: object): string | null {
  const fields = fact as Fields;
  const checks = CHECKS[fields['type'] as DeskEventType];
  if (!checks) return `type is not one of ${FACT_TYPES.join(', ')}`;
  if (!Number.isFinite(fields['occurredAt'])) return 'occurredAt is not an instant in epoch milliseconds';
  return checks.map((check) => check(fields)).find((problem) => problem !== null) ?? null;
}

/** Facts from outside, read field by field: a Temporal client may signal anything, and only what is known gets in. */
import { ENGAGEMENTS, PARTICIPATIONS, RELATIONS } from './collaborators.ts';
import {
  ARTICLE_MOMENTS,
  AUTHORS,
  CHANGEABLE,
  NOTED_REVIEW_STATES,
  PROBLEM_NEWS,
  PROMISES,
  TASK_CLOCKS,
  VISIBILITIES,
  type DeskBody,
  type DeskEventType,
  type Fact,
} from './events.ts';
import { PACKET_ITEMS } from './packet.ts';
import { HOLD_REASONS, LEVELS, PRIORITIES } from './policy.ts';

type Fields = Record<string, unknown>;

/** What is wrong with a value, as the end of a sentence that its name begins; null for a good one. */
type Check = (value: unknown) => string | null;

/** As the API allows; carried state is bounded by it. */
const LONGEST_TEXT = 200;

/** NUL and halves of surrogate pairs: PostgreSQL has no JSON for them, and a ticket that cannot be recorded is stuck. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= LONGEST_TEXT && !UNSTORABLE.test(value);
}

const text: Check = (value) => (isText(value) ? null : `is not a text of at most ${LONGEST_TEXT} characters`);

const oneOf =
  (allowed: readonly string[]): Check =>
  (value) =>
    allowed.includes(value as string) ? null : `is not one of ${allowed.join(', ')}`;

const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? null : check(value);

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);

const finiteNumber: Check = (value) => (Number.isFinite(value) ? null : 'is not a number');

const wholeNumber: Check = (value) => (Number.isSafeInteger(value) ? null : 'is not a whole number');

const truth: Check = (value) => (typeof value === 'boolean' ? null : 'is not true or false');

const onlyTrue: Check = (value) => (value === true ? null : 'is not true');

const MOST_ENTRIES = 100;

const listOf =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length > MOST_ENTRIES)
      return `is not a list of at most ${MOST_ENTRIES} entries`;
    const faulty = value.findIndex((one) => check(one) !== null);
    return faulty < 0 ? null : `has an entry ${faulty} that ${check(value[faulty])}`;
  };

/** The range of a JavaScript date after 1970. */
const instant: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 8.64e15
    ? null
    : 'is not an instant in epoch milliseconds';

const texts =
  (required: readonly string[], others: readonly string[] = []): Check =>
  (value) => {
    if (typeof value !== 'object' || value === null) return `is not a set of ${required.join(' and ')}`;
    const fields = value as Fields;
    const unknown = Object.keys(fields).find((name) => !required.includes(name) && !others.includes(name));
    if (unknown !== undefined) return `has a field that is not one of ${[...required, ...others].join(', ')}`;
    const faulty =
      required.find((name) => !isText(fields[name])) ??
      others.find((name) => fields[name] !== undefined && !isText(fields[name]));
    return faulty ? `has no text ${faulty} of at most ${LONGEST_TEXT} characters` : null;
  };

const changes: Check = (value) => {
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0)
    return 'is not a set of attributes';
  for (const [name, told] of Object.entries(value)) {
    if (!(CHANGEABLE as readonly string[]).includes(name))
      return `has a field that is not one of ${CHANGEABLE.join(', ')}`;
    const isGood = name === 'affectedUsers' ? Number.isSafeInteger(told) : isText(told);
    if (!isGood && !(told === null && name !== 'type')) return `has no good value for ${name}`;
  }
  return null;
};

/** Fields that only the engine's own decisions have. */
type Decided = 'reservation' | 'completeness' | 'override' | 'skipped' | 'automatic' | 'children';

type AllFields<B> = B extends unknown ? keyof B : never;
type FieldsOf<T extends DeskEventType> = Exclude<AllFields<Extract<DeskBody, { type: T }>>, 'type' | Decided>;

const items = listOf(oneOf(PACKET_ITEMS));

/** Per type of fact, its fields; no other field of a fact is read. */
const BODIES: { [T in DeskEventType]: Record<FieldsOf<T>, Check> } = {
  acknowledged: {},
  assigned: { assignee: optional(orNull(text)), team: optional(orNull(text)) },
  messageAdded: {
    author: oneOf(AUTHORS),
    visibility: oneOf(VISIBILITIES),
    update: optional(onlyTrue),
    template: optional(text),
    parent: optional(text),
  },
  held: { reason: oneOf(HOLD_REASONS) },
  resumed: { reason: optional(oneOf(HOLD_REASONS)) },
  vendorEngaged: {
    engagement: text,
    vendor: optional(text),
    kind: optional(oneOf(ENGAGEMENTS)),
    reference: optional(text),
  },
  vendorAsked: { engagement: text, reference: optional(text) },
  vendorReturned: { engagement: optional(text), outcome: optional(text) },
  prioritised: {
    priority: oneOf(PRIORITIES),
    impact: optional(oneOf(LEVELS)),
    urgency: optional(oneOf(LEVELS)),
  },
  handoffOffered: {
    toTier: wholeNumber,
    team: optional(text),
    items: optional(items),
    articles: optional(listOf(text)),
    missing: optional(items),
  },
  handoffAccepted: {},
  handoffReturned: { missing: optional(items) },
  handoffWithdrawn: {},
  packetWritten: { items, articles: optional(listOf(text)) },
  consultAsked: {
    consult: text,
    toTier: optional(wholeNumber),
    team: optional(text),
    agent: optional(text),
  },
  consultAnswered: { consult: text, solved: optional(truth) },
  consultWithdrawn: { consult: text },
  joined: { agent: text, as: oneOf(PARTICIPATIONS), skills: optional(listOf(text)) },
  left: { agent: text, as: optional(oneOf(PARTICIPATIONS)) },
  linked: { relation: oneOf(RELATIONS), reference: text, url: optional(text) },
  unlinked: { relation: oneOf(RELATIONS), reference: text },
  reproduced: { environment: text },
  rated: { score: finiteNumber, outOf: finiteNumber },
  updateDrafted: { draft: text, template: optional(text) },
  majorDeclared: { commander: optional(text) },
  checklistAttached: { procedure: text, version: wholeNumber, items: listOf(text) },
  checklistItemDone: { item: text },
  articlesOffered: { articles: listOf(text), at: oneOf(ARTICLE_MOMENTS) },
  problemNoted: { problem: text, news: oneOf(PROBLEM_NEWS) },
  reviewNoted: { review: text, state: oneOf(NOTED_REVIEW_STATES) },
  restored: {},
  committed: { dueAt: instant, to: optional(oneOf(PROMISES)) },
  taskCreated: { task: text, clock: oneOf(TASK_CLOCKS) },
  taskDone: { task: text },
  marked: { mark: text },
  attributesChanged: { changes },
  resolved: { causeCode: optional(text), article: optional(text), needsArticle: optional(onlyTrue) },
  reopened: {},
  closed: {},
  cancelled: {},
};

/** What every fact may have beside its body. */
const ENVELOPE: Record<Exclude<keyof Fact, 'id' | 'type'>, Check> = {
  occurredAt: instant,
  actor: optional(texts(['subject', 'role'], ['actingFor'])),
  text: optional(texts(['id', 'digest'])),
  imported: optional(onlyTrue),
};

/** Every field of a type of fact, with its check. */
const CHECKS = new Map<unknown, [name: string, check: Check][]>(
  Object.entries(BODIES).map(([type, body]) => [type, Object.entries({ ...ENVELOPE, ...body })]),
);

/** Whether a fact can be told apart from others at all; one without such an id leaves no trace. */
export function isFactId(id: unknown): id is string {
  return isText(id) && id !== '';
}

/** A fact as far as it is known, or what is wrong with it, naming the field. Its id is good (`isFactId`). */
export function readFact(told: object): { fact: Fact } | { problem: string } {
  const fields = told as Fields;
  const checks = CHECKS.get(fields['type']);
  if (!checks) return { problem: `type is not one of ${Object.keys(BODIES).join(', ')}` };
  const fact: Fields = { id: fields['id'], type: fields['type'] };
  for (const [name, check] of checks) {
    const problem = check(fields[name]);
    if (problem !== null) return { problem: `${name} ${problem}` };
    if (fields[name] !== undefined) fact[name] = fields[name];
  }
  return { fact: fact as unknown as Fact };
}

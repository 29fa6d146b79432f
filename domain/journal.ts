/**
 * Journals: what tasks, problems and reviews have in common. Each keeps an append-only log of its own, as a ticket keeps its
 * ledger, and is the fold of it. What one can hear, decides and waits for is its `JournalKind`; the rest is here.
 */
import type { Actor, TextReference } from './events.ts';
import type { Refusal } from './refusals.ts';

export const JOURNALS = ['task', 'problem', 'review', 'containment'] as const;
export type JournalName = (typeof JOURNALS)[number];

/** What every event of a journal has beside its body. Instants are epoch milliseconds. */
export interface JournalEnvelope {
  /** Deterministic: message id and ordinal, or what fell due. Unique per journal. */
  id: string;
  /** Position in the journal, from 1. */
  sequence: number;
  occurredAt: number;
  actor?: Actor;
  requestId?: string;
  text?: TextReference;
}

interface Typed {
  type: string;
}

export type JournalEvent<B extends Typed = Typed> = JournalEnvelope & B;

/** What a journal folds to. */
export interface Journaled {
  id: string;
  /** Sequence of the last event. */
  sequence: number;
}

/** A request as it reaches a journal: `id` names it for good and makes it count once. */
export interface JournalRequest<C extends Typed = Typed> {
  id: string;
  command: C;
  actor: Actor;
  requestId?: string;
  text?: TextReference;
  /** The request is meant for the journal at this sequence only. */
  ifSequence?: number;
}

/** The row that is read instead of the journal: some columns, and all that was folded. */
export interface JournalRow {
  columns: Readonly<Record<string, string | number | null>>;
  body: unknown;
  /** When it looks again by itself; the watchdog compares it with the clock. */
  nextMilestoneAt: number | null;
}

export interface JournalKind<S extends Journaled, B extends Typed, C extends Typed> {
  name: JournalName;
  /** Total: every event leads somewhere. */
  evolve(state: S | null, event: JournalEvent<B>, id: string): S;
  /** What a command stands for, or why it cannot be granted as things stand. */
  decide(state: S, request: JournalRequest<C>, now: number): { bodies: readonly B[] } | { refusal: Refusal };
  /** The next thing that is due at `now` and not yet logged. Logged, it is not due any more. */
  due(state: S, now: number): { id: string; body: B } | null;
  /** When something falls due by itself, once everything due by `now` is logged. */
  nextMilestone(state: S, now: number): number | null;
  /** Whether anything can still happen by itself: else nobody waits for it. */
  isRunning(state: S): boolean;
  columns(state: S): JournalRow['columns'];
}

/** Some events more, and what they fold to. */
export interface JournalTurn<S, B extends Typed> {
  state: S;
  events: readonly JournalEvent<B>[];
}

type Draft = Omit<JournalEnvelope, 'sequence'>;

function append<S extends Journaled, B extends Typed, C extends Typed>(
  kind: JournalKind<S, B, C>,
  { state, events }: JournalTurn<S, B>,
  draft: Draft,
  body: B,
): JournalTurn<S, B> {
  const event = { ...draft, sequence: state.sequence + 1, ...body };
  return { state: kind.evolve(state, event, state.id), events: [...events, event] };
}

/** What a journal begins with. */
export type JournalOpening<B extends Typed> = Omit<Draft, 'id'> & { body: B; more?: readonly B[] };

/**
 * A journal's first event, what `id` begins with, and what is known with it at once. Their ids are the same whoever
 * opens it, so that it opens once.
 */
export function openJournal<S extends Journaled, B extends Typed, C extends Typed>(
  kind: JournalKind<S, B, C>,
  id: string,
  { body, more = [], ...draft }: JournalOpening<B>,
): JournalTurn<S, B> {
  const event = { ...draft, id: 'opened', sequence: 1, ...body };
  const opened: JournalTurn<S, B> = { state: kind.evolve(null, event, id), events: [event] };
  const { text: _text, ...rest } = draft;
  return more.reduce((turn, one, i) => append(kind, turn, { ...rest, id: `opened/${i + 1}` }, one), opened);
}

/** What a log folds to; null for none. */
export function foldJournal<S extends Journaled, B extends Typed, C extends Typed>(
  kind: JournalKind<S, B, C>,
  id: string,
  events: readonly JournalEvent<B>[],
): S | null {
  return events.reduce<S | null>((state, event) => kind.evolve(state, event, id), null);
}

/** Logs everything that is due by `now`; a second time it adds nothing. */
export function settleJournal<S extends Journaled, B extends Typed, C extends Typed>(
  kind: JournalKind<S, B, C>,
  state: S,
  now: number,
): JournalTurn<S, B> {
  let turn: JournalTurn<S, B> = { state, events: [] };
  for (let due = kind.due(state, now); due; due = kind.due(turn.state, now))
    turn = append(kind, turn, { id: due.id, occurredAt: now }, due.body);
  return turn;
}

const messageEventId = (messageId: string, ordinal: number): string => `request:${messageId}/${ordinal}`;

/** The id of the first event of a request: finds its outcome in the log. */
export const firstJournalIdOf = (messageId: string): string => messageEventId(messageId, 0);

/** Message id and last sequence of every request among these events. */
export function journalOutcomes(
  events: readonly Pick<JournalEnvelope, 'id' | 'sequence'>[],
): { id: string; sequence: number }[] {
  const outcomes = new Map<string, number>();
  for (const { id, sequence } of events) {
    const [, messageId] = /^request:(.+)\/\d+$/.exec(id) ?? [];
    if (messageId !== undefined) outcomes.set(messageId, sequence);
  }
  return [...outcomes].map(([id, sequence]) => ({ id, sequence }));
}

/** A request at `now`: what is due is logged first, then it is granted or refused. */
export function decideJournal<S extends Journaled, B extends Typed, C extends Typed>(
  kind: JournalKind<S, B, C>,
  state: S,
  request: JournalRequest<C>,
  now: number,
): { turn: JournalTurn<S, B> } | { refusal: Refusal } {
  const { id, actor, requestId, text, ifSequence } = request;
  if (ifSequence !== undefined && ifSequence !== state.sequence)
    return {
      refusal: {
        code: 'precondition_failed',
        message: `The ${kind.name} ${state.id} is at ${state.sequence}, not at ${ifSequence} any more`,
      },
    };
  let turn = settleJournal(kind, state, now);
  const decided = kind.decide(turn.state, request, now);
  if ('refusal' in decided) return decided;
  decided.bodies.forEach((body, ordinal) => {
    const draft: Draft = {
      id: messageEventId(id, ordinal),
      occurredAt: now,
      actor,
      ...(requestId && { requestId }),
      ...(text && ordinal === 0 && { text }),
    };
    turn = append(kind, turn, draft, body);
  });
  const settled = settleJournal(kind, turn.state, now);
  return { turn: { state: settled.state, events: [...turn.events, ...settled.events] } };
}

/** The row of how things stand at `now`. */
export function journalRow<S extends Journaled, B extends Typed, C extends Typed>(
  kind: JournalKind<S, B, C>,
  state: S,
  now: number,
): JournalRow {
  const { id: _id, sequence: _sequence, ...body } = state;
  return { columns: kind.columns(state), body, nextMilestoneAt: kind.nextMilestone(state, now) };
}

/** Every name that an actor goes by: the key, whose it is, and for whom it says it acts. */
export const namesOf = ({ subject, person, actingFor }: Actor): string[] =>
  [subject, person, actingFor].filter((name) => name !== undefined);

/**
 * Whether two actors may be one person. A front end with one key speaks for many: of two whom it names, the names
 * decide; where it names nobody, it is the same.
 */
export function mayBeSamePerson(a: Actor, b: Actor): boolean {
  const isFrontEnd = a.role === 'integration' && b.role === 'integration' && a.subject === b.subject;
  if (isFrontEnd && a.actingFor && b.actingFor) return a.actingFor === b.actingFor;
  return namesOf(a).some((name) => namesOf(b).includes(name));
}

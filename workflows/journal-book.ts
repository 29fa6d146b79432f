/**
 * What the run of a journal has decided and not yet recorded, as `Book` has it for a ticket: decisions are taken at
 * once, and taken again where the journal turns out to be ahead (docs/rules.md §1).
 */
import {
  decideJournal,
  firstJournalIdOf,
  journalOutcomes,
  journalRow,
  settleJournal,
  type Journaled,
  type JournalEvent,
  type JournalKind,
  type JournalRequest,
  type JournalRow,
  type JournalTurn,
} from '../domain/journal.ts';
import type { Refusal } from '../domain/refusals.ts';
import type { StoredOutcome } from './messages.ts';

/** Outcomes carried across continue-as-new; older ones are found in the journal. */
const OUTCOME_LIMIT = 200;

interface Typed {
  type: string;
}

interface Entry<S, B extends Typed, C extends Typed> {
  /** Null: what fell due. */
  request: JournalRequest<C> | null;
  now: number;
  turn: JournalTurn<S, B>;
}

export type JournalOutcome = { sequence: number } | { refusal: Refusal };

/** Appends these events to a journal if its head is still `head`. */
export interface PendingWrite<B extends Typed> {
  head: number;
  events: readonly JournalEvent<B>[];
  row: JournalRow;
  entries: number;
}

/** What the database answered. */
export type WriteAnswer =
  | { recorded: true }
  | {
      recorded: false;
      events: readonly JournalEvent[];
      known: readonly { id: string; sequence: number }[];
      taken?: string;
    };

export class JournalBook<S extends Journaled, B extends Typed, C extends Typed> {
  readonly id: string;
  readonly #kind: JournalKind<S, B, C>;
  #recorded: S | null;
  #entries: Entry<S, B, C>[] = [];
  #outcomes = new Map<string, JournalOutcome>();
  /** One entry per write: the database refused something, and it must be known what. */
  #isCareful = false;

  constructor(
    kind: JournalKind<S, B, C>,
    id: string,
    carried?: { state: S; outcomes: readonly StoredOutcome[] },
  ) {
    this.#kind = kind;
    this.id = id;
    this.#recorded = carried?.state ?? null;
    for (const { id: message, sequence } of carried?.outcomes ?? [])
      this.#outcomes.set(message, { sequence });
  }

  /** With everything decided so far, recorded or not; null until its journal was read. */
  get current(): S | null {
    return this.#entries.at(-1)?.turn.state ?? this.#recorded;
  }

  /** Without what is decided and not recorded yet. */
  get recorded(): S | null {
    return this.#recorded;
  }

  get isRecorded(): boolean {
    return this.#entries.length === 0;
  }

  /** Sequence of the last recorded event. */
  get head(): number {
    return this.#recorded?.sequence ?? 0;
  }

  outcomeOf(messageId: string): JournalOutcome | undefined {
    return this.#outcomes.get(messageId);
  }

  knows(messageId: string): boolean {
    return this.#outcomes.has(messageId) || this.#entries.some(({ request }) => request?.id === messageId);
  }

  /** Why a request cannot be granted at `now`; null where it can, or was. */
  refusalOf(request: JournalRequest<C>, now: number): Refusal | null {
    if (this.knows(request.id)) return null;
    const decided = decideJournal(this.#kind, this.current!, request, now);
    return 'refusal' in decided ? decided.refusal : null;
  }

  /** Decides a request; a refusal is returned and leaves no trace. */
  request(request: JournalRequest<C>, now: number): Refusal | null {
    if (this.knows(request.id)) return null;
    const decided = decideJournal(this.#kind, this.current!, request, now);
    if ('refusal' in decided) return decided.refusal;
    this.#entries.push({ request, now, turn: decided.turn });
    return null;
  }

  settle(now: number): void {
    const turn = settleJournal(this.#kind, this.current!, now);
    if (turn.events.length > 0) this.#entries.push({ request: null, now, turn });
  }

  pendingWrite(): PendingWrite<B> {
    const entries = this.#isCareful ? this.#entries.slice(0, 1) : this.#entries;
    const { turn: last, now } = entries.at(-1)!;
    return {
      head: this.head,
      events: entries.flatMap(({ turn }) => turn.events),
      row: journalRow(this.#kind, last.state, now),
      entries: entries.length,
    };
  }

  /** Takes the answer to a write. */
  answer({ entries }: PendingWrite<B>, answer: WriteAnswer): void {
    if (answer.recorded) return this.#confirm(entries);
    if (answer.taken !== undefined) return this.#refuse(entries, answer.taken);
    if (answer.events.length === 0 && answer.known.length === 0)
      throw new Error(
        `The ${this.#kind.name} ${this.id} ends before ${this.head} by now; its run cannot go on`,
      );
    this.takeOver(answer.events, answer.known);
  }

  #confirm(count: number): void {
    const confirmed = this.#entries.slice(0, count);
    this.#entries = this.#entries.slice(count);
    this.#recorded = confirmed.at(-1)!.turn.state;
    this.#isCareful = false;
    for (const { request, turn } of confirmed)
      if (request) this.#outcomes.set(request.id, { sequence: turn.state.sequence });
  }

  /** Another unresolved problem has the fingerprint: whoever wanted this one back is told. */
  #refuse(count: number, taken: string): void {
    if (count > 1) return void (this.#isCareful = true);
    const [refused, ...rest] = this.#entries;
    const refusal: Refusal = {
      code: 'problem_exists',
      message: `Problem ${taken} has the same fingerprint and is not resolved`,
    };
    if (refused!.request) this.#outcomes.set(refused!.request.id, { refusal });
    this.#isCareful = false;
    this.#redo(rest, new Map());
  }

  /** Takes over what the journal has beyond this run, and decides everything unrecorded again on top. */
  takeOver(rows: readonly JournalEvent[], known: readonly { id: string; sequence: number }[] = []): void {
    const news = rows.filter(({ sequence }) => sequence > this.head) as JournalEvent<B>[];
    if (news.length === 0 && known.length === 0) return;
    this.#recorded = news.reduce<S | null>(
      (state, event) => this.#kind.evolve(state, event, this.id),
      this.#recorded,
    );
    for (const { id, sequence } of journalOutcomes(news)) this.#outcomes.set(id, { sequence });
    this.#redo(this.#entries, new Map(known.map(({ id, sequence }) => [id, sequence])));
  }

  #redo(entries: readonly Entry<S, B, C>[], known: ReadonlyMap<string, number>): void {
    this.#entries = [];
    for (const { request, now } of entries) {
      if (!request) this.settle(now);
      else if (known.has(firstJournalIdOf(request.id)))
        this.#outcomes.set(request.id, { sequence: known.get(firstJournalIdOf(request.id))! });
      else {
        const refusal = this.request(request, now);
        if (refusal) this.#outcomes.set(request.id, { refusal });
      }
    }
  }

  /** The newest granted outcomes, for the next run. */
  storedOutcomes(): StoredOutcome[] {
    return [...this.#outcomes]
      .flatMap(([id, outcome]) => ('sequence' in outcome ? [{ id, sequence: outcome.sequence }] : []))
      .slice(-OUTCOME_LIMIT);
  }
}

/**
 * What a ticket's run has decided and not yet recorded. Decisions are taken at once, against the ticket as it
 * stands; the ledger may turn out to be ahead (a row of an update that was never accepted, docs/rules.md §1): then
 * its rows are taken over and everything not yet recorded is decided again on top of them.
 */
import {
  decideFact,
  decideLongerHours,
  decideMatchedRules,
  decideOpening,
  decideRequest,
  factEventId,
  firstEventIdOf,
  requestOutcomes,
  type FactOptions,
  type MatchedRules,
  type Opening,
  type Request,
} from '../domain/decide.ts';
import { settle } from '../domain/escalation.ts';
import type { Fact, LedgerEvent } from '../domain/events.ts';
import type { OpenHours } from '../domain/open-hours.ts';
import { project, type Projection } from '../domain/projection.ts';
import type { Refusal } from '../domain/refusals.ts';
import { evolve, type Ticket } from '../domain/ticket.ts';
import type { Turn } from '../domain/turn.ts';
import type { StoredOutcome } from './messages.ts';

/** Outcomes carried across continue-as-new (docs/rules.md §1). */
export const OUTCOME_LIMIT = 200;

type Message =
  | { kind: 'opening'; opening: Opening; now: number }
  | { kind: 'request'; request: Request; now: number }
  | ({ kind: 'fact'; fact: Fact; now: number } & FactOptions)
  | { kind: 'hours'; hours: Record<string, OpenHours>; now: number }
  | { kind: 'matched'; matched: MatchedRules; now: number }
  | { kind: 'settle'; now: number };

interface Entry {
  message: Message;
  turn: Turn;
}

export type Outcome = { sequence: number } | { refusal: Refusal };

/** One turn for the ledger: append these events if its head is still `head`. */
export interface PendingTurn {
  ticketId: string;
  head: number;
  events: readonly LedgerEvent[];
  projection: Projection;
  /** How many entries of the book it covers. */
  entries: number;
}

/** What the ledger answered. */
export type RecordAnswer =
  { recorded: true } | { recorded: false; events: LedgerEvent[]; known: { id: string; sequence: number }[] };

/** The ledger has lost rows that this run saw recorded: the database was restored to an earlier point. */
export class LedgerBehind extends Error {
  constructor({ ticketId, head }: PendingTurn) {
    super(`The ledger of ticket ${ticketId} ends before ${head}; its run cannot go on`);
    this.name = 'LedgerBehind';
  }
}

export class Book {
  readonly ticketId: string;
  #recorded: Ticket | null;
  #entries: Entry[] = [];
  #outcomes = new Map<string, Outcome>();

  constructor(ticketId: string, carried?: { ticket: Ticket; outcomes: readonly StoredOutcome[] }) {
    this.ticketId = ticketId;
    this.#recorded = carried?.ticket ?? null;
    for (const { id, sequence } of carried?.outcomes ?? []) this.#outcomes.set(id, { sequence });
  }

  /** The ticket with everything decided so far, recorded or not. */
  get current(): Ticket | null {
    return this.#entries.at(-1)?.turn.ticket ?? this.#recorded;
  }

  get isRecorded(): boolean {
    return this.#entries.length === 0;
  }

  /** The outcome of a message once it stands in the ledger, or was refused. */
  outcomeOf(messageId: string): Outcome | undefined {
    return this.#outcomes.get(messageId);
  }

  knows(messageId: string): boolean {
    return this.#outcomes.has(messageId) || this.#pendingRequest(messageId);
  }

  #pendingRequest(messageId: string): boolean {
    return this.#entries.some(
      ({ message }) => message.kind === 'request' && message.request.id === messageId,
    );
  }

  open(opening: Opening, now: number): void {
    this.#take({ kind: 'opening', opening, now });
  }

  /** Decides a request; a refusal is returned and leaves no trace. */
  request(request: Request, now: number): Refusal | null {
    return this.knows(request.id) ? null : this.#take({ kind: 'request', request, now });
  }

  fact(fact: Fact, now: number, options: FactOptions = {}): void {
    this.#take({ kind: 'fact', fact, now, ...options });
  }

  longerHours(hours: Record<string, OpenHours>, now: number): void {
    this.#take({ kind: 'hours', hours, now });
  }

  matchedRules(matched: MatchedRules, now: number): void {
    this.#take({ kind: 'matched', matched, now });
  }

  settle(now: number): void {
    this.#take({ kind: 'settle', now });
  }

  #take(message: Message): Refusal | null {
    const decided = decide(this.ticketId, this.current, message);
    if ('refusal' in decided) return decided.refusal;
    if (decided.turn.events.length > 0) this.#entries.push({ message, turn: decided.turn });
    return null;
  }

  /** Everything undecided as one turn for the ledger. */
  pendingTurn(): PendingTurn {
    const last = this.#entries.at(-1)!;
    return {
      ticketId: this.ticketId,
      head: this.#recorded?.sequence ?? 0,
      events: this.#entries.flatMap(({ turn }) => turn.events),
      projection: project(last.turn.ticket, last.message.now),
      entries: this.#entries.length,
    };
  }

  /** Takes the ledger's answer to a turn. */
  answer(turn: PendingTurn, answer: RecordAnswer): void {
    if (answer.recorded) this.#confirm(turn.entries);
    else if (answer.events.length === 0 && answer.known.length === 0) throw new LedgerBehind(turn);
    else this.#startOver(answer.events, answer.known);
  }

  #confirm(count: number): void {
    const confirmed = this.#entries.slice(0, count);
    this.#entries = this.#entries.slice(count);
    this.#recorded = confirmed.at(-1)!.turn.ticket;
    for (const { message, turn } of confirmed) {
      const id = messageIdOf(message);
      if (id) this.#outcomes.set(id, { sequence: turn.ticket.sequence });
    }
  }

  #startOver(rows: readonly LedgerEvent[], known: readonly { id: string; sequence: number }[]): void {
    const before = this.#entries;
    const sequences = new Map([...rows, ...known].map(({ id, sequence }) => [id, sequence]));
    const remembered = known.filter(({ id }) => id.startsWith('fact:')).map(({ id }) => id);
    const base = rows.reduce((ticket, row) => evolve(ticket, row, this.ticketId), this.#recorded);
    this.#recorded = base && { ...base, seen: [...base.seen, ...remembered] };
    this.#entries = [];
    for (const { id, sequence } of requestOutcomes(rows)) this.#outcomes.set(id, { sequence });
    for (const { message } of before) this.#redo(message, sequences);
  }

  #redo(message: Message, recorded: ReadonlyMap<string, number>): void {
    const id = messageIdOf(message);
    const sequence = recorded.get(firstEventIdFor(message) ?? '');
    if (sequence !== undefined) {
      if (id) this.#outcomes.set(id, { sequence });
      return;
    }
    const refusal = this.#take(message);
    if (refusal && id) this.#outcomes.set(id, { refusal });
  }

  /** The newest granted outcomes, for the next run. */
  storedOutcomes(): StoredOutcome[] {
    return [...this.#outcomes]
      .flatMap(([id, outcome]) => ('sequence' in outcome ? [{ id, sequence: outcome.sequence }] : []))
      .slice(-OUTCOME_LIMIT);
  }
}

function messageIdOf(message: Message): string | null {
  if (message.kind === 'request') return message.request.id;
  return message.kind === 'opening' ? message.opening.messageId : null;
}

function firstEventIdFor(message: Message): string | null {
  if (message.kind === 'fact') return factEventId(message.fact.id);
  const id = messageIdOf(message);
  return id === null ? null : firstEventIdOf(id);
}

function decide(
  ticketId: string,
  ticket: Ticket | null,
  message: Message,
): { turn: Turn } | { refusal: Refusal } {
  if (message.kind === 'opening') return { turn: decideOpening(message.opening, message.now) };
  if (!ticket) throw new Error(`Ticket ${ticketId} has not been opened`);
  switch (message.kind) {
    case 'request':
      return decideRequest(ticket, message.request, message.now);
    case 'fact':
      return { turn: decideFact(ticket, message.fact, message.now, message) };
    case 'hours':
      return { turn: decideLongerHours(ticket, message.hours, message.now) };
    case 'matched':
      return { turn: decideMatchedRules(ticket, message.matched, message.now) };
    case 'settle':
      return { turn: settle(ticket, message.now) };
  }
}

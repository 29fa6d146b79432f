/**
 * Histories from other systems: a ticket's past as facts, folded by the same functions that run live tickets.
 * Replay, adoption and what-if all start here.
 */
import { decideFact, decideOpening, type Opening } from './decide.ts';
import { nextDecision, settle } from './escalation.ts';
import type { Fact, LedgerEvent, TicketAttributes } from './events.ts';
import type { AppliedRules, Priority } from './policy.ts';
import { lowestTier } from './policy.ts';
import type { Ticket } from './ticket.ts';

/** One case of an imported log. Facts are in the order they fold: by instant, then id. */
export interface ImportedHistory {
  /** The case's own id in the log. */
  caseId: string;
  openedAt: number;
  priority: Priority;
  /** Where the case begins; the lowest tier if the log does not say. */
  tier?: number;
  attributes: TicketAttributes;
  facts: readonly Fact[];
}

/** What the engine gets to play a history in virtual time: the same facts, up to `until`. */
export interface Script {
  facts: readonly Fact[];
  /** The end of the log: what falls due later is not judged. */
  until: number;
}

/** The opening of an imported ticket: clocks run, nothing reaches the outside (`observe`). */
export function openingOf(
  history: ImportedHistory,
  rules: AppliedRules,
  ticketId = `history:${history.caseId}`,
): Opening {
  return {
    type: 'opened',
    ticketId,
    messageId: 'import',
    openedAt: history.openedAt,
    actor: { subject: 'import', role: 'integration' },
    attributes: history.attributes,
    priority: history.priority,
    tier: history.tier ?? lowestTier(rules.policy),
    mode: 'observe',
    imported: true,
    rules,
  };
}

/** The next instant of a scripted life: the earlier of the next fact and the next milestone; null at its end. */
export function nextInstant(ticket: Ticket, script: Script, next: number): number | null {
  const milestoneAt = nextDecision(ticket)?.at ?? Number.POSITIVE_INFINITY;
  const factAt = script.facts[next]?.occurredAt ?? Number.POSITIVE_INFINITY;
  const at = Math.min(milestoneAt, factAt);
  return at <= script.until ? at : null;
}

/** One instant of a scripted life: what is due is settled, then the facts of that instant are taken in. */
export function playInstant(
  ticket: Ticket,
  script: Script,
  { at, next }: { at: number; next: number },
): { ticket: Ticket; events: readonly LedgerEvent[]; next: number } {
  let turn = settle(ticket, at);
  let events = [...turn.events];
  let index = next;
  for (; (script.facts[index]?.occurredAt ?? Number.POSITIVE_INFINITY) <= at; index += 1) {
    turn = decideFact(turn.ticket, script.facts[index]!, at);
    events = [...events, ...turn.events];
  }
  return { ticket: turn.ticket, events, next: index };
}

/** A life that was played: how it ends, and everything that was told and decided in it. */
export interface Life {
  ticket: Ticket;
  events: readonly LedgerEvent[];
  /** How many instants were played: facts and milestones. */
  instants: number;
  /** Whether it was broken off because too much happens in it. */
  cut: boolean;
}

/** Instants of one life; a repeating clock of a second would otherwise be played for years. */
export const MOST_INSTANTS = 5_000;

/**
 * A life as it would be lived under these rules, in virtual time, with all that the engine decides. Pauses after each
 * instant, so that whoever plays it for somebody can look at the time.
 */
export function* lifeInSteps(
  opening: Opening,
  script: Script,
  most = MOST_INSTANTS,
): Generator<void, Life, void> {
  const opened = decideOpening(opening, opening.openedAt);
  const events = [...opened.events];
  let { ticket } = opened;
  let next = 0;
  for (let instants = 0; ; instants += 1) {
    const at = nextInstant(ticket, script, next);
    if (at === null || instants === most) return { ticket, events, instants, cut: at !== null };
    const played = playInstant(ticket, script, { at, next });
    events.push(...played.events);
    ({ ticket, next } = played);
    yield;
  }
}

/** The same in one go. */
export function lifeOf(opening: Opening, script: Script, most = MOST_INSTANTS): Life {
  const steps = lifeInSteps(opening, script, most);
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

/** The whole life of a case by pure functions: no server, no waiting. */
export function foldHistory(history: ImportedHistory, rules: AppliedRules, until: number): Ticket {
  const script: Script = { facts: history.facts, until };
  let ticket = decideOpening(openingOf(history, rules), history.openedAt).ticket;
  let next = 0;
  for (let at = nextInstant(ticket, script, next); at !== null; at = nextInstant(ticket, script, next))
    ({ ticket, next } = playInstant(ticket, script, { at, next }));
  return ticket;
}

/**
 * A help desk on paper: one ticket, no engine. Tests say what happens at which hour and read the ledger. Hours
 * count from a Monday at midnight; a fraction is part of an hour.
 */
import { resolveRules } from '../../domain/rules.ts';
import type { Clock } from '../../domain/clock.ts';
import { deadlineOf } from '../../domain/clock.ts';
import {
  decideFact,
  decideMatchedRules,
  decideOpening,
  decideRequest,
  type Opening,
} from '../../domain/decide.ts';
import type { Command } from '../../domain/commands.ts';
import { settle } from '../../domain/escalation.ts';
import type {
  Actor,
  DeskBody,
  Fact,
  LedgerEvent,
  Mode,
  RulesChangeCause,
  TicketAttributes,
} from '../../domain/events.ts';
import type { AppliedRules, ClockName, Policy, Priority } from '../../domain/policy.ts';
import { matchableOf, type Ticket } from '../../domain/ticket.ts';
import type { Turn } from '../../domain/turn.ts';
import { EPOCH } from './arbitraries.ts';
import { deskPolicy } from './desk-policy.ts';

const HOUR = 3_600_000;
export const MS = 1 / HOUR;

/** The instant of an hour, exact to the millisecond. */
export const at = (hours: number): number => EPOCH + Math.round(hours * HOUR);

/** The hour of an instant; null stays null. */
export const hourOf = (instant: number | null | undefined): number | null =>
  instant === null || instant === undefined ? null : (instant - EPOCH) / HOUR;

/** Expanding a calendar takes milliseconds, and properties open thousands of tickets. */
const expanded = new WeakMap<Policy, Map<string, AppliedRules>>();

function rulesOf(policy: Policy, openedAt: number, now: number): AppliedRules {
  const known = expanded.get(policy) ?? new Map<string, AppliedRules>();
  expanded.set(policy, known);
  const key = `${openedAt}/${now}`;
  const rules = known.get(key) ?? resolveRules(policy, { openedAt, now });
  known.set(key, rules);
  return rules;
}

export interface PaperOptions {
  policy?: Policy;
  priority?: Priority;
  tier?: number;
  mode?: Mode;
  /** Hour of the opening. */
  opened?: number;
  /** Hour at which the engine hears of it; the opening itself if not said. */
  heard?: number;
  attributes?: Partial<TicketAttributes>;
}

/** A ticket opened by e-mail as P3 at hour 0, unless said otherwise. */
export function openingOf(options: PaperOptions = {}): Opening {
  const { policy = deskPolicy(), priority = 'P3', tier = 1, mode = 'act', opened = 0, attributes } = options;
  return {
    type: 'opened',
    ticketId: 'T-1',
    messageId: 'opening',
    openedAt: at(opened),
    actor: { subject: 'key-1', role: 'agent' },
    attributes: { type: 'incident', channel: 'email', impact: 'medium', urgency: 'medium', ...attributes },
    priority,
    tier,
    mode,
    rules: rulesOf(policy, at(opened), at(options.heard ?? opened)),
  };
}

export class PaperDesk {
  ticket: Ticket;
  ledger: LedgerEvent[] = [];
  #messages = 0;

  constructor(options: PaperOptions = {}) {
    const turn = decideOpening(openingOf(options), at(options.heard ?? options.opened ?? 0));
    this.ticket = turn.ticket;
    this.#keep(turn);
  }

  #keep({ ticket, events }: Turn): readonly LedgerEvent[] {
    this.ticket = ticket;
    this.ledger.push(...events);
    return events;
  }

  /** Somebody asks for something; the answer is null, or the code of the refusal. */
  ask(hour: number, command: Command, actor: Actor = { subject: 'key-1', role: 'agent' }): string | null {
    const request = { id: `r${(this.#messages += 1)}`, command, actor };
    const decision = decideRequest(this.ticket, request, at(hour));
    if ('refusal' in decision) return decision.refusal.code;
    this.#keep(decision.turn);
    return null;
  }

  /** Something happened, heard of at once unless said otherwise. Answers with the events it led to. */
  tell(
    hour: number,
    body: DeskBody,
    { heard = hour, ...fact }: { heard?: number; id?: string; imported?: true } = {},
  ): readonly LedgerEvent[] {
    const id = `f${(this.#messages += 1)}`;
    return this.#keep(
      decideFact(this.ticket, { id, occurredAt: at(hour), ...body, ...fact } as Fact, at(heard)),
    );
  }

  /** The ticket is judged by another policy from an hour on; the answer as for `ask`. */
  changeRules(
    hour: number,
    policy: Policy,
    more: { retroactive?: boolean; cause?: RulesChangeCause } = {},
  ): string | null {
    const rules = rulesOf(policy, this.ticket.situation.openedAt, at(hour));
    return this.ask(hour, {
      type: 'changeRules',
      rules,
      cause: 'policyChanged',
      retroactive: false,
      ...more,
    });
  }

  /** What the look-up says once attributes have changed: another policy, or that it is the same. */
  matchRules(hour: number, policy?: Policy, matchedOn = matchableOf(this.ticket.attributes)) {
    const { name, version } = this.ticket.rules.policy;
    const found = policy
      ? { rules: rulesOf(policy, this.ticket.situation.openedAt, at(hour)) }
      : { policy: name, version };
    return this.#keep(decideMatchedRules(this.ticket, { matchedOn, ...found }, at(hour)));
  }

  /** Offered and accepted in one moment; the answer is null, or the code of the first refusal. */
  handOn(hour: number, toTier: number, team?: string): string | null {
    const offer: Command = { type: 'offerHandoff', toTier, isReasoned: true, ...(team && { team }) };
    return this.ask(hour, offer) ?? this.ask(hour, { type: 'acceptHandoff' });
  }

  customerWrites(hour: number, heard = hour): readonly LedgerEvent[] {
    return this.tell(hour, { type: 'messageAdded', author: 'customer', visibility: 'public' }, { heard });
  }

  agentReplies(hour: number, heard = hour): readonly LedgerEvent[] {
    return this.tell(hour, { type: 'messageAdded', author: 'agent', visibility: 'public' }, { heard });
  }

  /** Time passes; whatever is due by then is decided. */
  wait(hour: number): readonly LedgerEvent[] {
    return this.#keep(settle(this.ticket, at(hour)));
  }

  /** Takes the ticket as another process would have it: carried as JSON, or built again from its ledger. */
  carryOn(ticket: Ticket): void {
    this.ticket = ticket;
  }

  /** The newest cycle of a clock, or the cycle named. */
  clock(name: ClockName, cycle?: number): Clock | undefined {
    return this.ticket.situation.clocks.findLast(
      (clock) => clock.name === name && (cycle === undefined || clock.cycle === cycle),
    );
  }

  /** Hour of the deadline of a clock's newest cycle. */
  deadline(name: ClockName): number | null {
    const clock = this.clock(name);
    return clock ? hourOf(deadlineOf(clock, this.ticket.rules.hours)) : null;
  }

  /** The ledger's events of a type, oldest first. */
  all<T extends LedgerEvent['type']>(type: T): Extract<LedgerEvent, { type: T }>[] {
    return this.ledger.filter((event): event is Extract<LedgerEvent, { type: T }> => event.type === type);
  }

  /** Verdicts in order: `resolution/1 breached 16`, with the hour of the deadline. */
  verdicts(): string[] {
    return this.ledger.flatMap((event) =>
      event.type === 'breached' || event.type === 'breachWithdrawn'
        ? [`${event.clock}/${event.cycle} ${event.type} ${hourOf(event.deadlineAt)}`]
        : [],
    );
  }

  /** What the ladder did, in order: `resolution warn`, `firstResponse breach skipped`. */
  ladder(): string[] {
    return this.ledger.flatMap((event) => {
      if (event.type === 'stepReached') return [`${event.clock} ${event.step}`];
      return event.type === 'stepSkipped' ? [`${event.clock} ${event.step} skipped`] : [];
    });
  }

  /** Who was told, in order: `lead at 2`. */
  told(): string[] {
    return this.all('notificationRequested').map(({ audience, tier }) => `${audience} at ${tier}`);
  }
}

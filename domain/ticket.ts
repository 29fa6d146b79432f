/**
 * A ticket as the engine carries it: what happened (the story, in fold order), how things stand (its fold),
 * and what the engine has already done about it. `evolve` is total and pure.
 */
import { openedSituation, advance } from './advance.ts';
import {
  cancelClock,
  foldClock,
  formerCalendar,
  isActive,
  onFormerCalendars,
  relaxClock,
  stoppedAt,
  type Clock,
} from './clock.ts';
import {
  compareFoldOrder,
  type LedgerEvent,
  type Mode,
  type OpenedBody,
  type RulesChangedBody,
  type TicketAttributes,
} from './events.ts';
import { targetsOf, type AppliedRules, type ClockName, type Matchable } from './policy.ts';
import { foldShares } from './shares.ts';
import { ALWAYS } from './open-hours.ts';
import { NOT_IN_POLICY, ownerOf, targetFor } from './retarget.ts';
import { isStoryEvent, type Happening, type Hold, type Situation, type StoryEvent } from './situation.ts';

export const SCHEMA_VERSION = 1;

/** Where the series of verdicts on one clock cycle stands (docs/rules.md §1). */
export interface BreachRecord {
  revision: number;
  standing: boolean;
  deadlineAt: number;
  /** Given under rules that do not judge the ticket any more: it stands, unless it turns out to be met after all. */
  upheld?: true;
}

/** How things stood at an instant, with everything before it folded. */
export interface Baseline {
  situation: Situation;
  at: number;
  /** Clocks as they stood then that the rules by now do not have, for rules that have them again. */
  parked?: readonly Clock[];
}

export interface Ticket {
  schemaVersion: typeof SCHEMA_VERSION;
  id: string;
  /** Message id of the opening. */
  openingId: string;
  mode: Mode;
  attributes: TicketAttributes;
  rules: AppliedRules;
  /** The fields that chose the policy when it was last chosen; absent: those of the opening (docs/rules.md §9). */
  matchedOn?: Matchable;
  /** Clocks that other rules had and these have not: ended, and kept for whoever looks back. */
  dropped?: readonly Clock[];
  /** Sequence of the last event: the head of the ticket's ledger. */
  sequence: number;
  /** How many decisions were taken: the next one's place among those of the same millisecond. */
  decisions: number;
  /** The fold of everything older than the story, once the story grew too long. */
  baseline: Baseline;
  story: readonly StoryEvent[];
  situation: Situation;
  /** `clock/cycle/step` of ladder steps that were reached or skipped: each runs once. */
  steps: Readonly<Record<string, true>>;
  /** By `clock/cycle`. */
  breaches: Readonly<Record<string, BreachRecord>>;
  /** How many breached cycles are not carried any more. */
  retiredBreaches: number;
  /** Ids of the newest facts, so that a repeated one counts once; `record` catches older ones. */
  seen: readonly string[];
}

/** Facts remembered by id (docs/rules.md §1). */
export const SEEN_LIMIT = 1000;
/** And not more of them than this, for senders with long ids. */
const SEEN_CHARACTERS = 64_000;
/** A longer story folds its older half into the baseline, so that carried state stays bounded (docs/rules.md §1). */
export const STORY_LIMIT = 200;
/** Newer cycles of a clock that an ended one is carried beside; older ones stand in the ledger and in their rows. */
const CYCLES_CARRIED = 10;

export const stepKey = (clock: ClockName, cycle: number, step: string): string => `${clock}/${cycle}/${step}`;
/** Marks a hold that has had its longest time. */
export const holdKey = ({ reason, since }: Hold): string => `hold/${reason}/${since}`;
/** Marks that a lead was called about so many returns. */
export const returnsKey = (returns: number): string => `pingPong/${returns}`;
/** Marks that containment was put off up to then, and that the end of that was told. */
export const delayKey = (until: number): string => `delay/${until}`;
export const cycleKey = (clock: ClockName, cycle: number): string => `${clock}/${cycle}`;

/** The fields of a ticket that choose its policy. */
export function matchableOf({ customer, service, category, type }: TicketAttributes): Matchable {
  return { type, ...(customer && { customer }), ...(service && { service }), ...(category && { category }) };
}

/** Whether two tickets would have the same policy chosen for them. */
export const isSameMatch = (a: Matchable, b: Matchable): boolean =>
  a.type === b.type && a.customer === b.customer && a.service === b.service && a.category === b.category;

/** Whether a field that chooses the policy has changed since it was chosen: the rules have to be looked up again. */
export function areRulesDue({ matchedOn, attributes }: Ticket): boolean {
  return matchedOn !== undefined && !isSameMatch(matchedOn, matchableOf(attributes));
}

function opened(id: string, event: LedgerEvent<OpenedBody>): Ticket {
  const situation: Situation = {
    ...openedSituation(event, event.rules),
    attributes: event.attributes,
  };
  return {
    schemaVersion: SCHEMA_VERSION,
    id,
    openingId: event.id.slice('request:'.length, event.id.lastIndexOf('/')),
    mode: event.mode,
    attributes: event.attributes,
    rules: event.rules,
    ...(!event.pinned && !event.imported && { matchedOn: matchableOf(event.attributes) }),
    sequence: event.sequence,
    decisions: 1,
    baseline: { situation, at: event.occurredAt },
    story: [],
    situation,
    steps: {},
    breaches: {},
    retiredBreaches: 0,
    seen: [],
  };
}

function fold(from: Situation, story: readonly StoryEvent[], rules: AppliedRules): Situation {
  return story.reduce((situation, event) => {
    const step = advance(situation, event as Happening, rules);
    return 'moot' in step ? situation : step.situation;
  }, from);
}

/** What the rules need to fold again; texts, actors and request ids stay in the ledger. */
function slim(event: StoryEvent): StoryEvent {
  const { actor: _actor, requestId: _requestId, text: _text, ...rest } = event;
  return rest;
}

function insertInFoldOrder(story: readonly StoryEvent[], event: StoryEvent): StoryEvent[] {
  let index = story.length;
  while (index > 0 && compareFoldOrder(event, story[index - 1]!) < 0) index -= 1;
  return [...story.slice(0, index), event, ...story.slice(index)];
}

/** Whether the event falls before what is still known one by one: then it can only be logged. */
export function isTooLate(ticket: Ticket, occurredAt: number): boolean {
  return occurredAt < ticket.baseline.at && ticket.baseline.at > ticket.situation.openedAt;
}

/** Marks what reached a ticket that was already closed: it is kept, and changes no verdict (docs/rules.md §9). */
export const AFTER_CLOSE = 'after_close';

/** Whether the event folds after everything that is known. */
function isNewest(ticket: Ticket, event: StoryEvent): boolean {
  const last = ticket.story.at(-1);
  return !last || compareFoldOrder(last, event) < 0;
}

/** How things stood right before the event, wherever in the story it falls. */
export function situationBefore(ticket: Ticket, event: StoryEvent): Situation {
  if (isNewest(ticket, event)) return ticket.situation;
  const earlier = ticket.story.filter((one) => compareFoldOrder(one, event) < 0);
  return fold(ticket.baseline.situation, earlier, ticket.rules);
}

/** A ticket that an earlier version carried has its attributes beside the situation only: they have never changed. */
function withOwnAttributes(ticket: Ticket): Ticket {
  const { situation, baseline, attributes } = ticket;
  if (situation.attributes) return ticket;
  return {
    ...ticket,
    situation: { ...situation, attributes },
    baseline: { ...baseline, situation: { ...baseline.situation, attributes } },
  };
}

function withStory(before: Ticket, event: StoryEvent): Ticket {
  if (event.moot === AFTER_CLOSE) return before;
  if (isTooLate(before, event.occurredAt)) return before;
  const ticket = event.type === 'attributesChanged' ? withOwnAttributes(before) : before;
  const story = insertInFoldOrder(ticket.story, slim(event));
  const situation = isNewest(ticket, event)
    ? fold(ticket.situation, [event], ticket.rules)
    : fold(ticket.baseline.situation, story, ticket.rules);
  const attributes = situation.attributes ?? ticket.attributes;
  return bounded({ ...ticket, story, situation, attributes });
}

interface Retired {
  clocks: ReadonlySet<Clock>;
  /** Keys of their cycles. */
  keys: ReadonlySet<string>;
}

/** Cycles that ended before `until` and have enough newer ones after them. */
function retiredCycles({ clocks }: Situation, until: number): Retired {
  const retired = clocks.filter((clock) => {
    const newer = clocks.filter(({ name, cycle }) => name === clock.name && cycle > clock.cycle);
    const stop = stoppedAt(clock);
    return newer.length >= CYCLES_CARRIED && stop !== null && stop <= until;
  });
  return { clocks: new Set(retired), keys: new Set(retired.map(({ name, cycle }) => cycleKey(name, cycle))) };
}

/** The engine's books without what they say of retired cycles; how many of those were breached is kept. */
function withoutRetired({ steps, breaches, retiredBreaches }: Ticket, { keys }: Retired): Partial<Ticket> {
  const isKept = (key: string) => !keys.has(key);
  const cycleOf = (step: string) => step.split('/', 2).join('/');
  return {
    steps: Object.fromEntries(Object.entries(steps).filter(([step]) => isKept(cycleOf(step)))),
    breaches: Object.fromEntries(Object.entries(breaches).filter(([key]) => isKept(key))),
    retiredBreaches: retiredBreaches + [...keys].filter((key) => breaches[key]?.standing).length,
  };
}

/**
 * The ticket with the older half of a long story folded into its baseline: pauses and shares before it into sums,
 * cycles long ended left to the ledger. Whatever is asked of the baseline's instant or later has the same answer
 * as before; facts older than it come too late (docs/rules.md §1).
 */
function bounded(ticket: Ticket): Ticket {
  if (ticket.story.length <= STORY_LIMIT) return ticket;
  const { rules, baseline } = ticket;
  const older = ticket.story.slice(0, STORY_LIMIT / 2);
  const story = ticket.story.slice(STORY_LIMIT / 2);
  const at = older.at(-1)!.occurredAt;
  const whole = foldShares(fold(baseline.situation, older, rules), rules, at);
  const retired = retiredCycles(whole, at);
  const clocks = whole.clocks
    .filter((clock) => !retired.clocks.has(clock))
    .map((clock) => {
      const targets = targetsOf(rules.policy, clock.name);
      return foldClock(clock, rules.hours, { until: at, targets });
    });
  const situation = { ...whole, clocks };
  return {
    ...ticket,
    ...withoutRetired(ticket, retired),
    baseline: { situation, at },
    story,
    situation: fold(situation, story, rules),
  };
}

function withSeen(ticket: Ticket, id: string): Ticket {
  const seen = [...ticket.seen, id].slice(-SEEN_LIMIT);
  let characters = seen.reduce((sum, one) => sum + one.length, 0);
  let forgotten = 0;
  for (; characters > SEEN_CHARACTERS; forgotten += 1) characters -= seen[forgotten]!.length;
  return { ...ticket, seen: forgotten > 0 ? seen.slice(forgotten) : seen };
}

/** The opening as far as other rules need it. A ticket whose story was never folded begins with it. */
function beginningUnder(ticket: Ticket, rules: AppliedRules): Baseline {
  const { situation, at } = ticket.baseline;
  if (at > situation.openedAt) return retargetedBaseline(ticket.baseline, rules);
  const { openedAt, priority, tier } = situation;
  const attributes = situation.attributes ?? ticket.attributes;
  const beginning = openedSituation({ occurredAt: openedAt, priority, tier, attributes }, rules);
  return { situation: { ...beginning, attributes }, at };
}

/**
 * A folded beginning under other rules: its sums are all that is known of the time before, so each running clock goes on
 * from them under its new target. Those without one are put aside.
 */
function retargetedBaseline({ situation, at, parked = [] }: Baseline, rules: AppliedRules): Baseline {
  const clocks: Clock[] = [];
  const aside: Clock[] = [];
  for (const clock of [...situation.clocks, ...parked]) {
    const found = clockUnder(clock, situation, rules);
    (found ? clocks : aside).push(found ?? clock);
  }
  return { situation: { ...situation, clocks }, at, ...(aside.length > 0 && { parked: aside }) };
}

/** A clock of a folded beginning under other rules; null where they have none, or cannot count one that has stopped. */
function clockUnder(clock: Clock, situation: Situation, { policy, hours }: AppliedRules): Clock | null {
  if (clock.kind === 'law') return clock;
  const isPromise = clock.limits.some(({ until }) => until !== undefined);
  if (isPromise || !isActive(clock)) {
    const isCounted = clock.limits.every(({ calendar, period }) => {
      const known = hours[calendar];
      return known && (!period || known.days || known.intervals === 'always');
    });
    return clock.name in policy.clocks && isCounted ? clock : null;
  }
  const { priority } = situation;
  const target = targetFor(policy, clock.name, { priority, owner: ownerOf(clock, situation) });
  return target ? relaxClock(clock, target) : null;
}

/** Dropped clocks carried, the newest so many; older ones stand in the ledger and in their rows. */
const DROPPED_CARRIED = 50;

/**
 * Clocks of the old rules that the new ones do not have: what still ran ends now, and says why. Each goes on counting by
 * the hours it was judged by, under a name that no calendar of the new rules has.
 */
function droppedClocks(ticket: Ticket, situation: Situation, at: number): Clock[] {
  const isThere = (clock: Clock) =>
    situation.clocks.some(({ name, cycle }) => name === clock.name && cycle === clock.cycle);
  const { hours } = ticket.rules;
  const dropped = ticket.situation.clocks
    .filter((clock) => !isThere(clock))
    .map((clock) => onFormerCalendars(clock, (name) => formerCalendar(name, hours[name]?.version)))
    .map((clock) => (isActive(clock) ? cancelClock(clock, at, NOT_IN_POLICY) : clock));
  const before = (ticket.dropped ?? []).filter((clock) => !isThere(clock));
  return [...before, ...dropped].slice(-DROPPED_CARRIED);
}

/** The hours that dropped clocks count by, among those of the old rules. They are not needed beyond their horizon. */
function formerHours(dropped: readonly Clock[], hours: AppliedRules['hours']): AppliedRules['hours'] {
  const wanted = new Set(dropped.flatMap(({ limits }) => limits.map(({ calendar }) => calendar)));
  const former = Object.entries(hours).flatMap(([name, known]) => {
    const key = formerCalendar(name, known.version);
    return wanted.has(key) && name !== 'always' ? [[key, { ...known, until: ALWAYS.until }] as const] : [];
  });
  return Object.fromEntries(former);
}

/**
 * The same story under other rules, from its beginning: nothing that happened is lost. Verdicts already given stand,
 * unless the change is retroactive (docs/rules.md §9).
 */
function underOtherRules(ticket: Ticket, event: LedgerEvent<RulesChangedBody>): Ticket {
  const { rules, retroactive, cause, occurredAt } = event;
  const beginning = beginningUnder(ticket, rules);
  const situation = fold(beginning.situation, ticket.story, rules);
  const dropped = droppedClocks(ticket, situation, occurredAt);
  const hours = { ...rules.hours, ...formerHours(dropped, ticket.rules.hours) };
  const entries = Object.entries(ticket.breaches).map(([key, record]) => {
    const { upheld: _upheld, ...judgedAnew } = record;
    if (retroactive) return [key, judgedAnew] as const;
    return [key, record.standing ? { ...record, upheld: true as const } : record] as const;
  });
  return {
    ...ticket,
    rules: dropped.length > 0 ? { ...rules, hours } : rules,
    ...(cause === 'attributesChanged' && { matchedOn: matchableOf(ticket.attributes) }),
    dropped,
    baseline: beginning,
    situation,
    breaches: Object.fromEntries(entries),
  };
}

function withEngineBooks(ticket: Ticket, event: LedgerEvent): Ticket {
  if (event.type === 'stepReached' || event.type === 'stepSkipped') {
    const key = stepKey(event.clock, event.cycle, event.step);
    return { ...ticket, steps: { ...ticket.steps, [key]: true } };
  }
  if (event.type === 'breached' || event.type === 'breachWithdrawn') {
    const { revision, deadlineAt } = event;
    const record = { revision, standing: event.type === 'breached', deadlineAt };
    return { ...ticket, breaches: { ...ticket.breaches, [cycleKey(event.clock, event.cycle)]: record } };
  }
  if (event.type === 'leadCalled')
    return { ...ticket, steps: { ...ticket.steps, [returnsKey(event.returns)]: true } };
  if (event.type === 'containmentDelayEnded')
    return { ...ticket, steps: { ...ticket.steps, [delayKey(event.until)]: true } };
  if (event.type === 'holdExpired') return { ...ticket, steps: { ...ticket.steps, [holdKey(event)]: true } };
  if (event.type === 'rulesConfirmed') return { ...ticket, matchedOn: matchableOf(ticket.attributes) };
  if (event.type === 'rulesChanged') return underOtherRules(ticket, event);
  if (event.type === 'rulesExtended')
    return { ...ticket, rules: { ...ticket.rules, hours: { ...ticket.rules.hours, ...event.hours } } };
  return ticket;
}

/** The ticket after one more event of its ledger. The first event of a ticket is `opened`. */
export function evolve(ticket: Ticket | null, event: LedgerEvent, ticketId?: string): Ticket {
  if (event.type === 'opened') return opened(ticket?.id ?? ticketId ?? '', event);
  if (!ticket) throw new Error(`The ledger of ticket ${ticketId ?? '?'} does not start with its opening`);
  const counted: Ticket = {
    ...ticket,
    sequence: event.sequence,
    decisions: ticket.decisions + (event.decision === undefined ? 0 : 1),
  };
  const remembered = event.source === 'fact' ? withSeen(counted, event.id) : counted;
  return withEngineBooks(isStoryEvent(event) ? withStory(remembered, event) : remembered, event);
}

/** A ticket from its ledger, oldest event first. */
export function rebuild(ticketId: string, events: readonly LedgerEvent[]): Ticket {
  const ticket = events.reduce<Ticket | null>((soFar, event) => evolve(soFar, event, ticketId), null);
  if (!ticket) throw new Error(`The ledger of ticket ${ticketId} is empty`);
  return ticket;
}

export function isFinal(ticket: Ticket): boolean {
  return ticket.situation.state === 'closed' || ticket.situation.state === 'cancelled';
}

/** Whether nothing can happen to the ticket by itself any more: closed, with no duty of law left (docs/rules.md §7). */
export function isOver(ticket: Ticket): boolean {
  return isFinal(ticket) && !ticket.situation.clocks.some((clock) => clock.kind === 'law' && isActive(clock));
}

/** Every clock of a ticket, also those that earlier rules had. */
export function clocksOf({ situation, dropped = [] }: Ticket): readonly Clock[] {
  if (dropped.length === 0) return situation.clocks;
  // A later cycle may take the number of a dropped one: one row has one clock, and the living one is shown.
  const living = new Set(situation.clocks.map(({ name, cycle }) => cycleKey(name, cycle)));
  return [...situation.clocks, ...dropped.filter(({ name, cycle }) => !living.has(cycleKey(name, cycle)))];
}

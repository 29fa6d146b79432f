/** What a step of a ladder does once it falls due: what lasts, and whom it tells. */
import { engagementOf, openConsults, openEngagements, parentOf } from './collaboration.ts';
import type { Notice, StepReference } from './events.ts';
import { ownerHours, scheduleOf, type DueStep } from './ladder.ts';
import { isOpenAt } from './open-hours.ts';
import { completenessOf, EMPTY_PACKET, missingFrom } from './packet.ts';
import {
  AUDIENCES,
  nextTier,
  PRIORITIES,
  requiredBy,
  type Audience,
  type LadderStep,
  type Priority,
} from './policy.ts';
import { stepKey, type Ticket } from './ticket.ts';
import { decideAt, type Turn } from './turn.ts';

/** The tier above that a step means; null where the ticket is there, or higher, already. */
function tierMeant(ticket: Ticket, to: 'next' | number): number | null {
  const { tier } = ticket.situation;
  const wanted = to === 'next' ? nextTier(ticket.rules.policy, tier) : to;
  return wanted !== undefined && wanted > tier ? wanted : null;
}

/** Whether a tier works at `now`, or has somebody on call. */
function isCovered({ rules }: Ticket, tier: number, now: number): boolean {
  const rule = rules.policy.tiers.find((one) => one.tier === tier);
  return [rule?.calendar ?? 'always', rule?.onCall?.calendar].some((calendar) => {
    const hours = calendar === undefined ? undefined : rules.hours[calendar];
    return hours !== undefined && isOpenAt(hours, now);
  });
}

interface HandOff {
  toTier: number;
  /** Tiers on the way that nobody is at. */
  skipped: number[];
  /** Nobody is at any of them: the policy's fallback is paged. */
  isNobodyThere: boolean;
}

/** The first tier from the one meant on that somebody is at; the one meant where nobody is at any (docs/rules.md §9). */
function handOffTarget(ticket: Ticket, to: 'next' | number, now: number): HandOff | null {
  const meant = tierMeant(ticket, to);
  if (meant === null) return null;
  const tiers = ticket.rules.policy.tiers.map(({ tier }) => tier).filter((tier) => tier >= meant);
  const candidates = tiers.toSorted((a, b) => a - b);
  const there = candidates.find((tier) => isCovered(ticket, tier, now));
  return {
    toTier: there ?? meant,
    skipped: there === undefined ? [] : candidates.filter((tier) => tier < there),
    isNobodyThere: there === undefined,
  };
}

/** Whether somebody of this audience is there to be told at `now`. */
export function isThere(ticket: Ticket, audience: Audience, now: number): boolean {
  if (audience === 'manager' || audience === 'vendorManager') return true;
  if (audience === 'assignee' && ticket.situation.assignee === null) return false;
  const hours = ownerHours(ticket);
  return !hours || isOpenAt(hours, now);
}

interface Recipient {
  audience: Audience;
  page: boolean;
  insteadOf?: Audience;
}

/** Who is told in place of an audience that is not there; the manager always is. */
function substitute(ticket: Ticket, audience: Audience, now: number): Audience {
  const later = AUDIENCES.slice(AUDIENCES.indexOf(audience) + 1);
  return later.find((one) => isThere(ticket, one, now)) ?? 'manager';
}

/** Whom a step tells as things stand, each once, and who of those it meant is not there. */
function recipientsOf(ticket: Ticket, step: LadderStep, now: number) {
  const recipients = new Map<Audience, Recipient>();
  const nobody: Audience[] = [];
  for (const action of step.actions) {
    const wanted = 'page' in action ? action.page : 'notify' in action ? action.notify : null;
    if (wanted === null) continue;
    const there = isThere(ticket, wanted, now);
    if (!there) nobody.push(wanted);
    if (!there && step.ifNobody === 'skip') continue;
    const audience = there ? wanted : substitute(ticket, wanted, now);
    const known = recipients.get(audience);
    const page = 'page' in action || (known?.page ?? false);
    recipients.set(audience, { audience, page, ...(!there && !known && { insteadOf: wanted }) });
  }
  return { recipients: [...recipients.values()], nobody };
}

const handOffOf = (step: LadderStep): 'next' | number | undefined =>
  step.actions.flatMap((action) => ('handOff' in action ? [action.handOff] : [])).at(-1);

const raiseOf = (step: LadderStep): 'next' | Priority | undefined =>
  step.actions.flatMap((action) => ('raisePriority' in action ? [action.raisePriority] : [])).at(-1);

/** The priority that a step raises to; null where the ticket has it, or a higher one, already. */
function raisedPriority({ situation }: Ticket, to: 'next' | Priority): Priority | null {
  const at = PRIORITIES.indexOf(situation.priority);
  const wanted = to === 'next' ? at - 1 : PRIORITIES.indexOf(to);
  return wanted >= 0 && wanted < at ? PRIORITIES[wanted]! : null;
}

const referenceOf = ({ clock, step }: DueStep): StepReference => ({
  clock: clock.name,
  cycle: clock.cycle,
  step: step.id,
});

const stepEventId = ({ clock, step }: DueStep): string =>
  `clock:${stepKey(clock.name, clock.cycle, step.id)}`;

export const skipStep = (turn: Turn, due: DueStep, { now, by }: { now: number; by: string }): Turn =>
  decideAt(turn, now, stepEventId(due), {
    type: 'stepSkipped',
    ...referenceOf(due),
    dueAt: due.dueAt,
    supersededBy: by,
  });

/**
 * What steps do that lasts: the ticket moves, rises, gets a task of the review. Done also for steps that were overtaken
 * by a later one: nobody is helped by leaving it out.
 */
function doLasting(turn: Turn, due: readonly DueStep[], now: number): Turn {
  const highest = due.at(-1)!;
  const reference = referenceOf(highest);
  const id = stepEventId(highest);
  let next = turn;
  const raise = due.map(({ step }) => raiseOf(step)).findLast((to) => to !== undefined);
  const priority = raise === undefined ? null : raisedPriority(next.ticket, raise);
  if (priority !== null)
    next = decideAt(next, now, `${id}/raisePriority`, {
      type: 'priorityRaised',
      ...reference,
      priority,
      automatic: true,
    });
  if (due.some(({ step }) => step.actions.some((action) => 'declareMajor' in action)))
    next = declareMajor(next, `${id}/declareMajor`, now);
  const handOff = due.map(({ step }) => handOffOf(step)).findLast((to) => to !== undefined);
  if (handOff !== undefined) next = handOffBy(next, highest, { to: handOff, now });
  for (const one of due)
    one.step.actions.forEach((action, i) => {
      if (!('openReviewTask' in action)) return;
      const task = `${stepKey(one.clock.name, one.clock.cycle, one.step.id)}/${i}`;
      next = decideAt(next, now, `clock:${task}/reviewTask`, {
        type: 'reviewTaskOpened',
        ...referenceOf(one),
        task,
        title: action.openReviewTask,
      });
    });
  return next;
}

/** The ladder moves the ticket at once, with the packet as it stands and what it lacks (docs/rules.md §9). */
function handOffBy(turn: Turn, due: DueStep, { to, now }: { to: 'next' | number; now: number }): Turn {
  const { ticket } = turn;
  const target = handOffTarget(ticket, to, now);
  if (!target) return turn;
  const { toTier, skipped, isNobodyThere } = target;
  const required = requiredBy(ticket.rules.policy, toTier);
  const packet = ticket.situation.packet ?? EMPTY_PACKET;
  const moved = decideAt(turn, now, `${stepEventId(due)}/handOff`, {
    type: 'handedOff',
    ...referenceOf(due),
    fromTier: ticket.situation.tier,
    toTier,
    automatic: true,
    ...(required.length > 0 && {
      missing: missingFrom(packet, required),
      completeness: completenessOf(packet, required),
    }),
    ...(skipped.length > 0 && { skipped }),
  });
  return isNobodyThere ? pageFallback(moved, due, now) : moved;
}

/** Nobody is at the tier, nor on call for any above: whoever the policy falls back on has to know. */
function pageFallback(turn: Turn, due: DueStep, now: number): Turn {
  return decideAt(turn, now, `${stepEventId(due)}/page/fallback`, {
    type: 'notificationRequested',
    ...referenceOf(due),
    audience: 'manager',
    tier: turn.ticket.situation.tier,
    page: true,
    insteadOf: 'team',
  });
}

/** A ticket that is no major incident yet becomes one by a rule. */
export function declareMajor(turn: Turn, id: string, now: number): Turn {
  const { situation } = turn.ticket;
  if (situation.major || situation.state !== 'open') return turn;
  const declared = decideAt(turn, now, id, { type: 'majorDeclared', automatic: true });
  return tellOf(declared, `${id}/notify`, { notice: 'majorIncident', now, page: true });
}

/** Somebody is told of something that no ladder led to: the lead, or the manager where no lead is there. */
export function tellOf(
  turn: Turn,
  id: string,
  {
    now,
    audience: wanted = 'lead',
    page = false,
    ...notice
  }: Notice & { now: number; audience?: Audience; page?: boolean },
): Turn {
  if (turn.ticket.mode === 'observe') return turn;
  const audience = isThere(turn.ticket, wanted, now) ? wanted : substitute(turn.ticket, wanted, now);
  return decideAt(turn, now, `${id}/${audience}`, {
    type: 'notificationRequested',
    ...notice,
    audience,
    tier: turn.ticket.situation.tier,
    ...(page && { page: true as const }),
    ...(audience !== wanted && { insteadOf: wanted }),
  });
}

/** Before the ladder hands the ticket off, somebody may ask the tier above: while there is time, and if nobody has asked. */
function suggestConsult(turn: Turn, due: DueStep, now: number): Turn {
  const wanted = due.step.actions.flatMap((action) =>
    'suggestConsult' in action ? [action.suggestConsult] : [],
  )[0];
  if (wanted === undefined) return turn;
  const { ticket } = turn;
  const toTier = tierMeant(ticket, wanted);
  const { deadlineAt } = scheduleOf(due.clock, ticket.rules);
  const isLate = deadlineAt !== null && now > deadlineAt;
  if (toTier === null || isLate || openConsults(ticket.situation).length > 0) return turn;
  return decideAt(turn, now, `${stepEventId(due)}/suggestConsult`, {
    type: 'consultSuggested',
    ...referenceOf(due),
    toTier,
  });
}

/** Updates for the customer that a step asks for. */
function requestUpdates(turn: Turn, due: DueStep, now: number): Turn {
  let next = turn;
  due.step.actions.forEach((action, i) => {
    const template =
      'sendUpdate' in action ? action.sendUpdate : 'draftUpdate' in action ? action.draftUpdate : null;
    if (template === null) return;
    next = decideAt(next, now, `${stepEventId(due)}/update/${i}`, {
      type: 'updateRequested',
      ...referenceOf(due),
      template,
      send: 'sendUpdate' in action,
    });
  });
  return next;
}

/** Whom a step tells, as the ticket stands after what it did. */
function tell(turn: Turn, due: DueStep, { now, recipients }: { now: number; recipients: Recipient[] }): Turn {
  let next = turn;
  for (const { audience, page, insteadOf } of recipients)
    next = decideAt(next, now, `${stepEventId(due)}/notify/${audience}`, {
      type: 'notificationRequested',
      ...referenceOf(due),
      audience,
      tier: next.ticket.situation.tier,
      ...(page && { page: true as const }),
      ...(insteadOf && { insteadOf }),
      ...(audience === 'vendorManager' && vendorAsked(next.ticket, due)),
    });
  const endpoints = due.step.actions.flatMap((action) => ('webhook' in action ? [action.webhook] : []));
  for (const endpoint of new Set(endpoints))
    next = decideAt(next, now, `${stepEventId(due)}/webhook/${endpoint}`, {
      type: 'webhookRequested',
      ...referenceOf(due),
      endpoint,
    });
  return next;
}

/** The vendor that a step is about: of the clock's own engagement, or of the newest that is open. */
function vendorAsked({ situation }: Ticket, { clock }: DueStep): { vendor?: string } {
  const own = clock.name === 'vendor' ? engagementOf(situation, clock.subject) : undefined;
  const vendor = (own ?? openEngagements(situation).at(-1))?.vendor;
  return vendor === undefined ? {} : { vendor };
}

/**
 * Steps of one clock that are overdue together collapse into the highest: its notifications go out, the
 * others' do not (docs/rules.md §9). What lasts, a hand-off above all, is still done, once.
 */
export function reachSteps(turn: Turn, due: readonly DueStep[], now: number): Turn {
  const highest = due.at(-1)!;
  // A ticket that is part of a major incident keeps its clocks; the parent's ladders speak for it (docs/rules.md §9).
  // Nobody speaks for what the law asks of this one.
  const isSpokenFor = parentOf(turn.ticket.situation) !== undefined && highest.clock.kind !== 'law';
  const observed = turn.ticket.mode === 'observe' || isSpokenFor;
  let next = turn;
  for (const lower of due.slice(0, -1)) next = skipStep(next, lower, { now, by: highest.step.id });
  const before = recipientsOf(next.ticket, highest.step, now);
  next = decideAt(next, now, stepEventId(highest), {
    type: 'stepReached',
    ...referenceOf(highest),
    dueAt: highest.dueAt,
    percent: highest.step.percent,
    observed,
    ...(before.nobody.length > 0 && { nobody: before.nobody }),
  });
  if (observed) return next;
  next = requestUpdates(suggestConsult(doLasting(next, due, now), highest, now), highest, now);
  const { recipients } = recipientsOf(next.ticket, highest.step, now);
  return tell(next, highest, { now, recipients });
}

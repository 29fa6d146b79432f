/** What a step of a ladder does once it falls due: what lasts, and whom it tells. */
import type { StepReference } from './events.ts';
import { ownerHours, type DueStep } from './ladder.ts';
import { isOpenAt } from './open-hours.ts';
import { AUDIENCES, nextTier, PRIORITIES, type Audience, type LadderStep, type Priority } from './policy.ts';
import { stepKey, type Ticket } from './ticket.ts';
import { decideAt, type Turn } from './turn.ts';

/** Where a step hands off to; null where the ticket is there, or above, already. */
function handOffTarget(ticket: Ticket, to: 'next' | number): number | null {
  const { tier } = ticket.situation;
  const wanted = to === 'next' ? nextTier(ticket.rules.policy, tier) : to;
  return wanted !== undefined && wanted > tier ? wanted : null;
}

/** Whether somebody of this audience is there to be told at `now`. */
export function isThere(ticket: Ticket, audience: Audience, now: number): boolean {
  if (audience === 'manager') return true;
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
  const handOff = due.map(({ step }) => handOffOf(step)).findLast((to) => to !== undefined);
  const toTier = handOff === undefined ? null : handOffTarget(next.ticket, handOff);
  const fromTier = next.ticket.situation.tier;
  if (toTier !== null)
    next = decideAt(next, now, `${id}/handOff`, {
      type: 'handedOff',
      ...reference,
      fromTier,
      toTier,
      automatic: true,
    });
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

/**
 * Steps of one clock that are overdue together collapse into the highest: its notifications go out, the
 * others' do not (docs/rules.md §9). What lasts, a hand-off above all, is still done, once.
 */
export function reachSteps(turn: Turn, due: readonly DueStep[], now: number): Turn {
  const highest = due.at(-1)!;
  const observed = turn.ticket.mode === 'observe';
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
  next = doLasting(next, due, now);
  const { recipients } = recipientsOf(next.ticket, highest.step, now);
  return tell(next, highest, { now, recipients });
}

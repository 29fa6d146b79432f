/** Evaluating a policy: what it would make of a ticket, from opening to the end of the story, without opening one. */
import type { Opening } from '../domain/decide.ts';
import { lifeInSteps, type Life } from '../domain/history.ts';
import type { Fact, LedgerEvent, TicketAttributes } from '../domain/events.ts';
import { lowestTier, priorityOf, type Policy } from '../domain/policy.ts';
import { project } from '../domain/projection.ts';
import { resolveRules } from '../domain/rules.ts';
import type { ApiDeps } from './deps.ts';
import { chosenPolicy, type ChosenPolicy } from './policy-choice.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Reply, type Route } from './route.ts';
import { EVALUATE_EXAMPLE, evaluateAnswer, evaluateBody, type EvaluateBody } from './schemas/evaluate.ts';
import { clocksView } from './views.ts';

const iso = (at: number): string => new Date(at).toISOString();

/** Calendars × days: what a policy written out may make us expand. */
const MOST_CALENDAR_DAYS = 50_000;
const DAY = 86_400_000;

const endOf = ({ ticket, events, until }: EvaluateBody): number =>
  until ?? Math.max(ticket.openedAt, ...events.map(({ occurredAt }) => occurredAt));

/** Words and names of persons have no part in clocks; places stand in for ids that were left out. */
function factOf(event: EvaluateBody['events'][number], place: number): Fact {
  const { actor: _actor, ...rest } = event as EvaluateBody['events'][number] & { actor?: string };
  const {
    comment: _comment,
    text: _text,
    ...fact
  } = rest as typeof rest & {
    comment?: string;
    text?: string;
  };
  return { ...fact, id: event.id ?? `event-${String(place).padStart(4, '0')}` } as unknown as Fact;
}

function checkSize(policy: Policy, days: number): void {
  const calendars = Object.keys(policy.calendars).length;
  if (calendars * days <= MOST_CALENDAR_DAYS) return;
  const message = `${calendars} calendars over ${Math.ceil(days)} days are too much for one evaluation`;
  throw new Problem('invalid', message, {
    errors: [{ pointer: '/policy/calendars', code: 'too_long', message }],
  });
}

async function play({ policy }: ChosenPolicy, body: EvaluateBody): Promise<Life> {
  const { openedAt, priority, tier, impact = 'medium', urgency = 'medium', ...rest } = body.ticket;
  const until = endOf(body);
  checkSize(policy, (until - openedAt) / DAY + 60);
  const attributes = JSON.parse(JSON.stringify({ ...rest, impact, urgency })) as TicketAttributes;
  const facts = body.events.map(factOf).toSorted((a, b) => a.occurredAt - b.occurredAt);
  const opening: Opening = {
    type: 'opened',
    ticketId: 'evaluated',
    messageId: 'evaluated',
    openedAt,
    actor: { subject: 'evaluation', role: 'integration' },
    attributes,
    priority: priority ?? priorityOf(policy, impact, urgency),
    tier: tier ?? lowestTier(policy),
    mode: 'act',
    rules: resolveRules(policy, { openedAt, now: until }),
  };
  const life = await playedInTime(lifeInSteps(opening, { facts, until }));
  if (life && !life.cut) return life;
  const message = 'More happens in this story than is played; let it end earlier';
  throw new Problem('invalid', message, { errors: [{ pointer: '/until', code: 'too_long', message }] });
}

/** Time that one story may take, and after which others get their turn, in milliseconds. */
const BUDGET_MS = 2_000;
const TURN_MS = 25;

/** The life, or null where playing it takes too long. Other requests are answered meanwhile. */
async function playedInTime(steps: Generator<void, Life, void>): Promise<Life | null> {
  let spent = 0;
  while (spent < BUDGET_MS) {
    const started = performance.now();
    do {
      const step = steps.next();
      if (step.done) return step.value;
    } while (performance.now() - started < TURN_MS);
    spent += performance.now() - started;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return null;
}

const ofType = <T extends LedgerEvent['type']>({ events }: Life, type: T) =>
  events.filter((event): event is Extract<LedgerEvent, { type: T }> => event.type === type);

function stepsOf(life: Life) {
  const all = [...ofType(life, 'stepReached'), ...ofType(life, 'stepSkipped')];
  return all
    .toSorted((a, b) => a.sequence - b.sequence)
    .map(({ clock, cycle, step, dueAt, type }) => {
      return { clock, cycle, step, dueAt: iso(dueAt), skipped: type === 'stepSkipped' };
    });
}

function breachesOf(life: Life) {
  const { ticket } = life;
  const standing = ofType(life, 'breached').filter(({ clock, cycle, revision }) => {
    const record = ticket.breaches[`${clock}/${cycle}`];
    return record?.standing === true && record.revision === revision;
  });
  return standing.map(({ clock, cycle, deadlineAt, tier, priority }) => {
    return { clock, cycle, deadlineAt: iso(deadlineAt), tier, priority };
  });
}

/** Not every notification is a step's: one may ask about a hold. */
function notificationView(event: LedgerEvent & { type: 'notificationRequested' }) {
  const { occurredAt, audience, tier } = event;
  const at = iso(occurredAt);
  return 'clock' in event
    ? { at, audience, tier, clock: event.clock, step: event.step }
    : { at, audience, tier };
}

function evaluationView(chosen: ChosenPolicy, life: Life, until: number) {
  const { ticket: row } = project(life.ticket, until);
  const { state, priority, tier, reopenCount, handoffs, shares } = row;
  return {
    policy: { name: chosen.policy.name, version: chosen.version },
    ticket: { state, priority, tier, reopenCount, handoffs },
    clocks: clocksView(life.ticket, until).data,
    steps: stepsOf(life),
    handoffs: ofType(life, 'handedOff').map(({ occurredAt, fromTier, toTier, clock, step }) => {
      return { at: iso(occurredAt), fromTier, toTier, clock, step };
    }),
    notifications: ofType(life, 'notificationRequested').map(notificationView),
    breaches: breachesOf(life),
    timeByOwner: Object.fromEntries(Object.entries(shares).map(([owner, ms = 0]) => [owner, ms / 1000])),
    ineffective: life.events.flatMap(({ type, occurredAt, moot }) =>
      moot === undefined ? [] : [{ type, occurredAt: iso(occurredAt), why: moot }],
    ),
    asOf: iso(until),
  };
}

async function evaluate(deps: ApiDeps, body: EvaluateBody): Promise<Reply> {
  const chosen = await chosenPolicy(deps, body.policy);
  return { body: evaluationView(chosen, await play(chosen, body), endOf(body)) };
}

export function evaluateRoutes(deps: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/policies/evaluate',
      operationId: 'evaluatePolicy',
      operation: 'ticket.read',
      tag: 'policies',
      summary: 'What a policy would make of a ticket',
      description:
        'Plays a story under a stored policy, or one written out in the body, as a live ticket would live it: ladders ' +
        'hand off, resolved tickets close. Answers the clocks with the spans that explain them, the steps that would ' +
        'have been reached, the breaches, and whose time it was. Nothing is kept and nobody is told. At most ' +
        `${1000} events over ${800} days.`,
      body: evaluateBody,
      example: EVALUATE_EXAMPLE,
      answers: { 200: { description: 'Counted up to `asOf`', schema: evaluateAnswer } },
      problems: ['policy_unknown'],
      handle: ({ body }) => evaluate(deps, body),
    }),
  ];
}

/** Laws of a ticket, for any days at the desk. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deadlineOf, elapsedOf, governingLimit } from '../../domain/clock.ts';
import { advance, openedSituation } from '../../domain/advance.ts';
import { decideFact, decideOpening, decideRequest } from '../../domain/decide.ts';
import type { Command } from '../../domain/commands.ts';
import { nextDecision, settle } from '../../domain/escalation.ts';
import type { DeskBody, Fact, LedgerEvent, Mode } from '../../domain/events.ts';
import { openTimeBetween } from '../../domain/open-hours.ts';
import type { Policy, ReopenRule } from '../../domain/policy.ts';
import { project } from '../../domain/projection.ts';
import { sharesOf } from '../../domain/shares.ts';
import { isStoryEvent, type Situation } from '../../domain/situation.ts';
import { evolve, rebuild, SEEN_LIMIT, STORY_LIMIT, type Ticket } from '../../domain/ticket.ts';
import { EPOCH } from '../support/arbitraries.ts';
import { busyPolicy } from '../support/desk-clocks.ts';
import { anyBodies, bodies, deskDays, mixedPolicy } from '../support/desk-days.ts';
import { at, hourOf, openingOf, PaperDesk, type PaperOptions } from '../support/paper-desk.ts';
import { runs } from '../support/runs.ts';

const HOUR = 3_600_000;
const HOURS = 72;
const END = EPOCH + (HOURS + 24) * HOUR;

interface Life {
  ticket: Ticket;
  ledger: LedgerEvent[];
}

function opened(options: PaperOptions = {}): Life {
  const turn = decideOpening(
    openingOf({ policy: policyWith('continue'), ...options }),
    at(options.opened ?? 0),
  );
  return { ticket: turn.ticket, ledger: [...turn.events] };
}

/** A life in which each fact is heard of at `heardAt`, or as it happens. */
function lived(facts: readonly Fact[], options: PaperOptions & { heardAt?: number } = {}): Life {
  const life = opened(options);
  for (const fact of facts) {
    const turn = decideFact(life.ticket, fact, options.heardAt ?? fact.occurredAt);
    life.ledger.push(...turn.events);
    life.ticket = turn.ticket;
  }
  return life;
}

const sumOf = (amounts: readonly (number | undefined)[]): number =>
  amounts.reduce<number>((sum, one) => sum + (one ?? 0), 0);

const byTime = (facts: readonly Fact[]): Fact[] =>
  facts.toSorted((a, b) => a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : 1));

/** Made once each: the rules of a policy are expanded once. */
const POLICIES = new Map<ReopenRule, Policy>();

function policyWith(reopen: ReopenRule): Policy {
  const known = POLICIES.get(reopen);
  if (known) return known;
  const policy = mixedPolicy();
  const { firstResponse, resolution } = policy.clocks;
  POLICIES.set(reopen, { ...policy, clocks: { firstResponse, resolution: { ...resolution, reopen } } });
  return policyWith(reopen);
}

const reopenRules = fc.constantFrom<ReopenRule>('continue', 'restart', 'newCycle');
const modes = fc.constantFrom<Mode>('act', 'observe');

/** Facts, and the same facts shuffled with some of them repeated. */
const shuffledDays = deskDays({ hours: HOURS }).chain((facts) =>
  fc.tuple(
    fc.constant(facts),
    fc
      .tuple(fc.shuffledSubarray(facts, { minLength: facts.length }), fc.subarray(facts))
      .chain(([all, again]) =>
        fc.shuffledSubarray([...all, ...again], { minLength: all.length + again.length }),
      ),
  ),
);

describe('the same facts', () => {
  test('give the same clocks, holds and owners in any order of arrival and however often they are told', () => {
    fc.assert(
      fc.property(shuffledDays, reopenRules, ([facts, shuffled], reopen) => {
        // Observed: the ladder takes no decision that the order of arrival could change.
        const options = { mode: 'observe' as const, policy: policyWith(reopen), heardAt: END };
        const [one, other] = [lived(byTime(facts), options), lived(shuffled, options)];
        expect(other.ticket.situation).toEqual(one.ticket.situation);
      }),
      runs(150),
    );
  });

  test('give the same standing verdicts in any order of arrival', () => {
    fc.assert(
      fc.property(shuffledDays, reopenRules, ([facts, shuffled], reopen) => {
        const options = { mode: 'observe' as const, policy: policyWith(reopen), heardAt: END };
        const standing = ({ ticket }: Life) =>
          Object.entries(settle(ticket, END).ticket.breaches)
            .filter(([, record]) => record.standing)
            .map(([cycle, { deadlineAt }]) => `${cycle} ${deadlineAt}`)
            .toSorted();
        expect(standing(lived(shuffled, options))).toEqual(standing(lived(byTime(facts), options)));
      }),
      runs(100),
    );
  });

  test('and the same decisions give the same ticket in whatever order they are read', () => {
    fc.assert(
      fc.property(
        deskDays({ hours: HOURS }),
        reopenRules,
        fc.infiniteStream(fc.nat()),
        (facts, reopen, dice) => {
          const { ledger, ticket } = lived(byTime(facts), { policy: policyWith(reopen) });
          // Once final, whether a fact is heard before or after the close matters (docs/rules.md §9).
          fc.pre(ticket.situation.state !== 'closed');
          const [opening, ...rest] = ledger as [LedgerEvent, ...LedgerEvent[]];
          const shuffled = rest
            .map((event) => ({ event, dice: dice.next().value! }))
            .toSorted((a, b) => a.dice - b.dice);
          const other = shuffled.reduce(
            (soFar, { event }) => evolve(soFar, event),
            evolve(null, opening, 'T-1'),
          );
          expect(other.situation).toEqual(ticket.situation);
        },
      ),
      runs(100),
    );
  });
});

const commands = fc.constantFrom<Command>(
  { type: 'acknowledge' },
  { type: 'reply' },
  { type: 'note' },
  { type: 'hold', reason: 'customer' },
  { type: 'hold', reason: 'vendor' },
  { type: 'resume' },
  { type: 'prioritise', priority: 'P1' },
  { type: 'prioritise', priority: 'P4' },
  { type: 'offerHandoff', toTier: 2 },
  { type: 'offerHandoff', toTier: 1, isReasoned: true },
  { type: 'acceptHandoff', assignee: 'agent-21' },
  { type: 'returnHandoff', missing: ['environment'] },
  { type: 'withdrawHandoff' },
  { type: 'writePacket', items: ['symptoms'] },
  { type: 'consult', toTier: 2 },
  { type: 'swarm', people: [{ agent: 'agent-31' }] },
  { type: 'leave', agent: 'agent-31' },
  { type: 'engageVendor', vendor: 'acme' },
  { type: 'vendorReturned' },
  { type: 'link', relation: 'change', reference: 'CHG-1' },
  { type: 'restore' },
  { type: 'declareMajor', commander: 'lead-2' },
  { type: 'take', assignee: 'agent-7', tier: 1 },
  { type: 'resolve' },
  { type: 'reopen' },
  { type: 'close' },
  { type: 'cancel' },
);

/** What comes to the engine in turn: a request, a fact from some time ago, or only time passing. */
const arrivalsOf = (told: fc.Arbitrary<DeskBody>) =>
  fc.array(
    fc.record({
      afterMs: fc.nat(6 * HOUR),
      message: fc.oneof(
        fc.record({ command: commands }),
        fc.record({ body: told, agoMs: fc.nat(10 * HOUR) }),
        fc.constant('time' as const),
      ),
    }),
    { maxLength: 40 },
  );
const arrivals = arrivalsOf(bodies);
type Arrival = typeof arrivals extends fc.Arbitrary<(infer T)[]> ? T : never;

/** Every ticket of a random life, in order, each with the instant it was decided at. */
function lifeOf(
  told: readonly Arrival[],
  options: PaperOptions,
): Life & { now: number; turns: [Ticket, number][] } {
  const life = opened(options);
  const turns: [Ticket, number][] = [[life.ticket, EPOCH]];
  let now = EPOCH;
  told.forEach(({ afterMs, message }, i) => {
    now += afterMs;
    const turn = turnOf(life.ticket, message, { id: `m${i}`, now });
    if (!turn) return;
    life.ledger.push(...turn.events);
    life.ticket = turn.ticket;
    turns.push([turn.ticket, now]);
  });
  return { ...life, now, turns };
}

function turnOf(ticket: Ticket, message: Arrival['message'], { id, now }: { id: string; now: number }) {
  if (message === 'time') return settle(ticket, now);
  if ('body' in message)
    return decideFact(ticket, { id, occurredAt: now - message.agoMs, ...message.body }, now);
  const actor = { subject: 'key-1', role: 'agent' };
  const decision = decideRequest(ticket, { id, command: message.command, actor }, now);
  return 'turn' in decision ? decision.turn : null;
}

describe('for any life of a ticket', () => {
  const anyLife = fc.tuple(arrivals, fc.record({ mode: modes, policy: reopenRules.map(policyWith) }));

  test('its ledger rebuilds it exactly, also after a journey through JSON', () => {
    fc.assert(
      fc.property(anyLife, ([told, options]) => {
        const { ticket, ledger } = lifeOf(told, options);
        const stored = JSON.parse(JSON.stringify(ledger)) as LedgerEvent[];
        expect(rebuild('T-1', stored)).toEqual(ticket);
        expect(JSON.parse(JSON.stringify(ticket))).toEqual(ticket);
      }),
      runs(150),
    );
  });

  test('its ledger is numbered without gaps and no two events have one id', () => {
    fc.assert(
      fc.property(anyLife, ([told, options]) => {
        const { ledger } = lifeOf(told, options);
        expect(ledger.map(({ sequence }) => sequence)).toEqual(ledger.map((_, i) => i + 1));
        expect(new Set(ledger.map(({ id }) => id)).size).toBe(ledger.length);
      }),
      runs(150),
    );
  });

  test('settling twice at one instant adds nothing', () => {
    fc.assert(
      fc.property(anyLife, fc.nat(50 * HOUR), ([told, options], later) => {
        const { ticket, now } = lifeOf(told, options);
        const settled = settle(ticket, now + later).ticket;
        expect(settle(settled, now + later).events).toEqual([]);
      }),
      runs(150),
    );
  });

  test('what falls due next is in the future once everything due is settled', () => {
    fc.assert(
      fc.property(anyLife, ([told, options]) => {
        for (const [ticket, now] of lifeOf(told, options).turns)
          expect(nextDecision(ticket)?.at ?? Number.POSITIVE_INFINITY).toBeGreaterThan(now);
      }),
      runs(100),
    );
  });

  test('closed is final: nothing that is told afterwards changes how things stand', () => {
    fc.assert(
      fc.property(anyLife, arrivals, ([told, options], more) => {
        const before = lifeOf([...told, { afterMs: 1, message: { command: { type: 'cancel' } } }], options);
        let { ticket } = before;
        more.forEach(({ afterMs, message }, i) => {
          ticket = turnOf(ticket, message, { id: `late${i}`, now: before.now + afterMs })?.ticket ?? ticket;
        });
        expect(ticket.situation).toEqual(before.ticket.situation);
        expect(ticket.breaches).toEqual(before.ticket.breaches);
      }),
      runs(100),
    );
  });

  test('a breach stands exactly where a clock ran beyond its deadline', () => {
    fc.assert(
      fc.property(anyLife, ([told, options]) => {
        const { ticket: unsettled, now } = lifeOf(told, options);
        const ticket = settle(unsettled, now).ticket;
        fc.pre(ticket.situation.state === 'open' || ticket.situation.state === 'resolved');
        for (const clock of ticket.situation.clocks) {
          const deadline = deadlineOf(clock, ticket.rules.hours);
          const late = deadline !== null && (clock.metAt ?? clock.cancelledAt ?? now) > deadline;
          expect(ticket.breaches[`${clock.name}/${clock.cycle}`]?.standing ?? false).toBe(late);
        }
      }),
      runs(150),
    );
  });

  test('the time it was open belongs to exactly one owner, on the calendar of the resolution', () => {
    fc.assert(
      fc.property(anyLife, fc.nat(20 * HOUR), ([told, options], later) => {
        const { ticket, now } = lifeOf(told, options);
        const { situation, rules } = ticket;
        const until = now + later;
        const clock = situation.clocks.findLast(({ name }) => name === 'resolution')!;
        const owned = sumOf(Object.values(sharesOf(situation, rules, until)));
        // The spans owned by nobody are those in which the ticket was resolved or over.
        const unowned = situation.shares.flatMap(({ from, share }, i) =>
          share === 'none' ? [[from, situation.shares[i + 1]?.from ?? until] as const] : [],
        );
        const hours = rules.hours[governingLimit(clock, rules.hours).calendar]!;
        const rest = sumOf(unowned.map(([from, to]) => openTimeBetween(hours, from, to)));
        expect(owned + rest).toBe(openTimeBetween(hours, EPOCH, until));
      }),
      runs(100),
    );
  });

  test('what the customer and the vendor do not own is the elapsed time of the resolution', () => {
    fc.assert(
      fc.property(arrivals, modes, fc.nat(20 * HOUR), (told, mode, later) => {
        const { ticket, now } = lifeOf(told, { mode, policy: policyWith('continue') });
        const { situation, rules } = ticket;
        const shares = sharesOf(situation, rules, now + later);
        const { customer: _customer, vendor: _vendor, ...unpaused } = shares;
        const clock = situation.clocks.findLast(({ name }) => name === 'resolution')!;
        expect(sumOf(Object.values(unpaused))).toBe(elapsedOf(clock, rules.hours, now + later));
      }),
      runs(150),
    );
  });

  test('the rows read instead of it agree with it', () => {
    fc.assert(
      fc.property(anyLife, ([told, options]) => {
        const { ticket, now } = lifeOf(told, options);
        const rows = project(ticket, now);
        expect(rows.clocks).toHaveLength(ticket.situation.clocks.length);
        expect(rows.ticket.breached).toBe(Object.values(ticket.breaches).some(({ standing }) => standing));
        expect(rows.ticket.state === 'onHold').toBe(
          ticket.situation.state === 'open' && ticket.situation.holds.length > 0,
        );
      }),
      runs(100),
    );
  });
});

describe('with every clock at once, on hours of tiers and with ladders that hand off', () => {
  const policy = busyPolicy();
  const days = deskDays({ hours: HOURS, of: anyBodies });
  const anyLife = fc.tuple(arrivalsOf(anyBodies), modes);

  /** What is asked of a ticket: its clocks, who owned the time, what was breached. */
  function answersOf(ticket: Ticket, now: number) {
    const { situation, rules } = ticket;
    return {
      clocks: situation.clocks.map((clock) => ({
        ...clock,
        deadline: deadlineOf(clock, rules.hours),
        elapsed: elapsedOf(clock, rules.hours, now),
      })),
      shares: sharesOf(situation, rules, now),
      holds: situation.holds,
    };
  }

  test('the same facts give the same clocks and shares in any order, however often they are told', () => {
    const shuffled = days.chain((facts) =>
      fc.tuple(
        fc.constant(facts),
        fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length * 2 }),
      ),
    );
    fc.assert(
      fc.property(shuffled, ([facts, again]) => {
        const options = { mode: 'observe' as const, policy: policy, heardAt: END };
        const [one, other] = [lived(byTime(facts), options), lived(again, options)];
        expect(answersOf(other.ticket, END)).toEqual(answersOf(one.ticket, END));
      }),
      runs(200),
    );
  });

  test('the same decisions among them do too, in whatever order they are read', () => {
    fc.assert(
      fc.property(days, fc.infiniteStream(fc.nat()), (facts, dice) => {
        const { ledger, ticket } = lived(byTime(facts), { policy });
        fc.pre(ticket.situation.state !== 'closed');
        const [opening, ...rest] = ledger as [LedgerEvent, ...LedgerEvent[]];
        const other = rest
          .map((event) => ({ event, dice: dice.next().value! }))
          .toSorted((a, b) => a.dice - b.dice)
          .reduce((soFar, { event }) => evolve(soFar, event), evolve(null, opening, 'T-1'));
        expect(answersOf(other, END)).toEqual(answersOf(ticket, END));
        expect(other.situation).toEqual(ticket.situation);
      }),
      runs(200),
    );
  });

  test('settling twice at one instant adds nothing', () => {
    fc.assert(
      fc.property(anyLife, fc.nat(50 * HOUR), ([told, mode], later) => {
        const { ticket, now } = lifeOf(told, { policy, mode });
        const settled = settle(ticket, now + later).ticket;
        expect(settle(settled, now + later).events).toEqual([]);
      }),
      runs(200),
    );
  });

  test('what falls due next is in the future once everything due is settled', () => {
    fc.assert(
      fc.property(anyLife, ([told, mode]) => {
        for (const [ticket, now] of lifeOf(told, { policy, mode }).turns)
          expect(nextDecision(ticket)?.at ?? Number.POSITIVE_INFINITY).toBeGreaterThan(now);
      }),
      runs(100),
    );
  });

  test('the ledger rebuilds the ticket exactly, also after a journey through JSON', () => {
    fc.assert(
      fc.property(anyLife, ([told, mode]) => {
        const { ticket, ledger } = lifeOf(told, { policy, mode });
        expect(rebuild('T-1', JSON.parse(JSON.stringify(ledger)) as LedgerEvent[])).toEqual(ticket);
        expect(JSON.parse(JSON.stringify(ticket))).toEqual(ticket);
        expect(new Set(ledger.map(({ id }) => id)).size).toBe(ledger.length);
      }),
      runs(200),
    );
  });

  test('a breach stands exactly where a clock ran beyond its deadline', () => {
    fc.assert(
      fc.property(anyLife, ([told, mode]) => {
        const { ticket: unsettled, now } = lifeOf(told, { policy, mode });
        const ticket = settle(unsettled, now).ticket;
        fc.pre(ticket.situation.state === 'open' || ticket.situation.state === 'resolved');
        for (const clock of ticket.situation.clocks) {
          const deadline = deadlineOf(clock, ticket.rules.hours);
          const late = deadline !== null && (clock.metAt ?? clock.cancelledAt ?? now) > deadline;
          expect(ticket.breaches[`${clock.name}/${clock.cycle}`]?.standing ?? false).toBe(late);
        }
      }),
      runs(150),
    );
  });

  test('of one subject one clock runs at a time, and every cycle has a number of its own', () => {
    fc.assert(
      fc.property(anyLife, ([told, mode]) => {
        const { clocks } = lifeOf(told, { policy, mode }).ticket.situation;
        const running = clocks.filter((one) => one.metAt === null && one.cancelledAt === null);
        const subjects = running.map(({ name, subject }) => `${name}/${subject}`);
        expect(new Set(subjects).size).toBe(subjects.length);
        const cycles = clocks.map(({ name, cycle }) => `${name}/${cycle}`);
        expect(new Set(cycles).size).toBe(cycles.length);
      }),
      runs(100),
    );
  });
});

/** The fold of a ledger without any limit: what a ticket would carry if it could carry everything. */
function unboundedSituation(ledger: readonly LedgerEvent[]): Situation {
  const [opening, ...rest] = ledger.filter(isStoryEvent);
  if (opening?.type !== 'opened') throw new Error('The ledger does not start with its opening');
  return rest.reduce<Situation>(
    (soFar, event) => {
      const step = advance(soFar, event as Parameters<typeof advance>[1], opening.rules);
      return 'moot' in step ? soFar : step.situation;
    },
    openedSituation(opening, opening.rules),
  );
}

describe('a very long life', () => {
  /** Facts a quarter of an hour apart, with ids as long as those of most systems. */
  function manyFacts(count: number, seed: number): Fact[] {
    const drawn = fc.sample(bodies, { numRuns: count, seed });
    return drawn.map((body, i) => ({
      id: `${String(i).padStart(8, '0')}-0000-4000-8000-000000000000`,
      occurredAt: EPOCH + (i + 1) * 15 * 60_000,
      ...body,
    }));
  }

  test.each<ReopenRule>(['continue', 'newCycle', 'restart'])(
    'of 5,000 facts never weighs more than 256 KiB, reopening by the rule %s',
    (reopen) => {
      let { ticket } = opened({ policy: policyWith(reopen) });
      let heaviest = 0;
      manyFacts(5_000, 7).forEach((fact, i) => {
        ticket = decideFact(ticket, fact, fact.occurredAt).ticket;
        if (i % 50 === 0) heaviest = Math.max(heaviest, JSON.stringify(ticket).length);
      });
      expect(ticket.situation.state).not.toBe('closed');
      expect(heaviest).toBeLessThanOrEqual(256 * 1024);
    },
  );

  test('of facts with the longest ids and names weighs no more', () => {
    let { ticket } = opened();
    const long = (what: string, i: number) => `${what}${i}`.padEnd(200, '-');
    for (let i = 0; i < 1_500; i += 1) {
      const names = { team: long('team', i), assignee: long('agent', i) };
      const fact: Fact = { id: long('id', i), occurredAt: EPOCH + i * 60_000, type: 'assigned', ...names };
      ticket = decideFact(ticket, fact, fact.occurredAt).ticket;
    }
    expect(JSON.stringify(ticket).length).toBeLessThanOrEqual(256 * 1024);
  });

  test('keeps deadlines, elapsed time and shares exact, however often it was folded', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.constantFrom<ReopenRule>('continue', 'newCycle'),
        modes,
        (seed, reopen, mode) => {
          const facts = manyFacts(700, seed);
          const { ticket, ledger } = lived(facts, { policy: policyWith(reopen), mode });
          const now = facts.at(-1)!.occurredAt + 5 * HOUR;
          const whole = unboundedSituation(ledger);
          const { situation, rules } = ticket;
          const told = (one: Situation) =>
            one.clocks
              .filter(({ name, cycle }) =>
                situation.clocks.some((kept) => kept.name === name && kept.cycle === cycle),
              )
              .map((clock) => ({
                clock: `${clock.name}/${clock.cycle}`,
                deadline: deadlineOf(clock, rules.hours),
                elapsed: elapsedOf(clock, rules.hours, now),
                metAt: clock.metAt,
              }));
          expect(told(situation)).toEqual(told(whole));
          expect(sharesOf(situation, rules, now)).toEqual(sharesOf(whole, rules, now));
          expect(ticket.story.length).toBeLessThanOrEqual(STORY_LIMIT);
        },
      ),
      runs(4),
    );
  });

  test('is rebuilt from its ledger exactly', () => {
    const { ticket, ledger } = lived(manyFacts(900, 3), { policy: policyWith('newCycle') });
    expect(rebuild('T-1', ledger)).toEqual(ticket);
  });

  test('remembers that a cycle it does not carry any more was breached', () => {
    const desk = new PaperDesk({
      policy: policyWith('newCycle'),
      priority: 'P1',
      attributes: { channel: 'phone' },
    });
    desk.ask(5, { type: 'resolve' });
    for (let i = 0; i < STORY_LIMIT; i += 1) {
      desk.ask(6 + i, { type: 'reopen' });
      desk.ask(6.5 + i, { type: 'resolve' });
    }
    expect(desk.clock('resolution', 1)).toBeUndefined();
    expect(desk.ticket.breaches).toEqual({});
    expect(project(desk.ticket, at(6 + STORY_LIMIT)).ticket.breached).toBe(true);
  });

  test('logs a fact from before its baseline as too late; one from the same instant still counts', () => {
    const desk = new PaperDesk();
    for (let i = 1; i <= STORY_LIMIT + 1; i += 1) desk.tell(i / 60, { type: 'assigned', team: `team-${i}` });
    const before = desk.ticket.situation;
    const [event] = desk.tell(0.1 / 60, { type: 'held', reason: 'vendor' }, { heard: 3.6 });
    expect(event).toMatchObject({ type: 'held', moot: 'too_late' });
    expect(desk.ticket.situation).toEqual(before);
    const { at: baselineAt } = desk.ticket.baseline;
    desk.tell(hourOf(baselineAt)!, { type: 'held', reason: 'vendor' }, { heard: 3.6 });
    expect(desk.ticket.situation.holds).toEqual([{ reason: 'vendor', since: baselineAt }]);
  });

  test('forgets the oldest ids of facts, not the newest', () => {
    const { ticket } = lived(manyFacts(SEEN_LIMIT + 5, 1), { mode: 'observe' });
    expect(ticket.seen).toHaveLength(SEEN_LIMIT);
    expect(ticket.seen.at(-1)).toContain(String(SEEN_LIMIT + 4));
  });
});

describe('a ledger of an earlier version', () => {
  const target = (hours: number) => ({ ms: hours * HOUR, calendar: 'always' });
  const none = { targets: {}, pausedBy: [], reopen: 'continue', ladder: [] };
  const breach = {
    id: 'breach',
    percent: 100,
    offsetMs: 0,
    actions: [{ notify: 'lead' }, { handOff: 'next' }],
  };
  /** As such a ledger has it: every clock there is, most without targets; tiers without hours; nothing optional. */
  const opening = JSON.parse(
    JSON.stringify({
      id: 'request:opening/0',
      sequence: 1,
      source: 'request',
      occurredAt: EPOCH,
      receivedAt: EPOCH,
      decision: 0,
      type: 'opened',
      attributes: { type: 'incident', channel: 'email', impact: 'high', urgency: 'high' },
      priority: 'P1',
      tier: 1,
      mode: 'act',
      rules: {
        policy: {
          name: 'desk',
          version: 1,
          precedence: 1,
          match: [{}],
          priorityMatrix: {},
          tiers: [
            { tier: 1, name: 'Desk' },
            { tier: 2, name: 'Specialists' },
          ],
          clocks: {
            firstResponse: { ...none, targets: { P1: target(1) } },
            nextResponse: none,
            resolution: { ...none, targets: { P1: target(4) }, pausedBy: ['customer'], ladder: [breach] },
          },
          autoCloseAfterMs: null,
          backdating: { personMs: 0, integrationMs: 0 },
        },
        hours: {
          always: {
            calendar: 'always',
            version: 'always',
            zoneData: '',
            from: 0,
            until: 8.64e15,
            intervals: 'always',
          },
        },
      },
    }),
  ) as LedgerEvent;

  /** As a process of that version carried it: without the fields that came later. */
  function carried(): Ticket {
    const { matchedOn: _matchedOn, dropped: _dropped, ...ticket } = evolve(null, opening, 'T-1');
    const { attributes: _attributes, restoredAt: _restoredAt, ...situation } = ticket.situation;
    const old = { ...ticket, situation, baseline: { ...ticket.baseline, situation } };
    return JSON.parse(JSON.stringify(old)) as Ticket;
  }
  const told = (ticket: Ticket, hour: number, body: DeskBody) =>
    decideFact(ticket, { id: `f${hour}`, occurredAt: at(hour), ...body }, at(hour));

  test('opens with the clocks it had, and no others', () => {
    const { situation } = evolve(null, opening, 'T-1');
    expect(situation.clocks.map(({ name }) => name)).toEqual(['firstResponse', 'resolution']);
  });

  test.each([
    ['read again', () => evolve(null, opening, 'T-1')],
    ['carried on', carried],
  ])('is settled as ever when it is %s', (_how, begin) => {
    const { ticket, events } = settle(begin(), at(5));
    expect(events.map(({ type }) => type)).toEqual([
      'breached',
      'breached',
      'stepReached',
      'handedOff',
      'notificationRequested',
    ]);
    expect(ticket.situation.tier).toBe(2);
    expect(sharesOf(ticket.situation, ticket.rules, at(6))).toEqual({ tier1: 5 * HOUR, tier2: HOUR });
  });

  test.each<[string, DeskBody]>([
    ['an acknowledgement', { type: 'acknowledged' }],
    ['a consult', { type: 'consultAsked', consult: 'c' }],
    ['service restored', { type: 'restored' }],
    ['a promise', { type: 'committed', dueAt: at(3) }],
    ['a task', { type: 'taskCreated', task: 't', clock: 'reviewTask' }],
    ['a mark', { type: 'marked', mark: 'aware' }],
    ['a vendor', { type: 'vendorEngaged', engagement: 'v' }],
  ])('takes in %s and starts no clock that its policy does not have', (_what, body) => {
    const { ticket } = told(carried(), 1, body);
    expect(ticket.situation.clocks.map(({ name }) => name)).toEqual(['firstResponse', 'resolution']);
  });

  test('is reopened, and takes its clocks up again', () => {
    const { ticket } = told(told(carried(), 1, { type: 'resolved' }).ticket, 3, { type: 'reopened' });
    expect(hourOf(deadlineOf(ticket.situation.clocks[1]!, ticket.rules.hours))).toBe(6);
  });

  test('hears that attributes have changed, though it did not carry them with the situation', () => {
    const { ticket } = told(carried(), 1, { type: 'attributesChanged', changes: { customer: 'acme' } });
    expect(ticket.attributes).toEqual({ ...carried().attributes, customer: 'acme' });
  });
});

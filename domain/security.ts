/** A ticket that is a security incident: how its story folds, and what a request becomes. */
import { cancelClock, isActive, meetClock, startClock, type Clock, type Limit } from './clock.ts';
import type { Actor, LedgerEvent } from './events.ts';
import {
  personOf,
  type Anchor,
  type Decider,
  type ObligationRecord,
  type SecurityBody,
  type SecurityCommand,
  type SecurityIncident,
  type SecurityRule,
  type Severity,
} from './incident.ts';
import { DEFAULT_SECURITY, obligationsOf, recordOf, startsAfter } from './obligations.ts';
import type { AppliedPolicy, AppliedRules, Priority } from './policy.ts';
import type { Situation } from './situation.ts';
import type { Ticket } from './ticket.ts';

/** What a policy says of security, or what holds without it. */
export const securityOf = (policy: AppliedPolicy): SecurityRule => policy.security ?? DEFAULT_SECURITY;

/** A ticket's own, innocuous name: two plain words by its id, so that it tells nothing and is the same every time. */
export function codenameOf(ticketId: string): string {
  let sum = 7;
  for (const character of ticketId) sum = (sum * 31 + character.codePointAt(0)!) % 1_000_003;
  return `${COLOURS[sum % COLOURS.length]!}-${THINGS[Math.floor(sum / COLOURS.length) % THINGS.length]!}`;
}

const COLOURS = ['amber', 'azure', 'copper', 'coral', 'ivory', 'olive', 'russet', 'silver', 'teal', 'umber'];
const THINGS = [
  'anvil',
  'birch',
  'canoe',
  'comet',
  'fern',
  'harbour',
  'kettle',
  'lantern',
  'meadow',
  'otter',
  'pebble',
  'quarry',
  'ribbon',
  'saddle',
  'thimble',
  'violin',
];

function withRecord(
  incident: SecurityIncident,
  obligation: string,
  change: (record: ObligationRecord) => ObligationRecord,
): SecurityIncident {
  const record = change(recordOf(incident, obligation));
  return { ...incident, records: { ...incident.records, [obligation]: record } };
}

function declared(event: LedgerEvent<Extract<SecurityBody, { type: 'securityDeclared' }>>): SecurityIncident {
  const { occurredAt, severity, tlp, codename, named, regimes, obligations, by } = event;
  return {
    declaredAt: occurredAt,
    declaredBy: by,
    severity,
    tlp,
    codename,
    named,
    regimes,
    obligations,
    facts: {},
    records: {},
    phases: [{ phase: 'detect', since: occurredAt, by }],
    legalHold: null,
    delay: null,
  };
}

/** The incident after one more event of it. */
function evolved(incident: SecurityIncident, event: LedgerEvent<SecurityBody>): SecurityIncident {
  const at = event.occurredAt;
  switch (event.type) {
    case 'securityDeclared':
      return incident;
    case 'severityRated':
      return { ...incident, severity: event.severity };
    case 'tlpChanged':
      return { ...incident, tlp: event.tlp };
    case 'peopleNamed':
      return { ...incident, named: [...new Set([...incident.named, ...event.people])] };
    case 'peopleUnnamed':
      return { ...incident, named: incident.named.filter((one) => !event.people.includes(one)) };
    case 'regimesAdded':
      return {
        ...incident,
        regimes: [...incident.regimes, ...event.regimes],
        obligations: [...incident.obligations, ...event.obligations],
      };
    case 'legalHoldPlaced':
      return { ...incident, legalHold: { since: at, by: event.by } };
    case 'legalHoldLifted':
      return { ...incident, legalHold: null };
    case 'phaseEntered': {
      const { phase, activity, by } = event;
      const span = { phase, ...(activity && { activity }), since: at, by };
      return { ...incident, phases: [...incident.phases, span] };
    }
    case 'containmentDelayed': {
      const { until, consentedBy, by } = event;
      return { ...incident, delay: { since: at, until, consentedBy, by } };
    }
    case 'factEstablished': {
      const { fact, factAt, by } = event;
      return { ...incident, facts: { ...incident.facts, [fact]: { at: factAt, becameKnownAt: at, by } } };
    }
    case 'obligationStarted':
      return withRecord(incident, event.obligation, ({ notApplicable: _revoked, ...record }) => ({
        ...record,
        startAt: event.startAt,
        deadlineAt: event.deadlineAt,
      }));
    case 'obligationReported': {
      const { obligation, reportedAt, reference, isProgress, by } = event;
      const report = { reportedAt, ...(reference && { reference }), ...(isProgress && { isProgress }), by };
      return withRecord(incident, obligation, (record) => ({
        ...record,
        reports: [...record.reports, report],
      }));
    }
    case 'obligationNotApplicable':
      return withRecord(incident, event.obligation, (record) => ({
        ...record,
        notApplicable: { at, by: event.by },
      }));
  }
}

/** Why a clock of law ended without a report: then nothing was owed, and a breach of it is withdrawn. */
export const NOT_APPLICABLE = 'notApplicable';

/** Deadlines of law are instants: they were computed when the clock started, and nothing pauses or moves them. */
const lawLimit = (until: number): Omit<Limit, 'from'> => ({ targetMs: 0, calendar: 'always', until });

/** Counts the clock of an obligation from another instant, or starts it. */
function withLawClock(clocks: readonly Clock[], { obligation, startAt, deadlineAt }: StartedEvent): Clock[] {
  const own = clocks.filter(({ name }) => name === obligation);
  const current = own.find(({ cancelledAt }) => cancelledAt === null);
  const limit = lawLimit(deadlineAt);
  if (current) {
    const moved = { ...current, startedAt: startAt, limits: [{ from: startAt, ...limit }] };
    return clocks.map((clock) => (clock === current ? moved : clock));
  }
  const started = startClock({ name: obligation, cycle: own.length + 1, at: startAt, limit });
  return [...clocks, { ...started, kind: 'law' }];
}

type StartedEvent = Extract<SecurityBody, { type: 'obligationStarted' }>;

function clocksAfter(clocks: readonly Clock[], event: LedgerEvent<SecurityBody>): readonly Clock[] {
  if (event.type === 'obligationStarted') return withLawClock(clocks, event);
  if (event.type !== 'obligationReported' && event.type !== 'obligationNotApplicable') return clocks;
  return clocks.map((clock) => {
    if (clock.name !== event.obligation || !isActive(clock)) return clock;
    return event.type === 'obligationReported'
      ? meetClock(clock, event.reportedAt)
      : cancelClock(clock, event.occurredAt, NOT_APPLICABLE);
  });
}

/** How things stand after an event of the incident; or why it changes nothing. */
export function secured(
  situation: Situation,
  event: LedgerEvent<SecurityBody>,
): { situation: Situation } | { moot: string } {
  if (event.type === 'securityDeclared')
    return situation.security
      ? { moot: 'already_security' }
      : { situation: { ...situation, security: declared(event) } };
  const { security, clocks } = situation;
  if (!security) return { moot: 'not_security' };
  return {
    situation: { ...situation, security: evolved(security, event), clocks: clocksAfter(clocks, event) },
  };
}

/** Once the ticket is closed, the duties of law and the care for traces go on. */
const ENDS_WITH_TICKET: ReadonlySet<string> = new Set<SecurityCommand['type']>([
  'declareSecurityIncident',
  'delayContainment',
]);

/** Whether something may be asked of a closed or cancelled ticket: of a security incident most things may. */
export const outlivesClosing = (command: { type: string }, { security }: Situation): boolean =>
  security !== undefined && !ENDS_WITH_TICKET.has(command.type);

export type Rules = Pick<AppliedRules, 'policy' | 'hours'>;

/** Who is named: whoever was asked for, and the declarer, so that nobody locks themselves out. */
function namedBy(named: readonly string[], rule: SecurityRule, by: Decider | null): string[] {
  return [...new Set([...rule.named, ...named, ...(by ? [personOf(by)] : [])])];
}

/** The declaration, with the obligations of its regimes as the policy has them by now. */
export function declarationOf(
  ticketId: string,
  { policy, hours }: Rules,
  asked: Omit<Extract<SecurityCommand, { type: 'declareSecurityIncident' }>, 'type'>,
  by: Decider | null,
): Extract<SecurityBody, { type: 'securityDeclared' }> {
  const rule = securityOf(policy);
  const regimes = [...new Set(asked.regimes ?? rule.regimes)];
  return {
    type: 'securityDeclared',
    severity: asked.severity,
    tlp: asked.tlp ?? rule.tlp,
    codename: asked.codename ?? codenameOf(ticketId),
    named: namedBy(asked.named ?? [], rule, by),
    regimes,
    obligations: obligationsOf(rule, regimes, hours),
    by,
    ...(by === null && { automatic: true as const }),
  };
}

/** The severity that a ticket of a priority has where a rule declares it. */
export const SEVERITY_OF: Readonly<Record<Priority, Severity>> = {
  P1: 'critical',
  P2: 'high',
  P3: 'medium',
  P4: 'low',
};

/** What was decided, and then the clocks that start by it. */
function withStarts(ticket: Ticket, decided: SecurityBody, happened: Anchor, now: number): SecurityBody[] {
  const { situation, rules } = ticket;
  const event = { id: '', sequence: 0, source: 'request', occurredAt: now, receivedAt: now, ...decided };
  const after = evolved(situation.security!, event as LedgerEvent<SecurityBody>);
  return [decided, ...startsAfter(after, happened, rules.hours).started];
}

/** The events that a granted command stands for. */
export function securityBodiesOf(
  ticket: Ticket,
  command: SecurityCommand,
  { actor, now }: { actor: Actor; now: number },
): SecurityBody[] {
  const { security } = ticket.situation;
  const by: Decider = actor;
  switch (command.type) {
    case 'declareSecurityIncident':
      return [declarationOf(ticket.id, ticket.rules, command, by)];
    case 'rateSeverity':
      return [{ type: 'severityRated', severity: command.severity, from: security!.severity }];
    case 'changeTlp':
      return [{ type: 'tlpChanged', tlp: command.tlp, from: security!.tlp }];
    case 'namePeople':
      return [{ type: 'peopleNamed', people: command.people }];
    case 'unnamePeople':
      return [{ type: 'peopleUnnamed', people: command.people }];
    case 'addRegimes': {
      const { policy, hours } = ticket.rules;
      const { regimes } = command;
      const obligations = obligationsOf(securityOf(policy), regimes, hours);
      return regimeStarts(ticket, { type: 'regimesAdded', regimes, obligations }, now);
    }
    case 'placeLegalHold':
      return [{ type: 'legalHoldPlaced', by }];
    case 'liftLegalHold':
      return [{ type: 'legalHoldLifted', by }];
    case 'enterPhase': {
      const { phase, activity } = command;
      return [{ type: 'phaseEntered', phase, ...(activity && { activity }), by }];
    }
    case 'delayContainment': {
      const { until, consentedBy } = command;
      return [{ type: 'containmentDelayed', until, consentedBy, by }];
    }
    case 'establishFact': {
      const { fact, at } = command;
      return withStarts(ticket, { type: 'factEstablished', fact, factAt: at, by }, { fact }, now);
    }
    case 'reportObligation': {
      const { obligation, reportedAt, reference, isProgress } = command;
      const decided: SecurityBody = {
        type: 'obligationReported',
        obligation,
        reportedAt,
        ...(reference !== undefined && { reference }),
        ...(isProgress && { isProgress }),
        by,
      };
      return withStarts(ticket, decided, { reportOf: obligation }, now);
    }
    case 'judgeNotApplicable':
      return [{ type: 'obligationNotApplicable', obligation: command.obligation, by }];
  }
}

/** A regime that comes into play late counts from the facts that were established before. */
function regimeStarts(ticket: Ticket, added: SecurityBody, now: number): SecurityBody[] {
  const facts = Object.keys(ticket.situation.security!.facts);
  const started = new Map<string, SecurityBody>();
  for (const fact of facts)
    for (const body of withStarts(ticket, added, { fact }, now))
      if (body.type === 'obligationStarted') started.set(body.obligation, body);
  return [added, ...started.values()];
}

/** A ticket that is a security incident: what a rule or a request makes of it. */
import type { Actor, LedgerEvent } from './events.ts';
import {
  namedFor,
  type Anchor,
  type ContainmentDelay,
  type Decider,
  type SecurityBody,
  type SecurityCommand,
  type SecurityIncident,
  type SecurityRule,
  type Severity,
} from './incident.ts';
import { evolved } from './incident-story.ts';
import { DEFAULT_SECURITY, obligationsOf, startsAfter } from './obligations.ts';
import type { AppliedPolicy, AppliedRules, Priority } from './policy.ts';
import type { Situation } from './situation.ts';
import { delayKey, type Ticket } from './ticket.ts';

/** What a policy says of security, or what holds without it. */
export const securityOf = (policy: AppliedPolicy): SecurityRule => policy.security ?? DEFAULT_SECURITY;

/** A ticket's own, innocuous name: two plain words by its id, so that it tells nothing and is the same every time. */
export function codenameOf(ticketId: string): string {
  let sum = 7;
  for (const character of ticketId) sum = (sum * 31 + character.codePointAt(0)!) % 1_000_003;
  return `${COLOURS[sum % COLOURS.length]!}-${THINGS[Math.floor(sum / COLOURS.length) % THINGS.length]!}`;
}

const COLOURS = ['azure', 'cobalt', 'copper', 'coral', 'ivory', 'olive', 'russet', 'silver', 'teal', 'umber'];
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

/** Once the ticket is closed, the duties of law and the care for traces go on. */
const ENDS_WITH_TICKET: ReadonlySet<string> = new Set<SecurityCommand['type']>([
  'declareSecurityIncident',
  'delayContainment',
]);

/** Whether something may be asked of a closed or cancelled ticket: of a security incident most things may. */
export const outlivesClosing = (command: { type: string }, { security }: Situation): boolean =>
  security !== undefined && !ENDS_WITH_TICKET.has(command.type);

/** Whether somebody has got to work on the cause since: then nothing is put off any more. */
const isBeingContained = ({ phases }: SecurityIncident, after: number): boolean =>
  phases.some(
    ({ phase, activity, since }) =>
      since > after &&
      (phase === 'recover' ||
        phase === 'improve' ||
        activity === 'containment' ||
        activity === 'eradication'),
  );

/** The decision to let an attacker go on whose end is still to be told; null for none, or where it is out of date. */
export function delayRunning({ situation, steps }: Ticket): ContainmentDelay | null {
  const { security } = situation;
  const delay = security?.delay;
  if (!delay?.isReminded || steps[delayKey(delay.until)]) return null;
  return isBeingContained(security!, delay.since) ? null : delay;
}

export type Rules = Pick<AppliedRules, 'policy' | 'hours'>;

/** Who is named: whoever was asked for, and the declarer, so that nobody locks themselves out. */
function namedBy(named: readonly string[], rule: SecurityRule, by: Decider | null): string[] {
  return [...new Set([...rule.named, ...named, ...namedFor(by)])];
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
      const { until, consentedBy, isForgotten } = command;
      const reminded = isForgotten ? {} : { isReminded: true as const };
      return [{ type: 'containmentDelayed', until, consentedBy, ...reminded, by }];
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

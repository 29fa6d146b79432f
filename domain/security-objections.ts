/** Why something cannot be asked of a security incident as things stand. */
import type { Actor } from './events.ts';
import { personOf, type Anchor, type SecurityCommand, type SecurityIncident } from './incident.ts';
import { mayBeSamePerson } from './journal.ts';
import { isReported, recordOf, startsAfter } from './obligations.ts';
import type { Refusal, RefusalCode } from './refusals.ts';
import { declarationOf, securityOf, type Rules } from './security.ts';
import type { Ticket } from './ticket.ts';

type SecurityRefusal = (code: RefusalCode, fact: string, more?: string | Partial<Refusal>) => Refusal;

/** Who may lift a legal hold; never whoever placed it. */
const LIFTERS: ReadonlySet<string> = new Set(['lead', 'manager']);

/** A regime that the policy has no obligations for, or no calendar to count them by. */
function regimeRefusal({ policy, hours }: Rules, regimes: readonly string[], no: SecurityRefusal) {
  const rule = securityOf(policy);
  const known = [...new Set(rule.obligations.map(({ regime }) => regime))];
  const unknown = regimes.find((regime) => !known.includes(regime));
  if (unknown !== undefined)
    return no('regime_unknown', `knows no regime ${unknown}; there are ${known.join(', ')}`, '/regimes');
  const uncounted = rule.obligations.find(
    ({ regime, target }) => regimes.includes(regime) && !(target.calendar in hours),
  );
  if (!uncounted) return null;
  const { regime, target } = uncounted;
  return no(
    'regime_unknown',
    `cannot count regime ${regime}: its policy has no calendar ${target.calendar}`,
    '/regimes',
  );
}

function factRefusal(
  ticket: Ticket,
  incident: SecurityIncident,
  {
    command,
    no,
    now,
  }: { command: Extract<SecurityCommand, { type: 'establishFact' }>; no: SecurityRefusal; now: number },
): Refusal | null {
  const { fact, at, isReasoned } = command;
  const known = factsOf(incident);
  if (!known.includes(fact))
    return no(
      'fact_unknown',
      `has no obligation that asks for ${fact}; there are ${known.join(', ')}`,
      '/fact',
    );
  if (at > now) return no('fact_in_future', 'cannot know what has not happened yet', '/at');
  if (incident.facts[fact]?.at === at)
    return no('nothing_changed', `already has ${fact} at that time`, '/at');
  const established = {
    ...incident.facts,
    [fact]: { at, becameKnownAt: now, by: { subject: '', role: '' } },
  };
  const { started, outOfReach } = startsAfter(
    { ...incident, facts: established },
    { fact },
    ticket.rules.hours,
  );
  const far = outOfReach[0];
  if (far)
    return no(
      'fact_out_of_reach',
      `does not know the days of calendar ${far.target.calendar} at that time; ${far.id} cannot be counted`,
      '/at',
    );
  const isLate = started.some(({ deadlineAt }) => deadlineAt < now);
  const isCorrection = incident.facts[fact] !== undefined;
  return (isLate || isCorrection) && !isReasoned
    ? no(
        'reason_missing',
        isCorrection
          ? `needs a reason for correcting when ${fact} was`
          : `needs a reason: ${started.find(({ deadlineAt }) => deadlineAt < now)!.obligation} is overdue from the start`,
        '/reason',
      )
    : null;
}

/** Every fact that an obligation in play asks for. */
export function factsOf({ obligations }: SecurityIncident): string[] {
  const asked = obligations.flatMap(({ anchor, notLaterThan }) => [
    ...('fact' in anchor ? [anchor.fact] : []),
    ...(notLaterThan ? [notLaterThan.fact] : []),
  ]);
  return [...new Set(['aware', ...asked])];
}

function reportRefusal(
  incident: SecurityIncident,
  {
    command,
    no,
    now,
  }: { command: Extract<SecurityCommand, { type: 'reportObligation' }>; no: SecurityRefusal; now: number },
): Refusal | null {
  const { obligation, reportedAt, isReasoned } = command;
  const rule = incident.obligations.find(({ id }) => id === obligation);
  if (!rule) return no('obligation_unknown', `has no obligation ${obligation} in play`, '/obligation');
  const record = recordOf(incident, obligation);
  if (record.notApplicable)
    return no('obligation_not_applicable', `was judged not to owe ${obligation}`, '/obligation');
  if (record.startAt === undefined || record.deadlineAt === undefined)
    return no(
      'obligation_not_running',
      `does not owe ${obligation} yet: ${awaited(rule.anchor)}`,
      '/obligation',
    );
  if (isReported(record) && !rule.isRepeated)
    return no('already_reported', `has ${obligation} reported already`, '/obligation');
  if (reportedAt > now) return no('report_in_future', 'cannot have been reported yet', '/reportedAt');
  if (reportedAt < (record.reports.at(-1)?.reportedAt ?? record.startAt))
    return no('report_before_anchor', 'cannot be reported before it was owed', '/reportedAt');
  const isLate = !isReported(record) && reportedAt > record.deadlineAt;
  return isLate && !isReasoned
    ? no('reason_missing', `reports ${obligation} late, which needs a reason`, '/reason')
    : null;
}

const awaited = (anchor: Anchor): string =>
  'fact' in anchor ? `the fact ${anchor.fact} is not established` : `${anchor.reportOf} is not reported`;

/** Under TLP:RED only people who are named see it: there has to be one. */
const circleRefusal = ({ tlp, named }: Pick<SecurityIncident, 'tlp' | 'named'>, no: SecurityRefusal) =>
  tlp === 'TLP:RED' && named.length === 0
    ? no('nobody_named', 'has nobody named who could see it under TLP:RED', '/named')
    : null;

function namingRefusal(incident: SecurityIncident, command: SecurityCommand, no: SecurityRefusal) {
  if (command.type === 'namePeople')
    return command.people.every((one) => incident.named.includes(one))
      ? no('already_named', 'has all of them named already', '/people')
      : null;
  if (command.type !== 'unnamePeople') return null;
  const unknown = command.people.find((one) => !incident.named.includes(one));
  if (unknown !== undefined) return no('not_named', `does not have ${unknown} named`, '/people');
  const left = incident.named.filter((one) => !command.people.includes(one));
  return incident.tlp === 'TLP:RED' && left.length === 0
    ? no('nobody_named', 'is TLP:RED; somebody has to stay named', '/people')
    : null;
}

function holdRefusal(
  { legalHold }: SecurityIncident,
  { actor, no, lifts }: { actor: Actor; no: SecurityRefusal; lifts: boolean },
) {
  if (!lifts) return legalHold ? no('already_held', 'is under a legal hold already') : null;
  if (!legalHold) return no('not_held', 'is under no legal hold');
  if (!LIFTERS.has(actor.role))
    return no('override_not_allowed', 'has its legal hold lifted by a lead or manager only');
  return mayBeSamePerson(legalHold.by, actor)
    ? no('lifted_by_placer', 'has its legal hold lifted by another person than placed it')
    : null;
}

/** Why the command cannot be carried out as things stand; null when it can. */
export function securityRefusalOf(
  ticket: Ticket,
  command: SecurityCommand,
  { actor, now, no }: { actor: Actor; now: number; no: SecurityRefusal },
): Refusal | null {
  const incident = ticket.situation.security;
  if (command.type === 'declareSecurityIncident')
    return incident
      ? no('already_security', 'is a security incident already')
      : (regimeRefusal(ticket.rules, command.regimes ?? [], no) ??
          circleRefusal(declarationOf(ticket.id, ticket.rules, command, actor), no));
  if (!incident) return no('not_security', 'is no security incident; declare it first');
  switch (command.type) {
    case 'rateSeverity':
      return command.severity === incident.severity
        ? no('nothing_changed', `already has severity ${command.severity}`, '/severity')
        : null;
    case 'changeTlp':
      if (command.tlp === incident.tlp) return no('nothing_changed', `already is ${command.tlp}`, '/tlp');
      return command.tlp === 'TLP:RED' && incident.named.length === 0
        ? no('nobody_named', 'has nobody named who could see it under TLP:RED', '/tlp')
        : null;
    case 'namePeople':
    case 'unnamePeople':
      return namingRefusal(incident, command, no);
    case 'addRegimes': {
      const known = command.regimes.find((regime) => incident.regimes.includes(regime));
      return known === undefined
        ? regimeRefusal(ticket.rules, command.regimes, no)
        : no('nothing_changed', `already is under regime ${known}`, '/regimes');
    }
    case 'placeLegalHold':
    case 'liftLegalHold':
      return holdRefusal(incident, { actor, no, lifts: command.type === 'liftLegalHold' });
    case 'enterPhase': {
      const last = incident.phases.at(-1)!;
      return last.phase === command.phase && last.activity === command.activity
        ? no('nothing_changed', `already is in ${command.phase}`, '/phase')
        : null;
    }
    case 'delayContainment':
      if (command.until <= now)
        return no('promise_in_past', 'cannot be delayed until a time that is past', '/until');
      return command.consentedBy === personOf(actor)
        ? no('consent_by_requester', 'needs the consent of somebody else, of legal', '/consentedBy')
        : null;
    case 'establishFact':
      return factRefusal(ticket, incident, { command, no, now });
    case 'reportObligation':
      return reportRefusal(incident, { command, no, now });
    case 'judgeNotApplicable':
      return judgingRefusal(incident, command.obligation, no);
  }
}

function judgingRefusal(incident: SecurityIncident, obligation: string, no: SecurityRefusal): Refusal | null {
  if (!incident.obligations.some(({ id }) => id === obligation))
    return no('obligation_unknown', `has no obligation ${obligation} in play`, '/obligation');
  const record = recordOf(incident, obligation);
  if (record.notApplicable)
    return no('nothing_changed', `is judged not to owe ${obligation} already`, '/obligation');
  return isReported(record)
    ? no('already_reported', `has ${obligation} reported already`, '/obligation')
    : null;
}

/** How the story of a security incident folds: the incident itself, and the clocks of its duties of law. */
import { cancelClock, isActive, meetClock, startClock, type Clock, type Limit } from './clock.ts';
import type { LedgerEvent } from './events.ts';
import type { ObligationRecord, SecurityBody, SecurityIncident } from './incident.ts';
import { recordOf } from './obligations.ts';
import type { Situation } from './situation.ts';

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
export function evolved(incident: SecurityIncident, event: LedgerEvent<SecurityBody>): SecurityIncident {
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
      const { until, consentedBy, isReminded, by } = event;
      const delay = { since: at, until, consentedBy, by, ...(isReminded && { isReminded }) };
      return { ...incident, delay };
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

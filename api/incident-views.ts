/** How a security incident is shown. */
import { entryOf, faultOf, type CustodyLink, type Evidence } from '../domain/evidence.ts';
import { personOf, type SecurityIncident } from '../domain/incident.ts';
import { obligationState, recordOf } from '../domain/obligations.ts';
import type { Ticket } from '../domain/ticket.ts';
import type { TicketRecord } from '../prisma/tickets.ts';
import type { CustodyView, ObligationsView } from './schemas/evidence.ts';
import type { SecurityView } from './schemas/incidents.ts';

const iso = (at: number): string => new Date(at).toISOString();

/** The incident of a ticket's row; null for any other ticket. */
export function securityOfRow({ security }: Pick<TicketRecord, 'security'>): SecurityView | null {
  if (security === null) return null;
  const incident = security as unknown as Omit<SecurityIncident, 'obligations'>;
  const { severity, tlp, codename, named, declaredBy, regimes, facts, legalHold, delay } = incident;
  const { phase, activity, since } = incident.phases.at(-1)!;
  return {
    severity,
    tlp,
    codename,
    named: [...named],
    declaredAt: iso(incident.declaredAt),
    declaredBy: declaredBy && personOf(declaredBy),
    regimes: [...regimes],
    phase: { phase, ...(activity && { activity }), since: iso(since) },
    facts: Object.entries(facts).map(([fact, { at, becameKnownAt, by }]) => ({
      fact,
      at: iso(at),
      becameKnownAt: iso(becameKnownAt),
      by: personOf(by),
    })),
    legalHold: legalHold && { since: iso(legalHold.since), by: personOf(legalHold.by) },
    containmentDelay: delay && {
      since: iso(delay.since),
      until: iso(delay.until),
      consentedBy: delay.consentedBy,
      by: personOf(delay.by),
    },
  };
}

const isoOrNull = (at: number | undefined): string | null => (at === undefined ? null : iso(at));

export function evidenceView({ origin, collectedAt, ...item }: Evidence) {
  return {
    ...item,
    collectedAt: iso(collectedAt),
    run: origin?.run ?? null,
    step: origin?.step ?? null,
    links: { custody: `/v1/tickets/${item.ticketId}/evidence/${item.id}/custody` },
  };
}

/** The custody of an item, every hash computed again by `hashOf`. */
export function custodyView(
  item: Evidence,
  chain: readonly CustodyLink[],
  hashOf: (text: string) => string,
): CustodyView {
  const fault = faultOf(item, chain, hashOf);
  return {
    evidenceId: item.id,
    verified: fault === null,
    fault,
    data: chain.map((link) => {
      const { id: _id, at, recordedAt, ...entry } = entryOf(link);
      const { sequence, previousHash, hash } = link;
      return { sequence, ...entry, at: iso(at), recordedAt: iso(recordedAt), previousHash, hash };
    }),
  };
}

/** Every obligation in play as it stands at `now`. */
export function obligationsView(
  { id, sequence }: Pick<Ticket, 'id' | 'sequence'>,
  incident: SecurityIncident,
  now: number,
): ObligationsView {
  return {
    ticketId: id,
    regimes: [...incident.regimes],
    data: incident.obligations.map((rule) => {
      const record = recordOf(incident, rule.id);
      const { anchor } = rule;
      const known = 'fact' in anchor ? incident.facts[anchor.fact]?.becameKnownAt : undefined;
      const { notApplicable } = record;
      return {
        obligation: rule.id,
        regime: rule.regime,
        title: rule.title,
        citation: rule.citation,
        state: obligationState(record, now),
        anchor: { ...anchor },
        startedAt: isoOrNull(record.startAt),
        becameKnownAt: isoOrNull(known),
        deadlineAt: isoOrNull(record.deadlineAt),
        reports: record.reports.map(({ reportedAt, by, ...report }) => ({
          ...report,
          reportedAt: iso(reportedAt),
          by: personOf(by),
        })),
        judgedNotApplicable: notApplicable
          ? { at: iso(notApplicable.at), by: personOf(notApplicable.by) }
          : null,
      };
    }),
    sequence,
    asOf: iso(now),
  };
}

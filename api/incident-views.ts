/** How a security incident is shown. */
import { personOf, type SecurityIncident } from '../domain/incident.ts';
import type { TicketRecord } from '../prisma/tickets.ts';
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

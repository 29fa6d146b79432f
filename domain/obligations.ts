/**
 * Duties to report, and when they fall due. Each counts from a fact of its own, or from a report that came before it;
 * there is no common beginning. Nothing pauses them, and nothing that happens to the ticket ends them (docs/rules.md §7).
 */
import type {
  Anchor,
  ObligationRecord,
  ObligationRule,
  SecurityBody,
  SecurityIncident,
  SecurityRule,
} from './incident.ts';
import { instantAfter, type OpenHours } from './open-hours.ts';
import { endOfBusinessDays, endOfMonths } from './periods.ts';
import type { LadderStep } from './policy.ts';

const HOUR = 3_600_000;

const hours = (count: number): ObligationRule['target'] => ({ ms: count * HOUR, calendar: 'always' });
const months = (count: number): ObligationRule['target'] => ({
  ms: 0,
  calendar: 'always',
  period: { unit: 'months', count },
});

const GDPR_33 = 'Regulation (EU) 2016/679, article 33(1)';
const NIS2_23 = 'Directive (EU) 2022/2555, article 23(4)';
const DORA_5 = 'Delegated Regulation (EU) 2025/301, article 5(1)';
const SEC_8K = 'SEC Form 8-K, item 1.05; 17 CFR 229.106';

/** The days of the United States that a Form 8-K counts: a policy that has the regime names such a calendar. */
export const SEC_CALENDAR = 'us-business-days';

/**
 * What ships. Facts: `personalData`, the controller knows that personal data were breached; `significant`, `major`, it is
 * known that the incident is that; `aware`, anybody of ours knows of the incident; `material`, it was determined to be;
 * `handled`, the incident is over.
 */
export const SHIPPED_OBLIGATIONS: readonly ObligationRule[] = [
  {
    id: 'gdpr-authority',
    regime: 'gdpr',
    title: 'Notify the supervisory authority of the personal data breach',
    citation: GDPR_33,
    anchor: { fact: 'personalData' },
    target: hours(72),
  },
  {
    id: 'nis2-early-warning',
    regime: 'nis2',
    title: 'Early warning to the CSIRT or competent authority',
    citation: `${NIS2_23}, point (a)`,
    anchor: { fact: 'significant' },
    target: hours(24),
  },
  {
    id: 'nis2-notification',
    regime: 'nis2',
    title: 'Incident notification with an initial assessment',
    citation: `${NIS2_23}, point (b)`,
    anchor: { fact: 'significant' },
    target: hours(72),
  },
  {
    id: 'nis2-final',
    regime: 'nis2',
    title: 'Final report; a progress report where the incident goes on',
    citation: `${NIS2_23}, points (d) and (e)`,
    anchor: { reportOf: 'nis2-notification' },
    target: months(1),
  },
  {
    id: 'nis2-final-after-handling',
    regime: 'nis2',
    title: 'Final report after an incident that went on',
    citation: `${NIS2_23}, point (e)`,
    anchor: { fact: 'handled' },
    afterProgressOf: 'nis2-final',
    target: months(1),
  },
  {
    id: 'dora-initial',
    regime: 'dora',
    title: 'Initial notification of the major ICT-related incident',
    citation: `${DORA_5}, point (a)`,
    anchor: { fact: 'major' },
    target: hours(4),
    notLaterThan: { fact: 'aware', ms: 24 * HOUR },
  },
  {
    id: 'dora-intermediate',
    regime: 'dora',
    title: 'Intermediate report',
    citation: `${DORA_5}, point (b)`,
    anchor: { reportOf: 'dora-initial' },
    target: hours(72),
    isRepeated: true,
  },
  {
    id: 'dora-final',
    regime: 'dora',
    title: 'Final report',
    citation: `${DORA_5}, point (c)`,
    anchor: { reportOf: 'dora-intermediate' },
    target: months(1),
  },
  {
    id: 'sec-8k',
    regime: 'sec',
    title: 'Current report on Form 8-K',
    citation: SEC_8K,
    anchor: { fact: 'material' },
    target: { ms: 0, calendar: SEC_CALENDAR, period: { unit: 'businessDays', count: 4 } },
  },
];

/** What holds where a policy does not speak of security. */
export const DEFAULT_SECURITY: SecurityRule = {
  tlp: 'TLP:AMBER+STRICT',
  types: [],
  regimes: [],
  named: [],
  obligations: SHIPPED_OBLIGATIONS,
};

const warning = (id: string, percent: number, actions: LadderStep['actions']): LadderStep => ({
  id,
  percent,
  offsetMs: 0,
  actions,
});

/** Who hears that a duty of law falls due: earlier than of any promise of the desk, and higher up. */
export const LAW_LADDER: readonly LadderStep[] = [
  warning('law-50', 50, [{ notify: 'assignee' }, { notify: 'lead' }]),
  warning('law-75', 75, [{ notify: 'lead' }, { notify: 'manager' }]),
  warning('law-90', 90, [{ page: 'lead' }, { page: 'manager' }]),
  warning('law-breach', 100, [{ page: 'manager' }]),
];

type Days = Readonly<Record<string, OpenHours>>;

/** The obligations of these regimes that can be counted by the calendars at hand. */
export function obligationsOf(
  { obligations }: SecurityRule,
  regimes: readonly string[],
  known: Days,
): ObligationRule[] {
  return obligations.filter(({ regime, target }) => regimes.includes(regime) && target.calendar in known);
}

function endOfTarget({ target }: ObligationRule, from: number, days: Days): number | null {
  const calendar = days[target.calendar];
  if (!calendar) return null;
  const { ms, period } = target;
  if (!period) return instantAfter(calendar, from, ms);
  // Hours that were expanded before their days were asked for.
  if (!calendar.days && calendar.intervals !== 'always') return null;
  return period.unit === 'months'
    ? endOfMonths(calendar, from, period.count)
    : endOfBusinessDays(calendar, from, period.count);
}

/** When an obligation that counts from `from` falls due; null where the known days of its calendar do not reach. */
export function deadlineOf(
  rule: ObligationRule,
  { from, facts, days }: { from: number; facts: SecurityIncident['facts']; days: Days },
): number | null {
  const end = endOfTarget(rule, from, days);
  const { notLaterThan } = rule;
  const other = notLaterThan && facts[notLaterThan.fact];
  if (end === null || !other) return end;
  const limit = other.at + notLaterThan.ms;
  return from <= limit ? Math.min(end, limit) : end;
}

const NOTHING_YET: ObligationRecord = { reports: [] };

export const recordOf = ({ records }: SecurityIncident, obligation: string): ObligationRecord =>
  records[obligation] ?? NOTHING_YET;

export const isReported = ({ reports }: ObligationRecord): boolean => reports.length > 0;

/** What an obligation counts from as things stand; null while that has not happened. */
function startOf(incident: SecurityIncident, { anchor, afterProgressOf }: ObligationRule): number | null {
  if (afterProgressOf !== undefined) {
    const { reports } = recordOf(incident, afterProgressOf);
    if (!reports.at(-1)?.isProgress) return null;
  }
  if ('fact' in anchor) return incident.facts[anchor.fact]?.at ?? null;
  return recordOf(incident, anchor.reportOf).reports.at(-1)?.reportedAt ?? null;
}

const isSameAnchor = (a: Anchor, b: Anchor): boolean =>
  'fact' in a ? 'fact' in b && a.fact === b.fact : 'reportOf' in b && a.reportOf === b.reportOf;

/** Whether an obligation has to be counted anew after what happened. */
function isMoved(incident: SecurityIncident, rule: ObligationRule, happened: Anchor): boolean {
  const record = recordOf(incident, rule.id);
  // Judged not to apply, only its own anchor brings it back; reported, a later report of another does not owe it again.
  if (record.notApplicable) return isSameAnchor(rule.anchor, happened);
  return !('reportOf' in rule.anchor && isReported(record));
}

export type Started = Extract<SecurityBody, { type: 'obligationStarted' }>;

/**
 * The clocks that start, or count anew, once `happened` is part of the incident. `outOfReach` are obligations whose
 * calendar does not know the days from their anchor on.
 */
export function startsAfter(
  incident: SecurityIncident,
  happened: Anchor,
  days: Days,
): { started: Started[]; outOfReach: ObligationRule[] } {
  const started: Started[] = [];
  const outOfReach: ObligationRule[] = [];
  for (const rule of incident.obligations) {
    const from = isMoved(incident, rule, happened) ? startOf(incident, rule) : null;
    if (from === null) continue;
    const deadlineAt = deadlineOf(rule, { from, facts: incident.facts, days });
    const record = recordOf(incident, rule.id);
    const isSame = record.startAt === from && record.deadlineAt === deadlineAt && !record.notApplicable;
    if (deadlineAt === null) outOfReach.push(rule);
    else if (!isSame)
      started.push({ type: 'obligationStarted', obligation: rule.id, startAt: from, deadlineAt });
  }
  return { started, outOfReach };
}

export const OBLIGATION_STATES = [
  'awaitingFact',
  'running',
  'breached',
  'reported',
  'reportedLate',
  'notApplicable',
] as const;
export type ObligationState = (typeof OBLIGATION_STATES)[number];

/** Where an obligation stands at `now`; reported exactly at the deadline is in time (docs/rules.md §3). */
export function obligationState(record: ObligationRecord, now: number): ObligationState {
  const { reports, deadlineAt, notApplicable } = record;
  if (notApplicable) return 'notApplicable';
  if (deadlineAt === undefined) return 'awaitingFact';
  const first = reports[0]?.reportedAt;
  if (first === undefined) return now > deadlineAt ? 'breached' : 'running';
  return first > deadlineAt ? 'reportedLate' : 'reported';
}

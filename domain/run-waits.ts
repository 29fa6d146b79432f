/** What a run waits for people for: approvals and manual steps, and what time does to them. */
import { dueOf, isUsable, nextMilestoneOf, type Approval } from './approval.ts';
import type { Course, Due } from './run-place.ts';
import type { Run, RunBody, UnderWay } from './run.ts';

/** Manual steps nobody has done are told of after so long, to the lead and then to the manager. */
const MANUAL_ESCALATION = [
  { afterMs: 30 * 60_000, to: 'lead' },
  { afterMs: 2 * 3_600_000, to: 'manager' },
] as const;

/** Approvals that time still does something to. */
function liveApprovals({ approvals, phase, rollBack }: Run): [need: string, approval: Approval][] {
  const isWaitedFor = (need: string): boolean =>
    need === 'breakGlass' || (need === 'rollBack' ? rollBack?.endedAt === null : phase !== 'over');
  return Object.keys(approvals)
    .toSorted()
    .filter(isWaitedFor)
    .map((need) => [need, approvals[need]!]);
}

export function approvalDue({ run, now }: Course): Due | null {
  for (const [need, approval] of liveApprovals(run)) {
    const due = dueOf(approval, now);
    if (!due) continue;
    const id = `approval/${need}/${approval.askedAt}`;
    if (due.type === 'escalated') {
      const { level, to } = due;
      return { id: `${id}/${level}`, body: { type: 'approvalEscalated', need, level, to } };
    }
    const type = due.type === 'expired' ? ('approvalExpired' as const) : ('approvalLapsed' as const);
    return { id: `${id}/${due.type}`, body: { type, need } };
  }
  return null;
}

const escalationAt = ({ orderedAt, escalations }: UnderWay): number | null => {
  const next = MANUAL_ESCALATION[escalations];
  return next ? orderedAt + next.afterMs : null;
};

export function manualDue({ run, now }: Course): Due | null {
  for (const unit of Object.values(run.units)) {
    const at = unit.manual ? escalationAt(unit) : null;
    if (at === null || now < at) continue;
    const level = unit.escalations + 1;
    const { to } = MANUAL_ESCALATION[unit.escalations]!;
    const body: RunBody = { type: 'manualEscalated', unit: unit.unit, level, to };
    return { id: `manual/${unit.unit}/${unit.orderedAt}/${level}`, body };
  }
  return null;
}

/** How a need stands: asked where it was not, or cannot be used any more. */
export function askedFor(
  { run, now }: Course,
  need: string,
): 'granted' | 'open' | { refused: string } | { ask: Due } {
  const approval = run.approvals[need];
  if (!approval || isUsable(approval, run.planHash, now)) return 'granted';
  const { state } = approval;
  if (state === 'open') return 'open';
  if (state === 'rejected' || state === 'expired') return { refused: `Approval of ${need} ${state}` };
  // The same question comes again after an edit: only what came before tells the two askings apart.
  const id = `asked/${need}/${run.sequence}`;
  return { ask: { id, body: { type: 'approvalAsked', need } } };
}

/** Who began unasked asks for ratification at once. */
export function ratificationDue(course: Course): Due | null {
  const { run } = course;
  if (run.licence.by !== 'breakGlass' || run.approvals['breakGlass']?.state !== 'prepared') return null;
  const asked = askedFor(course, 'breakGlass');
  return typeof asked === 'object' && 'ask' in asked ? asked.ask : null;
}

/** When time does something of it. */
export function waitMilestones(run: Run): number[] {
  const approvals = liveApprovals(run).flatMap(([, approval]) => nextMilestoneOf(approval) ?? []);
  const manual = Object.values(run.units).flatMap((unit) => (unit.manual ? (escalationAt(unit) ?? []) : []));
  return [...approvals, ...manual];
}

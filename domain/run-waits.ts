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

/** The same question comes again after an edit: only what came before tells the two askings apart. */
const asking = ({ sequence }: Pick<Run, 'sequence'>, need: string): Due => ({
  id: `asked/${need}/${sequence}`,
  body: { type: 'approvalAsked', need },
});

/**
 * What stands between a run and these needs; null where all are granted. `due` is null while an answer is waited for; else
 * the question, also anew where what was granted cannot be used any more, or what a refusal leads to.
 */
export function waitingFor(
  { run, now }: Course,
  needs: readonly string[],
  refused: (reason: string) => Due,
): { due: Due | null } | null {
  for (const need of needs) {
    const approval = run.approvals[need];
    if (!approval || isUsable(approval, run.planHash, now)) continue;
    const { state } = approval;
    if (state === 'open') return { due: null };
    const isRefused = state === 'rejected' || state === 'expired';
    return { due: isRefused ? refused(`Approval of ${need} ${state}`) : asking(run, need) };
  }
  return null;
}

/** Who began unasked asks for ratification at once. */
export function ratificationDue({ run }: Course): Due | null {
  const isUnasked = run.licence.by === 'breakGlass' && run.approvals['breakGlass']?.state === 'prepared';
  return isUnasked ? asking(run, 'breakGlass') : null;
}

/** When time does something of it. */
export function waitMilestones(run: Run): number[] {
  const approvals = liveApprovals(run).flatMap(([, approval]) => nextMilestoneOf(approval) ?? []);
  const manual = Object.values(run.units).flatMap((unit) => (unit.manual ? (escalationAt(unit) ?? []) : []));
  return [...approvals, ...manual];
}

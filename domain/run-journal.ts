/** The journal of a run: what it hears, what falls due, and the row that is read instead of it. */
import type { JournalKind } from './journal.ts';
import { runDue, runMilestone } from './run-course.ts';
import { evolveRun } from './run-fold.ts';
import { decideRun, type RunCommand } from './run-requests.ts';
import { effectsInForce, stateOf, unitsOnTheirWay, type Run, type RunBody } from './run.ts';
import type { Definitions } from './run-units.ts';

const isWaitingForVotes = ({ approvals }: Run): number =>
  Object.values(approvals).filter(({ state }) => state === 'open').length;

const isWaitingForHands = ({ units }: Run): number =>
  Object.values(units).filter(({ manual }) => manual !== undefined).length;

/** Whether anything can still happen by itself. */
function isRunning(run: Run): boolean {
  const { phase, rollBack } = run;
  const expires = effectsInForce(run).some(({ expiresAt, hasExpired }) => expiresAt !== null && !hasExpired);
  const isRatified = run.approvals['breakGlass']?.state !== 'open';
  const isRollingBack = rollBack !== null && rollBack.endedAt === null;
  return phase !== 'over' || isRollingBack || expires || !isRatified || unitsOnTheirWay(run).length > 0;
}

/**
 * The journal over the playbooks of a run, by digest. Without them nothing falls due: enough for whoever only wants to
 * know whether something could be granted.
 */
export const runJournal = (definitions: Definitions): JournalKind<Run, RunBody, RunCommand> => ({
  name: 'containment',
  evolve: evolveRun,
  decide: decideRun,
  due: (run, now) => runDue(run, definitions, now),
  nextMilestone: runMilestone,
  isRunning,
  columns: (run) => ({
    state: stateOf(run),
    ticketId: run.ticket,
    playbookId: run.playbook.id,
    playbookVersion: run.playbook.version,
    planHash: run.planHash,
    requestedBy: run.requestedBy?.person ?? run.requestedBy?.subject ?? 'tierline',
    requestedAt: run.requestedAt,
    endedAt: run.endedAt,
    inForce: effectsInForce(run).length,
    awaiting: isWaitingForVotes(run) + isWaitingForHands(run),
  }),
});

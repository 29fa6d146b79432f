/**
 * What a containment run leaves to people: an effect that could not be taken back, of which nobody knows, or that has
 * expired, and an emergency that nobody has ratified. Each becomes an owned task with a due date (docs/rules.md §9).
 */
import { whoAsked, type Run, type RunEvent } from '../domain/run.ts';
import { TASK_REMINDERS } from '../domain/task.ts';
import { SEES_ALL } from '../domain/visibility.ts';
import type { ContainmentStore } from '../prisma/containments.ts';
import type { JournalHandler } from './follow.ts';
import { digestOf, openTask, type TaskOpeningDeps } from './journal.ts';

const HOUR_MS = 3_600_000;

interface Leftover {
  /** Names it within the run. */
  key: string;
  title: string;
  owner: string;
  dueAfterMs: number;
}

const WHY: Readonly<Record<string, string>> = {
  failed: 'taking it back failed',
  unknown: 'nobody knows whether it was taken back',
  irreversible: 'nothing takes it back',
  drifted: 'somebody else has changed it',
};

/** What is left to do after an event; null for nothing. */
function leftoverOf(event: RunEvent, run: Run): Leftover | null {
  const owner = whoAsked(run);
  if (event.type === 'undoEnded') {
    const why = WHY[event.outcome];
    const effect = run.effects[event.effect];
    if (why === undefined || !effect) return null;
    const title = `Settle ${effect.name} on ${effect.key}: ${why}`;
    return { key: `undo/${event.effect}`, title, owner, dueAfterMs: 4 * HOUR_MS };
  }
  if (event.type === 'effectExpired' && event.atEnd === 'review') {
    const effect = run.effects[event.effect];
    const title = `Look whether ${effect?.name} on ${effect?.key} is still needed`;
    return { key: `expired/${event.effect}`, title, owner, dueAfterMs: 8 * HOUR_MS };
  }
  if (event.type === 'unitReported' && event.outcome === 'unknown' && event.purpose === 'act')
    return {
      key: `unknown/${event.unit}`,
      title: `Find out whether ${event.unit} took effect`,
      owner,
      dueAfterMs: HOUR_MS,
    };
  const isUnratified =
    (event.type === 'approvalExpired' && event.need === 'breakGlass') ||
    (event.type === 'voted' && event.need === 'breakGlass' && event.decision === 'reject');
  return isUnratified
    ? {
        key: 'breakGlass',
        title: 'Look into an emergency run that was not ratified',
        owner: 'lead',
        dueAfterMs: 24 * HOUR_MS,
      }
    : null;
}

export interface ContainmentTaskDeps extends TaskOpeningDeps {
  containments: Pick<ContainmentStore, 'get'>;
}

/** The reader `containment-tasks`: deals with one row of the journals. */
export function createContainmentTasks({ containments, ...deps }: ContainmentTaskDeps): JournalHandler {
  return async ({ kind, journalId, event: told }) => {
    if (kind !== 'containment') return;
    const event = told as RunEvent;
    const run = await containments.get(journalId, SEES_ALL);
    const leftover = run && leftoverOf(event, run);
    if (!run || !leftover) return;
    const { key, title, owner, dueAfterMs } = leftover;
    await openTask(deps, {
      id: `tsk_${digestOf('containment', run.id, key, event.id)}`,
      title,
      openedAt: event.occurredAt,
      terms: {
        kind: 'containment',
        subject: { type: 'ticket', id: run.ticket },
        owner,
        dueAt: event.occurredAt + dueAfterMs,
        needsVerification: false,
        ...TASK_REMINDERS,
      },
    });
  };
}

/** What follows from what happens to a problem: its tasks are opened, and its tickets learn of it. */
import { SEES_ALL } from '../domain/visibility.ts';
import type { Fact, ProblemNews } from '../domain/events.ts';
import { PROBLEM_MANAGER, ROOT_CAUSE_TASKS, type ProblemEvent } from '../domain/problem.ts';
import { TASK_REMINDERS } from '../domain/task.ts';
import type { ProblemStore } from '../prisma/problems.ts';
import type { JournalHandler, Wait } from './follow.ts';
import { digestOf, openTask, type TaskOpeningDeps } from './journal.ts';

export interface ProblemNewsDeps extends TaskOpeningDeps {
  problems: Pick<ProblemStore, 'get' | 'openTickets'>;
  /** Tells a ticket facts, now or when Temporal is back. */
  tellTicket(ticketId: string, facts: readonly Fact[]): Promise<unknown>;
}

/** After so many tickets the worker is told that the reader is alive. */
const BREATH = 25;

/** The news that its tickets hear of an event; of `linked` only the ticket itself does. */
function newsOf(event: ProblemEvent): ProblemNews[] {
  switch (event.type) {
    case 'linked':
    case 'fixPlanned':
    case 'fixed':
    case 'recurred':
    case 'resolved':
      return [event.type];
    case 'knownErrorNoted':
      return [
        ...(event.rootCause ? (['knownError'] as const) : []),
        ...(event.workaround ? (['workaround'] as const) : []),
      ];
    case 'opened':
    case 'unlinked':
    case 'closed':
    case 'reopened':
      return [];
  }
}

/** The id makes it count once, however often the row is read. */
function factOf(problem: string, news: ProblemNews, { sequence, occurredAt }: ProblemEvent): Fact {
  return { type: 'problemNoted', id: `problem/${problem}/${news}/${sequence}`, problem, news, occurredAt };
}

/** The reader `problem-news`: deals with one row of the journals. Closed tickets are not told. */
export function createProblemNews(deps: ProblemNewsDeps): JournalHandler {
  const openRootCauseTasks = async (
    problemId: string,
    { owner, occurredAt }: Extract<ProblemEvent, { type: 'opened' }>,
  ): Promise<void> => {
    for (const { code, title, dueAfterMs } of ROOT_CAUSE_TASKS)
      await openTask(deps, {
        id: `tsk_${digestOf('problem', problemId, code)}`,
        title,
        openedAt: occurredAt,
        terms: {
          kind: 'rootCause',
          subject: { type: 'problem', id: problemId },
          owner: owner ?? PROBLEM_MANAGER,
          dueAt: occurredAt + dueAfterMs,
          needsVerification: false,
          ...TASK_REMINDERS,
        },
      });
  };

  const openFixTask = (
    problemId: string,
    { owner, dueAt, task, occurredAt }: Extract<ProblemEvent, { type: 'fixPlanned' }>,
  ): Promise<void> =>
    openTask(deps, {
      id: task,
      title: 'Permanent fix of the problem',
      openedAt: occurredAt,
      terms: {
        kind: 'permanentFix',
        subject: { type: 'problem', id: problemId },
        owner,
        dueAt,
        needsVerification: false,
        ...TASK_REMINDERS,
      },
    });

  /** A ticket that comes late learns of what was found before it. */
  const newsForLatecomer = async (problemId: string): Promise<ProblemNews[]> => {
    const problem = await deps.problems.get(problemId, SEES_ALL);
    return [
      ...(problem?.rootCause ? (['knownError'] as const) : []),
      ...(problem?.workaround ? (['workaround'] as const) : []),
    ];
  };

  const tell = async (problemId: string, event: ProblemEvent, wait: Wait): Promise<void> => {
    const isLink = event.type === 'linked';
    const news = [...newsOf(event), ...(isLink ? await newsForLatecomer(problemId) : [])];
    if (news.length === 0) return;
    // Who was linked later was told then.
    const tickets = await deps.problems.openTickets(problemId, {
      by: event.occurredAt,
      only: isLink ? event.ticket : undefined,
    });
    const facts = news.map((one) => factOf(problemId, one, event));
    for (const [i, ticketId] of tickets.entries()) {
      await deps.tellTicket(ticketId, facts);
      if (i % BREATH === BREATH - 1) await wait(0);
    }
  };

  return async ({ kind, journalId, event: told }, wait) => {
    if (kind !== 'problem') return;
    const event = told as ProblemEvent;
    if (event.type === 'opened') await openRootCauseTasks(journalId, event);
    if (event.type === 'fixPlanned') await openFixTask(journalId, event);
    await tell(journalId, event, wait);
  };
}

/** Where a ticket was resolved without an article and needs one, somebody has the task to write it. */
import { add } from '../domain/business-time.ts';
import type { Policy } from '../domain/policy.ts';
import { TASK_REMINDERS } from '../domain/task.ts';
import type { PolicyStore } from '../prisma/policies.ts';
import type { LedgerRow } from '../prisma/readers.ts';
import type { TicketStore } from '../prisma/tickets.ts';
import type { RowHandler } from './follow.ts';
import { digestOf, openTask, type TaskOpeningDeps } from './journal.ts';

export interface ArticleTaskDeps extends TaskOpeningDeps {
  tickets: Pick<TicketStore, 'get'>;
  policies: Pick<PolicyStore, 'version'>;
}

/** Where the policy does not say. */
const DUE_AFTER_MS = 10 * 86_400_000;

const asksForArticle = ({ event }: LedgerRow): boolean =>
  event.type === 'resolved' && event.needsArticle === true && !event.moot && !event.imported;

/** When the article is due; round the clock where the policy's calendar never opens long enough. */
function dueAtOf({ knowledge, calendars }: Policy, from: number): number {
  const { ms, calendar } = knowledge?.articleTask ?? { ms: DUE_AFTER_MS, calendar: 'always' };
  const at = add(calendars[calendar] ?? 'always', from, ms);
  return typeof at === 'number' ? at : from + ms;
}

/** The reader `article-tasks`: deals with one row of the ledger. */
export function createArticleTasks({ tickets, policies, ...deps }: ArticleTaskDeps): RowHandler {
  return async (row) => {
    if (!asksForArticle(row)) return;
    const ticket = await tickets.get(row.ticketId);
    if (!ticket || ticket.mode === 'observe') return;
    const policy = await policies.version(ticket.policy, ticket.policyVersion);
    const { id, occurredAt } = row.event;
    await openTask(deps, {
      id: `tsk_${digestOf('article', ticket.id, id)}`,
      title: `Write the article that ticket ${ticket.id} needs`,
      openedAt: occurredAt,
      terms: {
        kind: 'article',
        subject: { type: 'ticket', id: ticket.id },
        owner: ticket.assignee,
        dueAt: dueAtOf(policy, occurredAt),
        needsVerification: false,
        ...TASK_REMINDERS,
      },
    });
  };
}

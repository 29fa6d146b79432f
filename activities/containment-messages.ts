/** What containment runs ask to tell: to approve, to do by hand, what nobody knows, what stands; to the log and the outbox. */
import type { RunEvent, Run } from '../domain/run.ts';
import { SEES_ALL } from '../domain/visibility.ts';
import type { ContainmentStore } from '../prisma/containments.ts';
import { createDispatch, type DispatchDeps } from './dispatch.ts';
import type { JournalHandler } from './follow.ts';

/** Whom a message is for, and what it is about; ids and names of the playbook only. */
interface Telling {
  type: `containment.${string}`;
  to: string;
  /** It must wake somebody. */
  page?: true;
  need?: string;
  unit?: string;
  effect?: string;
  outcome?: string;
  inForce?: number;
}

const whoAsked = ({ requestedBy }: Run): string => requestedBy?.person ?? requestedBy?.subject ?? 'responder';

/** What is told of an event; null for what only the log needs. */
function tellingOf(event: RunEvent, run: Run): Telling | null {
  switch (event.type) {
    case 'approvalAsked':
      return {
        type: 'containment.approvalAsked',
        to: run.needs[event.need]?.role ?? 'approver',
        need: event.need,
      };
    case 'approvalEscalated':
      return { type: 'containment.approvalEscalated', to: event.to, page: true, need: event.need };
    case 'approvalExpired':
      return { type: 'containment.approvalExpired', to: 'commander', page: true, need: event.need };
    case 'unitOrdered':
      return event.manual ? { type: 'containment.stepWaiting', to: 'responder', unit: event.unit } : null;
    case 'manualEscalated':
      return { type: 'containment.stepOverdue', to: event.to, page: true, unit: event.unit };
    case 'unitReported':
      return event.outcome === 'unknown'
        ? { type: 'containment.unknown', to: 'responder', page: true, unit: event.unit }
        : null;
    case 'halted':
      return { type: 'containment.stopped', to: whoAsked(run), inForce: event.inForce.length };
    case 'effectExpired':
      return { type: 'containment.expired', to: whoAsked(run), effect: event.effect };
    case 'ended':
      return { type: 'containment.ended', to: whoAsked(run), outcome: event.result };
    case 'rollBackEnded':
      return { type: 'containment.rolledBack', to: whoAsked(run), inForce: event.notUndone.length };
    default:
      return null;
  }
}

export interface ContainmentMessengerDeps extends DispatchDeps {
  containments: Pick<ContainmentStore, 'get'>;
}

/** The reader `containment-messages`: deals with one row of the journals. */
export function createContainmentMessenger(deps: ContainmentMessengerDeps): JournalHandler {
  const { containments, log, ...ways } = deps;
  const dispatch = createDispatch(ways);
  return async ({ kind, journalId, event: told }) => {
    if (kind !== 'containment') return;
    const event = told as RunEvent;
    const run = await containments.get(journalId, SEES_ALL);
    const telling = run && tellingOf(event, run);
    if (!run || !telling) return;
    const { type, ...about } = telling;
    const message = {
      type,
      timestamp: new Date(event.occurredAt).toISOString(),
      data: {
        containmentId: run.id,
        ticketId: run.ticket,
        sequence: event.sequence,
        ...about,
        links: { containment: `/v1/containments/${run.id}` },
      },
    };
    log.info(message.data, `${type} to ${telling.to}`);
    await dispatch({ about: run.id, event, message });
  };
}

/** What containment runs ask to tell: to approve, to do by hand, what nobody knows, what stands; to the log and the outbox. */
import { whoAsked, type Run, type RunEvent } from '../domain/run.ts';
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

type Tellings = {
  [T in RunEvent['type']]?: (event: Extract<RunEvent, { type: T }>, run: Run) => Telling | null;
};

/** Everything else only the log needs. */
const TELLINGS: Tellings = {
  approvalAsked: ({ need }, { needs }) => ({
    type: 'containment.approvalAsked',
    to: needs[need]?.role ?? 'approver',
    need,
  }),
  approvalEscalated: ({ need, to }) => ({ type: 'containment.approvalEscalated', to, page: true, need }),
  approvalExpired: ({ need }) => ({
    type: 'containment.approvalExpired',
    to: 'commander',
    page: true,
    need,
  }),
  unitOrdered: ({ manual, unit }) =>
    manual ? { type: 'containment.stepWaiting', to: 'responder', unit } : null,
  manualEscalated: ({ to, unit }) => ({ type: 'containment.stepOverdue', to, page: true, unit }),
  unitReported: ({ outcome, unit }) =>
    outcome === 'unknown' ? { type: 'containment.unknown', to: 'responder', page: true, unit } : null,
  halted: ({ inForce }, run) => ({
    type: 'containment.stopped',
    to: whoAsked(run),
    inForce: inForce.length,
  }),
  effectExpired: ({ effect }, run) => ({ type: 'containment.expired', to: whoAsked(run), effect }),
  ended: ({ result }, run) => ({ type: 'containment.ended', to: whoAsked(run), outcome: result }),
  rollBackEnded: ({ notUndone }, run) => ({
    type: 'containment.rolledBack',
    to: whoAsked(run),
    inForce: notUndone.length,
  }),
};

function tellingOf(event: RunEvent, run: Run): Telling | null {
  const tell = TELLINGS[event.type] as ((event: RunEvent, run: Run) => Telling | null) | undefined;
  return tell?.(event, run) ?? null;
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

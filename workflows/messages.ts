/**
 * The public face of a ticket on Temporal: workflow type, ids, task queue, messages and their payloads. Any
 * Temporal client in any language may send them. Instants are epoch milliseconds (UTC).
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CommandType } from '../domain/commands.ts';
import type { Opening, Request } from '../domain/decide.ts';
import type { Actor, Fact } from '../domain/events.ts';
import type { Script } from '../domain/history.ts';
import type { JournalName, JournalRequest } from '../domain/journal.ts';
import { PRIORITIES, type Priority } from '../domain/policy.ts';
import type { ProblemCommand } from '../domain/problem.ts';
import type { ReviewCommand } from '../domain/review-journal.ts';
import type { RunCommand } from '../domain/run-requests.ts';
import type { TaskCommand } from '../domain/task.ts';
import type { Ticket } from '../domain/ticket.ts';

export const TASK_QUEUE = 'tierline';

export const TICKET_WORKFLOW = 'ticketWorkflow';
export const READER_WORKFLOW = 'readerWorkflow';
export const RULE_CHANGE_WORKFLOW = 'ruleChangeWorkflow';
export const SCHEDULED_TICKET_WORKFLOW = 'scheduledTicketWorkflow';
export const OUTBOX_WORKFLOW = 'outboxWorkflow';

/** Temporal's priority keys count from 1, the most urgent: under load a P1 is served before a P4. */
export const priorityKeyOf = (priority: Priority): number => PRIORITIES.indexOf(priority) + 1;

export const ticketWorkflowId = (ticketId: string): string => `ticket/${ticketId}`;
export const readerWorkflowId = (reader: string): string => `reader/${reader}`;
export const outboxWorkflowId = (channel: string): string => `outbox/${channel}`;
/** Also the id of the schedule in Temporal, which appends the planned time for each of its runs. */
export const scheduledTicketWorkflowId = (schedule: string): string => `scheduled-ticket/${schedule}`;
export const ruleChangeWorkflowId = (changeId: string): string => `rule-change/${changeId}`;

/** What a request came to: it is in the ledger up to `sequence`. */
export interface Granted {
  sequence: number;
}

/** An outcome carried so that a repeated request gets the same answer. */
export interface StoredOutcome extends Granted {
  id: string;
}

export interface TicketInput {
  ticketId: string;
  /** For a new ticket. */
  opening?: Opening;
  /** For a run that goes on: after continue-as-new, after closing, or rebuilt from the ledger. */
  carried?: { ticket: Ticket; outcomes: readonly StoredOutcome[] };
  /** Added to the server's time: virtual time for replays and tests. */
  clockOffset?: number;
  /** A history to play instead of waiting for messages; needs `opening`. */
  script?: Script;
}

/** Carries nothing: waits until the opening in the start input is in the ledger. */
export const openTicketUpdate = defineUpdate<Granted, []>('open');

/** One update per request; refused with an ApplicationFailure whose type is the refusal's code. */
export const requestUpdates = {
  acknowledge: defineUpdate<Granted, [Request]>('acknowledge'),
  assign: defineUpdate<Granted, [Request]>('assign'),
  reply: defineUpdate<Granted, [Request]>('reply'),
  note: defineUpdate<Granted, [Request]>('note'),
  hold: defineUpdate<Granted, [Request]>('hold'),
  resume: defineUpdate<Granted, [Request]>('resume'),
  prioritise: defineUpdate<Granted, [Request]>('prioritise'),
  offerHandoff: defineUpdate<Granted, [Request]>('offerHandoff'),
  take: defineUpdate<Granted, [Request]>('take'),
  sendUpdate: defineUpdate<Granted, [Request]>('sendUpdate'),
  acceptHandoff: defineUpdate<Granted, [Request]>('acceptHandoff'),
  returnHandoff: defineUpdate<Granted, [Request]>('returnHandoff'),
  withdrawHandoff: defineUpdate<Granted, [Request]>('withdrawHandoff'),
  writePacket: defineUpdate<Granted, [Request]>('writePacket'),
  consult: defineUpdate<Granted, [Request]>('consult'),
  answerConsult: defineUpdate<Granted, [Request]>('answerConsult'),
  withdrawConsult: defineUpdate<Granted, [Request]>('withdrawConsult'),
  swarm: defineUpdate<Granted, [Request]>('swarm'),
  shadow: defineUpdate<Granted, [Request]>('shadow'),
  leave: defineUpdate<Granted, [Request]>('leave'),
  engageVendor: defineUpdate<Granted, [Request]>('engageVendor'),
  askVendor: defineUpdate<Granted, [Request]>('askVendor'),
  vendorReturned: defineUpdate<Granted, [Request]>('vendorReturned'),
  link: defineUpdate<Granted, [Request]>('link'),
  unlink: defineUpdate<Granted, [Request]>('unlink'),
  reproduce: defineUpdate<Granted, [Request]>('reproduce'),
  restore: defineUpdate<Granted, [Request]>('restore'),
  commit: defineUpdate<Granted, [Request]>('commit'),
  rate: defineUpdate<Granted, [Request]>('rate'),
  completeItem: defineUpdate<Granted, [Request]>('completeItem'),
  declareMajor: defineUpdate<Granted, [Request]>('declareMajor'),
  resolve: defineUpdate<Granted, [Request]>('resolve'),
  reopen: defineUpdate<Granted, [Request]>('reopen'),
  close: defineUpdate<Granted, [Request]>('close'),
  cancel: defineUpdate<Granted, [Request]>('cancel'),
  update: defineUpdate<Granted, [Request]>('update'),
  declareSecurityIncident: defineUpdate<Granted, [Request]>('declareSecurityIncident'),
  rateSeverity: defineUpdate<Granted, [Request]>('rateSeverity'),
  changeTlp: defineUpdate<Granted, [Request]>('changeTlp'),
  namePeople: defineUpdate<Granted, [Request]>('namePeople'),
  unnamePeople: defineUpdate<Granted, [Request]>('unnamePeople'),
  addRegimes: defineUpdate<Granted, [Request]>('addRegimes'),
  placeLegalHold: defineUpdate<Granted, [Request]>('placeLegalHold'),
  liftLegalHold: defineUpdate<Granted, [Request]>('liftLegalHold'),
  enterPhase: defineUpdate<Granted, [Request]>('enterPhase'),
  delayContainment: defineUpdate<Granted, [Request]>('delayContainment'),
  establishFact: defineUpdate<Granted, [Request]>('establishFact'),
  reportObligation: defineUpdate<Granted, [Request]>('reportObligation'),
  judgeNotApplicable: defineUpdate<Granted, [Request]>('judgeNotApplicable'),
  changeRules: defineUpdate<Granted, [Request]>('changeRules'),
} satisfies Record<CommandType, unknown>;

/** What merely happened, in batches; each fact counts once by its id. */
export const factsSignal = defineSignal<[readonly Fact[]]>('facts');

/** Asks the ticket to look at the clock again: the watchdog's nudge. */
export const tickSignal = defineSignal<[]>('tick');

/** The channel whose deliveries are sent; its names are the activities'. */
export interface OutboxInput {
  channel: 'webhook' | 'chat' | 'email';
}

export interface ScheduledTicketInput {
  schedule: string;
  /** Names what the schedule says; for comparing, nothing else. */
  definition?: string;
  /** Somebody did not wait for its time. */
  request?: { occasion: string; actor: Actor };
}

export interface RuleChangeInput {
  changeId: string;
}

/** Asks a change of rules to look at its row again, and a task or problem at its journal. */
export const lookAgainSignal = defineSignal<[]>('lookAgain');

/** How the ticket stands in the workflow's memory; for operators, the API reads PostgreSQL. */
export const ticketQuery = defineQuery<Ticket | null>('ticket');

/** How a ticket's workflow is started, whoever does it: one run per ticket, joined where it is already there. */
export const ticketStart = (
  input: TicketInput,
  { taskQueue, priority }: { taskQueue: string; priority: Priority },
) => ({
  workflowId: ticketWorkflowId(input.ticketId),
  taskQueue,
  args: [input] as [TicketInput],
  workflowIdConflictPolicy: 'USE_EXISTING' as const,
  workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
  priority: { priorityKey: priorityKeyOf(priority) },
});

/** Workflow type of each kind of journal. */
export const JOURNAL_WORKFLOWS: Record<JournalName, string> = {
  task: 'taskWorkflow',
  problem: 'problemWorkflow',
  review: 'reviewWorkflow',
  containment: 'containmentWorkflow',
};

export const journalWorkflowId = (kind: JournalName, id: string): string => `${kind}/${id}`;

/** The run of a journal: it was opened in the database, and reads itself there. */
export interface JournalInput<S> {
  id: string;
  /** For a run that goes on after continue-as-new. */
  carried?: { state: S; outcomes: readonly StoredOutcome[] };
}

export type JournalUpdate = ReturnType<typeof defineUpdate<Granted, [JournalRequest]>>;

/** One update per request of a journal; refused as those of tickets. */
export type JournalUpdates<C extends { type: string }> = Record<C['type'], JournalUpdate>;

export const taskUpdates: JournalUpdates<TaskCommand> = {
  complete: defineUpdate('complete'),
  verify: defineUpdate('verify'),
  reopen: defineUpdate('reopen'),
  reassign: defineUpdate('reassign'),
  postpone: defineUpdate('postpone'),
  cancel: defineUpdate('cancel'),
};

export const problemUpdates: JournalUpdates<ProblemCommand> = {
  linkTicket: defineUpdate('linkTicket'),
  unlinkTicket: defineUpdate('unlinkTicket'),
  noteKnownError: defineUpdate('noteKnownError'),
  planFix: defineUpdate('planFix'),
  fixed: defineUpdate('fixed'),
  close: defineUpdate('close'),
  reopen: defineUpdate('reopen'),
};

export const reviewUpdates: JournalUpdates<ReviewCommand> = {
  assign: defineUpdate('assign'),
  addParticipants: defineUpdate('addParticipants'),
  removeParticipants: defineUpdate('removeParticipants'),
  schedule: defineUpdate('schedule'),
  holdMeeting: defineUpdate('holdMeeting'),
  write: defineUpdate('write'),
  submit: defineUpdate('submit'),
  return: defineUpdate('return'),
  accept: defineUpdate('accept'),
  addTask: defineUpdate('addTask'),
  judgeEffectiveness: defineUpdate('judgeEffectiveness'),
  reopen: defineUpdate('reopen'),
  close: defineUpdate('close'),
  noteTask: defineUpdate('noteTask'),
  noteRecurrence: defineUpdate('noteRecurrence'),
  noteOverride: defineUpdate('noteOverride'),
};

/** What people ask of a containment run; what came of its units is reported from within. */
export const runUpdates: JournalUpdates<Exclude<RunCommand, { type: 'report' }>> = {
  vote: defineUpdate('vote'),
  complete: defineUpdate('complete'),
  fail: defineUpdate('fail'),
  stop: defineUpdate('stop'),
  resume: defineUpdate('resume'),
  rollBack: defineUpdate('rollBack'),
  edit: defineUpdate('edit'),
};

/** By kind of journal and type of command. */
export const journalUpdates: Record<JournalName, Record<string, JournalUpdate>> = {
  task: taskUpdates,
  problem: problemUpdates,
  review: reviewUpdates,
  containment: runUpdates,
};

/** How the workflow of a journal is started, whoever does it: joined where it is already there. */
export const journalStart = (kind: JournalName, id: string, { taskQueue }: { taskQueue: string }) => ({
  workflowId: journalWorkflowId(kind, id),
  taskQueue,
  args: [{ id }] as [JournalInput<unknown>],
  workflowIdConflictPolicy: 'USE_EXISTING' as const,
  workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
});

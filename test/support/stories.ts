/** Paths through a ticket's life. Each is recorded once (test/replay) and replayed by every build. */
import { problemJournal } from '../../domain/problem.ts';
import { taskJournal } from '../../domain/task.ts';
import { openInJournal } from '../../prisma/journals.ts';
import { storedVersion } from '../../prisma/policies.ts';
import { createProblemStore } from '../../prisma/problems.ts';
import { journalWorkflowId, lookAgainSignal, ruleChangeWorkflowId } from '../../workflows/messages.ts';
import { SECURITY_STORIES, SECURITY_WORKFLOW_STORIES } from './security-stories.ts';
import { askJournal, HOUR, SECOND, untilJournalHas, untilType, type Story } from './story.ts';

export const STORIES: Record<string, Story> = {
  async 'breach-escalates-to-tier-2'(desk) {
    const ticketId = await desk.open({ priority: 'P1' });
    await desk.fastForward(ticketId, 60 * SECOND);
    await untilType(desk, ticketId, 'handedOff');
    return ticketId;
  },
  async 'held-for-the-customer-and-resumed-by-an-answer'(desk) {
    const ticketId = await desk.open({ policy: 'standard', priority: 'P1' });
    await desk.ask(ticketId, { type: 'acknowledge' });
    await desk.ask(ticketId, { type: 'reply' });
    await desk.ask(ticketId, { type: 'hold', reason: 'customer' });
    await desk.fastForward(ticketId, 6 * HOUR);
    await desk.tell(ticketId, {
      type: 'messageAdded',
      author: 'customer',
      visibility: 'public',
      occurredAt: Date.now() + 6 * HOUR,
    });
    await untilType(desk, ticketId, 'messageAdded');
    await desk.ask(ticketId, { type: 'resolve', causeCode: 'user-error' });
    return ticketId;
  },
  async 'late-answer-withdraws-a-breach'(desk) {
    const ticketId = await desk.open({ priority: 'P1' });
    const openedAt = (await desk.ledger.events(ticketId))[0]!.occurredAt;
    await desk.fastForward(ticketId, 15 * SECOND);
    await untilType(desk, ticketId, 'breached');
    await desk.tell(ticketId, {
      type: 'messageAdded',
      author: 'agent',
      visibility: 'public',
      occurredAt: openedAt + 5 * SECOND,
    });
    await untilType(desk, ticketId, 'breachWithdrawn');
    return ticketId;
  },
  // `raised-handed-on-resolved-and-closed-by-itself` was recorded when an offer was accepted at once: its runs go on.
  async 'offered-returned-accepted-and-closed-by-itself'(desk) {
    const ticketId = await desk.open({ policy: 'demo', priority: 'P4' });
    await desk.ask(ticketId, { type: 'assign', assignee: 'agent-1' });
    await desk.ask(ticketId, { type: 'prioritise', priority: 'P2' });
    await desk.ask(ticketId, { type: 'offerHandoff', toTier: 2, items: ['symptoms'] });
    await desk.ask(ticketId, { type: 'returnHandoff', missing: ['environment'] });
    await desk.ask(ticketId, { type: 'offerHandoff', toTier: 2, items: ['environment'] });
    await desk.ask(ticketId, { type: 'acceptHandoff', assignee: 'agent-2' });
    await desk.ask(ticketId, { type: 'resolve' });
    await desk.ask(ticketId, { type: 'reopen' });
    await desk.ask(ticketId, { type: 'resolve' });
    await desk.fastForward(ticketId, 40 * SECOND);
    await untilType(desk, ticketId, 'autoClosed');
    return ticketId;
  },
  async 'consulted-with-a-vendor-engaged-in-a-major-incident'(desk) {
    const ticketId = await desk.open({ policy: 'three-tiers', priority: 'P2' });
    await desk.ask(ticketId, { type: 'consult', toTier: 3 });
    await desk.ask(ticketId, { type: 'engageVendor', vendor: 'acme', reference: 'ACME-1' });
    await desk.ask(ticketId, { type: 'declareMajor', commander: 'lead-2' });
    await desk.fastForward(ticketId, 2 * HOUR);
    await desk.ask(ticketId, { type: 'vendorReturned' });
    await desk.ask(ticketId, { type: 'resolve', causeCode: 'network', needsArticle: true });
    return ticketId;
  },
  async 'answered-twice-over-and-cancelled'(desk) {
    const ticketId = await desk.open({ policy: 'standard', priority: 'P3' });
    const now = Date.now();
    const fact = { type: 'assigned', team: 'network', occurredAt: now, id: 'fact-1' } as const;
    await desk.tell(ticketId, fact, fact);
    await desk.tell(ticketId, fact);
    await desk.ask(ticketId, { type: 'note' });
    await desk.ask(ticketId, { type: 'cancel' });
    return ticketId;
  },
  ...SECURITY_STORIES,
};

/** Paths of other workflows; each answers the id of the workflow whose history it is. */
export const WORKFLOW_STORIES: Record<string, Story> = {
  async 'change-of-rules-waits-for-its-time-and-reaches-three-tickets'(desk) {
    for (let i = 0; i < 3; i += 1) await desk.open({ policy: 'standard', priority: 'P3' });
    const standard = desk.policies.find(({ name }) => name === 'standard')!;
    const id = 'chg_recorded';
    await desk.ruleChanges.propose(
      {
        id,
        kind: 'policy',
        name: 'standard',
        requestedBy: { subject: 'key:manager', role: 'manager' },
        reason: 'Recorded',
        effectiveFrom: Date.now() + 2 * SECOND,
        retroactive: false,
      },
      storedVersion({ policy: { ...standard, autoCloseAfterMs: HOUR }, hash: 'recorded' }),
    );
    await desk.startRuleChange(id);
    const workflowId = ruleChangeWorkflowId(id);
    await desk.client.workflow.getHandle(workflowId).signal(lookAgainSignal);
    await desk.client.workflow.getHandle(workflowId).result();
    return workflowId;
  },
  async 'task-is-late-postponed-and-done'(desk) {
    const id = 'tsk_recorded';
    const dueAt = Date.now() + HOUR;
    await openInJournal(desk.journals, taskJournal, id, {
      body: {
        type: 'opened',
        kind: 'actionItem',
        subject: { type: 'review', id: 'rev_1' },
        owner: 'agent-17',
        dueAt,
        remindBeforeMs: [HOUR / 2],
        escalateAfterMs: [HOUR],
        escalateTo: ['lead'],
        needsVerification: false,
      },
      occurredAt: Date.now(),
    });
    await desk.journalRunner.wake('task', id);
    await desk.fastForwardWorkflow(journalWorkflowId('task', id), 2 * HOUR + SECOND);
    await untilJournalHas(desk, ['task', id], 'escalated');
    await askJournal(desk, ['task', id], { type: 'postpone', dueAt: dueAt + 4 * HOUR });
    await desk.fastForwardWorkflow(journalWorkflowId('task', id), 3 * HOUR);
    await askJournal(desk, ['task', id], { type: 'complete' });
    await desk.client.workflow.getHandle(journalWorkflowId('task', id)).result();
    return journalWorkflowId('task', id);
  },
  async 'problem-recurs-while-watched-and-is-resolved'(desk) {
    const id = 'prb_recorded';
    const problem = ['problem', id] as const;
    await openInJournal(desk.journals, problemJournal, id, {
      body: { type: 'opened', fingerprint: 'recorded', owner: 'problem-manager', quietMs: HOUR },
      occurredAt: Date.now(),
    });
    await askJournal(desk, problem, { type: 'noteKnownError', rootCause: true, workaround: true });
    await askJournal(desk, problem, { type: 'fixed' });
    await createProblemStore(desk.database).noteOccurrence({
      ticketId: 'tkt_recorded',
      fingerprint: 'recorded',
      openedAt: Date.now() + SECOND,
      count: 2,
      withinMs: HOUR,
      problemId: 'prb_other',
      opening: { type: 'opened', fingerprint: 'recorded', owner: null, quietMs: HOUR },
      now: Date.now(),
    });
    await desk.journalRunner.wake('problem', id);
    await untilJournalHas(desk, problem, 'recurred');
    await askJournal(desk, problem, { type: 'fixed' });
    await desk.fastForwardWorkflow(journalWorkflowId('problem', id), HOUR + SECOND);
    await desk.client.workflow.getHandle(journalWorkflowId('problem', id)).result();
    return journalWorkflowId('problem', id);
  },
  ...SECURITY_WORKFLOW_STORIES,
};

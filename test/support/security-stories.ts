/** Paths through a security incident: its ticket, a containment run, its review. */
import type { Actor } from '../../domain/events.ts';
import { reviewJournal } from '../../domain/review-journal.ts';
import { openInJournal } from '../../prisma/journals.ts';
import { journalWorkflowId } from '../../workflows/messages.ts';
import { openFrontDoor, type Caller } from '../api/front-door.ts';
import type { Desk } from './desk.ts';
import { startFakeEdr } from './fake-edr.ts';
import { isolationPlaybook } from './isolation.ts';
import { askJournal, DAY, HOUR, untilJournalHas, untilType, type Story } from './story.ts';

/** What the vault has to hold for them; no secret of anybody. */
export const STORY_SECRETS = { TIERLINE_SECRET_EDR_TOKEN: 'recorded-edr-token' };

const WRITER: Actor = { subject: 'key:writer', role: 'agent' };

export const SECURITY_STORIES: Record<string, Story> = {
  async 'declared-restricted-and-reported-late-to-an-authority'(desk) {
    const ticketId = await desk.open({ policy: 'three-tiers', priority: 'P2' });
    const openedAt = (await desk.ledger.events(ticketId))[0]!.occurredAt;
    await desk.ask(ticketId, { type: 'declareSecurityIncident', severity: 'high', regimes: ['gdpr'] });
    await desk.ask(ticketId, { type: 'namePeople', people: ['agent-17'] });
    await desk.ask(ticketId, { type: 'changeTlp', tlp: 'TLP:RED' });
    await desk.ask(ticketId, { type: 'enterPhase', phase: 'respond', activity: 'containment' });
    await desk.ask(ticketId, { type: 'placeLegalHold' });
    await desk.ask(ticketId, { type: 'establishFact', fact: 'personalData', at: openedAt });
    await desk.fastForward(ticketId, 73 * HOUR);
    await desk.timeline(ticketId, (events) =>
      events.some((event) => event.type === 'breached' && event.clock === 'gdpr-authority'),
    );
    await desk.ask(ticketId, {
      type: 'reportObligation',
      obligation: 'gdpr-authority',
      reportedAt: openedAt + 72 * HOUR + 1,
      isReasoned: true,
    });
    await untilType(desk, ticketId, 'obligationReported');
    return ticketId;
  },
  // `containment-put-off-and-forgotten` was recorded when the end of a delay was told to nobody: its runs go on.
  async 'containment-put-off-until-a-lead-is-called'(desk) {
    const ticketId = await desk.open({ policy: 'three-tiers', priority: 'P2' });
    const openedAt = (await desk.ledger.events(ticketId))[0]!.occurredAt;
    await desk.ask(ticketId, { type: 'declareSecurityIncident', severity: 'high' });
    const delay = { until: openedAt + 2 * HOUR, consentedBy: 'counsel-1' };
    await desk.ask(ticketId, { type: 'delayContainment', ...delay });
    await desk.fastForward(ticketId, 3 * HOUR);
    await untilType(desk, ticketId, 'containmentDelayEnded');
    await desk.ask(ticketId, { type: 'enterPhase', phase: 'respond', activity: 'containment' });
    return ticketId;
  },
};

async function answered(
  caller: Caller,
  path: string,
  body: object,
): Promise<{ id: string; planHash: string }> {
  const response = await caller.post(path, body);
  if (response.status >= 300) throw new Error(`${path}: ${response.status} ${response.text}`);
  return response.body as { id: string; planHash: string };
}

interface Isolating {
  run: readonly ['containment', string];
  path: string;
  planHash: string;
  responder: Caller;
  approvers: readonly [Caller, Caller];
}

/** Isolates a host with the consent of two, until the workflow has nothing left to do; then what is told beyond. */
async function isolated(desk: Desk, beyond: (told: Isolating) => Promise<unknown>): Promise<string> {
  const edr = await startFakeEdr({ token: STORY_SECRETS.TIERLINE_SECRET_EDR_TOKEN });
  const door = await openFrontDoor(desk);
  const playbook = isolationPlaybook();
  await answered(await door.caller('manager', 'manager-1'), '/v1/playbooks', playbook);
  const responder = await door.caller('responder', 'responder-1');
  const approvers = [
    await door.caller('approver', 'approver-1'),
    await door.caller('approver', 'approver-2'),
  ] as const;
  const ticketId = await desk.open({ policy: 'three-tiers', priority: 'P2' });
  const { id, planHash } = await answered(responder, `/v1/tickets/${ticketId}/containments`, {
    playbook: { id: playbook.id },
    variables: { __host__: 'ws-1042', __edr__: edr.url },
  });
  const run = ['containment', id] as const;
  const path = `/v1/containments/${id}`;
  await untilJournalHas(desk, run, 'approvalAsked');
  for (const who of approvers) await answered(who, `${path}/approve`, { planHash });
  const workflowId = journalWorkflowId(...run);
  await desk.client.workflow.getHandle(workflowId).result();
  await beyond({ run, path, planHash, responder, approvers });
  await door.close();
  await edr.close();
  return workflowId;
}

/** What is asked of a run that had come to its end is another execution of its workflow. */
const isolatedAndReleased: Story = (desk) =>
  isolated(desk, async ({ run, path, planHash, responder, approvers: [first] }) => {
    await answered(responder, `${path}/roll-back`, { reason: 'False alarm' });
    await answered(first, `${path}/approve`, { need: 'rollBack', planHash });
    await desk.client.workflow.getHandle(journalWorkflowId(...run)).result();
  });

async function reviewToItsEnd(desk: Desk): Promise<string> {
  const id = 'rvw_recorded';
  const review = ['review', id] as const;
  const workflowId = journalWorkflowId(...review);
  const now = Date.now();
  await openInJournal(desk.journals, reviewJournal, id, {
    body: {
      type: 'opened',
      ticket: 'tkt_recorded',
      cause: 'securityIncident',
      severity: 'critical',
      owner: 'lead-2',
      meetingDueAt: now + 3 * DAY,
      quietMs: 30 * DAY,
      required: ['summary', 'lessons'],
      fingerprint: null,
      remindBeforeMs: [DAY],
      escalateAfterMs: [DAY],
      escalateTo: ['lead'],
    },
    occurredAt: now,
  });
  await askJournal(desk, review, { type: 'addParticipants', people: ['agent-17', 'lead-2'] });
  await desk.fastForwardWorkflow(workflowId, 5 * DAY);
  await untilJournalHas(desk, review, 'escalated');
  const acceptanceDueAt = now + 15 * DAY;
  await askJournal(desk, review, { type: 'holdMeeting', heldAt: now + 4 * DAY, acceptanceDueAt });
  await askJournal(desk, review, { type: 'write', sections: ['summary', 'lessons'] }, WRITER);
  await askJournal(desk, review, { type: 'submit', findings: ['noLuck'] }, WRITER);
  await askJournal(desk, review, { type: 'return', acceptanceDueAt });
  await askJournal(desk, review, { type: 'submit', findings: [] }, WRITER);
  const task = 'tsk_recorded';
  const kind = 'actionItem';
  await askJournal(desk, review, { type: 'addTask', task, kind, owner: 'agent-17', dueAt: now + 28 * DAY });
  await askJournal(desk, review, { type: 'accept' });
  await askJournal(desk, review, { type: 'noteTask', task, kind, state: 'done' });
  await askJournal(desk, review, { type: 'noteTask', task, kind, state: 'verified' });
  await desk.fastForwardWorkflow(workflowId, 31 * DAY);
  await untilJournalHas(desk, review, 'effectivenessDue');
  await askJournal(desk, review, { type: 'judgeEffectiveness', effective: true });
  await desk.client.workflow.getHandle(workflowId).result();
  return workflowId;
}

/** Each answers the id of the workflow whose history it is. */
export const SECURITY_WORKFLOW_STORIES: Record<string, Story> = {
  'host-isolated-by-consent-of-two': (desk) => isolated(desk, () => Promise.resolve()),
  'host-released-by-consent-of-one': isolatedAndReleased,
  'review-is-overdue-returned-accepted-watched-and-closed': reviewToItsEnd,
};

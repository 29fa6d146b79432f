/** The readers of the ledger at work: what follows from an event outside its ticket. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createFollowUps } from '../../activities/follow-up.ts';
import { createTaskPriority } from '../../activities/task-priority.ts';
import type { Connection } from '@temporalio/client';
import { createIntakeStore } from '../../prisma/intake.ts';
import { createPolicyStore } from '../../prisma/policies.ts';
import { createTicketStore } from '../../prisma/tickets.ts';
import { readerWorkflowId, READER_WORKFLOW, ticketWorkflowId } from '../../workflows/messages.ts';
import { createDesk, eventually, type Desk } from '../support/desk.ts';

let desk: Desk;
beforeAll(async () => {
  desk = await createDesk({
    handlers: ({ client, database, ledger, taskQueue }) => ({
      'task-priority': createTaskPriority({
        connection: client.connection as Connection,
        namespace: 'default',
      }),
      'follow-ups': createFollowUps({
        client,
        taskQueue,
        ledger,
        policies: createPolicyStore(database),
        tickets: createTicketStore(database),
        intake: createIntakeStore(database),
      }),
    }),
  });
  for (const reader of ['task-priority', 'follow-ups'])
    await desk.client.workflow.start(READER_WORKFLOW, {
      workflowId: `${desk.taskQueue}/${readerWorkflowId(reader)}`,
      taskQueue: desk.taskQueue,
      args: [{ reader }],
    });
});
afterAll(() => desk.close());

const priorityKey = async (ticketId: string): Promise<number | undefined> => {
  const { raw } = await desk.client.workflow.getHandle(ticketWorkflowId(ticketId)).describe();
  return raw.workflowExecutionInfo?.priority?.priorityKey ?? undefined;
};

test('the priority of a ticket’s tasks follows the ticket’s', async () => {
  const ticketId = await desk.open({ policy: 'standard', priority: 'P4' });
  expect(await priorityKey(ticketId)).toBe(4);
  await desk.ask(ticketId, { type: 'prioritise', priority: 'P1' });
  expect(
    await eventually(
      () => priorityKey(ticketId),
      (key) => key === 1,
    ),
  ).toBe(1);
});

test('a customer who writes to a closed ticket gets one linked follow-up', async () => {
  const ticketId = await desk.open({ policy: 'standard', priority: 'P3', attributes: { service: 'mail' } });
  await desk.ask(ticketId, { type: 'resolve' });
  await desk.ask(ticketId, { type: 'close' });
  const message = {
    type: 'messageAdded',
    author: 'customer',
    visibility: 'public',
    occurredAt: Date.now(),
    id: 'again',
  } as const;
  await desk.tell(ticketId, message);
  await desk.tell(ticketId, message);
  const followUps = () =>
    desk.database.ticket.findMany({ where: { attributes: { path: ['followUpOf'], equals: ticketId } } });
  const [followUp] = await eventually(followUps, (found) => found.length > 0);
  expect(followUp).toMatchObject({ state: 'open', service: 'mail', tier: 1 });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await followUps()).toHaveLength(1);
  expect((await desk.database.ticket.findUniqueOrThrow({ where: { id: ticketId } })).state).toBe('closed');
});

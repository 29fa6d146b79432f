/** A task from opened to done or cancelled: reminds, says that it is late, escalates. Its rules are in domain/task.ts. */
import { continueAsNew } from '@temporalio/workflow';
import { taskJournal, type Task } from '../domain/task.ts';
import { keepJournal } from './journal.ts';
import { taskUpdates, type JournalInput } from './messages.ts';

export async function taskWorkflow(input: JournalInput<Task>): Promise<void> {
  const next = await keepJournal(taskJournal, { input, updates: taskUpdates });
  if (next) await continueAsNew<typeof taskWorkflow>(next);
}

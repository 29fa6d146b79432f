/**
 * A problem from opened to resolved or closed: after a fix it waits for the quiet period to end, or for the ticket that
 * says otherwise. Its rules are in domain/problem.ts.
 */
import { continueAsNew } from '@temporalio/workflow';
import { problemJournal, type Problem } from '../domain/problem.ts';
import { keepJournal } from './journal.ts';
import { problemUpdates, type JournalInput } from './messages.ts';

export async function problemWorkflow(input: JournalInput<Problem>): Promise<void> {
  const next = await keepJournal(problemJournal, { input, updates: problemUpdates });
  if (next) await continueAsNew<typeof problemWorkflow>(next);
}

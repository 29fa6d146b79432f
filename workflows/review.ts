/**
 * A post-incident review from opened to closed: reminds of its meeting, of the text and of the judgement, and waits for
 * its actions in between. Its rules are in domain/review.ts and domain/review-journal.ts.
 */
import { continueAsNew } from '@temporalio/workflow';
import type { Review } from '../domain/review.ts';
import { reviewJournal } from '../domain/review-journal.ts';
import { keepJournal } from './journal.ts';
import { reviewUpdates, type JournalInput } from './messages.ts';

export async function reviewWorkflow(input: JournalInput<Review>): Promise<void> {
  const next = await keepJournal(reviewJournal, { input, updates: reviewUpdates });
  if (next) await continueAsNew<typeof reviewWorkflow>(next);
}

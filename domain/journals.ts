/** Every kind of journal by its name, for whoever only knows that. */
import {
  decideJournal,
  foldJournal,
  type JournalEvent,
  type JournalName,
  type JournalRequest,
} from './journal.ts';
import { problemJournal } from './problem.ts';
import type { Refusal } from './refusals.ts';
import { reviewJournal } from './review-journal.ts';
import { taskJournal } from './task.ts';

const KINDS = { task: taskJournal, problem: problemJournal, review: reviewJournal };

/** Why a request cannot be granted by what a log says; null where it can. The log is not empty. */
export function refusalByLog(
  name: JournalName,
  { id, events, request }: { id: string; events: readonly JournalEvent[]; request: JournalRequest },
  now: number,
): Refusal | null {
  // Which events and commands go with which name is known here alone; from here on they are believed.
  const kind = KINDS[name] as typeof taskJournal;
  const state = foldJournal(kind, id, events as Parameters<typeof kind.evolve>[1][])!;
  const decided = decideJournal(kind, state, request as Parameters<typeof kind.decide>[1], now);
  return 'refusal' in decided ? decided.refusal : null;
}

/**
 * The life of a journal: a task, or a problem. It is born in the database; its run reads it, waits for the next
 * milestone or a request, decides and records. Handlers decide at once and wait only for the record.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Journaled, JournalKind, JournalRequest } from '../domain/journal.ts';
import type { Refusal } from '../domain/refusals.ts';
import { JournalBook } from './journal-book.ts';
import { lookAgainSignal, type Granted, type JournalInput, type JournalUpdate } from './messages.ts';
import { readJournal, recordJournalDurably, recordJournalLocally } from './proxies.ts';

interface Typed {
  type: string;
}

/** What a journal wants done in the world, beside waiting: told by its state, once that is recorded. */
export interface Work<S, C extends Typed> {
  /** Ids of what is to be under way now. */
  wanted: (state: S) => readonly string[];
  /** Does it, and answers with the request that reports it. Never throws but for a bug. */
  carryOut: (state: S, id: string) => Promise<JournalRequest<C>>;
}

interface Keeping<S, C extends Typed> {
  input: JournalInput<S>;
  updates: Record<string, JournalUpdate>;
  work?: Work<S, C>;
  /** Awaited before anything is settled; handlers are there already. */
  prepare?: () => Promise<void>;
}

/** Lives until the journal has ended, or its history grew too long: then the input of the next run is answered. */
export async function keepJournal<S extends Journaled, B extends Typed, C extends Typed>(
  kind: JournalKind<S, B, C>,
  { input, updates, work, prepare }: Keeping<S, C>,
): Promise<JournalInput<S> | null> {
  const book = new JournalBook(kind, input.id, input.carried);
  const clock = createClock();
  let isBehind = true;
  setHandler(lookAgainSignal, () => void (isBehind = true));
  setHandlers(book, updates, clock);
  const desk = work && createDesk(book, work, clock);
  await prepare?.();

  for (;;) {
    if (isBehind) {
      isBehind = false;
      book.takeOver(await readJournal({ kind: kind.name, id: input.id, after: book.head }));
      if (!book.current)
        throw ApplicationFailure.nonRetryable(`There is no ${kind.name} ${input.id}`, 'Unknown');
    }
    desk?.rethrow();
    const now = clock();
    book.settle(now);
    if (!book.isRecorded) await recordTurn(kind, book);
    else if (isBehind) continue;
    // Nothing more is begun in a history that is to end: what is under way is waited for, and the next run goes on.
    else if (!workflowInfo().continueAsNewSuggested && desk?.begin()) continue;
    else if (!allHandlersFinished())
      await condition(() => allHandlersFinished() || !book.isRecorded || isBehind);
    else if (!kind.isRunning(book.current!) && !desk?.isBusy) return null;
    else if (workflowInfo().continueAsNewSuggested && !desk?.isBusy)
      return { id: input.id, carried: { state: book.current!, outcomes: book.storedOutcomes() } };
    else await nextThing(kind, book, { now, isBehind: () => isBehind || desk?.hasFailed === true, desk });
  }
}

/** What is being carried out; each thing once in a run, however often it is wanted. */
interface Desk {
  /** Begins what is wanted and not begun; whether there was any. */
  begin(): boolean;
  readonly isBusy: boolean;
  readonly hasFailed: boolean;
  rethrow(): void;
}

function createDesk<S extends Journaled, B extends Typed, C extends Typed>(
  book: JournalBook<S, B, C>,
  { wanted, carryOut }: Work<S, C>,
  clock: () => number,
): Desk {
  const begun = new Set<string>();
  let underWay = 0;
  let failure: { error: unknown } | null = null;
  const follow = async (id: string, state: S): Promise<void> => {
    underWay += 1;
    try {
      // A report that does not fit any more changes nothing.
      book.request(await carryOut(state, id), clock());
    } catch (error) {
      failure = { error };
    } finally {
      underWay -= 1;
    }
  };
  return {
    begin() {
      const state = book.recorded!;
      const news = wanted(state).filter((id) => !begun.has(id));
      for (const id of news) {
        begun.add(id);
        void follow(id, state);
      }
      return news.length > 0;
    },
    get isBusy() {
      return underWay > 0;
    },
    get hasFailed() {
      return failure !== null;
    },
    rethrow() {
      if (failure) throw failure.error;
    },
  };
}

/** The server's time, never running backwards. */
function createClock(): () => number {
  let latest = 0;
  return () => (latest = Math.max(latest, Date.now()));
}

function setHandlers<S extends Journaled, B extends Typed, C extends Typed>(
  book: JournalBook<S, B, C>,
  updates: Record<string, JournalUpdate>,
  clock: () => number,
): void {
  // The name of the update says what is asked, whatever the payload says.
  const asked = (type: string, request: JournalRequest) =>
    ({ ...request, command: { ...request.command, type } }) as JournalRequest<C>;
  for (const [type, update] of Object.entries(updates))
    setHandler(update, async (request) => grant(book, asked(type, request), clock), {
      // A run that has not read its journal yet lets it pass; the handler then waits for that, and decides.
      validator(request) {
        const refusal = book.current && book.refusalOf(asked(type, request), clock());
        if (refusal) throw refused(refusal);
      },
    });
}

async function grant<S extends Journaled, B extends Typed, C extends Typed>(
  book: JournalBook<S, B, C>,
  request: JournalRequest<C>,
  clock: () => number,
): Promise<Granted> {
  await condition(() => book.current !== null);
  const refusal = book.request(request, clock());
  if (refusal) throw refused(refusal);
  await condition(() => book.outcomeOf(request.id) !== undefined);
  const outcome = book.outcomeOf(request.id)!;
  if ('refusal' in outcome) throw refused(outcome.refusal);
  return outcome;
}

function refused(refusal: Refusal): ApplicationFailure {
  return ApplicationFailure.nonRetryable(refusal.message, refusal.code, refusal);
}

/** One write. When the database does not answer soon, the write goes on as a normal activity without limit. */
async function recordTurn<S extends Journaled, B extends Typed, C extends Typed>(
  kind: JournalKind<S, B, C>,
  book: JournalBook<S, B, C>,
): Promise<void> {
  const write = book.pendingWrite();
  const { head, events, row } = write;
  const turn = { kind: kind.name, id: book.id, head, events, row };
  const answer = await recordJournalLocally(turn).catch(() => recordJournalDurably(turn));
  try {
    book.answer(write, answer);
  } catch (error) {
    // The journal is the truth. This run ends; the next request, or the watchdog, starts one from the journal.
    log.error((error as Error).message, { [kind.name]: book.id });
    throw ApplicationFailure.nonRetryable((error as Error).message, 'JournalBehind');
  }
}

async function nextThing<S extends Journaled, B extends Typed, C extends Typed>(
  kind: JournalKind<S, B, C>,
  book: JournalBook<S, B, C>,
  { now, isBehind, desk }: { now: number; isBehind: () => boolean; desk: Desk | undefined },
): Promise<void> {
  const due = kind.nextMilestone(book.current!, now);
  // What is under way is waited for: its report would be lost to the next run.
  const mayEnd = () =>
    !desk?.isBusy && (!kind.isRunning(book.current!) || workflowInfo().continueAsNewSuggested);
  const somethingToDo = () => !book.isRecorded || isBehind() || mayEnd();
  if (due === null) await condition(somethingToDo);
  else await condition(somethingToDo, Math.max(1, due - now));
}

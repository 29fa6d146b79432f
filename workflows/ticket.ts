/**
 * A ticket from opened to closed. Handlers decide at once and wait only for the record; the loop waits for the
 * next milestone or a message, and records. The rules themselves are in domain/.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  log,
  patched,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Command, CommandType } from '../domain/commands.ts';
import { decideRequest, type Request } from '../domain/decide.ts';
import { ONCE_BARE } from '../domain/consequences.ts';
import { nextMilestone } from '../domain/escalation.ts';
import type { Fact } from '../domain/events.ts';
import { isFactId } from '../domain/facts.ts';
import { nextInstant, type Script } from '../domain/history.ts';
import type { Refusal } from '../domain/refusals.ts';
import { areRulesDue, isOver, matchableOf } from '../domain/ticket.ts';
import { Book, LedgerBehind } from './book.ts';
import {
  factsSignal,
  openTicketUpdate,
  requestUpdates,
  tickSignal,
  ticketQuery,
  type Granted,
  type TicketInput,
} from './messages.ts';
import { loadLongerHours, matchRules, recordDurably, recordLocally, spooledFacts } from './proxies.ts';

export async function ticketWorkflow(input: TicketInput): Promise<void> {
  const book = new Book(input.ticketId, input.carried);
  const clock = createClock(input.clockOffset ?? 0);
  let nudged = false;
  if (input.opening && !input.carried)
    book.open(input.opening, input.script ? input.opening.openedAt : clock());
  setHandlers(book, clock);
  setHandler(tickSignal, () => void (nudged = true));

  if (input.script) return play(book, input.script, clock);
  for (;;) {
    if (isLongOverdue(book, clock())) await hearSpooledFacts(book, clock);
    book.settle(clock());
    if (!book.isRecorded) await recordTurn(book);
    else if (areRulesDue(book.current!)) await lookUpRules(book, clock);
    else if (hoursRunShort(book, clock())) await extendHours(book, clock);
    else if (hasEnded(book)) return;
    else if (mustContinueAsNew(book)) return continueAsNew<typeof ticketWorkflow>(nextRun(input, book));
    else {
      nudged = false;
      await nextThing(book, clock, () => nudged);
    }
  }
}

/** The server's time, shifted for replays, and never running backwards. */
function createClock(offset: number): () => number {
  let latest = 0;
  return () => (latest = Math.max(latest, Date.now() + offset));
}

function setHandlers(book: Book, clock: () => number): void {
  setHandler(ticketQuery, () => book.current);
  setHandler(factsSignal, (facts) => {
    for (const fact of facts) {
      if (isFactId(fact?.id)) book.fact(fact, clock(), { isBare: isBare(fact) });
      else log.warn('A fact without a usable id was dropped', { ticketId: book.ticketId });
    }
  });
  setHandler(openTicketUpdate, async () => granted(book, book.current!.openingId));
  for (const type of Object.keys(requestUpdates) as CommandType[])
    setHandler(
      requestUpdates[type],
      async (request) => grant(book, asOfItsTime(asked(type, request)), clock()),
      {
        validator: (request) => validate(book, asked(type, request), clock()),
      },
    );
}

/** The name of the update says what is asked, whatever the payload says. */
function asked(type: CommandType, request: Request): Request {
  return { ...request, command: { ...request.command, type } as Command };
}

/** In a run of the time before facts had consequences they have none. */
const isBare = ({ type }: Fact): boolean => ONCE_BARE.has(type) && !patched('facts-have-consequences');

/** A run of the time before handoffs waited for their tier, or before the end of a delay was told, goes on as it was. */
function asOfItsTime(request: Request): Request {
  const { command } = request;
  if (command.type === 'delayContainment') {
    const { isForgotten: _asSent, ...delay } = command;
    const isTold = patched('containment-delay-is-told');
    return { ...request, command: isTold ? delay : { ...delay, isForgotten: true } };
  }
  if (command.type !== 'offerHandoff') return request;
  const { acceptedAtOnce: _asSent, ...offer } = command;
  const waits = patched('handoff-waits-for-its-tier');
  return { ...request, command: waits ? offer : { ...offer, acceptedAtOnce: true } };
}

/** Synchronous and pure: a refused request leaves no trace. One already answered passes. */
function validate(book: Book, request: Request, now: number): void {
  if (book.knows(request.id)) return;
  const decision = decideRequest(book.current!, request, now);
  if ('refusal' in decision) throw refused(decision.refusal);
}

async function grant(book: Book, request: Request, now: number): Promise<Granted> {
  const refusal = book.request(request, now);
  if (refusal) throw refused(refusal);
  const outcome = await granted(book, request.id);
  // Whoever changed what the ticket is about sees it under the rules that follow from that.
  if (request.command.type === 'update') await condition(() => !areRulesDue(book.current!));
  return outcome;
}

/** An answered request is in the ledger. */
async function granted(book: Book, messageId: string): Promise<Granted> {
  await condition(() => book.outcomeOf(messageId) !== undefined);
  const outcome = book.outcomeOf(messageId)!;
  if ('refusal' in outcome) throw refused(outcome.refusal);
  return outcome;
}

function refused(refusal: Refusal): ApplicationFailure {
  return ApplicationFailure.nonRetryable(refusal.message, refusal.code, refusal);
}

/** One write. When the database does not answer soon, the write goes on as a normal activity without limit. */
async function recordTurn(book: Book): Promise<void> {
  const turn = book.pendingTurn();
  const answer = await recordLocally(turn).catch(() => recordDurably(turn));
  try {
    book.answer(turn, answer);
  } catch (error) {
    if (!(error instanceof LedgerBehind)) throw error;
    // The ledger is the truth. This run ends; the next request, or the watchdog, starts one from the ledger.
    log.error(error.message, { ticketId: book.ticketId });
    throw ApplicationFailure.nonRetryable(error.message, error.name);
  }
}

/** Later than any timer: Temporal or the workers were away, and facts may have gone to the spool meanwhile. */
const LONG_OVERDUE_MS = 5_000;

function isLongOverdue(book: Book, now: number): boolean {
  const milestone = nextMilestone(book.current!);
  return milestone !== null && milestone.at < now - LONG_OVERDUE_MS;
}

/** So that the return of the engine does not breach what was answered while it was away (docs/rules.md §1). */
async function hearSpooledFacts(book: Book, clock: () => number): Promise<void> {
  const facts = await spooledFacts({ ticketId: book.ticketId }).catch(() => []);
  for (const fact of facts) book.fact(fact, clock());
}

function hoursRunShort(book: Book, now: number): boolean {
  const milestone = nextMilestone(book.current!);
  return milestone?.kind === 'rulesExpire' && milestone.at <= now;
}

async function extendHours(book: Book, clock: () => number): Promise<void> {
  const { rules, situation } = book.current!;
  const { name, version } = rules.policy;
  const { openedAt } = situation;
  const calendars = Object.fromEntries(
    Object.entries(rules.hours).map(([one, known]) => [one, known.version]),
  );
  book.longerHours(
    await loadLongerHours({ policy: name, version, calendars, openedAt, now: clock() }),
    clock(),
  );
}

/** A field changed that chooses the policy: until it is known which one, nothing is judged. */
async function lookUpRules(book: Book, clock: () => number): Promise<void> {
  const { rules, situation, attributes } = book.current!;
  const { name, version } = rules.policy;
  const matchedOn = matchableOf(attributes);
  const { openedAt } = situation;
  book.matchedRules(await matchRules({ matchedOn, policy: name, version, openedAt, now: clock() }), clock());
}

function hasEnded(book: Book): boolean {
  return isOver(book.current!) && allHandlersFinished();
}

function mustContinueAsNew(book: Book): boolean {
  return workflowInfo().continueAsNewSuggested && book.isRecorded && allHandlersFinished();
}

function nextRun(input: TicketInput, book: Book): TicketInput {
  return {
    ticketId: input.ticketId,
    carried: { ticket: book.current!, outcomes: book.storedOutcomes() },
    ...(input.clockOffset !== undefined && { clockOffset: input.clockOffset }),
  };
}

/** Waits for a message, for the next milestone, or for the last handler of a ticket that has ended. */
async function nextThing(book: Book, clock: () => number, wasNudged: () => boolean): Promise<void> {
  const due = nextMilestone(book.current!)?.at;
  const somethingToDo = () => !book.isRecorded || wasNudged() || hasEnded(book) || mustContinueAsNew(book);
  if (due === undefined) await condition(somethingToDo);
  else await condition(somethingToDo, Math.max(1, due - clock()));
}

/** Plays a history: the instants come from the script and the milestones, virtual time only has to reach them. */
async function play(book: Book, script: Script, clock: () => number): Promise<void> {
  await recordTurn(book);
  let next = 0;
  for (
    let at = nextInstant(book.current!, script, next);
    at !== null;
    at = nextInstant(book.current!, script, next)
  ) {
    const instant = at;
    if (instant > clock()) await condition(() => false, Math.max(1, instant - clock()));
    book.settle(instant);
    for (; (script.facts[next]?.occurredAt ?? Number.POSITIVE_INFINITY) <= instant; next += 1)
      book.fact(script.facts[next]!, instant);
    if (!book.isRecorded) await recordTurn(book);
  }
  await condition(allHandlersFinished);
}

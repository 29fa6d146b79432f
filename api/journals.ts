/** What the routes of tasks and problems share: asking something of one, and showing its log. */
import type { Actor } from '../domain/events.ts';
import { firstJournalIdOf, type JournalEvent, type JournalName } from '../domain/journal.ts';
import type { ApiDeps } from './deps.ts';
import { Refused } from './engine-errors.ts';
import { messageIdOf, takeIn } from './intake.ts';
import type { JournalEventView } from './schemas/journals.ts';

type JournalDeps = Pick<ApiDeps, 'intake' | 'journals' | 'journalRunner'>;

const iso = (at: number): string => new Date(at).toISOString();

/** What the caller asks, beside whom. */
export interface JournalAsking {
  actor: Actor;
  requestId: string;
  idempotencyKey: string | undefined;
  ifMatch: number | undefined;
  body: unknown;
  /** With the journal's own id, so that keys belong to it. */
  path: string;
  command: { type: string };
  /** Free words, kept erasable. */
  words: Record<string, string | undefined>;
}

/** The message id that a request to this path gets: the same again under the same key. */
export const journalMessageId = (
  { actor, idempotencyKey }: Pick<JournalAsking, 'actor' | 'idempotencyKey'>,
  path: string,
): string => messageIdOf({ actor, idempotencyKey, method: 'POST', path });

/** Only those that were said; undefined for none. */
export function saidWords(words: Record<string, string | undefined>): Record<string, string> | undefined {
  const said = Object.entries(words).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return said.length > 0 ? Object.fromEntries(said) : undefined;
}

export const actorOf = (actor: Actor, actingFor: string | undefined): Actor =>
  actingFor ? { ...actor, actingFor } : actor;

/** Asks for something; in the journal when it answers, with the headers of a repeat. */
export async function askJournal(
  { intake, journals, journalRunner }: JournalDeps,
  { kind, id }: { kind: JournalName; id: string },
  { actor, requestId, idempotencyKey, ifMatch, body, path, command, words }: JournalAsking,
): Promise<Record<string, string>> {
  const incoming = { actor, method: 'POST', path, idempotencyKey, ticketId: id, body };
  const taken = await takeIn(intake, { ...incoming, text: saidWords(words) });
  const headers: Record<string, string> = taken.replayed ? { 'idempotency-replayed': 'true' } : {};
  const first = firstJournalIdOf(taken.messageId);
  if (taken.replayed && (await journals.events(kind, id)).some((event) => event.id === first)) return headers;
  try {
    await journalRunner.ask(kind, id, {
      id: taken.messageId,
      command,
      actor,
      requestId,
      ...(taken.text && { text: taken.text }),
      ...(ifMatch !== undefined && { ifSequence: ifMatch }),
    });
  } catch (error) {
    if (error instanceof Refused && !taken.replayed) await intake.release(taken.messageId);
    throw error;
  }
  return headers;
}

export const ENVELOPE: ReadonlySet<string> = new Set([
  'id',
  'sequence',
  'type',
  'occurredAt',
  'actor',
  'requestId',
  'text',
]);

function shown(name: string, value: unknown): string | number | boolean | null {
  if (typeof value === 'number' && name.endsWith('At')) return iso(value);
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value;
  // Lists and sets of fields are rare and small: a subject, some steps.
  return JSON.stringify(value);
}

/** What is known of an event beside these fields. */
export const eventData = (
  event: object,
  besides: ReadonlySet<string>,
): Record<string, string | number | boolean | null> =>
  Object.fromEntries(
    Object.entries(event)
      .filter(([name, value]) => !besides.has(name) && value !== undefined)
      .map(([name, value]) => [name, shown(name, value)]),
  );

/** A log with its words joined in. */
export async function logView(
  { journals }: Pick<ApiDeps, 'journals'>,
  events: readonly JournalEvent[],
): Promise<JournalEventView[]> {
  const texts = await journals.texts(events.flatMap(({ text }) => text?.id ?? []));
  return events.map((event) => {
    const text = event.text && texts.get(event.text.id);
    return {
      sequence: event.sequence,
      id: event.id,
      type: event.type,
      occurredAt: iso(event.occurredAt),
      ...(event.actor && { actor: event.actor }),
      ...(event.requestId && { requestId: event.requestId }),
      ...(event.text && {
        text: {
          body: (text?.body ?? null) as Record<string, string> | null,
          digest: event.text.digest,
          erasedAt: text?.erasedAt?.toISOString() ?? null,
        },
      }),
      data: eventData(event, ENVELOPE),
    };
  });
}

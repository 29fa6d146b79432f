/** The timeline of an incident: its ticket, the tickets that are part of it, problems, runs and tasks, in one order. */
import type { TextReference } from '../domain/events.ts';
import type { JournalName } from '../domain/journal.ts';
import type { Teamwork } from '../domain/projection.ts';
import type { Review } from '../domain/review.ts';
import {
  compareEntries,
  withGaps,
  type TimelineEntry,
  type TimelineSource,
} from '../domain/review-timeline.ts';
import type { Sight } from '../domain/visibility.ts';
import type { ApiDeps } from './deps.ts';
import { ENVELOPE, eventData } from './journals.ts';
import { lookUp } from './lookup.ts';
import type { TimelineEntryView } from './schemas/reviews.ts';

/** What the engine notes for itself and nobody looks back on. */
const NOT_TOLD = new Set(['rulesExtended', 'stepSkipped', 'factRejected']);
const BESIDES: ReadonlySet<string> = new Set([
  ...ENVELOPE,
  'source',
  'receivedAt',
  'decision',
  'rules',
  'hours',
]);

/** More parts than this are counted by the timeline of the whole alone. */
const MOST_PARTS = 200;

type Event = { sequence: number; type: string; occurredAt: number };

const entriesOf = (source: TimelineSource, of: string, events: readonly Event[]): TimelineEntry[] =>
  events
    .filter(({ type }) => !NOT_TOLD.has(type))
    .map((event) => ({
      at: event.occurredAt,
      source,
      of,
      sequence: event.sequence,
      type: event.type,
      event: event as unknown as Record<string, unknown>,
    }));

async function ofTickets(deps: ApiDeps, ticketId: string, sight: Sight): Promise<TimelineEntry[]> {
  const ticket = await deps.tickets.get(ticketId);
  const { links = [] } = (ticket?.teamwork ?? {}) as Partial<Teamwork>;
  const parts = links.flatMap(({ relation, reference }) => (relation === 'child' ? [reference] : []));
  const own = entriesOf('ticket', ticketId, await deps.ledger.events(ticketId));
  const others: TimelineEntry[] = [];
  for (const part of parts.slice(0, MOST_PARTS))
    if (await lookUp(deps, part, sight))
      others.push(...entriesOf('child', part, await deps.ledger.events(part)));
  return [...own, ...others];
}

async function ofJournals(deps: ApiDeps, ticketId: string, sight: Sight): Promise<TimelineEntry[]> {
  const page = { after: null, limit: 200, now: 0, sight };
  const [problems, runs, tasks] = await Promise.all([
    deps.problems.list({ ticketId }, page),
    deps.reviews.runsOf(ticketId),
    deps.tasks.list({ subject: { type: 'ticket', id: ticketId } }, page),
  ]);
  const wanted: [TimelineSource & (JournalName | 'containment'), string][] = [
    ...problems.map(({ id }): ['problem', string] => ['problem', id]),
    ...runs.map((id): ['containment', string] => ['containment', id]),
    ...tasks.map(({ id }): ['task', string] => ['task', id]),
  ];
  const found: TimelineEntry[] = [];
  for (const [source, id] of wanted)
    found.push(...entriesOf(source, id, await deps.journals.events(source, id)));
  return found;
}

const textIdOf = ({ event }: TimelineEntry): string | undefined =>
  (event['text'] as TextReference | undefined)?.id;

function wordsOf(body: unknown): Record<string, string> | null {
  if (typeof body !== 'object' || body === null) return null;
  const said = Object.entries(body).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return Object.fromEntries(said);
}

/** Everything of the incident in order, with the gaps longer than `gapMs`. */
export async function timelineOf(
  deps: ApiDeps,
  { ticket }: Pick<Review, 'ticket'>,
  { gapMs, sight }: { gapMs: number; sight: Sight },
): Promise<TimelineEntryView[]> {
  const all = [...(await ofTickets(deps, ticket, sight)), ...(await ofJournals(deps, ticket, sight))];
  const entries = all.toSorted(compareEntries);
  const texts = await deps.journals.texts(entries.flatMap((entry) => textIdOf(entry) ?? []));
  return withGaps(entries, ticket, gapMs).map((entry): TimelineEntryView => {
    const { source, of } = entry;
    const at = new Date(entry.at).toISOString();
    if (!('event' in entry)) {
      const { lengthMs, openThen } = entry;
      return { at, source, of, sequence: 0, type: 'gap', lengthSeconds: lengthMs / 1000, openThen, data: {} };
    }
    const textId = textIdOf(entry);
    const actor = entry.event['actor'] as TimelineEntryView['actor'];
    return {
      at,
      source,
      of,
      sequence: entry.sequence,
      type: entry.type,
      ...(actor && { actor }),
      ...(textId !== undefined && { words: wordsOf(texts.get(textId)?.body) }),
      data: eventData(entry.event, BESIDES),
    };
  });
}

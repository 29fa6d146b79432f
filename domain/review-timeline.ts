/** The timeline of an incident from several logs, in order, with the times in which nothing was written down. */

export const TIMELINE_SOURCES = ['ticket', 'child', 'problem', 'containment', 'task', 'gap'] as const;
export type TimelineSource = (typeof TIMELINE_SOURCES)[number];

/** Something that happened, from whichever log. `at` in epoch milliseconds. */
export interface TimelineEntry {
  at: number;
  source: TimelineSource;
  /** Whose log: the ticket, problem, run or task. */
  of: string;
  sequence: number;
  type: string;
  /** The event itself. */
  event: Readonly<Record<string, unknown>>;
}

export interface Gap {
  at: number;
  lengthMs: number;
  /** What was waited for meanwhile. */
  openThen: string[];
}

/** How the incident stood, as far as it says what was open. */
interface Stand {
  tier: number | null;
  assignee: string | null;
  isResolved: boolean;
  offeredTo: number | null;
  holds: ReadonlySet<string>;
  consults: ReadonlySet<string>;
  engagements: ReadonlySet<string>;
}

const BEGINNING: Stand = {
  tier: null,
  assignee: null,
  isResolved: false,
  offeredTo: null,
  holds: new Set(),
  consults: new Set(),
  engagements: new Set(),
};

const wordOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const withOne = (set: ReadonlySet<string>, one: string) => new Set([...set, one]);
const withoutOne = (set: ReadonlySet<string>, one: string) =>
  new Set([...set].filter((each) => each !== one));

/** The stand after an event of the ticket itself; those of others say nothing of it. */
function after(stand: Stand, { source, type, event }: TimelineEntry): Stand {
  if (source !== 'ticket') return stand;
  switch (type) {
    case 'opened':
      return { ...stand, tier: event['tier'] as number };
    case 'assigned':
      return 'assignee' in event ? { ...stand, assignee: event['assignee'] as string | null } : stand;
    case 'held':
      return { ...stand, holds: withOne(stand.holds, wordOf(event['reason'])) };
    case 'resumed':
    case 'holdExpired':
      return {
        ...stand,
        holds: event['reason'] ? withoutOne(stand.holds, wordOf(event['reason'])) : new Set(),
      };
    case 'consultAsked':
      return { ...stand, consults: withOne(stand.consults, wordOf(event['consult'])) };
    case 'consultAnswered':
    case 'consultWithdrawn':
      return { ...stand, consults: withoutOne(stand.consults, wordOf(event['consult'])) };
    case 'vendorEngaged':
      return { ...stand, engagements: withOne(stand.engagements, wordOf(event['engagement'])) };
    case 'vendorReturned':
      return {
        ...stand,
        engagements: event['engagement']
          ? withoutOne(stand.engagements, wordOf(event['engagement']))
          : new Set(),
      };
    case 'handoffOffered':
      return { ...stand, offeredTo: event['toTier'] as number };
    case 'handoffAccepted':
      return { ...stand, tier: stand.offeredTo ?? stand.tier, offeredTo: null, assignee: null };
    case 'handoffReturned':
    case 'handoffWithdrawn':
      return { ...stand, offeredTo: null };
    case 'handedOff':
      return { ...stand, tier: event['toTier'] as number, offeredTo: null, assignee: null };
    case 'resolved':
    case 'closed':
    case 'cancelled':
      return { ...stand, isResolved: true };
    case 'reopened':
      return { ...stand, isResolved: false };
    default:
      return stand;
  }
}

function openIn({ tier, assignee, offeredTo, holds, consults, engagements }: Stand): string[] {
  return [
    ...(tier === null ? [] : [`tier ${tier}`]),
    assignee === null ? 'nobody assigned' : `with ${assignee}`,
    ...(offeredTo === null ? [] : [`offered to tier ${offeredTo}`]),
    ...[...holds].map((reason) => `on hold for ${reason}`),
    ...[...consults].map((consult) => `consult ${consult}`),
    ...[...engagements].map((engagement) => `vendor engagement ${engagement}`),
  ];
}

/** By instant; at one instant by source and then as its own log has it. */
export function compareEntries(a: TimelineEntry, b: TimelineEntry): number {
  if (a.at !== b.at) return a.at - b.at;
  const bySource = TIMELINE_SOURCES.indexOf(a.source) - TIMELINE_SOURCES.indexOf(b.source);
  if (bySource !== 0) return bySource;
  if (a.of !== b.of) return a.of < b.of ? -1 : 1;
  return a.sequence - b.sequence;
}

/**
 * The spans longer than `thresholdMs` in which nothing is written down while the incident was not resolved, each with
 * what was open. `entries` are in order.
 */
export function gapsIn(entries: readonly TimelineEntry[], thresholdMs: number): Gap[] {
  const gaps: Gap[] = [];
  let stand = BEGINNING;
  entries.forEach((entry, i) => {
    stand = after(stand, entry);
    const next = entries[i + 1];
    if (!next || stand.isResolved || stand.tier === null) return;
    const lengthMs = next.at - entry.at;
    if (lengthMs > thresholdMs) gaps.push({ at: entry.at, lengthMs, openThen: openIn(stand) });
  });
  return gaps;
}

/** Entries and gaps together, in order: a gap comes after what it begins with. */
export function withGaps(entries: readonly TimelineEntry[], of: string, thresholdMs: number) {
  const gaps = new Map(gapsIn(entries, thresholdMs).map((gap) => [gap.at, gap]));
  return entries.flatMap((entry, i) => {
    const gap = entries[i + 1]?.at === entry.at ? undefined : gaps.get(entry.at);
    return gap ? [entry, { ...gap, source: 'gap' as const, of }] : [entry];
  });
}

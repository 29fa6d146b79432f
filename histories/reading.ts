/**
 * What one row of a log says, and how the rows of a case become facts. Every format is read to these readings, so
 * that holds, hand-offs, reopenings and closings mean the same in all of them.
 */
import type { DeskBody, Fact, TicketAttributes } from '../domain/events.ts';
import type { ImportedHistory } from '../domain/history.ts';
import type { HoldReason, Priority } from '../domain/policy.ts';

/** `unchanged` says nothing of the ticket's state. */
export type ReadStatus = 'open' | 'resolved' | 'closed' | 'cancelled' | 'unchanged';

export interface Reading {
  caseId: string;
  /** Number of the row in its file: the order of what happened at one instant. */
  row: number;
  /** Epoch milliseconds. */
  at: number;
  /** When the case was opened, where the log says so; else it is its first row. */
  openedAt?: number;
  status: ReadStatus;
  /** What the ticket waits for from this row on; null for nothing, absent where the row does not say. */
  hold?: HoldReason | null;
  /** Whether an agent answered the customer by then; the first such row counts. */
  responds: boolean;
  /** Whether a change of tier on this row is only offered, to be accepted by a later one. */
  queued: boolean;
  /** Whether the tier of this row takes what was offered to it. */
  accepts: boolean;
  priority: Priority;
  tier: number;
  /** Absent where the row names none: then the team before it stands. */
  team?: string;
}

/** The facts of one case, and what became of its rows. */
export interface ReadCase {
  history: ImportedHistory;
  /** Rows that are neither the opening nor a fact: they repeat what was known. */
  rowsWithoutChange: number;
  /** Rows that lie before the row above them; they count by their time. */
  rowsOutOfOrder: number;
  /** Rows dated before the opening; they count at the opening. */
  rowsBeforeOpening: number;
  /** Final rows that a reopening follows; they count as resolved, since our `closed` is final. */
  rowsClosedTooSoon: number;
}

/** How things stand after the rows so far. */
interface Standing {
  status: Exclude<ReadStatus, 'unchanged'>;
  hold: HoldReason | null;
  priority: Priority;
  /** Support line of the last row, whether it has accepted or not. */
  tier: number;
  /** Whether that line has still to accept. */
  offered: boolean;
  team: string | undefined;
  responded: boolean;
}

type Change = DeskBody[];

const isFinal = (status: ReadStatus): boolean => status === 'closed' || status === 'cancelled';

function handoff(standing: Standing, { tier, team, queued }: Reading): Change {
  const offer: DeskBody = { type: 'handoffOffered', toTier: tier, ...(team !== undefined && { team }) };
  if (tier !== standing.tier) return queued ? [offer] : [offer, { type: 'handoffAccepted' }];
  if (team === undefined || team === standing.team) return [];
  // A team that was only offered the ticket can pass the offer on, but not a ticket it does not have.
  return [standing.offered ? offer : { type: 'assigned', team }];
}

/** An offer that resolution dropped is still unanswered once the ticket is open again, unless it goes elsewhere. */
function reopening({ offered, tier: toTier, team }: Standing, reading: Reading): Change {
  if (!offered || reading.tier !== toTier) return [{ type: 'reopened' }];
  return [{ type: 'reopened' }, { type: 'handoffOffered', toTier, ...(team !== undefined && { team }) }];
}

function ending(standing: Standing, status: Standing['status']): Change {
  switch (status) {
    case 'open':
      return [];
    case 'resolved':
      return standing.status === 'open' ? [{ type: 'resolved' }] : [];
    case 'closed':
      return standing.status === 'open' ? [{ type: 'resolved' }, { type: 'closed' }] : [{ type: 'closed' }];
    case 'cancelled':
      return [{ type: 'cancelled' }];
  }
}

/** Everything a row changes, in the order in which it makes sense: reopened before held, answered before resolved. */
function changesOf(standing: Standing, next: Standing, reading: Reading): Change {
  const reopens = next.status === 'open' && standing.status !== 'open';
  const endsHold = standing.hold !== null && next.hold !== standing.hold;
  const startsHold = next.hold !== null && next.hold !== standing.hold;
  const takesOffer = standing.offered && reading.accepts && reading.tier === standing.tier;
  return [
    ...(next.priority === standing.priority
      ? []
      : [{ type: 'prioritised', priority: next.priority } as const]),
    ...(reopens ? reopening(standing, reading) : []),
    ...(endsHold ? [{ type: 'resumed', reason: standing.hold! } as const] : []),
    ...handoff(standing, reading),
    ...(takesOffer ? [{ type: 'handoffAccepted' } as const] : []),
    ...(next.responded && !standing.responded
      ? [{ type: 'messageAdded', author: 'agent', visibility: 'public' } as const]
      : []),
    ...(startsHold ? [{ type: 'held', reason: next.hold! } as const] : []),
    ...(next.status === standing.status ? [] : ending(standing, next.status)),
  ];
}

function standingAfter(standing: Standing, reading: Reading, status: ReadStatus): Standing {
  const moves = reading.tier !== standing.tier;
  return {
    status: status === 'unchanged' || isFinal(standing.status) ? standing.status : status,
    hold: reading.hold === undefined ? standing.hold : reading.hold,
    priority: reading.priority,
    tier: reading.tier,
    offered: moves ? reading.queued : standing.offered && !reading.accepts,
    team: reading.team ?? standing.team,
    responded: standing.responded || reading.responds,
  };
}

/** Rows pad their number so that ids sort as the file does. */
const factId = (row: number, ordinal: number): string => `${String(row).padStart(9, '0')}.${ordinal}`;

function factsOf(row: number, at: number, change: Change): Fact[] {
  return change.map((body, ordinal) => ({
    ...body,
    id: factId(row, ordinal),
    occurredAt: at,
    imported: true,
  }));
}

function countOutOfOrder(readings: readonly Reading[]): number {
  return readings.filter(({ at }, i) => i > 0 && at < readings[i - 1]!.at).length;
}

/** The state of a row as it counts: what is closed and reopened later was only resolved. */
function statusOf(readings: readonly Reading[], i: number, lastOpen: number): ReadStatus {
  const { status } = readings[i]!;
  return isFinal(status) && i < lastOpen ? 'resolved' : status;
}

/**
 * A case from its rows, in any order; they fold by time, and by their place in the file at one instant. `attributes`
 * are those of the first.
 */
export function caseOf(readings: readonly Reading[], attributes: TicketAttributes): ReadCase {
  const ordered = readings.toSorted((a, b) => a.at - b.at || a.row - b.row);
  const first = ordered[0]!;
  const openedAt = first.openedAt ?? first.at;
  const lastOpen = ordered.findLastIndex(({ status }) => status === 'open');
  const facts: Fact[] = [];
  let rowsWithoutChange = 0;
  let standing: Standing = {
    status: 'open',
    hold: null,
    priority: first.priority,
    tier: first.tier,
    offered: false,
    team: undefined,
    responded: false,
  };
  ordered.forEach((reading, i) => {
    const next = standingAfter(standing, reading, statusOf(ordered, i, lastOpen));
    const change = changesOf(standing, next, reading);
    facts.push(...factsOf(reading.row, Math.max(reading.at, openedAt), change));
    if (i > 0 && change.length === 0) rowsWithoutChange += 1;
    standing = next;
  });
  const { caseId, priority, tier } = first;
  return {
    history: { caseId, openedAt, priority, tier, attributes, facts },
    rowsWithoutChange,
    rowsOutOfOrder: countOutOfOrder(readings),
    rowsBeforeOpening: ordered.filter(({ at }) => at < openedAt).length,
    rowsClosedTooSoon: ordered.filter(({ status }, i) => isFinal(status) && i < lastOpen).length,
  };
}

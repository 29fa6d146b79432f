/**
 * The figures of a log, counted a second time and in another way: row by row from the raw file, on elapsed time,
 * with nothing of histories/ or domain/. Written from the table that says how the logs are to be read.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export type RawRow = Record<string, string>;

/** The wanted columns of a log. The public logs use no quotes. */
export function rawRows(file: URL, columns: readonly string[]): RawRow[] {
  const [header, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split(/\r?\n/);
  const places = columns.map((column) => [column, header!.split(',').indexOf(column)] as const);
  return lines.map((line) => {
    const cells = line.split(',');
    const row: RawRow = {};
    for (const [column, place] of places) row[column] = cells[place]!;
    return row;
  });
}

export function byCase(rows: readonly RawRow[], column: string): Map<string, RawRow[]> {
  const cases = new Map<string, RawRow[]>();
  for (const row of rows) {
    const known = cases.get(row[column]!);
    if (known) known.push(row);
    else cases.set(row[column]!, [row]);
  }
  return cases;
}

/** Changes between named teams, and those back to a team that was left; `?` names none. */
export function recountTeams(teams: readonly string[]): { changes: number; returns: number } {
  const named = teams.filter((team) => team !== '?');
  const changes = named.map((team, i) => i > 0 && team !== named[i - 1]);
  const returns = changes.filter((changed, i) => changed && named.slice(0, i).includes(named[i]!));
  return { changes: changes.filter(Boolean).length, returns: returns.length };
}

const HOUR = 3_600_000;

/** One o'clock UTC on the last Sunday of a month: when all of Europe changes its clocks. */
function clockChange(year: number, month: number): number {
  const lastDay = new Date(Date.UTC(year, month, 0));
  return lastDay.getTime() - lastDay.getUTCDay() * 24 * HOUR + HOUR;
}

/** UTC of a wall-clock time (given as if it were UTC) in a European zone so many hours ahead in winter. */
export function europeanInstant(wallClock: number, winterHours: number): number {
  const year = new Date(wallClock).getUTCFullYear();
  const shift = (winterHours + 1) * HOUR;
  const isSummer = wallClock >= clockChange(year, 3) + shift && wallClock < clockChange(year, 10) + shift;
  return wallClock - winterHours * HOUR - (isSummer ? HOUR : 0);
}

/** A row, as far as the figures go. */
export interface Step {
  at: number;
  /** open, done, closed, or as it was. */
  state: 'open' | 'done' | 'closed' | 'same';
  waitsFor: 'customer' | 'vendor' | null;
  responds: boolean;
  line: number;
  queued: boolean;
  accepts: boolean;
}

export interface Recount {
  shares: Record<string, number>;
  handoffs: number;
  returns: number;
  reopened: number;
  /** Milliseconds until the first response, or until the end without one; time after resolution left out. */
  responseMs: number;
  responded: boolean;
  resolutionMs: number;
  done: boolean;
  closed: boolean;
}

/** One case from its steps in order of time, opened at `openedAt` and looked at until `until`. */
export function recount(steps: readonly Step[], openedAt: number, until: number): Recount {
  const all: Recount = {
    shares: {},
    handoffs: 0,
    returns: 0,
    reopened: 0,
    responseMs: 0,
    responded: false,
    resolutionMs: 0,
    done: false,
    closed: false,
  };
  let owner = steps[0]!.line;
  let line = owner;
  let inFlight = false;
  let waitsFor: Step['waitsFor'] = null;
  let cursor = openedAt;
  const left = new Set<number>();

  const pass = (to: number) => {
    const ms = Math.max(0, to - cursor);
    cursor = Math.max(cursor, to);
    if (all.done || ms === 0) return;
    const share = waitsFor ?? (inFlight ? 'handoff' : `tier${owner}`);
    all.shares[share] = (all.shares[share] ?? 0) + ms;
    if (!all.responded) all.responseMs += ms;
    if (waitsFor === null) all.resolutionMs += ms;
  };
  const take = (to: number) => {
    inFlight = false;
    if (to === owner) return;
    left.add(owner);
    all.handoffs += 1;
    if (left.has(to)) all.returns += 1;
    owner = to;
  };

  for (const step of steps) {
    pass(step.at);
    if (step.line !== line && step.queued) inFlight = true;
    else if (step.line !== line || (inFlight && step.accepts)) take(step.line);
    line = step.line;
    waitsFor = step.waitsFor;
    all.responded ||= step.responds;
    if (step.state === 'open' && all.done) all.reopened += 1;
    if (step.state !== 'same') {
      all.done = step.state !== 'open';
      all.closed = step.state === 'closed' || (all.closed && all.done);
    }
  }
  pass(until);
  return all;
}

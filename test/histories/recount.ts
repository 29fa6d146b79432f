/**
 * The figures of a log, counted a second time and in another way: row by row from the raw file, day by day of the
 * office, with nothing of histories/ or domain/. Written from the table that says how the logs are to be read.
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

const DAY = 24 * HOUR;

/** Milliseconds between two instants in which an office in London is open: Monday to Friday, nine to five. */
function openMs(from: number, to: number): number {
  let total = 0;
  for (let day = Math.floor(from / DAY) * DAY; day <= to; day += DAY) {
    const isWeekend = new Date(day).getUTCDay() % 6 === 0;
    const opens = Math.max(from, europeanInstant(day + 9 * HOUR, 0));
    const closes = Math.min(to, europeanInstant(day + 17 * HOUR, 0));
    if (!isWeekend && closes > opens) total += closes - opens;
  }
  return total;
}

/** A promise of so much open time, kept or broken as time passes. */
class Promised {
  late = false;
  private left: number;

  constructor(ms: number) {
    this.left = ms;
  }

  /** Time that counts. What is used up at closing time is late from then on; at `to` itself it is not yet. */
  pass(from: number, to: number): void {
    if (to <= from) return;
    const open = openMs(from, to);
    const usedUpBefore =
      this.left === 0 || open > this.left || (open === this.left && openMs(to - 1, to) === 0);
    this.late ||= usedUpBefore;
    this.left = Math.max(0, this.left - open);
  }
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
  responded: boolean;
  responseLate: boolean;
  resolutionLate: boolean;
  done: boolean;
  closed: boolean;
}

/** What there is to count of one case. */
export interface CaseOfSteps {
  /** In order of time. */
  steps: readonly Step[];
  openedAt: number;
  /** The end of the log. */
  until: number;
  /** Targets in milliseconds of open time. */
  responseMs: number;
  resolutionMs: number;
}

/** One case, counted. Time after its resolution counts for nobody and for nothing. */
export function recount({ steps, openedAt, until, responseMs, resolutionMs }: CaseOfSteps): Recount {
  const shares: Record<string, number> = {};
  const [response, resolution] = [new Promised(responseMs), new Promised(resolutionMs)];
  const left = new Set<number>();
  let [handoffs, returns, reopened] = [0, 0, 0];
  let [responded, done, closed, inFlight] = [false, false, false, false];
  let waitsFor: Step['waitsFor'] = null;
  let owner = steps[0]!.line;
  let line = owner;
  let cursor = openedAt;

  const pass = (to: number) => {
    const from = cursor;
    cursor = Math.max(cursor, to);
    if (done) return;
    const share = waitsFor ?? (inFlight ? 'handoff' : `tier${owner}`);
    shares[share] = (shares[share] ?? 0) + openMs(from, cursor);
    if (!responded) response.pass(from, cursor);
    if (waitsFor === null) resolution.pass(from, cursor);
  };
  const take = (to: number) => {
    inFlight = false;
    if (to === owner) return;
    left.add(owner);
    handoffs += 1;
    if (left.has(to)) returns += 1;
    owner = to;
  };

  for (const step of steps) {
    pass(step.at);
    if (step.line !== line && step.queued) inFlight = true;
    else if (step.line !== line || (inFlight && step.accepts)) take(step.line);
    line = step.line;
    waitsFor = step.waitsFor;
    responded ||= step.responds;
    if (step.state === 'open' && done) reopened += 1;
    if (step.state === 'same') continue;
    done = step.state !== 'open';
    closed = step.state === 'closed' || (closed && done);
  }
  pass(until);
  const [responseLate, resolutionLate] = [response.late, resolution.late];
  return { shares, handoffs, returns, reopened, responded, responseLate, resolutionLate, done, closed };
}

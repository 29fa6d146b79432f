/** `tierline calendar import` and `tierline calendar check`: holidays from iCalendar files, and faults of calendars. */
import { readFile } from 'node:fs/promises';
import { parseCalendar } from '../api/schemas/calendar.ts';
import { holidaysIn, type ImportedHolidays } from '../api/schemas/icalendar.ts';
import { pathOf } from '../domain/pointer.ts';
import type { Issue } from '../api/schemas/issues.ts';
import { readPolicyFile, type Finding } from '../api/schemas/policy-file.ts';
import { droppedWindows } from '../domain/calendar.ts';

/** Where results and remarks go. */
export interface CalendarTools {
  print: (text: string) => void;
  say: (text: string) => void;
  now: () => number;
}

const defaultTools: CalendarTools = {
  print: (text) => void process.stdout.write(`${text}\n`),
  say: (text) => void process.stderr.write(`${text}\n`),
  now: Date.now,
};

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? `There is no file ${file}` : `${file}: ${error.message}`);
  });
}

function yearOf(name: string, text: string): number {
  if (/^\d{4}$/.test(text)) return Number(text);
  throw new Error(`--${name} ${text} is not a year such as 2026`);
}

const asYaml = ({ holidays, names }: ImportedHolidays): string =>
  [
    holidays.length > 0 ? 'holidays:' : 'holidays: []',
    ...holidays.map((date) => `  - '${date}'${names[date] ? ` # ${names[date]}` : ''}`),
  ].join('\n');

/** Prints the holidays of an iCalendar file as YAML, or as JSON; what was left out goes to standard error. */
export async function importHolidays(
  file: string,
  { from, to, json = false }: { from: string; to: string; json?: boolean },
  { print, say }: Pick<CalendarTools, 'print' | 'say'> = defaultTools,
): Promise<void> {
  const imported = holidaysIn(await textOf(file), { from: yearOf('from', from), to: yearOf('to', to) });
  if (json) return print(JSON.stringify(imported, null, 2));
  for (const { severity, message } of imported.findings) say(`${severity}: ${message}`);
  print(asYaml(imported));
}

interface Checked extends Finding {
  severity: 'error' | 'warning';
}

/** Calendars of a file, each with where it stands: the file is one, or has several under `calendars` as policies do. */
function calendarsIn(value: unknown): [path: string[], calendar: unknown][] {
  const named = (value as { calendars?: unknown } | null)?.calendars;
  if (typeof named !== 'object' || named === null) return [[[], value]];
  return Object.entries(named).map(([name, one]) => [['calendars', name], one]);
}

/** Faults of a calendar, or where it has none what its owner should know. */
function issuesOf(calendar: unknown, now: number): (Issue & { severity: Checked['severity'] })[] {
  const read = parseCalendar(calendar);
  if ('issues' in read) return read.issues.map((issue) => ({ ...issue, severity: 'error' }));
  return droppedWindows(read.calendar, now).map(({ severity, pointer, code, message }) => ({
    severity,
    path: pathOf(pointer),
    code,
    message,
  }));
}

function findingsIn(file: string, text: string, now: number): Checked[] {
  const read = readPolicyFile(file, text);
  if (read.findings.length > 0) return read.findings.map((finding) => ({ ...finding, severity: 'error' }));
  return calendarsIn(read.value).flatMap(([path, calendar]) =>
    issuesOf(calendar, now).map(({ severity, ...issue }) => ({
      ...read.locate({ ...issue, path: [...path, ...issue.path] }),
      severity,
    })),
  );
}

/** Prints what is wrong with the calendars of a YAML or JSON file; the exit code is 1 where something is. */
export async function check(
  file: string,
  { json = false }: { json?: boolean },
  { print, now }: Pick<CalendarTools, 'print' | 'now'> = defaultTools,
): Promise<void> {
  const findings = findingsIn(file, await textOf(file), now());
  if (findings.some(({ severity }) => severity === 'error')) process.exitCode = 1;
  if (json) return print(JSON.stringify({ findings }, null, 2));
  for (const { line, column, pointer, severity, message } of findings)
    print(`${file}:${line}:${column} ${severity}${pointer && ` ${pointer}`}: ${message}`);
  if (findings.length === 0) print(`${file}: nothing to mend`);
}

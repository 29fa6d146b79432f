/**
 * Why the clocks of a ticket say what they say, for a spreadsheet and for the eye: the spans of `GET …/clocks`, one a
 * row, and as plain text.
 */
import type { Sight } from '../domain/visibility.ts';
import { stringify } from 'csv-stringify/sync';
import { writtenDuration } from '../domain/examples.ts';
import { rebuild, type Ticket } from '../domain/ticket.ts';
import type { ApiDeps } from './deps.ts';
import { findTicket } from './lookup.ts';
import { defineRoute, type Reply, type Route } from './route.ts';
import { ticketParams } from './schemas/tickets.ts';
import { clocksView } from './views.ts';

const COLUMNS = [
  'ticketId',
  'clock',
  'cycle',
  'from',
  'to',
  'kind',
  'reason',
  'seconds',
  'runningSeconds',
  'calendar',
  'calendarVersion',
  'policy',
  'policyVersion',
] as const;

type ClocksView = ReturnType<typeof clocksView>;
type ClockView = ClocksView['data'][number];
type Span = ClockView['explain'][number];

/** How much of a span the clock ran; over all spans of a cycle these add up to its elapsed time, exactly. */
function runningSeconds({ kind, seconds, runningSeconds: folded }: Span): number {
  if (kind === 'folded') return folded ?? 0;
  return kind === 'running' ? seconds : 0;
}

/** The version of the calendar a clock counts on, as it was expanded for this ticket. */
const versionOf = ({ rules }: Ticket, { calendar }: ClockView): string =>
  rules.hours[calendar]?.version ?? calendar;

function rowsOf(ticket: Ticket, { ticketId, policy, data }: ClocksView): unknown[][] {
  return data.flatMap((clock) =>
    clock.explain.map((span) => [
      ticketId,
      clock.clock,
      clock.cycle,
      span.from,
      span.to,
      span.kind,
      span.reason ?? '',
      span.seconds,
      runningSeconds(span),
      clock.calendar,
      versionOf(ticket, clock),
      policy.name,
      policy.version,
    ]),
  );
}

/** RFC 4180 with a byte order mark; cells that a spreadsheet would run as formulas are quoted away. */
function csvOf(ticket: Ticket, view: ClocksView): string {
  return stringify([[...COLUMNS], ...rowsOf(ticket, view)], {
    bom: true,
    escape_formulas: true,
    record_delimiter: 'windows',
  });
}

const written = (seconds: number): string => writtenDuration(Math.round(seconds * 1000));

/** Without fractions of a second that say nothing. */
const instantText = (at: string): string => at.replace('.000Z', 'Z');

function standing({ state, breached, deadlineAt, metAt, cancelledAt, cancelReason }: ClockView): string {
  const late = breached ? ', breached' : '';
  if (metAt !== null) return `met at ${instantText(metAt)}${late}`;
  if (cancelledAt !== null) return `cancelled at ${instantText(cancelledAt)} (${cancelReason})${late}`;
  const due = deadlineAt === null ? 'without a deadline while it stands' : `due ${instantText(deadlineAt)}`;
  return `${state}, ${due}${late}`;
}

function spanLine(span: Span): string {
  const { from, to, kind, reason, seconds } = span;
  const what = reason === undefined ? kind : `${kind}: ${reason}`;
  const ran = kind === 'folded' ? `, of which ${written(runningSeconds(span))} ran` : '';
  return `  ${instantText(from).padEnd(24)}  ${instantText(to).padEnd(24)}  ${what.padEnd(18)}  ${written(seconds)}${ran}`;
}

function clockText(ticket: Ticket, clock: ClockView): string {
  const { clock: name, cycle, calendar, targetSeconds, elapsedSeconds, explain } = clock;
  return [
    `${name}${cycle > 1 ? ` (cycle ${cycle})` : ''}: ${standing(clock)}`,
    `  ${written(elapsedSeconds)} of ${written(targetSeconds)} on the calendar ${calendar}, version ${versionOf(ticket, clock)}`,
    ...explain.map(spanLine),
  ].join('\n');
}

function textOf(ticket: Ticket, view: ClocksView): string {
  const { ticketId, policy, data, asOf } = view;
  const head = `Ticket ${ticketId}, policy ${policy.name} version ${policy.version}, as of ${instantText(asOf)}`;
  const clocks = data.map((clock) => clockText(ticket, clock));
  return `${[head, ...(clocks.length > 0 ? clocks : ['It has no clocks'])].join('\n\n')}\n`;
}

async function* once(text: string): AsyncIterable<string> {
  yield text;
}

async function explained(
  deps: ApiDeps,
  { name, sight }: { name: string; sight: Sight },
  write: (ticket: Ticket, view: ClocksView) => string,
): Promise<Reply['stream']> {
  const { id } = await findTicket(deps, name, sight);
  const ticket = rebuild(id, await deps.ledger.events(id));
  return once(write(ticket, clocksView(ticket, (deps.now ?? Date.now)())));
}

export function explainRoutes(deps: ApiDeps): Route[] {
  const shared = {
    method: 'get',
    operation: 'ticket.read',
    tag: 'tickets',
    params: ticketParams,
    problems: ['ticket_not_found', 'ticket_not_opened_yet'],
  } as const;
  return [
    defineRoute({
      ...shared,
      path: '/v1/tickets/{ticketId}/clocks.csv',
      operationId: 'exportClocks',
      summary: 'The spans that explain the clocks of a ticket, one a row',
      description:
        'Columns: ' +
        `${COLUMNS.join(', ')}. The \`runningSeconds\` of a cycle add up to its elapsed time, to the millisecond.`,
      answers: { 200: { description: 'RFC 4180, UTF-8 with a byte order mark', contentType: 'text/csv' } },
      async handle({ params, sight }) {
        const stream = await explained(deps, { name: params.ticketId, sight }, csvOf);
        const headers = {
          'content-type': 'text/csv; charset=utf-8',
          'content-disposition': 'attachment; filename="clocks.csv"',
        };
        return { headers, stream: stream! };
      },
    }),
    defineRoute({
      ...shared,
      path: '/v1/tickets/{ticketId}/clocks.txt',
      operationId: 'explainClocks',
      summary: 'The same as plain text: each clock, how it stands, and the spans that led there',
      answers: { 200: { description: 'UTF-8, times in UTC', contentType: 'text/plain' } },
      async handle({ params, sight }) {
        const stream = await explained(deps, { name: params.ticketId, sight }, textOf);
        return { headers: { 'content-type': 'text/plain; charset=utf-8' }, stream: stream! };
      },
    }),
  ];
}

/** What was acknowledged stays, and what falls due is done, whatever happens to the processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { freePortFrom } from '../../bin/ports.ts';
import type { ReadyReport } from '../../bin/start.ts';
import { eventually } from '../support/desk.ts';
import { temporaryFolder } from './helpers.ts';
import { ready, start, stopStarts } from './tree.ts';

interface TicketAnswer {
  id: string;
  tier: number;
  openedAt: string;
  breached: boolean;
}
interface Event {
  id: string;
  type: string;
  data: { deadlineAt?: string; toTier?: number };
}

afterEach(stopStarts);

function caller({ api }: ReadyReport, apiKey: string) {
  return async <R>(
    method: string,
    path: string,
    body?: object,
    key?: string,
  ): Promise<{ status: number; answer: R }> => {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(body && { 'content-type': 'application/json' }),
        ...(key && { 'idempotency-key': key }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, answer: (await response.json()) as R };
  };
}
type Call = ReturnType<typeof caller>;

async function openTicket(call: Call, policy: string): Promise<TicketAnswer> {
  const body = { subject: 'A disk', type: 'incident', impact: 'high', urgency: 'high', policy };
  const { status, answer } = await call<TicketAnswer>('POST', '/v1/tickets', body);
  expect(status).toBe(201);
  return answer;
}

async function timeline(call: Call, ticketId: string): Promise<Event[]> {
  const { answer } = await call<{ data: Event[] }>('GET', `/v1/tickets/${ticketId}/timeline?limit=200`);
  return answer.data;
}

test('kill -9 of the worker amid 200 requests loses and doubles no acknowledged one', async () => {
  const started = start(temporaryFolder(), await freePortFrom(0));
  const report = await ready(started);
  const call = caller(report, report.apiKey!);
  const tickets = await Promise.all(Array.from({ length: 10 }, () => openTicket(call, 'standard')));

  const note = async (i: number) => {
    const { id } = tickets[i % tickets.length]!;
    const key = `note-${i}`;
    // A front end repeats a request under the same key until it has an answer.
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const { status } = await call('POST', `/v1/tickets/${id}/note`, { text: `note ${i}` }, key);
      if (status === 200) return { i, ticketId: id };
      await sleep(250);
    }
    return null;
  };
  const numbers = Array.from({ length: 200 }, (_, i) => i);
  let sent = 0;
  let killed = false;
  const acknowledged: { i: number; ticketId: string }[] = [];
  const lane = async () => {
    while (numbers.length > 0) {
      const answered = await note(numbers.shift()!);
      if (answered) acknowledged.push(answered);
      sent += 1;
      if (sent >= 60 && !killed) {
        killed = true;
        process.kill(report.pids.worker!, 'SIGKILL');
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));

  expect(acknowledged).toHaveLength(200);
  for (const { id } of tickets) {
    const mine = acknowledged.filter(({ ticketId }) => ticketId === id);
    const events = await timeline(call, id);
    expect(events.filter(({ type }) => type === 'messageAdded')).toHaveLength(mine.length);
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
  }
}, 180_000);

test('a deadline that passes while everything is stopped is breached on return, with its true deadline', async () => {
  const home = temporaryFolder();
  const port = await freePortFrom(0);
  const first = start(home, port);
  const report = await ready(first);
  const before = caller(report, report.apiKey!);
  const ticket = await openTicket(before, 'demo');
  first.child.kill('SIGTERM');
  await first.ended;
  const deadline = Date.parse(ticket.openedAt) + 20_000;
  await sleep(Math.max(0, deadline + 1_000 - Date.now()));

  const second = await ready(start(home, port));
  const call = caller(second, report.apiKey!);
  const events = await eventually(
    () => timeline(call, ticket.id),
    (all) => all.some(({ type }) => type === 'handedOff'),
  );
  const breaches = events.filter(({ type, id }) => type === 'breached' && id.startsWith('clock:resolution'));
  expect(breaches.map(({ data }) => data.deadlineAt)).toEqual([new Date(deadline).toISOString()]);
  const { answer } = await call<TicketAnswer>('GET', `/v1/tickets/${ticket.id}`);
  expect(answer).toMatchObject({ tier: 2, breached: true });
});

/** A change of rules reaches every open ticket once, whatever happens to the worker on the way. */
import { afterEach, expect, test } from '@jest/globals';
import { freePortFrom } from '../../bin/ports.ts';
import { policyDocument } from '../api/rule-book.ts';
import { eventually } from '../support/desk.ts';
import { temporaryFolder } from './helpers.ts';
import { ready, start, stopStarts } from './tree.ts';

/** A thousand tickets take minutes; sixty show the same. */
const TICKETS = process.env['TIERLINE_FULL'] ? 1_000 : 60;
const HOUR = 3_600_000;

interface Change {
  id: string;
  state: string;
  tickets: { applied: number; skipped: number; failed: number; remaining: number };
  outcome: { becomesBreached: number };
}
interface Forecast {
  tickets: number;
  becomesBreached: { count: number; data: { ticketId: string }[] };
}
interface Page<T> {
  data: T[];
  page: { nextCursor: string | null };
}

afterEach(stopStarts);

test('kill -9 of the worker amid a change of rules: everybody has it once, and the breaches are those foreseen', async () => {
  const report = await ready(
    start(temporaryFolder(), await freePortFrom(0), {
      TIERLINE_RULE_CHANGES_PER_SECOND: process.env['TIERLINE_FULL'] ? '200' : '20',
    }),
  );
  const call = async <R>(method: string, path: string, body?: object): Promise<R> => {
    const response = await fetch(`${report.api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${report.apiKey!}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as R;
  };
  const all = async <T>(path: string): Promise<T[]> => {
    const found: T[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { data, page }: Page<T> = await call('GET', `${path}?limit=200${cursor && `&cursor=${cursor}`}`);
      found.push(...data);
      cursor = page.nextCursor;
    }
    return found;
  };
  const ended = (id: string) =>
    eventually(
      () => call<Change>('GET', `/v1/rule-changes/${id}`),
      ({ state }) => state !== 'running',
      TICKETS * 100 + 90_000,
    );
  const versions = '/v1/policies/gold/versions';
  const first = await call<Change>('POST', versions, {
    policy: policyDocument('gold', '8h'),
    reason: 'First',
  });
  expect((await ended(first.id)).state).toBe('done');

  const numbers = Array.from({ length: TICKETS }, (_, i) => i);
  const ids: string[] = [];
  const lane = async () => {
    for (let i = numbers.shift(); i !== undefined; i = numbers.shift()) {
      // Every third is six hours old: late under four hours, not under eight.
      const openedAt = new Date(Date.now() - (i % 3 === 0 ? 6 : 1) * HOUR).toISOString();
      const body = {
        subject: `Disk ${i}`,
        type: 'incident',
        impact: 'high',
        urgency: 'high',
        policy: 'gold',
        openedAt,
      };
      ids.push((await call<{ id: string }>('POST', '/v1/tickets', body)).id);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));

  const change = { policy: policyDocument('gold', '4h'), reason: 'Four hours from now on' };
  const askedAt = Date.now();
  const foreseen = await call<Forecast>('POST', `${versions}?dryRun=true`, change);
  const dryRunMs = Date.now() - askedAt;
  expect(foreseen).toMatchObject({ tickets: TICKETS, becomesBreached: { count: Math.ceil(TICKETS / 3) } });

  const begunAt = Date.now();
  const { id } = await call<Change>('POST', versions, change);
  await eventually(
    () => call<Change>('GET', `/v1/rule-changes/${id}`),
    ({ tickets: { applied } }) => applied >= TICKETS / 4,
    60_000,
  );
  const killedAfterMs = Date.now() - begunAt;
  process.kill(report.pids.worker!, 'SIGKILL');
  const killed = await call<Change>('GET', `/v1/rule-changes/${id}`);
  expect(killed.tickets.applied).toBeLessThan(TICKETS);

  const done = await ended(id);
  if (process.env['TIERLINE_FULL'])
    process.stderr.write(
      `${TICKETS} tickets: dry run ${dryRunMs} ms; killed after ${killed.tickets.applied} in ${killedAfterMs} ms; done after ${Date.now() - begunAt} ms\n`,
    );
  expect(done).toMatchObject({
    state: 'done',
    tickets: { applied: TICKETS, skipped: 0, failed: 0, remaining: 0 },
    outcome: { becomesBreached: foreseen.becomesBreached.count },
  });
  const late = (await all<{ ticketId: string }>('/v1/breaches')).map(({ ticketId }) => ticketId);
  expect(late.toSorted()).toEqual(foreseen.becomesBreached.data.map(({ ticketId }) => ticketId).toSorted());
  for (const ticketId of ids) {
    const events = await all<{ type: string }>(`/v1/tickets/${ticketId}/timeline`);
    const counted = (type: string) => events.filter((event) => event.type === type).length;
    expect([counted('rulesChanged'), counted('breached')]).toEqual([1, late.includes(ticketId) ? 1 : 0]);
  }
}, 900_000);

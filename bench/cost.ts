/**
 * `npm run bench -- cost`: what a ticket costs, counted and therefore exact: history events and state transitions
 * of its workflow, and transactions of ours that wrote. One create, five requests, one warning, one breach, close.
 */
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { createApp } from '../api/app.ts';
import { policyHash, parsePolicy } from '../api/schemas/policy.ts';
import { createApiCaller, type ApiCaller } from '../bin/api-caller.ts';
import { readConfig } from '../bin/config.ts';
import { apiDeps } from '../bin/server.ts';
import { onStage, type Stage } from '../bin/stage.ts';
import { createPolicyStore } from '../prisma/policies.ts';
import { ticketWorkflowId } from '../workflows/messages.ts';

/** The most a ticket may cost. */
export const BUDGET = { historyEvents: 70, stateTransitions: 17 } as const;

export interface Cost {
  historyEvents: number;
  stateTransitions: number;
  writingTransactions: number;
}

/** As short as a life with a warning and a breach can be. */
const BRIEF = {
  name: 'brief',
  precedence: 1,
  priorityMatrix: {
    high: { high: 'P1', medium: 'P1', low: 'P1' },
    medium: { high: 'P1', medium: 'P1', low: 'P1' },
    low: { high: 'P1', medium: 'P1', low: 'P1' },
  },
  tiers: [
    { tier: 1, name: 'one' },
    { tier: 2, name: 'two' },
  ],
  clocks: {
    firstResponse: { calendar: 'always', targets: { P1: '1h' } },
    resolution: {
      calendar: 'always',
      targets: { P1: '4s' },
      pausedBy: ['customer', 'vendor'],
      ladder: [
        { at: '75%', actions: [{ notify: 'assignee' }] },
        { at: 'breach', actions: [{ handOff: 'next' }] },
      ],
    },
  },
  autoCloseAfter: '1s',
};

async function publishBrief({ database }: Stage): Promise<void> {
  const parsed = parsePolicy(BRIEF);
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  await createPolicyStore(database).publish([{ policy: parsed.policy, hash: policyHash(parsed.policy) }]);
}

/** Transaction ids are given to transactions that write, and to no others. */
async function writesSoFar({ database }: Stage): Promise<number> {
  const [row] = await database.$queryRaw<{ xid: bigint }[]>`
    SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xid`;
  return Number(row!.xid);
}

async function costOf({ client }: Stage, ticketId: string): Promise<Omit<Cost, 'writingTransactions'>> {
  const { raw } = await client.workflow.getHandle(ticketWorkflowId(ticketId)).describe();
  const info = raw.workflowExecutionInfo!;
  return {
    historyEvents: Number(info.historyLength),
    stateTransitions: Number(info.stateTransitionCount),
  };
}

interface Shown {
  id: string;
  state: string;
  tier?: number;
}

async function untilState(api: ApiCaller, ticketId: string, reached: (ticket: Shown) => boolean) {
  while (!reached(await api.get<Shown>(`/v1/tickets/${ticketId}`)))
    await new Promise((resolve) => setTimeout(resolve, 100));
}

/** One ticket's life through the API. */
async function live(api: ApiCaller): Promise<string> {
  const opening = {
    subject: 'A printer',
    type: 'incident',
    impact: 'high',
    urgency: 'high',
    policy: 'brief',
  };
  const { id } = await api.post<Shown>('/v1/tickets', opening);
  const ask = (request: string, body: object = {}) => api.post(`/v1/tickets/${id}/${request}`, body);
  await ask('acknowledge');
  await ask('assign', { assignee: 'agent-1' });
  await ask('reply', { text: 'We look at it.' });
  await ask('note', { text: 'Paper jam.' });
  await untilState(api, id, ({ tier }) => tier === 2);
  await ask('resolve', { resolution: 'Jam removed.' });
  await untilState(api, id, ({ state }) => state === 'closed');
  return id;
}

async function measure(stage: Stage): Promise<Cost> {
  await publishBrief(stage);
  const deps = apiDeps(stage.database, {
    client: stage.client,
    taskQueue: stage.taskQueue,
    config: readConfig(),
    onBug: console.error,
  });
  const server = createServer(createApp(deps, { version: 'bench' }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const api = createApiCaller(url, { secret: stage.apiKey });
  await live(api); // the first request of a key also notes when the key was last used
  const before = await writesSoFar(stage);
  const ticketId = await live(api);
  const writingTransactions = (await writesSoFar(stage)) - before;
  await new Promise((resolve) => server.close(resolve));
  return { ...(await costOf(stage, ticketId)), writingTransactions };
}

/** Prints the cost; answers whether it is within the budget. */
export async function run({ json }: { json?: boolean }): Promise<boolean> {
  const cost = await onStage({ say: (text) => process.stderr.write(`${text}\n`) }, measure);
  const within =
    cost.historyEvents <= BUDGET.historyEvents && cost.stateTransitions <= BUDGET.stateTransitions;
  if (json) process.stdout.write(`${JSON.stringify({ bench: 'cost', ...cost, budget: BUDGET, within })}\n`);
  else
    process.stdout.write(
      `a ticket (create, 5 requests, warning, breach, auto-close) costs\n` +
        `  history events       ${cost.historyEvents} (at most ${BUDGET.historyEvents})\n` +
        `  state transitions    ${cost.stateTransitions} (at most ${BUDGET.stateTransitions})\n` +
        `  writing transactions ${cost.writingTransactions}\n`,
    );
  return within;
}

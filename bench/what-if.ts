/**
 * `npm run bench -- what-if`: two policies compared over a year of 25,000 incidents, made up in memory from a seed, and
 * how much faster that is than settling each life at every fact.
 */
import { PRIORITIES, type Policy } from '../domain/policy.ts';
import type { DeskBody, Fact } from '../domain/events.ts';
import { foldHistory, type ImportedHistory } from '../domain/history.ts';
import { resolveRules } from '../domain/rules.ts';
import { compareHistories } from '../domain/what-if.ts';
import { loadPolicies } from '../api/schemas/policy.ts';
import { readConfig } from '../bin/config.ts';
import { count } from '../bin/table.ts';
import { randomFrom } from './random.ts';

const CASES = 25_000;
const FROM = Date.parse('2026-01-05T00:00Z');
const MINUTE = 60_000;
const YEAR_MINUTES = 365 * 1440;
const SEED = 20_260_105;
/** Cases that are also settled one by one, which takes too long for all. */
const SETTLED = 2_500;

/** What happens to a made-up incident after its first answer, in this order; each with its probability. */
const COURSE: readonly (readonly [chance: number, body: DeskBody])[] = [
  [0.6, { type: 'assigned', team: 'network' }],
  [0.4, { type: 'messageAdded', author: 'agent', visibility: 'public' }],
  [0.35, { type: 'held', reason: 'customer' }],
  [0.35, { type: 'messageAdded', author: 'customer', visibility: 'public' }],
  [0.2, { type: 'assigned', team: 'storage' }],
  [0.08, { type: 'prioritised', priority: 'P2' }],
  [0.1, { type: 'held', reason: 'vendor' }],
  [0.1, { type: 'vendorReturned' }],
  [0.95, { type: 'resolved' }],
  [0.05, { type: 'reopened' }],
  [0.05, { type: 'resolved' }],
  [0.9, { type: 'closed' }],
];

function incident(number: number, random: () => number): ImportedHistory {
  const openedAt = FROM + Math.floor(random() * YEAR_MINUTES) * MINUTE;
  const facts: Fact[] = [];
  let at = openedAt;
  const happens = (body: DeskBody) => {
    // Most things follow within hours, some after days.
    at += Math.ceil(random() ** 4 * 5 * 1440) * MINUTE;
    facts.push({ ...body, id: `${facts.length}`.padStart(3, '0'), occurredAt: at, imported: true });
  };
  happens({ type: 'acknowledged' });
  happens({ type: 'messageAdded', author: 'agent', visibility: 'public' });
  for (const [chance, body] of COURSE) if (random() < chance) happens(body);
  return {
    caseId: `INC${number}`,
    openedAt,
    priority: PRIORITIES[Math.floor(random() ** 0.5 * 4)]!,
    attributes: { type: 'incident', channel: 'api', impact: 'medium', urgency: 'medium' },
    facts,
  };
}

function cpuSeconds<T>(work: () => T): { result: T; seconds: number } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { result, seconds: (user + system) / 1e6 };
}

const round = (number: number, digits = 2): number => Number(number.toFixed(digits));

async function policyNamed(name: string): Promise<Policy> {
  return (await loadPolicies(readConfig().policiesDir)).find((policy) => policy.name === name)!;
}

/** Prints seconds, events a second, and the ratio; there is no budget, so the answer is always true. */
export async function run({ json }: { json?: boolean }): Promise<boolean> {
  const random = randomFrom(SEED);
  const histories = Array.from({ length: CASES }, (_, i) => incident(i, random));
  const events = histories.reduce((sum, { facts }) => sum + facts.length + 1, 0);
  const until = histories.reduce((latest, { facts }) => Math.max(latest, facts.at(-1)!.occurredAt), FROM);
  const [before, after] = (await Promise.all(['standard', 'round-the-clock'].map(policyNamed))).map(
    (policy) => resolveRules(policy, { openedAt: FROM, now: until }),
  ) as [ReturnType<typeof resolveRules>, ReturnType<typeof resolveRules>];

  const compared = cpuSeconds(() => compareHistories(histories, { before, after, until, limit: 100 }));
  const some = histories.slice(0, SETTLED);
  const settled = cpuSeconds(() => {
    for (const history of some) for (const rules of [before, after]) foldHistory(history, rules, until);
  });
  const folded = cpuSeconds(() => compareHistories(some, { before, after, until, limit: 100 }));

  const figures = {
    cases: CASES,
    events,
    cpuSeconds: round(compared.seconds),
    eventsPerSecond: Math.round(events / compared.seconds),
    verdictsChanged: compared.result.changes.count,
    settlingTakesTimes: round(settled.seconds / folded.seconds, 1),
  };
  if (json) process.stdout.write(`${JSON.stringify({ bench: 'what-if', ...figures })}\n`);
  else
    process.stdout.write(
      `two policies over ${count(CASES)} incidents with ${count(events)} events\n` +
        `  CPU seconds        ${figures.cpuSeconds}\n` +
        `  events per second  ${count(figures.eventsPerSecond)}\n` +
        `  verdicts changed   ${count(figures.verdictsChanged)}\n` +
        `  settling each life takes ${figures.settlingTakesTimes} times as long\n`,
    );
  return true;
}

/** Watching how long the queues are: an alert is raised when one reaches its threshold, and cleared when it has shrunk. */
import type { Policy } from '../domain/policy.ts';
import { surgesOf, weighQueue, type Surge } from '../domain/queue.ts';
import type { QueueAlertRecord, QueueAlertStore, QueueKey } from '../prisma/queue-alerts.ts';

export interface OverloadDeps {
  alerts: Pick<QueueAlertStore, 'depths' | 'open' | 'raise' | 'clear'>;
  policies: () => Promise<readonly Policy[]>;
}

const isSame = (a: QueueKey, b: QueueKey): boolean => a.tier === b.tier && a.team === b.team;

/** Raises and clears what the depths call for; whether anything changed. Safe to repeat, and to run twice at once. */
export async function weighQueues({ alerts, policies }: OverloadDeps): Promise<boolean> {
  const surges = surgesOf(await policies());
  const open = await alerts.open();
  if (surges.length === 0 && open.length === 0) return false;
  const tiers = new Set([...surges, ...open].map(({ tier }) => tier));
  const found = await alerts.depths([...tiers]);
  // An empty queue is not among them, and may still have its alert.
  const empty = open.filter((alert) => !found.some((queue) => isSame(queue, alert)));
  const queues = [...found, ...empty.map(({ tier, team }) => ({ tier, team, depth: 0 }))];
  let changed = false;
  for (const queue of queues) {
    const alert = open.find((one) => isSame(one, queue));
    const surge = surges.find(({ tier }) => tier === queue.tier);
    changed = (await act(alerts, queue, { surge, alert })) || changed;
  }
  return changed;
}

async function act(
  alerts: OverloadDeps['alerts'],
  { depth, ...queue }: QueueKey & { depth: number },
  { surge, alert }: { surge: Surge | undefined; alert: QueueAlertRecord | undefined },
): Promise<boolean> {
  const verdict = weighQueue(depth, surge, alert);
  if (verdict === 'raise') return alerts.raise(queue, depth, surge!);
  return verdict === 'clear' ? alerts.clear(alert!.id, depth) : false;
}

/** Which cases of a log are worth playing: those in whose lives clocks were stopped, started again or retargeted. */
import type { ImportedHistory } from '../domain/history.ts';

/** What makes a case more than opened, answered, resolved. */
export const VARIETIES = ['held', 'reopened', 'reprioritised'] as const;
export type Variety = (typeof VARIETIES)[number];

const FACT_OF: Record<Variety, string> = { held: 'held', reopened: 'reopened', reprioritised: 'prioritised' };

export function varietiesOf({ facts }: ImportedHistory): Variety[] {
  return VARIETIES.filter((variety) => facts.some(({ type }) => type === FACT_OF[variety]));
}

/** How many cases have each; a case with several counts under each. `plain` ones have none. */
export type VarietyCounts = Record<Variety | 'plain', number>;

export function countVarieties(histories: readonly ImportedHistory[]): VarietyCounts {
  const counts: VarietyCounts = { held: 0, reopened: 0, reprioritised: 0, plain: 0 };
  for (const history of histories) {
    const varieties = varietiesOf(history);
    for (const variety of varieties.length === 0 ? (['plain'] as const) : varieties) counts[variety] += 1;
  }
  return counts;
}

/**
 * At most `limit` cases in the order of the log: of each variety as many, as far as the log has them, then plain ones.
 * The same log gives the same choice.
 */
export function pickVaried(histories: readonly ImportedHistory[], limit: number): ImportedHistory[] {
  const queues = VARIETIES.map((variety) =>
    histories.filter((history) => varietiesOf(history).includes(variety)),
  );
  const picked = new Set<ImportedHistory>();
  for (let i = 0; picked.size < limit && queues.some((queue) => i < queue.length); i += 1)
    for (const queue of queues) if (queue[i] && picked.size < limit) picked.add(queue[i]!);
  for (const history of histories) {
    if (picked.size >= limit) break;
    picked.add(history);
  }
  return histories.filter((history) => picked.has(history));
}

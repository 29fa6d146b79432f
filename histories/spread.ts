/** How values are spread: percentiles of the nearest rank, so that each is a value that occurred. */

/** Null where there was nothing to measure. */
export interface Spread {
  median: number | null;
  p90: number | null;
  max: number | null;
}

/** The smallest value that at least `percent` of all do not exceed. */
function percentile(ascending: readonly number[], percent: number): number | null {
  return ascending[Math.max(0, Math.ceil((ascending.length * percent) / 100) - 1)] ?? null;
}

export function spreadOf(values: readonly number[]): Spread {
  const ascending = values.toSorted((a, b) => a - b);
  return { median: percentile(ascending, 50), p90: percentile(ascending, 90), max: ascending.at(-1) ?? null };
}

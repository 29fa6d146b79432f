/** `tierline bench NAME`: the benchmarks of bench/, run on purpose. */

/** Name → module, loaded when asked for. */
const BENCHES: Record<string, () => Promise<{ run(options: { json?: boolean }): Promise<boolean> }>> = {
  clock: () => import('../bench/clock.ts'),
  cost: () => import('../bench/cost.ts'),
  forecast: () => import('../bench/forecast.ts'),
  'what-if': () => import('../bench/what-if.ts'),
};

/** Runs one benchmark; the exit code is 1 when a counted figure is above its budget. */
export async function run(name: string, options: { json?: boolean }): Promise<void> {
  const load = BENCHES[name];
  if (!load) throw new Error(`There is no benchmark ${name}; known are ${Object.keys(BENCHES).join(', ')}`);
  const bench = await load();
  if (!(await bench.run(options))) process.exitCode = 1;
}

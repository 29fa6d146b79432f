import { rmSync } from 'node:fs';

export default async function tearDown(): Promise<void> {
  const { home, stop } = globalThis.tierlineRig;
  await stop();
  rmSync(home, { recursive: true, force: true });
}

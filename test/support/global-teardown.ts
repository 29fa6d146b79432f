import { rmSync } from 'node:fs';

export default async function tearDown(): Promise<void> {
  const rig = globalThis.tierlineRig;
  await rig.stop();
  rmSync(rig.home, { recursive: true, force: true });
}

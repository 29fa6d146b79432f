#!/usr/bin/env node
/** The `tierline` command: sets the clone up if need be, then hands over to tierline.ts, as a bundle if possible. */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { prepare } from './prepare.mjs';

try {
  await prepare();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  // The doctor is there to explain exactly this, as long as enough is installed to let it speak.
  if (process.argv[2] !== 'doctor') process.exit(1);
}

await import(await program());

/** URL of what to run. */
async function program() {
  const { bundleProgram } = await import('./program-bundle.mjs');
  try {
    const folder = await bundleProgram();
    const { mapStackTraces } = await import('./stack-traces.mjs');
    mapStackTraces(folder);
    return pathToFileURL(join(folder, 'tierline.mjs')).href;
  } catch (error) {
    const [why] = error.message.split('\n');
    process.stderr.write(`Running from the sources, which takes longer to start: ${why}\n`);
    const { register } = await import('tsx/esm/api');
    register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });
    return new URL('./tierline.ts', import.meta.url).href;
  }
}

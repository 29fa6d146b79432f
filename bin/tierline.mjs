#!/usr/bin/env node
/** The `tierline` command: sets the clone up if need be, then hands over to tierline.ts. */
import { fileURLToPath } from 'node:url';
import { prepare } from './prepare.mjs';

try {
  await prepare();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  // The doctor is there to explain exactly this, as long as enough is installed to let it speak.
  if (process.argv[2] !== 'doctor') process.exit(1);
}

const { register } = await import('tsx/esm/api');
register({ tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)) });
await import('./tierline.ts');

#!/usr/bin/env node
/** `npm test`: sets the clone up with its development packages, then runs Jest with the arguments given. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './prepare.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

try {
  await prepare({ dev: true });
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
const nodeOptions = [
  '--experimental-vm-modules', // Jest's ESM mode; the generated Prisma client imports dynamically and needs it
  '--disable-warning=ExperimentalWarning',
  `--import=${import.meta.resolve('tsx')}`, // for the set-up files, which Jest loads without transforming
];
const tests = spawn(process.execPath, [...nodeOptions, jest, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => tests.kill(signal));
tests.once('close', (code, signal) => process.exit(signal === null ? code : 1));

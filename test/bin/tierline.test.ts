import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot, temporaryFolder } from './helpers.ts';

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the command line from a folder that has nothing to do with the project. */
async function tierline(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const options = { cwd: temporaryFolder(), env: { ...process.env, ...env } };
  const command = [join(projectRoot, 'bin', 'tierline.mjs'), ...args];
  return promisify(execFile)(process.execPath, command, options).then(
    (output) => ({ code: 0, ...output }),
    ({ code, stdout, stderr }: Outcome) => ({ code, stdout, stderr }),
  );
}

test('--version is the version in package.json, whatever the folder', async () => {
  const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  expect(await tierline(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

test('an unknown command is an error with help', async () => {
  const { code, stderr } = await tierline(['strat']);
  expect(code).toBe(1);
  expect(stderr).toContain("unknown command 'strat'");
  expect(stderr).toContain('start');
});

test('a bad variable ends a command with its name and no stack trace', async () => {
  const { code, stderr } = await tierline(['start'], { TIERLINE_PORT: 'x' });
  expect(code).toBe(1);
  expect(stderr).toBe('TIERLINE_PORT is "x"; it must be a port, 0 to 65535\n');
});

test('a worker alone, with nothing to connect to, says what it misses', async () => {
  const env = { TIERLINE_HOME: temporaryFolder(), DATABASE_URL: '', TEMPORAL_ADDRESS: '' };
  const { code, stderr } = await tierline(['worker'], env);
  expect(code).toBe(1);
  expect(stderr).toContain('DATABASE_URL is not set');
});

test('doctor --json prints one JSON object', async () => {
  const { stdout } = await tierline(['doctor', '--json'], { TIERLINE_HOME: temporaryFolder() });
  expect(JSON.parse(stdout)).toMatchObject({ findings: expect.any(Array) });
});

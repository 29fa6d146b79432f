/** Scripts on the worker's own machine. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createBashConnector } from '../../activities/bash-connector.ts';
import { requestOf } from '../support/commands.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tierline-bash-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string) => join(folder, name);
const send = (script: string, signal = new AbortController().signal) =>
  createBashConnector({ isOn: true }).carryOut(requestOf('bash', script, { signal }));
const until = async (is: () => boolean) => {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 10));
};

test('is off, and says how to turn it on', async () => {
  const off = createBashConnector({ isOn: false });
  expect(await off.carryOut(requestOf('bash', `touch ${fileOf('off')}`))).toEqual({
    outcome: 'failed',
    reason: 'Scripts on this machine are off; TIERLINE_BASH_CONNECTOR=on turns them on',
  });
  expect(existsSync(fileOf('off'))).toBe(false);
});

test('a script is run as it is written', async () => {
  const script = `name="it's \\"quoted\\""\nif true; then\n  echo "$name"\nfi\ncat  # no input\necho $((6 * 7))`;
  expect(await send(script)).toEqual({ outcome: 'succeeded', output: `it's "quoted"\n42\n` });
});

test('sees nothing of our environment but PATH and LANG', async () => {
  process.env['TIERLINE_SECRET_EDR_TOKEN'] = 'canary-in-environment';
  const answer = (await send('env -0 | cut -z -d= -f1 | tr "\\0" "\\n"')) as { output: string };
  delete process.env['TIERLINE_SECRET_EDR_TOKEN'];
  // What bash itself sets.
  const own = new Set(['PWD', 'SHLVL', '_', 'OLDPWD', '']);
  const names = answer.output.split('\n').filter((name) => !own.has(name));
  expect(names.filter((name) => name !== 'LANG')).toEqual(['PATH']);
});

test('is not to be read in the list of processes', async () => {
  const answer = (await send('# canary-in-script\ntr "\\0" " " < /proc/$$/cmdline')) as { output: string };
  expect(answer.output).toContain('bash');
  expect(answer.output).not.toContain('canary-in-script');
});

test('one that ends with another code than 0 failed', async () => {
  expect(await send('echo why >&2; exit 4')).toEqual({
    outcome: 'failed',
    reason: 'It ended with 4',
    output: 'why\n',
  });
  expect(await send('if then')).toMatchObject({ outcome: 'failed' });
});

test('stopped, it ends with all that it started, and may have been done', async () => {
  const stop = new AbortController();
  const script = `sleep 300 & echo $! > ${fileOf('child')}.part; mv ${fileOf('child')}.part ${fileOf('child')}; wait`;
  const running = send(script, stop.signal);
  await until(() => existsSync(fileOf('child')));
  stop.abort();
  expect(await running).toMatchObject({ outcome: 'unknown', reason: 'It was ended by SIGKILL' });
  const child = readFileSync(fileOf('child'), 'utf8').trim();
  const isRunning = () => {
    try {
      // A zombie that nobody has waited for is dead too.
      return !/^State:\s+Z/m.test(readFileSync(`/proc/${child}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  await until(() => !isRunning());
});

test('stopped before, it is not started', async () => {
  expect(await send(`touch ${fileOf('late')}`, AbortSignal.abort())).toMatchObject({ outcome: 'failed' });
  expect(existsSync(fileOf('late'))).toBe(false);
});

test('what it leaves behind does not hold it up', async () => {
  const answer = await send(`sleep 300 & echo $! > ${fileOf('left')}; echo started`);
  expect(answer).toEqual({ outcome: 'succeeded', output: 'started\n' });
  process.kill(Number(readFileSync(fileOf('left'), 'utf8')), 'SIGKILL');
});

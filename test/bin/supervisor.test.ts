import { expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify } from '../../bin/processes.ts';
import { createSupervisor, launchNode, type Service } from '../../bin/supervisor.ts';

const PATIENT = 'console.log("here I am"); setInterval(() => {}, 1000)';

function launch(script: string, lines: string[] = []): Promise<Service> {
  const service = launchNode({
    args: ['--eval', script],
    env: process.env,
    readyWhen: { line: 'here I am' },
    onLine: (line) => lines.push(line),
  });
  return Promise.resolve(service);
}

async function until(holds: () => boolean): Promise<void> {
  for (const giveUpAt = Date.now() + 10_000; !holds(); await sleep(20)) {
    if (Date.now() > giveUpAt) throw new Error('it did not come about within 10 s');
  }
}

test('a service that is killed is started again, the others are left alone', async () => {
  const log: string[] = [];
  const supervisor = createSupervisor({ log: (message) => log.push(message), onChange: () => {} });
  const one = await supervisor.start('one', () => launch(PATIENT));
  const two = await supervisor.start('two', () => launch(PATIENT));
  process.kill(one.pid, 'SIGKILL');
  await until(() => log.length === 2);
  expect(log[0]).toBe(`one (pid ${one.pid}) ended with SIGKILL; starting it again in 0.1 s`);
  expect(log[1]).toBe(`one runs again (pid ${supervisor.pids()['one']})`);
  expect(supervisor.pids()['one']).not.toBe(one.pid);
  expect(supervisor.pids()['two']).toBe(two.pid);
  await supervisor.stop(['one', 'two']);
  for (const pid of Object.values(supervisor.pids())) expect(identify(pid)).toBeNull();
});

test('a service that keeps dying is started again more and more patiently', async () => {
  const log: string[] = [];
  const supervisor = createSupervisor({ log: (message) => log.push(message), onChange: () => {} });
  await supervisor.start('fragile', () => launch('console.log("here I am"); process.exitCode = 3'));
  await until(() => log.filter((line) => line.includes('exit code 3')).length >= 3);
  await supervisor.stop(['fragile']);
  const delays = log.map((line) => /again in (.*) s/.exec(line)?.[1]).filter(Boolean);
  expect(delays.slice(0, 3)).toEqual(['0.1', '0.2', '0.4']);
});

test('a launch that fails is tried again, but the first one is an error', async () => {
  const log: string[] = [];
  const supervisor = createSupervisor({ log: (message) => log.push(message), onChange: () => {} });
  await expect(supervisor.start('never', () => Promise.reject(new Error('no such thing')))).rejects.toThrow(
    'no such',
  );
  let attempts = 0;
  const first = await supervisor.start('later', () => {
    attempts++;
    return attempts === 2 ? Promise.reject(new Error('not yet')) : launch(PATIENT);
  });
  process.kill(first.pid, 'SIGKILL');
  await until(() => log.some((line) => line.startsWith('later runs again')));
  expect(log.some((line) => line.includes('could not be started') && line.includes('not yet'))).toBe(true);
  await supervisor.stop(['never', 'later']);
});

test('a service that ends before it is ready fails its start', async () => {
  const supervisor = createSupervisor({ log: () => {}, onChange: () => {} });
  await expect(supervisor.start('mute', () => launch('process.exitCode = 7'))).rejects.toThrow(
    'it ended with exit code 7 before it was ready',
  );
  await supervisor.stop(['mute']);
});

test('services stop in the order asked for, and nothing is started again', async () => {
  const lines: string[] = [];
  const supervisor = createSupervisor({ log: () => {}, onChange: () => {} });
  const farewell = (name: string) =>
    `process.on('SIGTERM', () => setTimeout(() => { console.log('${name} gone'); process.exit(0) }, 50)); ${PATIENT}`;
  await supervisor.start('one', () => launch(farewell('one'), lines));
  await supervisor.start('two', () => launch(farewell('two'), lines));
  await supervisor.stop(['two', 'one']);
  await until(() => lines.includes('one gone'));
  expect(lines.filter((line) => line.endsWith('gone'))).toEqual(['two gone', 'one gone']);
  await expect(supervisor.start('late', () => launch(PATIENT))).rejects.toThrow('stopping');
});

test('force ends a service that ignores SIGTERM', async () => {
  const supervisor = createSupervisor({ log: () => {}, onChange: () => {} });
  const stubborn = await supervisor.start('stubborn', () =>
    launch(`process.on('SIGTERM', () => {}); ${PATIENT}`),
  );
  const stopping = supervisor.stop(['stubborn']);
  await sleep(200);
  supervisor.force();
  await stopping;
  expect(await stubborn.exited).toBe('SIGKILL');
});

test('a wanted restart is immediate and needs no repair', async () => {
  const log: string[] = [];
  const supervisor = createSupervisor({ log: (message) => log.push(message), onChange: () => {} });
  const first = await supervisor.start('one', () => launch(PATIENT));
  await supervisor.restart('one');
  await until(() => log.length > 0);
  expect(log).toEqual([`one runs again (pid ${supervisor.pids()['one']})`]);
  expect(supervisor.pids()['one']).not.toBe(first.pid);
  await supervisor.stop(['one']);
});

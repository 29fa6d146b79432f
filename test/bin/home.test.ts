import { expect, test } from '@jest/globals';
import { readConfig } from '../../bin/config.ts';
import {
  forgetRun,
  recordRun,
  runningInstance,
  takeHome,
  withServices,
  type RunRecord,
} from '../../bin/home.ts';
import { identify } from '../../bin/processes.ts';
import { firstJsonLine, killNine, moduleUrl, runScript, temporaryFolder } from './helpers.ts';

const record: RunRecord = {
  supervisor: identify(process.pid)!,
  api: 'http://127.0.0.1:7401',
  temporal: '127.0.0.1:7233',
  temporalUi: null,
  database: 'postgresql://x@127.0.0.1:1/x',
  processes: {},
};

test('a second start on a home is refused with the pid and the URL of the first', async () => {
  const home = temporaryFolder();
  const lock = await takeHome(home);
  await expect(takeHome(home)).rejects.toThrow(`process ${process.pid}, still starting`);
  recordRun(home, record);
  await expect(takeHome(home)).rejects.toThrow(`process ${process.pid}, http://127.0.0.1:7401`);
  lock.release();
  (await takeHome(home)).release();
});

test('a home whose holder was killed is free again', async () => {
  const home = temporaryFolder();
  const holder = runScript(`
    import { takeHome } from ${JSON.stringify(moduleUrl('bin/home.ts'))};
    await takeHome(${JSON.stringify(home)});
    console.log('{}');
    setInterval(() => {}, 1000);`);
  await firstJsonLine(holder);
  await expect(takeHome(home)).rejects.toThrow(`process ${holder.pid}`);
  await killNine(holder);
  (await takeHome(home)).release();
});

test('a record without a living supervisor is not a running instance', async () => {
  const home = temporaryFolder();
  recordRun(home, record);
  expect(runningInstance(home)).toBeNull();
  const lock = await takeHome(home);
  expect(runningInstance(home)).toEqual(record);
  recordRun(home, { ...record, supervisor: { pid: process.pid, born: 'another time' } });
  expect(runningInstance(home)).toBeNull();
  lock.release();
});

test('the running instance supplies what the environment leaves out', async () => {
  const home = temporaryFolder();
  const config = readConfig({ TIERLINE_HOME: home, TEMPORAL_ADDRESS: 'temporal.example:7233' });
  expect(() => withServices(config)).toThrow('DATABASE_URL is not set');
  const lock = await takeHome(home);
  recordRun(home, record);
  expect(withServices(config)).toMatchObject({
    databaseUrl: record.database,
    temporalAddress: 'temporal.example:7233',
  });
  forgetRun(home);
  lock.release();
});

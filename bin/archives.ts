/** Takes one file out of a zip or a gzipped tar, held in memory. Only what our downloads use: no encryption, no zip64. */
import { gunzipSync, inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;

/** The contents of the first entry of a zip whose name satisfies `wanted`. Throws when there is none. */
export function fileInZip(zip: Buffer, wanted: (name: string) => boolean): Buffer {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || zip.readUInt32LE(end) !== END_OF_DIRECTORY) throw new Error('Not a zip archive');
  const entries = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  for (let i = 0; i < entries; i++) {
    if (zip.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('The zip archive is damaged');
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      zip.readUInt16LE(at + offset),
    );
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength!);
    if (wanted(name)) return contentsOf(zip, at);
    at += 46 + nameLength! + extraLength! + commentLength!;
  }
  throw new Error('The file looked for is not in the zip archive');
}

function contentsOf(zip: Buffer, entry: number): Buffer {
  const method = zip.readUInt16LE(entry + 10);
  const compressedSize = zip.readUInt32LE(entry + 20);
  const local = zip.readUInt32LE(entry + 42);
  // The local header repeats the name and may carry other extra fields than the directory does.
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const data = zip.subarray(start, start + compressedSize);
  if (method === STORED) return data;
  if (method === DEFLATED) return inflateRawSync(data);
  throw new Error(`The zip archive uses compression method ${method}, which is not supported`);
}

/** The contents of the first entry of a .tar.gz whose name satisfies `wanted`. Throws when there is none. */
export function fileInTarGz(archive: Buffer, wanted: (name: string) => boolean): Buffer {
  const tar = gunzipSync(archive);
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    if (wanted(name)) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error('The file looked for is not in the tar archive');
}

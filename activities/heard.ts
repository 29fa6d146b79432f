/** Of output and of error output, each. */
const MOST_BYTES = 1024 * 1024;

/** What is said on a stream, up to a limit; the rest is heard and dropped, so that whoever speaks is not held up. */
export function heard(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on('data', (chunk: Buffer) => {
    if (length < MOST_BYTES) chunks.push(chunk.subarray(0, MOST_BYTES - length));
    length += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

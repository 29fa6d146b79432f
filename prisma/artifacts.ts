/** What was sent and answered, masked, by the SHA-256 of the whole: the same is kept once. */
import { createHash } from 'node:crypto';
import type { Database } from './client.ts';

/** So much of an artifact is kept; its hash and size are of the whole. */
const KEPT_BYTES = 1024 * 1024;

export interface Artifact {
  hash: string;
  /** Of the whole; `content` is shorter where it was cut. */
  sizeBytes: number;
  content: Uint8Array;
}

export interface ArtifactStore {
  /** Keeps it and answers its hash. */
  keep(content: Uint8Array): Promise<string>;
  get(hash: string): Promise<Artifact | null>;
}

export function createArtifactStore(database: Database): ArtifactStore {
  return {
    async keep(content) {
      const hash = createHash('sha256').update(content).digest('hex');
      await database.$executeRaw`
        INSERT INTO artifacts (hash, size_bytes, content)
        VALUES (${hash}, ${content.byteLength}::int, ${content.subarray(0, KEPT_BYTES)})
        ON CONFLICT (hash) DO NOTHING`;
      return hash;
    },
    get: (hash) =>
      database.artifact.findUnique({
        where: { hash },
        select: { hash: true, sizeBytes: true, content: true },
      }),
  };
}

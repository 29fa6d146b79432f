/** Stored playbooks. A version, id and `modified`, is never changed; signatures may be added to it. */
import type { Finding, PlaybookVerdict } from '../domain/finding.ts';
import { readPlaybook } from '../domain/playbook-check.ts';
import type { Playbook } from '../domain/playbook.ts';
import type { Database } from './client.ts';
import type { Playbook as PlaybookRow } from './generated/client.ts';

/** Only what can be read as a playbook is stored. */
export type StoredVerdict = Exclude<PlaybookVerdict, 'invalid'>;

export interface NewPlaybook {
  id: string;
  modified: string;
  /** SHA-256 in hexadecimal of the canonical JSON, signatures aside. */
  digest: string;
  document: Readonly<Record<string, unknown>>;
  verdict: StoredVerdict;
  findings: readonly Finding[];
  /** What its signatures were worth when it came in. */
  signatures: readonly unknown[];
  importedBy: string;
}

export interface StoredPlaybook extends NewPlaybook {
  importedAt: Date;
  /** The document as the engine reads it. */
  playbook: Playbook;
}

export interface PlaybookStore {
  /** Stores a version once. `conflict`: this version is stored and says something else. */
  import(
    playbook: NewPlaybook,
  ): Promise<{ outcome: 'stored' | 'known' | 'conflict'; stored: StoredPlaybook }>;
  /** A version by its `modified`, else the latest; null where there is none. */
  get(id: string, modified?: string): Promise<StoredPlaybook | null>;
  byDigest(digest: string): Promise<StoredPlaybook | null>;
  /** The latest version of each, by id. */
  list(page: { after: string | null; limit: number }): Promise<StoredPlaybook[]>;
  /** All versions of one, the newest first; `before` is the `modified` of the last one seen. */
  versions(id: string, page: { before: string | null; limit: number }): Promise<StoredPlaybook[]>;
}

function storedOf(row: PlaybookRow): StoredPlaybook {
  const document = JSON.parse(row.document) as Record<string, unknown>;
  return {
    id: row.id,
    modified: row.modified,
    digest: row.digest,
    document,
    verdict: row.verdict as StoredVerdict,
    findings: JSON.parse(row.findings) as Finding[],
    signatures: JSON.parse(row.signatures) as unknown[],
    importedBy: row.importedBy,
    importedAt: row.importedAt,
    playbook: readPlaybook(document)!,
  };
}

export function createPlaybookStore(database: Database): PlaybookStore {
  const store: PlaybookStore = {
    async import({ document, findings, signatures, ...version }) {
      const { id, modified, digest, verdict, importedBy } = version;
      const texts = [document, findings, signatures].map((part) => JSON.stringify(part));
      // One statement, so that of two at once one is the first. Whatever says the same with more signatures is kept.
      const written = await database.$queryRaw<{ isNew: boolean }[]>`
        INSERT INTO "playbooks" AS p (id, modified, modified_ms, digest, document, verdict, findings, signatures,
                                      signature_count, imported_by)
        VALUES (${id}, ${modified}, ${BigInt(Date.parse(modified))}, ${digest}, ${texts[0]}, ${verdict}, ${texts[1]},
                ${texts[2]}, ${signatures.length}, ${importedBy})
        ON CONFLICT (id, modified) DO UPDATE SET
          document = excluded.document, signatures = excluded.signatures, signature_count = excluded.signature_count
        WHERE p.digest = excluded.digest AND p.signature_count < excluded.signature_count
        RETURNING (xmax = 0) AS "isNew"`;
      const stored = (await store.get(id, modified))!;
      if (written[0]?.isNew) return { outcome: 'stored', stored };
      return { outcome: stored.digest === digest ? 'known' : 'conflict', stored };
    },
    async get(id, modified) {
      const row = await database.playbook.findFirst({
        where: { id, ...(modified !== undefined && { modified }) },
        orderBy: [{ modifiedMs: 'desc' }, { modified: 'desc' }],
      });
      return row && storedOf(row);
    },
    async byDigest(digest) {
      const row = await database.playbook.findUnique({ where: { digest } });
      return row && storedOf(row);
    },
    async list({ after, limit }) {
      const keys = await database.$queryRaw<{ id: string; modified: string }[]>`
        SELECT DISTINCT ON (id) id, modified FROM "playbooks"
        WHERE ${after}::text IS NULL OR id > ${after}::text
        ORDER BY id, modified_ms DESC, modified DESC LIMIT ${limit}`;
      if (keys.length === 0) return [];
      return (await database.playbook.findMany({ where: { OR: keys }, orderBy: { id: 'asc' } })).map(
        storedOf,
      );
    },
    async versions(id, { before, limit }) {
      const at = before === null ? null : BigInt(Date.parse(before));
      const rows = await database.playbook.findMany({
        where: {
          id,
          ...(before !== null &&
            at !== null && {
              OR: [{ modifiedMs: { lt: at } }, { modifiedMs: at, modified: { lt: before } }],
            }),
        },
        orderBy: [{ modifiedMs: 'desc' }, { modified: 'desc' }],
        take: limit,
      });
      return rows.map(storedOf);
    },
  };
  return store;
}

/** A playbook with all that it carries out as parts, each pinned to one version. */
export interface Closure {
  /** The playbook itself first; each once. */
  playbooks: readonly StoredPlaybook[];
  /** By digest of a playbook and id of one of its steps: the digest of the part that the step carries out. */
  pins: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const DEEPEST_PARTS = 20;

/**
 * Resolves the parts of a playbook, their parts, and so on; without a version the latest is pinned. A part that is not
 * stored, cannot be executed, or has itself as a part is a problem, said with its id.
 */
export async function closureOf(
  store: Pick<PlaybookStore, 'get'>,
  root: StoredPlaybook,
): Promise<Closure | { problem: string }> {
  const found = new Map<string, StoredPlaybook>();
  const pins: Record<string, Record<string, string>> = {};
  const follow = async (stored: StoredPlaybook, way: readonly string[]): Promise<string | null> => {
    if (way.includes(stored.id)) return `${stored.id} is a part of itself`;
    if (way.length >= DEEPEST_PARTS) return `parts of parts go deeper than ${DEEPEST_PARTS}`;
    if (found.has(stored.digest)) return null;
    const own = (pins[stored.digest] = {} as Record<string, string>);
    for (const [id, step] of Object.entries(stored.playbook.workflow)) {
      if (step.type !== 'playbook-action') continue;
      const part = await store.get(step.playbook_id, step.playbook_version);
      const called = `${step.playbook_id}${step.playbook_version ? ` of ${step.playbook_version}` : ''}`;
      if (!part) return `${called}, a part of ${stored.id}, is not stored`;
      if (part.verdict !== 'executable') return `${called}, a part of ${stored.id}, cannot be executed`;
      own[id] = part.digest;
      const problem = await follow(part, [...way, stored.id]);
      if (problem) return problem;
    }
    found.set(stored.digest, stored);
    return null;
  };
  const problem = await follow(root, []);
  if (problem) return { problem };
  const parts = [...found.values()].filter(({ digest }) => digest !== root.digest);
  return { playbooks: [root, ...parts], pins };
}

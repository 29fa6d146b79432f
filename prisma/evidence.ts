/** Evidence and its custody: appended by SQL functions, never changed. */
import { custodyText, type CustodyEntry, type CustodyLink, type Evidence } from '../domain/evidence.ts';
import type { Database } from './client.ts';
import type { Evidence as EvidenceRow } from './generated/client.ts';

/** Why an entry is not written. */
export type CustodyRefusal = 'evidence_disposed' | 'under_legal_hold';

export interface EvidenceStore {
  /**
   * Takes an item in, with the first entry of its custody. Again with the same ids it does nothing. For routes, and for
   * manual steps of containment runs.
   */
  add(item: Evidence, collected: CustodyEntry): Promise<void>;
  /** Appends an entry; again with the same id it does nothing. Disposal is refused under a legal hold. */
  addCustody(
    evidenceId: string,
    entry: CustodyEntry,
  ): Promise<{ sequence: number } | { refused: CustodyRefusal }>;
  /** Of a ticket, in the order it was collected. */
  list(ticketId: string): Promise<Evidence[]>;
  get(ticketId: string, evidenceId: string): Promise<Evidence | null>;
  /** Oldest entry first. */
  custody(evidenceId: string): Promise<CustodyLink[]>;
}

function evidenceOf({
  recordedAt: _recorded,
  sizeBytes,
  collectedAt,
  origin,
  ...row
}: EvidenceRow): Evidence {
  return {
    ...row,
    sizeBytes: Number(sizeBytes),
    collectedAt: collectedAt.getTime(),
    origin: origin as unknown as Evidence['origin'],
  };
}

export function createEvidenceStore(database: Database): EvidenceStore {
  return {
    async add(item, collected) {
      await database.$queryRaw`
        SELECT tierline_add_evidence(${JSON.stringify(item)}::jsonb, ${collected.id},
          ${custodyText(collected)})::text`;
    },
    async addCustody(evidenceId, entry) {
      const [row] = await database.$queryRaw<
        { answer: { sequence: number } | { refused: CustodyRefusal } }[]
      >`SELECT tierline_add_custody(${evidenceId}, ${entry.id}, ${custodyText(entry)}) AS answer`;
      return row!.answer;
    },
    async list(ticketId) {
      const rows = await database.evidence.findMany({
        where: { ticketId },
        orderBy: [{ collectedAt: 'asc' }, { id: 'asc' }],
      });
      return rows.map(evidenceOf);
    },
    async get(ticketId, id) {
      const row = await database.evidence.findFirst({ where: { id, ticketId } });
      return row && evidenceOf(row);
    },
    async custody(evidenceId) {
      const rows = await database.custody.findMany({ where: { evidenceId }, orderBy: { sequence: 'asc' } });
      return rows.map(({ sequence, entry: text, previousHash, hash }) => ({
        sequence,
        text,
        previousHash,
        hash,
      }));
    },
  };
}

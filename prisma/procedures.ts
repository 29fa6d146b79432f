/** Procedures in versions. A version is never changed. */
import type { Actor } from '../domain/events.ts';
import type { Procedure } from '../domain/procedure.ts';
import type { Database } from './client.ts';
import type { Procedure as ProcedureRow } from './generated/client.ts';

export type ProcedureRecord = Omit<ProcedureRow, 'body' | 'createdBy'> & Procedure & { createdBy: Actor };

export interface ProcedureStore {
  /** The current version, or that one; null where there is none. */
  get(name: string, version?: number): Promise<ProcedureRecord | null>;
  /** Current versions, by name. */
  list(page: { after: string | null; limit: number }): Promise<ProcedureRecord[]>;
  /** All versions of one, newest first. */
  versions(name: string, page: { before: number | null; limit: number }): Promise<ProcedureRecord[]>;
  /** Stores the next version, unless the current one says the same. */
  put(name: string, procedure: Procedure, by: Actor): Promise<{ version: number; stored: boolean }>;
}

const recordOf = ({ body, createdBy, ...row }: ProcedureRow): ProcedureRecord => ({
  ...row,
  ...(body as unknown as Procedure),
  createdBy: createdBy as unknown as Actor,
});

export function createProcedureStore(database: Database): ProcedureStore {
  return {
    async get(name, version) {
      const where = version === undefined ? { name, current: true } : { name, version };
      const row = await database.procedure.findFirst({ where });
      return row && recordOf(row);
    },
    async list({ after, limit }) {
      const where = { current: true, ...(after !== null && { name: { gt: after } }) };
      const rows = await database.procedure.findMany({ where, orderBy: { name: 'asc' }, take: limit });
      return rows.map(recordOf);
    },
    async versions(name, { before, limit }) {
      const where = { name, ...(before !== null && { version: { lt: before } }) };
      const rows = await database.procedure.findMany({ where, orderBy: { version: 'desc' }, take: limit });
      return rows.map(recordOf);
    },
    async put(name, { title, items }, by) {
      const [row] = await database.$queryRaw<{ answer: { version: number; stored: boolean } }[]>`
        SELECT tierline_put_procedure(${name}, ${JSON.stringify({ title, items })}::jsonb,
                                      ${JSON.stringify(by)}::jsonb) AS answer`;
      return row!.answer;
    },
  };
}

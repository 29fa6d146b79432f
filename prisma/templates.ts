/** Templates of customer updates, in versions. A version is never changed: what was sent can be told from it. */
import type { Actor } from '../domain/events.ts';
import type { TemplateBody } from '../domain/template.ts';
import type { Database } from './client.ts';
import type { Template as TemplateRow } from './generated/client.ts';

export type TemplateRecord = Omit<TemplateRow, 'body' | 'createdBy'> & {
  body: TemplateBody;
  /** Null for one that ships with Tierline. */
  createdBy: Actor | null;
};

export interface TemplateStore {
  /** The current version, or that one; null where there is none. */
  get(name: string, version?: number): Promise<TemplateRecord | null>;
  /** Current versions, by name. */
  list(page: { after: string | null; limit: number }): Promise<TemplateRecord[]>;
  /** Stores the next version, unless the current one says the same. */
  put(name: string, body: TemplateBody, by: Actor): Promise<{ version: number; stored: boolean }>;
  /** Publishes those whose name there is no template of yet. */
  publishDefaults(templates: Readonly<Record<string, TemplateBody>>): Promise<void>;
}

const recordOf = ({ body, createdBy, ...row }: TemplateRow): TemplateRecord => ({
  ...row,
  body: body as unknown as TemplateBody,
  createdBy: createdBy as Actor | null,
});

export function createTemplateStore(database: Database): TemplateStore {
  const store = async (
    name: string,
    body: TemplateBody,
    { by, ifAbsent }: { by: Actor | null; ifAbsent: boolean },
  ) => {
    const [row] = await database.$queryRaw<{ answer: { version: number; stored: boolean } }[]>`
      SELECT tierline_put_template(${name}, ${JSON.stringify(body)}::jsonb,
        ${by && JSON.stringify(by)}::jsonb, ${ifAbsent}) AS answer`;
    return row!.answer;
  };
  return {
    async get(name, version) {
      const where = version === undefined ? { name, current: true } : { name, version };
      const row = await database.template.findFirst({ where });
      return row && recordOf(row);
    },
    async list({ after, limit }) {
      const rows = await database.template.findMany({
        where: { current: true, ...(after !== null && { name: { gt: after } }) },
        orderBy: { name: 'asc' },
        take: limit,
      });
      return rows.map(recordOf);
    },
    put: (name, body, by) => store(name, body, { by, ifAbsent: false }),
    async publishDefaults(templates) {
      for (const [name, body] of Object.entries(templates))
        await store(name, body, { by: null, ifAbsent: true });
    },
  };
}

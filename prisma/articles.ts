/** Articles in versions, found by their words; and what they were used for. */
import type { Article, ArticleAudience, ArticleState, ArticleUse, Use } from '../domain/article.ts';
import type { Actor } from '../domain/events.ts';
import type { Database } from './client.ts';
import { Prisma } from './generated/client.ts';
import type { TicketRecord, TicketStore } from './tickets.ts';

export interface ArticleRecord extends Article {
  id: string;
  version: number;
  createdBy: Actor;
  createdAt: Date;
  /** Whether this is the newest version. */
  current: boolean;
}

/** An article as a search finds it: `rank` orders the list, highlighted words stand between `MARKS`. */
export interface FoundArticle extends Omit<ArticleRecord, 'body' | 'current'> {
  rank: number;
  markedTitle: string;
  /** The passage around the words that were asked for; the beginning where none were. */
  markedSnippet: string;
}

/** Around a highlighted word: private-use characters, taken out of what is marked beforehand. */
export const MARKS = { start: '\uE000', stop: '\uE001' } as const;

export interface ArticleFilter {
  /** Words as in a web search: `"a phrase"`, `or`, `-without`. */
  q?: string | undefined;
  category?: string | undefined;
  service?: string | undefined;
  audience?: ArticleAudience | undefined;
  state: ArticleState;
}

/** The last row of a page: what the next one comes after. */
export interface ArticleMark {
  rank: number;
  id: string;
}

export interface SuggestedArticle {
  article: Omit<ArticleRecord, 'body'>;
  /** How well it fits: migration 0007, `tierline_suggest_articles`, says how it is counted. */
  score: number;
  /** Stems of the words that it shares with the ticket, those that tell most first. */
  words: string[];
  categoryMatches: boolean;
  serviceMatches: boolean;
}

/** What is known of a ticket when articles are looked for. */
export interface Question {
  subject: string;
  description: string;
  category: string | null;
  service: string | null;
}

/** What is known of this ticket; without its words where they were erased. */
export async function questionOf(
  tickets: Pick<TicketStore, 'openingTexts'>,
  { id, category, service }: Pick<TicketRecord, 'id' | 'category' | 'service'>,
): Promise<Question> {
  const words = (await tickets.openingTexts([id])).get(id)?.body as
    { subject?: string; description?: string } | null | undefined;
  return { subject: words?.subject ?? '', description: words?.description ?? '', category, service };
}

export interface ArticleUseRecord {
  article: string;
  how: ArticleUse;
  at: Date;
}

export interface ArticleStore {
  /** The newest version, or the one asked for. */
  get(id: string, version?: number): Promise<ArticleRecord | null>;
  create(id: string, article: Article, by: Actor): Promise<void>;
  /**
   * Stores a new version where anything differs; what is left out stays as it is. `ifVersion`: only if that is the
   * newest. Null where there is no such article.
   */
  save(
    id: string,
    changes: Partial<Article>,
    options: { by: Actor; ifVersion?: number | undefined },
  ): Promise<{ version: number } | { stale: number } | null>;
  /** Newest versions: best match first with `q`, newest first without. */
  find(filter: ArticleFilter, page: { after: ArticleMark | null; limit: number }): Promise<FoundArticle[]>;
  /** Published articles for a ticket, the best first. */
  suggest(question: Question, limit: number): Promise<SuggestedArticle[]>;
  /** Records what articles were used for, once each; names that no article has are left out. */
  noteUses(ticketId: string, uses: readonly Use[], at: Date): Promise<void>;
  usesOn(ticketId: string): Promise<ArticleUseRecord[]>;
}

const WITHOUT_BODY = Prisma.sql`a.id, a.version, a.title, a.categories, a.services, a.audience, a.language, a.state,
  a.external_url AS "externalUrl", a.created_by AS "createdBy", a.created_at AS "createdAt"`;

const HEADLINE = `StartSel="${MARKS.start}", StopSel="${MARKS.stop}"`;
const unmarked = (column: Prisma.Sql) => Prisma.sql`translate(${column}, ${MARKS.start + MARKS.stop}, '')`;

const among = (filter: ArticleFilter): Prisma.Sql => Prisma.sql`a.current
  AND ${filter.state === 'published' ? Prisma.sql`a.state = 'published'` : Prisma.sql`a.state = ${filter.state}`}
  AND ${filter.category === undefined ? Prisma.sql`true` : Prisma.sql`a.categories @> ARRAY[${filter.category}::text]`}
  AND ${filter.service === undefined ? Prisma.sql`true` : Prisma.sql`a.services @> ARRAY[${filter.service}::text]`}
  AND ${filter.audience === undefined ? Prisma.sql`true` : Prisma.sql`a.audience = ${filter.audience}`}`;

/** Newest first; the rank is the instant, in epoch milliseconds. */
const newest = (filter: ArticleFilter, after: ArticleMark | null): Prisma.Sql => Prisma.sql`
  SELECT a.id, a.version, tierline_ms(a.created_at)::float8 AS rank, NULL::tsquery AS query
  FROM articles a
  WHERE ${among(filter)}
    AND ${
      after === null
        ? Prisma.sql`true`
        : Prisma.sql`(a.created_at < ${new Date(after.rank)}::timestamptz
                      OR (a.created_at = ${new Date(after.rank)}::timestamptz AND a.id > ${after.id}))`
    }
  ORDER BY a.created_at DESC, a.id`;

/**
 * Articles that say what is asked for, each asked in its own language. OFFSET 0 keeps the order: the words are looked up
 * in the index once for each language, whatever PostgreSQL believes there is of either. The rank is cut to six digits: it must come back from a cursor as it was.
 */
const bestMatches = (q: string, filter: ArticleFilter, after: ArticleMark | null): Prisma.Sql => {
  const languages =
    filter.state === 'published'
      ? Prisma.sql`tierline_article_languages()`
      : Prisma.sql`(SELECT DISTINCT language FROM articles WHERE current)`;
  return Prisma.sql`
    SELECT f.* FROM (
      SELECT l.language, websearch_to_tsquery(tierline_text_configuration(l.language), ${q}) AS query
      FROM ${languages} l(language)) w
    CROSS JOIN LATERAL (
      SELECT a.id, a.version, round(ts_rank_cd(a.search, w.query, 1)::numeric, 6)::float8 AS rank, w.query
      FROM articles a WHERE a.language = w.language AND a.search @@ w.query AND ${among(filter)} OFFSET 0) f
    WHERE ${
      after === null
        ? Prisma.sql`true`
        : Prisma.sql`(f.rank < ${after.rank}::float8 OR (f.rank = ${after.rank}::float8 AND f.id > ${after.id}))`
    }
    ORDER BY f.rank DESC, f.id`;
};

export function createArticleStore(database: Database): ArticleStore {
  const save = async (
    article: Partial<Article> & { id: string },
    { by, isNew, ifVersion }: { by: Actor; isNew: boolean; ifVersion?: number | undefined },
  ) => {
    const { externalUrl, ...rest } = article;
    const row = { ...rest, ...(externalUrl !== undefined && { external_url: externalUrl }), created_by: by };
    const [answer] = await database.$queryRaw<{ saved: { version: number } | { stale: number } | null }[]>`
      SELECT tierline_save_article(${JSON.stringify(row)}::jsonb, ${isNew}, ${ifVersion ?? null}::integer) AS saved`;
    return answer!.saved;
  };

  return {
    async get(id, version) {
      const row = await database.article.findFirst({
        where: { id, ...(version === undefined ? { current: true } : { version }) },
      });
      return row as ArticleRecord | null;
    },
    async create(id, article, by) {
      await save({ id, ...article }, { by, isNew: true });
    },
    save: (id, changes, { by, ifVersion }) => save({ id, ...changes }, { by, isNew: false, ifVersion }),
    find: ({ q, ...filter }, { after, limit }) => database.$queryRaw<FoundArticle[]>`
      WITH page AS MATERIALIZED (
        ${q === undefined ? newest(filter, after) : bestMatches(q, filter, after)} LIMIT ${limit})
      SELECT ${WITHOUT_BODY}, p.rank,
        ts_headline(tierline_text_configuration(a.language), ${unmarked(Prisma.sql`a.title`)},
                    coalesce(p.query, ''::tsquery), ${`${HEADLINE}, HighlightAll=true`}) AS "markedTitle",
        ts_headline(tierline_text_configuration(a.language), ${unmarked(Prisma.sql`a.body`)},
                    coalesce(p.query, ''::tsquery), ${`${HEADLINE}, MaxWords=35, MinWords=15`}) AS "markedSnippet"
      FROM page p JOIN articles a ON a.id = p.id AND a.version = p.version
      ORDER BY p.rank DESC, p.id`,
    async suggest({ subject, description, category, service }, limit) {
      const rows = await database.$queryRaw<(Omit<SuggestedArticle, 'article'> & ArticleRecord)[]>`
        SELECT ${WITHOUT_BODY}, true AS current, s.score, s.words, s.category_matches AS "categoryMatches",
               s.service_matches AS "serviceMatches"
        FROM tierline_suggest_articles(${subject}, ${description}, ${category}, ${service}, ${limit}::integer) s
          JOIN articles a ON a.id = s.id AND a.current
        ORDER BY s.score DESC, a.id`;
      return rows.map(({ score, words, categoryMatches, serviceMatches, ...article }) => ({
        article,
        score,
        words,
        categoryMatches,
        serviceMatches,
      }));
    },
    async noteUses(ticketId, uses, at) {
      if (uses.length === 0) return;
      await database.$executeRaw`
        INSERT INTO article_uses (article, ticket_id, how, at)
        SELECT DISTINCT a.id, ${ticketId}, u.how, ${at}::timestamptz
        FROM unnest(${uses.map(({ article }) => article)}::text[], ${uses.map(({ how }) => how)}::text[]) u(name, how)
          JOIN articles a ON a.current AND (a.id = u.name OR a.external_url = u.name)
        ON CONFLICT DO NOTHING`;
    },
    async usesOn(ticketId) {
      const rows = await database.articleUse.findMany({
        where: { ticketId },
        orderBy: [{ at: 'asc' }, { article: 'asc' }, { how: 'asc' }],
      });
      return rows as unknown as ArticleUseRecord[];
    },
  };
}

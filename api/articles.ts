/** Routes of the knowledge store: articles in versions, searching them, and suggestions for a ticket. */
import { uuidv7 } from 'uuidv7';
import type { Article } from '../domain/article.ts';
import { MARKS, questionOf, type ArticleRecord, type FoundArticle } from '../prisma/articles.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { isKnownTo } from './headers.ts';
import { takeIn } from './intake.ts';
import { findTicket } from './lookup.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Reply, type Route } from './route.ts';
import { WRITE_ARTICLE_EXAMPLE } from './schemas/article-examples.ts';
import {
  articleMark,
  articlePage,
  articleParams,
  articleQuery,
  articleVersionQuery,
  articleView,
  createArticleBody,
  putArticleBody,
  suggestedArticles,
  suggestionQuery,
} from './schemas/articles.ts';
import { ticketParams } from './schemas/tickets.ts';

const pathOf = (id: string): string => `/v1/articles/${id}`;
const etagOf = ({ version }: { version: number }): string => `"${version}"`;
const newArticleId = (): string => `art_${uuidv7().replaceAll('-', '')}`;

type Summary = Omit<ArticleRecord, 'body' | 'current'>;

const summaryOf = ({ id, createdAt, ...row }: Summary) => ({
  id,
  version: row.version,
  title: row.title,
  categories: row.categories,
  services: row.services,
  audience: row.audience,
  language: row.language,
  state: row.state,
  externalUrl: row.externalUrl,
  createdBy: row.createdBy,
  createdAt: createdAt.toISOString(),
  links: { self: pathOf(id) },
});

const viewOf = (row: ArticleRecord) => ({ ...summaryOf(row), body: row.body, current: row.current });

/** Text without the marks, and where the words between them are. */
export function highlightsIn(marked: string): {
  text: string;
  highlights: { start: number; length: number }[];
} {
  let text = '';
  const highlights = [];
  for (const [index, part] of marked.split(MARKS.start).entries()) {
    const [word, rest] = index === 0 ? ['', part] : part.split(MARKS.stop, 2);
    if (word) highlights.push({ start: text.length, length: word.length });
    text += `${word ?? ''}${rest ?? ''}`;
  }
  return { text, highlights };
}

function foundView(row: FoundArticle) {
  const { highlights: titleHighlights } = highlightsIn(row.markedTitle);
  return { ...summaryOf(row), titleHighlights, snippet: highlightsIn(row.markedSnippet) };
}

function show(row: ArticleRecord, more: Reply = {}): Reply {
  return { ...more, headers: { etag: etagOf(row), ...more.headers }, body: viewOf(row) };
}

async function findArticle({ articles }: ApiDeps, id: string, version?: number): Promise<ArticleRecord> {
  const found = await articles.get(id, version);
  if (found) return found;
  const what = version === undefined ? `article ${id}` : `version ${version} of article ${id}`;
  throw new Problem('article_not_found', `There is no ${what}`);
}

/** Stores the next version; a 412 problem where it was meant for another one than the newest. */
async function save(
  deps: ApiDeps,
  id: string,
  { changes, ...options }: { changes: Partial<Article> } & Parameters<ApiDeps['articles']['save']>[2],
): Promise<ArticleRecord> {
  const saved = await deps.articles.save(id, changes, options);
  if (saved && 'stale' in saved)
    throw new Problem('precondition_failed', `Article ${id} is at version ${saved.stale}`);
  return findArticle(deps, id);
}

const ETAG = { ETag: 'The version, in quotes' };

function writingRoutes(deps: ApiDeps): Route[] {
  const shared = { operation: 'knowledge.write', tag: 'knowledge' } as const;
  return [
    defineRoute({
      ...shared,
      method: 'post',
      path: '/v1/articles',
      operationId: 'createArticle',
      summary: 'Write an article, or say where one is',
      body: createArticleBody,
      example: WRITE_ARTICLE_EXAMPLE,
      answers: {
        201: {
          description: 'Its first version',
          schema: articleView,
          headers: { Location: 'Where the article is', ...ETAG },
        },
      },
      problems: ['idempotency_key_reused'],
      async handle({ body, actor, idempotencyKey }) {
        const { actingFor, ...article } = body;
        // The receipt of the key holds the article's id as it does a ticket's.
        const { ticketId: id, replayed } = await takeIn(deps.intake, {
          actor,
          method: 'POST',
          path: '/v1/articles',
          idempotencyKey,
          ticketId: newArticleId(),
          body,
        });
        if (!replayed || !(await deps.articles.get(id)))
          await deps.articles.create(id, article, actingFor ? { ...actor, actingFor } : actor);
        const headers = { location: pathOf(id), ...(replayed && { 'idempotency-replayed': 'true' }) };
        return show(await findArticle(deps, id), { status: 201, headers });
      },
    }),
    defineRoute({
      ...shared,
      method: 'put',
      path: '/v1/articles/{articleId}',
      operationId: 'putArticle',
      summary: 'Write the next version of an article',
      description:
        'Replaces what the article says; what the body leaves out is back at its default, but the state stays. ' +
        'Versions are kept for good. Where nothing differs there is no new one. With `If-Match`, only if that is ' +
        'still the newest version: two who write at once do not undo each other.',
      params: articleParams,
      body: putArticleBody,
      example: WRITE_ARTICLE_EXAMPLE,
      preconditions: ['if-match'],
      answers: { 200: { description: 'The newest version', schema: articleView, headers: ETAG } },
      problems: ['article_not_found', 'precondition_failed'],
      async handle({ params: { articleId }, body: { actingFor, state, ...article }, actor, ifMatch }) {
        const by = actingFor ? { ...actor, actingFor } : actor;
        const changes = { ...article, ...(state && { state }) };
        return show(await save(deps, articleId, { changes, by, ifVersion: ifMatch }));
      },
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      path: '/v1/articles/{articleId}',
      operationId: 'retireArticle',
      summary: 'Retire an article',
      description:
        'It is not found or offered any more, and stays readable under its id. Twice is the same as once; a PUT with ' +
        'a state brings it back.',
      params: articleParams,
      preconditions: ['if-match'],
      answers: { 200: { description: 'Its newest version, retired', schema: articleView, headers: ETAG } },
      problems: ['article_not_found', 'precondition_failed'],
      async handle({ params: { articleId }, actor, ifMatch }) {
        const changes = { state: 'retired' } as const;
        return show(await save(deps, articleId, { changes, by: actor, ifVersion: ifMatch }));
      },
    }),
  ];
}

function readingRoutes(deps: ApiDeps): Route[] {
  const shared = { method: 'get', operation: 'knowledge.read', tag: 'knowledge' } as const;
  return [
    defineRoute({
      ...shared,
      path: '/v1/articles',
      operationId: 'listArticles',
      summary: 'Articles: best match first with `q`, newest first without',
      query: articleQuery,
      answers: { 200: { description: 'One page', schema: articlePage } },
      problems: ['cursor_invalid'],
      async handle({ query: { limit, cursor, ...filter } }) {
        const after = decodeCursor(cursor, { filters: filter, mark: articleMark });
        const found = await deps.articles.find(filter, { after, limit: limit + 1 });
        const { rows, page } = pageOf(found, {
          limit,
          filters: filter,
          markOf: ({ rank, id }) => ({ rank, id }),
        });
        return { body: { data: rows.map(foundView), page } };
      },
    }),
    defineRoute({
      ...shared,
      path: '/v1/articles/{articleId}',
      operationId: 'getArticle',
      summary: 'An article: the newest version, or the one asked for',
      params: articleParams,
      query: articleVersionQuery,
      preconditions: ['if-none-match'],
      answers: {
        200: { description: 'The version', schema: articleView, headers: ETAG },
        304: { description: 'It is the one that `If-None-Match` names', headers: ETAG },
      },
      problems: ['article_not_found'],
      async handle({ params, query: { version }, ifNoneMatch }) {
        const found = await findArticle(deps, params.articleId, version);
        if (isKnownTo(ifNoneMatch, etagOf(found))) return { status: 304, headers: { etag: etagOf(found) } };
        return show(found);
      },
    }),
    defineRoute({
      ...shared,
      path: '/v1/tickets/{ticketId}/articles',
      operationId: 'suggestArticles',
      summary: 'Articles that may help with a ticket, the best first',
      description:
        'By the words of its subject and description that tell most, and by its category and service. Asking is not ' +
        'a use: what was offered, consulted or solved something is told by the ticket’s own events.',
      params: ticketParams,
      query: suggestionQuery,
      answers: { 200: { description: 'Suggestions, maybe none', schema: suggestedArticles } },
      problems: ['ticket_not_found', 'ticket_not_opened_yet'],
      async handle({ params, query: { limit }, sight }) {
        const ticket = await findTicket(deps, params.ticketId, sight);
        const [suggested, uses] = await Promise.all([
          deps.articles.suggest(await questionOf(deps.tickets, ticket), limit),
          deps.articles.usesOn(ticket.id),
        ]);
        return {
          body: {
            data: suggested.map(({ article, ...why }) => ({ article: summaryOf(article), ...why })),
            uses: uses.map(({ article, how, at }) => ({ article, how, at: at.toISOString() })),
          },
        };
      },
    }),
  ];
}

export const articleRoutes = (deps: ApiDeps): Route[] => [...readingRoutes(deps), ...writingRoutes(deps)];

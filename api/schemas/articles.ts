/** Articles: what is sent to write one, how they are shown, found and suggested. */
import { z } from 'zod';
import { ARTICLE_AUDIENCES, ARTICLE_STATES, USES } from '../../domain/article.ts';
import {
  ARTICLE_EXAMPLE,
  FOUND_ARTICLES_EXAMPLE,
  SUGGESTED_ARTICLES_EXAMPLE,
  WRITE_ARTICLE_EXAMPLE,
} from './article-examples.ts';
import { actingFor, actorView, cursor, instant, limit, markedId, page, word } from './common.ts';

const audience = z.enum(ARTICLE_AUDIENCES).openapi({
  description: '`agent`: for the desk alone. `customer`: for everybody, by whatever front end shows it',
});

const state = z.enum(ARTICLE_STATES);

const language = z
  .string()
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,5}$/, 'a language is a tag of BCP 47, such as en or de-AT')
  .openapi({
    description:
      'BCP 47; says how words are stemmed. In a language we do not know, words are found as written',
    example: 'en',
  });

/** Shown as a link. */
const externalUrl = z
  .url({ protocol: /^https?$/, error: 'must be a URL that starts with https:// or http://' })
  .max(2000);

const about = (description: string) =>
  z
    .array(word)
    .max(50)
    .transform((words) => [...new Set(words)])
    .openapi({ description });

const written = z.strictObject({
  title: z.string().trim().min(1).max(500),
  body: z
    .string()
    .max(40_000)
    .default('')
    .openapi({ description: 'Markdown. May be empty where `externalUrl` says where the article is' }),
  categories: about('Categories of tickets that it is for').default([]),
  services: about('Services that it is for').default([]),
  audience: audience.default('agent'),
  language: language.default('en'),
  externalUrl: externalUrl.nullable().default(null),
  actingFor,
});

type Written = z.output<typeof written>;
const saysSomething = ({ body, externalUrl: url }: Written): boolean => body.trim() !== '' || url !== null;
const NOTHING = { path: ['body'], error: 'write something, or say in externalUrl where the article is' };

export const createArticleBody = written
  .extend({ state: state.default('draft').openapi({ description: 'Only published ones are found' }) })
  .refine(saysSomething, NOTHING)
  .openapi('CreateArticle', { example: WRITE_ARTICLE_EXAMPLE });

export const putArticleBody = written
  .extend({ state: state.optional().openapi({ description: 'As it was if absent' }) })
  .refine(saysSomething, NOTHING)
  .openapi('PutArticle', { example: WRITE_ARTICLE_EXAMPLE });

export const articleParams = z.object({
  articleId: z
    .string()
    .regex(/^[\w-]{1,100}$/)
    .openapi({ example: ARTICLE_EXAMPLE.id }),
});

export const articleVersionQuery = z.strictObject({
  version: z.coerce
    .number()
    .int()
    .min(1)
    .max(2_147_483_647)
    .optional()
    .openapi({ type: 'integer', description: 'The newest if absent' }),
});

const summary = z.object({
  id: z.string(),
  version: z.int(),
  title: z.string(),
  categories: z.array(z.string()),
  services: z.array(z.string()),
  audience,
  language: z.string(),
  state,
  externalUrl: z.string().nullable(),
  createdBy: actorView.openapi({ description: 'Who wrote this version' }),
  createdAt: instant.openapi({ description: 'When this version was written' }),
  links: z.object({ self: z.string() }),
});

export const articleView = summary
  .extend({
    body: z.string(),
    current: z.boolean().openapi({ description: 'Whether this is the newest version' }),
  })
  .openapi('Article', { example: ARTICLE_EXAMPLE });

const highlights = z
  .array(z.object({ start: z.int(), length: z.int() }))
  .openapi({ description: 'Words that were asked for, by position in the text, in UTF-16 code units' });

const foundArticle = summary.extend({
  titleHighlights: highlights,
  snippet: z.object({ text: z.string(), highlights }).openapi({
    description: 'The passage that says most of what was asked for, as plain text, never HTML',
  }),
});

export const articlePage = z
  .object({ data: z.array(foundArticle), page })
  .openapi('ArticlePage', { example: FOUND_ARTICLES_EXAMPLE });

export const articleQuery = z.strictObject({
  q: z.string().trim().min(1).max(500).optional().openapi({
    description: 'Words that all have to be there; `"a phrase"`, `or` and `-without` as in a web search',
    example: 'vpn "drops every"',
  }),
  category: word.optional(),
  service: word.optional(),
  audience: audience.optional(),
  state: state.default('published'),
  limit,
  cursor,
});
/** A rank, or an instant in epoch milliseconds. */
export const articleMark = z.strictObject({
  rank: z.number().min(0).max(Date.parse('9999-12-31T23:59:59.999Z')),
  id: markedId,
});

export const suggestionQuery = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(20)
    .default(5)
    .openapi({ type: 'integer', minimum: 1, maximum: 20, default: 5 }),
});

export const suggestedArticles = z
  .object({
    data: z.array(
      z.object({
        article: summary,
        score: z.number().openapi({
          description: 'How well it fits, counted as docs/knowledge.md says; comparable within one answer',
        }),
        words: z
          .array(z.string())
          .openapi({ description: 'Stems that it shares with the ticket; those that tell most come first' }),
        categoryMatches: z.boolean(),
        serviceMatches: z.boolean(),
      }),
    ),
    uses: z
      .array(z.object({ article: z.string(), how: z.enum(USES), at: instant }))
      .openapi({ description: 'What articles were used for on this ticket so far' }),
  })
  .openapi('SuggestedArticles', { example: SUGGESTED_ARTICLES_EXAMPLE });

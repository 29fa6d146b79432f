/** Articles of the knowledge store: what they are, and what the events of a ticket say about their use. */
import type { LedgerEvent } from './events.ts';

export const ARTICLE_STATES = ['draft', 'published', 'retired'] as const;
/** Only what is published is found and offered. */
export type ArticleState = (typeof ARTICLE_STATES)[number];

export const ARTICLE_AUDIENCES = ['agent', 'customer'] as const;
/** Who may read it: `agent` is for the desk alone, `customer` for everybody. */
export type ArticleAudience = (typeof ARTICLE_AUDIENCES)[number];

/** What an article says, and what it is about. */
export interface Article {
  title: string;
  /** Markdown; may be empty where `externalUrl` says where the article is. */
  body: string;
  categories: readonly string[];
  services: readonly string[];
  audience: ArticleAudience;
  /** BCP 47, e.g. `en` or `de-AT`. */
  language: string;
  state: ArticleState;
  externalUrl: string | null;
}

export const USES = ['offered', 'consulted', 'solved'] as const;
/** Shown to whoever works on the ticket; read by them; what the ticket was resolved with. */
export type ArticleUse = (typeof USES)[number];

/** One article on one ticket. `article` is an id, or the address of one that is elsewhere. */
export interface Use {
  article: string;
  how: ArticleUse;
}

const uses = (how: ArticleUse, articles: readonly string[] = []): Use[] =>
  [...new Set(articles)].map((article) => ({ article, how }));

/** The uses that an event tells of. What came too late to change the ticket is a use all the same. */
export function usesIn(event: LedgerEvent): Use[] {
  if (event.type === 'articlesOffered') return uses('offered', event.articles);
  if (event.type === 'packetWritten' || event.type === 'handoffOffered')
    return uses('consulted', event.articles);
  if (event.type === 'resolved' && event.article !== undefined) return uses('solved', [event.article]);
  return [];
}

/**
 * Where an article is worth showing to somebody who did not ask: measured on test/prisma/knowledge-sample.ts, in which
 * the right article scores 0.5 and more and an article for nothing that a ticket is about at most 0.3.
 */
const WORTH_OFFERING = 0.5;

/** Whether a suggestion is good enough to be offered: it needs words in common, whatever the category and service say. */
export const isWorthOffering = ({ score, words }: { score: number; words: readonly string[] }): boolean =>
  score >= WORTH_OFFERING && words.length > 0;

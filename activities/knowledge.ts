/** Articles come to the ticket, at its opening and before it climbs; and what they were used for is noted. */
import { isWorthOffering, usesIn } from '../domain/article.ts';
import { TIERLINE, type ArticleMoment, type Fact } from '../domain/events.ts';
import { questionOf, type ArticleStore } from '../prisma/articles.ts';
import type { LedgerRow } from '../prisma/readers.ts';
import type { TicketStore } from '../prisma/tickets.ts';

export interface KnowledgeDeps {
  articles: Pick<ArticleStore, 'suggest' | 'noteUses'>;
  tickets: Pick<TicketStore, 'get' | 'openingTexts'>;
  tell(ticketId: string, facts: readonly Fact[]): Promise<unknown>;
}

/** More than three are not read. */
const OFFERED_AT_ONCE = 3;
/** Later than this an offer helps nobody: a new reader goes through the whole ledger, from its beginning. */
const OFFER_WITHIN_MS = 10 * 60_000;

/** When this is the moment to offer articles; null where it is not. An imported past is over. */
function momentOf({ event }: LedgerRow): ArticleMoment | null {
  if (event.imported || event.receivedAt < Date.now() - OFFER_WITHIN_MS) return null;
  if (event.type === 'opened') return event.mode === 'act' ? 'opening' : null;
  return event.type === 'consultSuggested' ? 'escalation' : null;
}

/** The ids of articles good enough to show to somebody who did not ask. */
async function worthOffering({ articles, tickets }: KnowledgeDeps, ticketId: string): Promise<string[]> {
  const ticket = await tickets.get(ticketId);
  if (!ticket) return [];
  const found = await articles.suggest(await questionOf(tickets, ticket), OFFERED_AT_ONCE);
  return found.filter(isWorthOffering).map(({ article }) => article.id);
}

/**
 * The reader `knowledge`: deals with one row of the ledger. What it offers becomes a fact of the ticket, and a use once
 * that fact comes back in the ledger: uses can always be counted again from there.
 */
export function createKnowledge(deps: KnowledgeDeps) {
  return async (row: LedgerRow): Promise<void> => {
    const { ticketId, event } = row;
    await deps.articles.noteUses(ticketId, usesIn(event), new Date(event.occurredAt));
    const at = momentOf(row);
    const articles = at === null ? [] : await worthOffering(deps, ticketId);
    if (at === null || articles.length === 0) return;
    await deps.tell(ticketId, [
      {
        type: 'articlesOffered',
        id: `knowledge/${event.id}`,
        occurredAt: Date.now(),
        actor: TIERLINE,
        articles,
        at,
      },
    ]);
  };
}

/** Examples of articles for the documentation; a test holds each against its schema. */

const written = {
  title: 'VPN drops every ten minutes',
  categories: ['network'],
  services: ['vpn'],
  audience: 'agent',
  language: 'en',
  externalUrl: null,
} as const;

const body =
  'The gateway closes tunnels whose keep-alive it does not see.\n\n1. Raise the keep-alive to 20 seconds.\n2. Connect anew.';

export const WRITE_ARTICLE_EXAMPLE = { ...written, body, state: 'published' };

const summary = {
  id: 'art_019c1400b3c27d31a6b5c4d3e2f10987',
  version: 2,
  ...written,
  state: 'published',
  createdBy: { subject: 'key:front-desk', role: 'agent', actingFor: 'agent-17' },
  createdAt: '2026-01-30T11:20:05.112Z',
  links: { self: '/v1/articles/art_019c1400b3c27d31a6b5c4d3e2f10987' },
};

export const ARTICLE_EXAMPLE = { ...summary, body, current: true };

export const FOUND_ARTICLES_EXAMPLE = {
  data: [
    {
      ...summary,
      titleHighlights: [{ start: 0, length: 3 }],
      snippet: {
        text: 'The gateway closes tunnels whose keep-alive it does not see.',
        highlights: [{ start: 4, length: 7 }],
      },
    },
  ],
  page: { hasMore: false, nextCursor: null },
};

export const SUGGESTED_ARTICLES_EXAMPLE = {
  data: [
    {
      article: summary,
      score: 1.84,
      words: ['vpn', 'drop', 'minut'],
      categoryMatches: true,
      serviceMatches: true,
    },
  ],
  uses: [{ article: summary.id, how: 'offered', at: '2026-01-30T09:00:00.000Z' }],
};

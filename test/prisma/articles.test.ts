/** The store of articles: versions that stay, words that are found, and the right article for a ticket. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isWorthOffering, type Article } from '../../domain/article.ts';
import { createArticleStore, type ArticleStore, type Question } from '../../prisma/articles.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { randomFrom } from '../../bench/random.ts';
import { createTestDatabase } from '../support/database.ts';
import { eventually } from '../support/desk.ts';
import { ARTICLES, STRANGERS, TICKETS, type SampleTicket } from './knowledge-sample.ts';

const BY = { subject: 'key:1', role: 'agent' };

const article = (fields: Partial<Article> = {}): Article => ({
  title: 'A title',
  body: 'Some words.',
  categories: [],
  services: [],
  audience: 'agent',
  language: 'en',
  state: 'published',
  externalUrl: null,
  ...fields,
});

let database: Database;
let store: ArticleStore;
beforeAll(async () => {
  database = openDatabase(await createTestDatabase());
  store = createArticleStore(database);
});
afterAll(() => database.$disconnect());

describe('versions', () => {
  test('a change is a new version, and what changes nothing is none', async () => {
    await store.create('art_versions', article(), BY);
    expect(await store.save('art_versions', { title: 'Another' }, { by: BY })).toEqual({ version: 2 });
    expect(await store.save('art_versions', { title: 'Another' }, { by: BY })).toEqual({ version: 2 });
    expect(await store.get('art_versions')).toMatchObject({ version: 2, title: 'Another', current: true });
    expect(await store.get('art_versions', 1)).toMatchObject({ title: 'A title', current: false });
    expect(await store.save('art_nothing', { title: 'Another' }, { by: BY })).toBeNull();
  });

  test('of twenty who change it at once each has a version of its own, and one is the newest', async () => {
    await store.create('art_race', article(), BY);
    const titles = Array.from({ length: 20 }, (_, i) => `Title ${i}`);
    await Promise.all(titles.map((title) => store.save('art_race', { title }, { by: BY })));
    const rows = await database.article.findMany({ where: { id: 'art_race' }, orderBy: { version: 'asc' } });
    expect(rows.map(({ version }) => version)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
    expect(rows.filter(({ current }) => current)).toHaveLength(1);
  });

  test('the database keeps every version as it is', async () => {
    await store.create('art_kept', article(), BY);
    const attempts = [
      `UPDATE articles SET title = 'Forged' WHERE id = 'art_kept'`,
      `UPDATE articles SET body = 'Forged', current = false WHERE id = 'art_kept'`,
      `UPDATE articles SET state = 'retired' WHERE id = 'art_kept'`,
      `DELETE FROM articles WHERE id = 'art_kept'`,
      `TRUNCATE articles`,
    ];
    for (const attempt of attempts)
      await expect(database.$executeRawUnsafe(attempt)).rejects.toThrow(/cannot be changed|append-only/);
    await store.save('art_kept', { title: 'Next' }, { by: BY });
    await expect(
      database.$executeRawUnsafe(`UPDATE articles SET current = true WHERE id = 'art_kept' AND version = 1`),
    ).rejects.toThrow(/cannot be changed/);
    const columns = `title, body, categories, services, audience, language, state, external_url, created_by, created_at`;
    await expect(
      database.$executeRawUnsafe(`INSERT INTO articles (id, version, ${columns}, current)
        SELECT id, 9, ${columns}, true FROM articles WHERE id = 'art_kept' AND version = 1`),
    ).rejects.toThrow(/articles_current_key|unique/i);
  });
});

describe('the right article for a ticket', () => {
  beforeAll(async () => {
    for (const [id, fields] of Object.entries(ARTICLES)) await store.create(id, article(fields), BY);
  });

  const questionOf = ({
    subject,
    description,
    category,
    service,
  }: Omit<SampleTicket, 'article'>): Question => ({
    subject,
    description: description ?? '',
    category: category ?? null,
    service: service ?? null,
  });

  test.each(TICKETS)('$subject', async (ticket) => {
    const found = await store.suggest(questionOf(ticket), 3);
    expect(found.map((one) => one.article.id)).toContain(ticket.article);
  });

  test('most come first, and are good enough to be offered', async () => {
    const firsts = [];
    for (const ticket of TICKETS) {
      const [first] = await store.suggest(questionOf(ticket), 1);
      if (first && first.article.id === ticket.article && isWorthOffering(first)) firsts.push(ticket);
    }
    expect(firsts.length).toBeGreaterThanOrEqual(TICKETS.length - 1);
  });

  test.each(STRANGERS)('nothing is worth offering for: $subject', async (stranger) => {
    expect((await store.suggest(questionOf(stranger), 3)).filter(isWorthOffering)).toEqual([]);
  });

  test('category and service alone put articles into the list, and are no reason to offer them', async () => {
    const found = await store.suggest(
      { subject: '', description: '', category: 'network', service: 'vpn' },
      5,
    );
    expect(found.map(({ article: { id }, words }) => [id, words])).toEqual([
      ['vpnDrops', []],
      ['vpnInstall', []],
      ['wifi', []],
    ]);
    expect(found.filter(isWorthOffering)).toEqual([]);
  });

  test('drafts and what was retired are not suggested', async () => {
    const ask = async () =>
      (
        await store.suggest({ subject: 'Unicorn stable', description: '', category: null, service: null }, 3)
      ).map((one) => one.article.id);
    await store.create('art_unicorn', article({ title: 'Unicorn', state: 'draft' }), BY);
    expect(await ask()).toEqual([]);
    await store.save('art_unicorn', { state: 'published' }, { by: BY });
    expect(await ask()).toEqual(['art_unicorn']);
    await store.save('art_unicorn', { state: 'retired' }, { by: BY });
    expect(await ask()).toEqual([]);
  });

  test.each([
    ["it's \\ a 'quoted' \\' word", ''],
    ['a & b | !c <-> (d', ':*A'],
    ['C:\\Windows\\System32 /var/log http://[::1', "';--"],
    ['👩‍👩‍👧‍👦 \u202e \u2066', 'x'.repeat(3000)],
    ['<b>bold</b> & &amp; %s', 'ünïcödé ß İstanbul'],
  ])('whatever a ticket says, asking is no error (%#)', async (subject, description) => {
    const found = await store.suggest({ subject, description, category: null, service: null }, 3);
    expect(found.length).toBeLessThanOrEqual(3);
  });
});

describe('six thousand articles', () => {
  const BATCH = 2_000;

  /** So many words, some common and most rare, the same ones every time. */
  const wordsFrom = (random: () => number, count: number): string =>
    Array.from({ length: count }, () => `word${Math.floor(4_000 * random() ** 3)}`).join(' ');

  beforeAll(async () => {
    const random = randomFrom(20_261_122);
    const words = (count: number) => Array.from({ length: BATCH }, () => wordsFrom(random, count));
    for (let from = 0; from < 6_000; from += BATCH)
      await database.$executeRaw`
        INSERT INTO articles (id, version, title, body, categories, services, audience, language, state, created_by, current)
        SELECT 'art_many_' || n, 1, title, body, ARRAY['category-' || n % 50], ARRAY['service-' || n % 200], 'agent',
               CASE n % 10 WHEN 0 THEN 'de' ELSE 'en' END, 'published', '{}', true
        FROM (SELECT title, body, ${from}::int + i AS n
              FROM unnest(${words(8)}::text[], ${words(60)}::text[]) WITH ORDINALITY AS t(title, body, i)) t`;
    await database.$executeRaw`ANALYZE articles`;
  });

  /** How often the index of words and how often the whole table was read, by PostgreSQL's own count. */
  const reads = async () => {
    await database.$executeRaw`SELECT pg_stat_force_next_flush()`;
    const [row] = await database.$queryRaw<{ index: number; table: number }[]>`
      SELECT (SELECT idx_scan::int FROM pg_stat_user_indexes WHERE indexrelname = 'articles_search_idx') AS index,
             (SELECT seq_scan::int FROM pg_stat_user_tables WHERE relname = 'articles') AS table`;
    return row!;
  };

  test('a search reads the index of words, not the articles', async () => {
    const before = await reads();
    const filter = { q: 'word3010 word17', state: 'published' } as const;
    const found = await store.find(filter, { after: null, limit: 20 });
    expect(found.length).toBeGreaterThan(0);
    const after = await eventually(reads, ({ index }) => index > before.index);
    expect(after.table).toBe(before.table);
  });

  test('suggestions read the index of words, and find the needle', async () => {
    await store.create('art_needle', article({ title: 'word3999 word3998', body: 'word12' }), BY);
    const question = {
      subject: 'word3999 is broken',
      description: 'word3998 word1 word2',
      category: null,
      service: null,
    };
    const before = await reads();
    const [first] = await store.suggest(question, 3);
    expect(first).toMatchObject({ article: { id: 'art_needle' } });
    const after = await eventually(reads, ({ index }) => index > before.index);
    expect(after.table).toBe(before.table);
  });

  test('what every other article says is no reason to suggest one', async () => {
    const question = { subject: 'word0 word1', description: 'word2 word3', category: null, service: null };
    expect(await store.suggest(question, 3)).toEqual([]);
  });
});

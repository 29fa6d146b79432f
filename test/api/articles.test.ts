/** Articles over HTTP: written in versions, found as plain text, suggested for tickets. */
import { beforeAll, expect, test } from '@jest/globals';
import { highlightsIn } from '../../api/articles.ts';
import type { Caller } from './front-door.ts';
import { openTicket, setUpOffice } from './office.ts';

const office = setUpOffice();
let agent: Caller;
beforeAll(() => void (agent = office.agent));

type Fields = Record<string, unknown>;

const body = (fields: Fields = {}): Fields => ({
  title: 'Kettle does not boil',
  body: 'Descale the kettle with vinegar.',
  state: 'published',
  ...fields,
});

const write = async (fields: Fields = {}): Promise<string> => {
  const { status, body: written } = await agent.post('/v1/articles', body(fields));
  expect(status).toBe(201);
  return written.id as string;
};

const put = (id: string, fields: Fields, headers = {}) =>
  agent.send('put', `/v1/articles/${id}`, { headers, body: JSON.stringify(fields) });

const found = async (query: string): Promise<string[]> =>
  (await agent.get(`/v1/articles?${query}`)).body.data.map(({ id }: { id: string }) => id);

test('an article is written, read, written anew and read as it was', async () => {
  const written = await agent.post('/v1/articles', body({ actingFor: 'agent-17' }));
  const { id } = written.body;
  expect(written.headers['location']).toBe(`/v1/articles/${id}`);
  expect(written.body).toMatchObject({
    version: 1,
    audience: 'agent',
    language: 'en',
    createdBy: { subject: agent.subject, role: 'agent', actingFor: 'agent-17' },
  });
  const second = await put(id, { title: 'Kettle stays cold', body: 'Is it plugged in?' });
  expect([second.status, second.body.version, second.body.state]).toEqual([200, 2, 'published']);
  expect((await agent.get(`/v1/articles/${id}`)).body.title).toBe('Kettle stays cold');
  const first = await agent.get(`/v1/articles/${id}?version=1`);
  expect(first.body).toMatchObject({ title: 'Kettle does not boil', current: false, version: 1 });
  const absent = await agent.get(`/v1/articles/${id}?version=3`);
  expect([absent.status, absent.body.code]).toEqual([404, 'article_not_found']);
});

test('a search finds by the stem of a word and says where it stands, as text and never as HTML', async () => {
  const id = await write({
    title: 'Flurbing <b>wheels</b>',
    body: 'Before: <script>alert(1)</script> the wheel was flurbed & oiled. \uE000fake\uE001',
  });
  const { body: page } = await agent.get('/v1/articles?q=flurbs');
  const [one] = page.data;
  expect([page.data.length, one.id]).toEqual([1, id]);
  expect(one.titleHighlights.map(at(one.title))).toEqual(['Flurbing']);
  expect(one.snippet.highlights.map(at(one.snippet.text))).toEqual(['flurbed']);
  expect(one.snippet.text).toContain('fake');
  expect(one.snippet.text).not.toMatch(/[\uE000\uE001]/);
});

const at =
  (text: string) =>
  ({ start, length }: { start: number; length: number }): string =>
    text.slice(start, start + length);

test('highlights count as the text does, whatever stands before them', () => {
  const { text, highlights } = highlightsIn('👩‍👩‍👧‍👦 a \uE000b\uE001 c \uE000d\uE001');
  expect(text).toBe('👩‍👩‍👧‍👦 a b c d');
  expect(highlights.map(at(text))).toEqual(['b', 'd']);
  expect(highlightsIn('')).toEqual({ text: '', highlights: [] });
});

test('all words have to be there; phrases, or and without work as in a web search', async () => {
  const both = await write({ title: 'Zorple and quxle', body: 'zorple quxle' });
  const one = await write({ title: 'Zorple alone', body: 'zorple' });
  expect((await found('q=zorple')).toSorted()).toEqual([both, one].toSorted());
  expect(await found('q=zorple quxle')).toEqual([both]);
  expect(await found('q=zorple -quxle')).toEqual([one]);
  expect(await found('q="zorple alone"')).toEqual([one]);
  expect((await found('q=quxle or alone zorple')).toSorted()).toEqual([both, one].toSorted());
});

test.each([
  '"',
  '" -',
  '&|!()<->:*',
  "'",
  String.raw`\\'`,
  '-the',
  'the',
  '%00'.slice(0, 1),
  'a'.repeat(500),
])('whatever is searched for is answered (%#)', async (q) => {
  expect((await agent.get(`/v1/articles?q=${encodeURIComponent(q)}`)).status).toBe(200);
});

test('a word in the title comes before one in the text', async () => {
  const inText = await write({ title: 'About tea', body: 'Mind the glimmerstone.' });
  const inTitle = await write({ title: 'Glimmerstone', body: 'About coffee.' });
  expect(await found('q=glimmerstone')).toEqual([inTitle, inText]);
});

test('each language is searched by its own rules', async () => {
  const german = await write({ title: 'Häuser streichen', body: 'Farbe kaufen.', language: 'de-AT' });
  const unknown = await write({ title: 'Qapla nuq', body: 'nuqneH', language: 'tlh' });
  expect(await found(`q=${encodeURIComponent('häusern')}`)).toEqual([german]);
  expect(await found('q=NUQNEH')).toEqual([unknown]);
});

test('by category, service and audience; drafts and retired ones only where asked for', async () => {
  const id = await write({ categories: ['tea', 'tea', 'pots'], services: ['kitchen'], audience: 'customer' });
  const draft = await write({ categories: ['pots'], state: 'draft' });
  expect((await agent.get(`/v1/articles/${id}`)).body.categories).toEqual(['tea', 'pots']);
  expect(await found('category=pots')).toEqual([id]);
  expect(await found('category=pots&service=kitchen&audience=customer')).toEqual([id]);
  expect(await found('category=pots&audience=agent')).toEqual([]);
  expect(await found('category=pots&state=draft')).toEqual([draft]);
  const gone = await agent.send('delete', `/v1/articles/${id}`);
  expect([gone.status, gone.body.state, gone.body.version]).toEqual([200, 'retired', 2]);
  expect((await agent.send('delete', `/v1/articles/${id}`)).body.version).toBe(2);
  expect(await found('category=pots')).toEqual([]);
  expect(await found('category=pots&state=retired')).toEqual([id]);
  expect(await found('category=pots&state=retired&q=kettle')).toEqual([id]);
  expect((await put(id, body({ categories: ['pots'], state: 'published' }))).body.version).toBe(3);
  expect(await found('category=pots')).toEqual([id]);
});

test.each(['category=paged', 'q=paged'])(
  'pages of %s follow each other without gap or repeat',
  async (query) => {
    const count = (await found(`${query}&limit=200`)).length;
    for (let i = count; i < 5; i += 1)
      await write({ title: `Paged ${'paged '.repeat(i)}`, categories: ['paged'] });
    const all = await found(query);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const more = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body: page } = await agent.get(`/v1/articles?${query}&limit=2${more}`);
      seen.push(...page.data.map(({ id }: { id: string }) => id));
      cursor = page.page.nextCursor;
    }
    expect(seen).toEqual(all);
    expect(new Set(seen).size).toBe(5);
  },
);

test('two who write at once: the second is told that the article has moved on', async () => {
  const id = await write();
  const { headers } = await agent.get(`/v1/articles/${id}`);
  expect(headers['etag']).toBe('"1"');
  const ifMatch = { 'if-match': headers['etag']! };
  expect((await put(id, body({ title: 'One' }), ifMatch)).status).toBe(200);
  const late = await put(id, body({ title: 'Two' }), ifMatch);
  expect([late.status, late.body.code]).toEqual([412, 'precondition_failed']);
  expect((await agent.send('delete', `/v1/articles/${id}`, { headers: ifMatch })).status).toBe(412);
  expect((await agent.get(`/v1/articles/${id}`)).body.title).toBe('One');
  expect((await agent.get(`/v1/articles/${id}`, { 'if-none-match': '"2"' })).status).toBe(304);
});

test('the same key and body write one article, and a repeat does not undo what was written since', async () => {
  const key = { 'idempotency-key': 'article-1' };
  const first = await agent.post('/v1/articles', body({ title: 'Once' }), key);
  await put(first.body.id, body({ title: 'Since' }));
  const again = await agent.post('/v1/articles', body({ title: 'Once' }), key);
  expect([again.status, again.headers['idempotency-replayed']]).toEqual([201, 'true']);
  expect(again.body).toMatchObject({ id: first.body.id, title: 'Since', version: 2 });
  expect((await agent.post('/v1/articles', body({ title: 'Other' }), key)).body.code).toBe(
    'idempotency_key_reused',
  );
});

test.each([
  [{ title: ' ' }, '/title'],
  [{ body: ' ' }, '/body'],
  [{ body: 'x'.repeat(40_001) }, '/body'],
  [{ externalUrl: 'javascript:alert(1)' }, '/externalUrl'],
  [{ audience: 'everybody' }, '/audience'],
  [{ language: 'English!' }, '/language'],
  [{ state: 'gone' }, '/state'],
  [{ categories: 'tea' }, '/categories'],
  [{ html: '<b>' }, ''],
])('a fault of an article is refused, and says where (%#)', async (fields, pointer) => {
  const { status, body: problem } = await agent.post('/v1/articles', body(fields));
  expect([status, problem.code]).toEqual([422, 'invalid']);
  expect(problem.errors[0].pointer.startsWith(pointer)).toBe(true);
});

test('an article that is elsewhere needs no text', async () => {
  const id = await write({ body: '', externalUrl: 'https://wiki.example/kettle' });
  expect((await agent.get(`/v1/articles/${id}`)).body.externalUrl).toBe('https://wiki.example/kettle');
});

test('who may not write, reads', async () => {
  const auditor = await office.caller('auditor');
  expect((await auditor.post('/v1/articles', body())).status).toBe(403);
  expect((await auditor.get('/v1/articles')).status).toBe(200);
});

test('suggestions for a ticket say why, also under its external name, and what was used so far', async () => {
  const id = await write({
    title: 'Borgle printer eats ribbons',
    body: 'Replace the ribbon guide.',
    categories: ['hardware'],
  });
  const ticket = await openTicket(agent, {
    subject: 'The borgle printer eats my ribbons',
    category: 'hardware',
    external: { system: 'desk', id: 'borgle' },
  });
  const { body: answer } = await agent.get('/v1/tickets/desk:borgle/articles?limit=1');
  expect(answer.data).toEqual([
    expect.objectContaining({
      article: expect.objectContaining({ id }),
      categoryMatches: true,
      serviceMatches: false,
      words: expect.arrayContaining(['borgl', 'ribbon']),
    }),
  ]);
  expect(answer.uses).toEqual([]);
  await office.desk.database
    .$executeRaw`UPDATE texts SET body = NULL, salt = NULL WHERE ticket_id = ${ticket.id}`;
  const { body: erased } = await agent.get(`/v1/tickets/${ticket.id}/articles`);
  expect(erased.data.map((one: { words: string[] }) => one.words)).toEqual(erased.data.map(() => []));
  expect((await agent.get('/v1/tickets/nobody/articles')).status).toBe(404);
});

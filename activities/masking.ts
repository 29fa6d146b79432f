/** Keeps secrets out of what is stored, logged and shown, in whatever form a server may give them back. */

/** What stands where a secret was. */
const MASK = '•••';
/** Shorter ones would blank half of every text. */
const SHORTEST = 4;

const bytesOf = (text: string): Buffer => Buffer.from(text, 'utf8');

/** `%XX` for every byte that is not in `plain`; lower-case digits too, as some encoders write them. */
function percentEncoded(secret: string, plain: RegExp): string[] {
  const encoded = [...bytesOf(secret)].map((byte) => {
    const character = String.fromCharCode(byte);
    return plain.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  const upper = encoded.join('');
  return [upper, upper.replaceAll(/%[\dA-F]{2}/g, (escape) => escape.toLowerCase())];
}

/** RFC 3986, JavaScript's own way, and forms (which write a space as `+`). */
function urlForms(secret: string): string[] {
  const forms = percentEncoded(secret, /[\w.*-]/);
  return [
    ...percentEncoded(secret, /[\w.~-]/),
    ...percentEncoded(secret, /[\w.~!*'()-]/),
    ...forms,
    ...forms.map((form) => form.replaceAll('%20', '+')),
  ];
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const inAscii = (text: string): string =>
  text.replaceAll(
    /[^\0-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** As JSON has it, with and without what encoders may escape besides, and as JSON within JSON. */
function jsonForms(secret: string): string[] {
  const plain = inJson(secret);
  const once = [plain, inAscii(plain), plain.replaceAll('/', String.raw`\/`)];
  return [...once, ...once.map(inJson)];
}

const htmlForm = (secret: string): string =>
  secret
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/**
 * Base64 of the secret wherever it stands in what was encoded: three alignments, each without the characters at its
 * ends that neighbours have a part in.
 */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytesOf(secret)]);
    const core = whole
      .toString('base64')
      .slice(Math.ceil((before * 8) / 6), Math.floor((whole.length * 8) / 6));
    return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function hexForms(secret: string): string[] {
  const hex = bytesOf(secret).toString('hex');
  return [hex, hex.toUpperCase()];
}

type Span = [from: number, to: number];

function spansOf(text: string, form: string): Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + 1))
    spans.push([at, at + form.length]);
  return spans;
}

const isBase64 = (character: string | undefined): boolean =>
  character !== undefined && /[\w+/=-]/.test(character);

/** The characters at both ends hold some bits of the secret too. */
function widened([from, to]: Span, text: string): Span {
  return [isBase64(text[from - 1]) ? from - 1 : from, isBase64(text[to]) ? to + 1 : to];
}

/** Spans that touch become one, so that no end of a secret is left beside another. */
function merged(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const [from, to] of spans.toSorted(([a], [b]) => a - b)) {
    const last = result.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else result.push([from, to]);
  }
  return result;
}

/**
 * A function that blanks these secrets in a text: as they are, and as JSON, URLs, HTML, base64 (also within something
 * longer, such as `user:password`) and hexadecimal digits write them. Secrets of fewer than four characters stay: what
 * is so short cannot be told from other text.
 */
export function createMask(secrets: readonly string[]): (text: string) => string {
  const hidden = [...new Set(secrets)].filter((secret) => secret.length >= SHORTEST);
  const plain = new Set(
    hidden.flatMap((secret) => [
      secret,
      ...jsonForms(secret),
      ...urlForms(secret),
      htmlForm(secret),
      ...hexForms(secret),
    ]),
  );
  const base64 = new Set(hidden.flatMap(base64Forms));
  return (text) => {
    const spans = merged([
      ...[...plain].flatMap((form) => spansOf(text, form)),
      ...[...base64].flatMap((form) => spansOf(text, form).map((span) => widened(span, text))),
    ]);
    let at = 0;
    const kept = spans.map(([from, to]) => {
      const before = text.slice(at, from);
      at = to;
      return before + MASK;
    });
    return kept.join('') + text.slice(at);
  };
}

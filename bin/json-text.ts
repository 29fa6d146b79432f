/** Finds a part of JSON text without parsing the whole. */

const QUOTE = 34;
const BACKSLASH = 92;
const OPENING = new Set([91, 123]); // [ {
const CLOSING = new Set([93, 125]); // ] }
const COMMA = 44;
const COLON = 58;
const BRACE = 123;

/** Index of the quote that ends the string which starts at `from`, or -1. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return -1;
}

/** Index behind the object or list that starts at `from`, or -1. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      if (at < 0) return -1;
    } else if (OPENING.has(code)) depth += 1;
    else if (CLOSING.has(code)) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

const isSpace = (code: number): boolean => code === 32 || code === 9 || code === 10 || code === 13;

function skipSpace(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

/**
 * Where the object that is the member `name` of an object is written, if `text` is that object in JSON. Null where it
 * has no such member, or another value, and wherever reading it so might differ from parsing it: names with escapes, and
 * a member that is there twice. Text that is no JSON gets any answer.
 */
export function memberSpan(text: string, name: string): { from: number; to: number } | null {
  let found: { from: number; to: number } | null = null;
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== BRACE) return null;
  let isName = true;
  for (at += 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COMMA) isName = true;
    else if (code === QUOTE) {
      const end = endOfString(text, at);
      if (end < 0) return null;
      const written = isName ? text.slice(at + 1, end) : '';
      if (written.includes('\\')) return null;
      at = end;
      if (!isName) continue;
      isName = false;
      if (written !== name) continue;
      const colon = skipSpace(text, at + 1);
      const from = skipSpace(text, colon + 1);
      if (found || text.charCodeAt(colon) !== COLON || text.charCodeAt(from) !== BRACE) return null;
      const to = endOfValue(text, from);
      if (to < 0) return null;
      found = { from, to };
      at = to - 1;
    } else if (OPENING.has(code)) {
      const end = endOfValue(text, at);
      if (end < 0) return null;
      at = end - 1;
    }
  }
  return found;
}

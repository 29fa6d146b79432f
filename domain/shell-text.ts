/**
 * Where in a script a value can be put in as one argument, and how. A value stands in single quotes of its own, so the
 * reference must stand outside all quotes, and nowhere that is read twice: what we cannot follow with certainty is
 * refused, with the reason.
 */
import type { Reference } from './variables.ts';

/** A place for a value: usable, or why not. */
export type Place =
  | { usable: true; /** The word begins here. */ startsWord: boolean; endOfOptions: boolean }
  | { usable: false; reason: string };

const QUOTED = 'stands within quotes: take the quotes away, the value gets its own';
/** A word begins here; what is empty in front of it does not count. */
const WORD_BEGINS = /(?:^|[\s;|&(){}<>])(?:''|""|__[A-Za-z][A-Za-z0-9_.-]*?__:value)*$/;
const BEHIND_WORDS = /[\s;|&(){}]/;
/** As much of a script as is looked at to say what stands in front of a reference. */
const NEAR = 2_000;
/** Words behind which a command begins. */
const BEFORE_COMMANDS =
  /(?:^|[\n;|&({]|(?:^|\s)(?:then|do|else|elif|if|while|until|!|time|exec|command|eval))\s*$/;

/** Beginnings of what is read by rules of its own; behind them nothing is put in any more. */
const OPAQUE: readonly (readonly [RegExp, string])[] = [
  [/<</y, 'a here-document (<<)'],
  [/`/y, 'backquotes; write $( )'],
  [/\$'/y, "$'…'"],
  [/\$"/y, '$"…"'],
  [/\(\(/y, 'arithmetic ( (( )) )'],
  [/\$\[/y, 'arithmetic ( $[ ] )'],
  [/\[\[/y, '[[ ]]; write [ ]'],
  [/\$\{(?!\w+\})/y, '${…} with more than a name'],
  [
    /\b(?:eval|let|declare|typeset)\b/y,
    'a command that reads its arguments as a program (eval, let, declare)',
  ],
  [/\b(?:sh|bash|dash|zsh|ksh|su)\b[^\n;|&]*\s-\w*c\b/y, 'a command that starts another shell (sh -c)'],
  [/\bssh\s/y, 'ssh, whose far end reads its arguments again'],
  [/\b(?:python3?|perl|ruby|node)\b[^\n;|&]*\s-[ce]\b/y, 'a program within the script (python -c)'],
];

interface Cursor {
  quote: "'" | '"' | null;
  escaped: boolean;
  comment: boolean;
  opaque: string | null;
}

/** What the character at `at` does to quoting. */
function step(script: string, at: number, cursor: Cursor): void {
  const letter = script[at]!;
  if (cursor.escaped) cursor.escaped = false;
  else if (cursor.comment) cursor.comment = letter !== '\n';
  else if (cursor.quote === "'") cursor.quote = letter === "'" ? null : "'";
  else if (letter === '\\') cursor.escaped = true;
  else if (cursor.quote === '"') {
    if (letter === '"') cursor.quote = null;
    else if (/^(?:`|\$\(|\$\{(?!\w+\}))/.test(script.slice(at, at + NEAR)))
      cursor.opaque ??= 'a command or ${…} within double quotes';
  } else if (letter === "'" || letter === '"') cursor.quote = letter;
  else if (letter === '#' && (at === 0 || BEHIND_WORDS.test(script[at - 1]!))) cursor.comment = true;
  if (!cursor.quote && !cursor.comment) cursor.opaque ??= opaqueAt(script, at);
}

function opaqueAt(script: string, at: number): string | null {
  for (const [pattern, words] of OPAQUE) {
    pattern.lastIndex = at;
    if (pattern.test(script)) return words;
  }
  return null;
}

function placeOf(script: string, at: number, { quote, escaped, comment, opaque }: Cursor): Place {
  if (opaque)
    return { usable: false, reason: `stands behind ${opaque}, where nobody can say how it is read` };
  if (quote) return { usable: false, reason: QUOTED };
  if (comment) return { usable: false, reason: 'stands in a comment' };
  if (escaped) return { usable: false, reason: 'stands behind a \\' };
  const before = script.slice(Math.max(0, at - NEAR), at);
  if (BEFORE_COMMANDS.test(before))
    return { usable: false, reason: 'stands where a command is named, and no value may choose that' };
  return {
    usable: true,
    startsWord: WORD_BEGINS.test(before),
    endOfOptions: /\s--\s[^\n;|&]*$/.test(before),
  };
}

/** Per reference of a script for sh or bash, in their order, whether a value can be put in there. */
export function placesInShell(script: string, references: readonly Reference[]): Place[] {
  const cursor: Cursor = { quote: null, escaped: false, comment: false, opaque: null };
  let at = 0;
  return references.map((reference) => {
    for (; at < reference.at; at++) step(script, at, cursor);
    const place = placeOf(script, at, cursor);
    // The reference itself stands for a word: it opens no quotes, and it ends an escape.
    at += reference.length;
    cursor.escaped = false;
    return place;
  });
}

/** One argument, whatever is in it (POSIX shell, §2.2.2). */
export const shellArgument = (value: string): string => `'${value.replaceAll("'", String.raw`'\''`)}'`;

/** PowerShell takes typographic quotes for quotes, too. */
export const powershellArgument = (value: string): string => `'${value.replaceAll(/['‘’‚‛]/g, '$&$&')}'`;

/** As `placesInShell`, for PowerShell. Nothing is put in behind a here-string or a block comment. */
export function placesInPowershell(script: string, references: readonly Reference[]): Place[] {
  return references.map(({ at }) => {
    const before = script.slice(0, at);
    const quoted = before.replaceAll(/'[^'‘’‚‛]*'|"(?:[^"`]|`[\s\S])*"/g, '');
    if (/@['"]|<#/.test(before))
      return { usable: false, reason: 'stands behind a here-string or a block comment' };
    if (/['"‘’‚‛“”„]/.test(quoted)) return { usable: false, reason: QUOTED };
    if (/#[^\n]*$/.test(quoted)) return { usable: false, reason: 'stands in a comment' };
    if (before.endsWith('`')) return { usable: false, reason: 'stands behind a `' };
    if (/(?:^|[\n;|&({])\s*$/.test(before))
      return { usable: false, reason: 'stands where a command is named, and no value may choose that' };
    return { usable: true, startsWord: WORD_BEGINS.test(before), endOfOptions: false };
  });
}

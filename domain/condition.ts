/**
 * Conditions of a playbook: STIX patterning (CACAO v2.0 §5.1) over variables. A condition is read once and then asked of
 * values; what cannot be read or answered is a problem, never "false".
 *
 * Values are compared by the type their variable declares: numbers as numbers, addresses as addresses, hashes without
 * regard to case, everything else as text (docs/playbooks.md).
 */
import { isWithin, networkOf, parseAddress } from './address.ts';
import { isFound, parsePattern, type Pattern } from './pattern.ts';
import type { VariableType } from './playbook.ts';
import { typeNamed, valueProblem, type Lookup } from './variables.ts';

const ORDERS = ['=', '!=', '<', '<=', '>', '>='] as const;
type Order = (typeof ORDERS)[number];
type Operator = Order | 'LIKE' | 'ISSUBSET' | 'ISSUPERSET';

/** What is compared: a variable, or a text that stands in the condition. */
export type Operand = { variable: string } | { text: string };

export type Condition =
  | { all: readonly Condition[] }
  | { any: readonly Condition[] }
  | { not: Condition }
  | { truth: boolean }
  | { given: Operand }
  | { left: Operand; operator: Operator; right: Operand }
  | { left: Operand; among: readonly Operand[] }
  | { left: Operand; matches: Pattern };

export type ParsedCondition = { condition: Condition } | { problem: string; at: number };
export type Verdict = { value: boolean } | { problem: string };

const LONGEST_CONDITION = 4_096;
const MOST_NESTING = 50;

class Unreadable extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

type Kind = 'variable' | 'text' | 'number' | 'word' | 'symbol' | 'end';
interface Token {
  kind: Kind;
  /** A text without its quotes, a variable's name, else as it is written. */
  text: string;
  at: number;
}

const SPACE = /\s*/y;
const TOKENS: readonly (readonly [Exclude<Kind, 'end'>, RegExp])[] = [
  ['variable', /__[A-Za-z][A-Za-z0-9_.-]{0,246}?__:value/y],
  ['text', /'(?:[^'\\]|\\[\s\S])*'/y],
  ['number', /[+-]?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)(?![\w.])/y],
  ['word', /[A-Za-z_][\w.-]*/y],
  ['symbol', /==|!=|<>|<=|>=|[=<>(),]/y],
];

/** Why nothing of ours begins with this; most come from other languages. */
function foreign(text: string, at: number): string {
  const rest = text.slice(at);
  if (rest.startsWith('${')) return 'write a variable as __name__:value, not as ${…}';
  if (rest.startsWith('{{')) return 'this is a template language; write a variable as __name__:value';
  if (rest.startsWith("'")) return "a ' has no other ' behind it";
  if (rest.startsWith('"')) return 'texts stand in single quotes';
  if (rest.startsWith(':'))
    return 'only variables are compared, __name__:value; there are no objects to look into';
  if (rest.startsWith('[')) return 'leave out the brackets; only variables are compared, __name__:value';
  if (rest.startsWith('&') || rest.startsWith('|') || rest.startsWith('!')) return 'write AND, OR and NOT';
  return `${rest[0]} has no meaning here`;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] ?? null;
  };
  for (;;) {
    at += take(SPACE)!.length;
    if (at >= text.length) return [...tokens, { kind: 'end', text: '', at }];
    let found: Token | null = null;
    for (const [kind, pattern] of TOKENS) {
      const written: string | null = found ? null : take(pattern);
      if (written !== null) found = { kind, text: written, at };
    }
    if (!found) throw new Unreadable(foreign(text, at), at);
    at += found.text.length;
    tokens.push({ ...found, text: meaningOf(found) });
  }
}

function meaningOf({ kind, text }: Token): string {
  if (kind === 'text') return text.slice(1, -1).replaceAll(/\\([\s\S])/g, '$1');
  return kind === 'variable' ? text.slice(0, -':value'.length) : text;
}

const KEYWORDS = new Set(['AND', 'OR', 'NOT', 'IN', 'LIKE', 'MATCHES', 'ISSUBSET', 'ISSUPERSET']);
const SYMBOLS: Record<string, Order> = {
  '=': '=',
  '==': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

class Reader {
  private readonly tokens: Token[];
  private index = 0;
  private depth = 0;
  constructor(text: string) {
    this.tokens = tokensOf(text);
  }

  read(): Condition {
    const condition = this.either();
    const { kind, text, at } = this.next();
    if (kind === 'end') return condition;
    throw new Unreadable(
      text === ')'
        ? 'there is a ) too many'
        : `${text} cannot stand here; AND or OR is missing in front of it`,
      at,
    );
  }

  private next(): Token {
    return this.tokens[this.index]!;
  }

  private take(kind: Kind, text?: string): Token | null {
    const token = this.next();
    if (token.kind !== kind || (text !== undefined && token.text !== text)) return null;
    this.index++;
    return token;
  }

  private demand(kind: Kind, text: string): void {
    if (!this.take(kind, text)) throw new Unreadable(`a ${text} is missing`, this.next().at);
  }

  private either(): Condition {
    const any = [this.both()];
    while (this.take('word', 'OR')) any.push(this.both());
    return any.length === 1 ? any[0]! : { any };
  }

  private both(): Condition {
    const all = [this.single()];
    while (this.take('word', 'AND')) all.push(this.single());
    return all.length === 1 ? all[0]! : { all };
  }

  private single(): Condition {
    const { at } = this.next();
    if (this.depth >= MOST_NESTING) throw new Unreadable('it is nested too deeply', at);
    this.depth++;
    const condition = this.inner();
    this.depth--;
    return condition;
  }

  private inner(): Condition {
    if (this.take('word', 'NOT')) return { not: this.single() };
    if (this.take('symbol', '(')) {
      const condition = this.either();
      this.demand('symbol', ')');
      return condition;
    }
    return this.comparison();
  }

  private comparison(): Condition {
    const start = this.next();
    const truth = this.truth();
    const left = truth === null ? this.operand({ words: false }) : { text: String(truth) };
    const negated = this.take('word', 'NOT') !== null;
    const compared = this.comparedWith(left);
    if (compared) return negated ? { not: compared } : compared;
    if (negated) throw new Unreadable('behind NOT a comparison is missing', this.next().at);
    if (truth !== null) return { truth };
    if ('variable' in left) return { given: left };
    throw new Unreadable('a comparison is missing behind this', start.at);
  }

  private comparedWith(left: Operand): Condition | null {
    const { kind, text } = this.next();
    if (kind === 'symbol' && text in SYMBOLS) {
      this.index++;
      return { left, operator: SYMBOLS[text]!, right: this.operand({ words: true }) };
    }
    if (kind !== 'word') return null;
    switch (text) {
      case 'IN':
        this.index++;
        return { left, among: this.list() };
      case 'MATCHES':
        this.index++;
        return { left, matches: this.pattern() };
      case 'LIKE':
      case 'ISSUBSET':
      case 'ISSUPERSET':
        this.index++;
        return { left, operator: text, right: this.operand({ words: false }) };
      default:
        return null;
    }
  }

  private list(): Operand[] {
    this.demand('symbol', '(');
    const operands = [this.operand({ words: true })];
    while (this.take('symbol', ',')) operands.push(this.operand({ words: true }));
    this.demand('symbol', ')');
    return operands;
  }

  /** Never from a variable: a pattern is part of the playbook, and read with it. */
  private pattern(): Pattern {
    const { at } = this.next();
    const text = this.take('text');
    if (!text) throw new Unreadable('MATCHES needs a regular expression in single quotes', at);
    const parsed = parsePattern(text.text);
    if ('problem' in parsed)
      throw new Unreadable(`the regular expression cannot be used: ${parsed.problem}`, at);
    return parsed.pattern;
  }

  private truth(): boolean | null {
    if (this.take('word', 'true')) return true;
    return this.take('word', 'false') ? false : null;
  }

  /** Public playbooks write `= yes` without quotes, so a bare word is a text, on the right only. */
  private operand({ words }: { words: boolean }): Operand {
    const { at, kind, text } = this.next();
    const variable = this.take('variable');
    if (variable) return { variable: variable.text };
    const literal = this.take('text') ?? this.take('number');
    if (literal) return { text: literal.text };
    if (kind === 'word' && words && !KEYWORDS.has(text) && !/^__.*__$/.test(text)) {
      this.index++;
      return { text };
    }
    throw new Unreadable(this.notAnOperand(kind, text), at);
  }

  private notAnOperand(kind: Kind, text: string): string {
    if (kind === 'end') return 'something is missing at the end';
    if (/^__.*__$/.test(text)) return `write ${text}:value for what the variable holds`;
    if (KEYWORDS.has(text)) return `in front of ${text} something to compare is missing`;
    if (kind === 'word' && this.tokens[this.index + 1]?.text === ':') return foreign(':', 0);
    return `expected a variable, __name__:value, or a text in single quotes, found ${text}`;
  }
}

/** Reads a condition. `at`: where in the text, from 0, it can no longer be read. */
export function parseCondition(text: string): ParsedCondition {
  if (text.trim() === '') return { problem: 'the condition is empty', at: 0 };
  if (text.length > LONGEST_CONDITION)
    return { problem: `the condition is longer than ${LONGEST_CONDITION} characters`, at: LONGEST_CONDITION };
  try {
    return { condition: new Reader(text).read() };
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message, at: error.at };
    throw error;
  }
}

class Unanswerable extends Error {}

interface Valued {
  value: string;
  /** Null for a text of the condition: it is what it is compared with. */
  type: VariableType | null;
  called: string;
}

function valued(operand: Operand, lookup: Lookup): Valued {
  if ('text' in operand) return { value: operand.text, type: null, called: `'${operand.text}'` };
  const variable = lookup(operand.variable);
  if (!variable) throw new Unanswerable(`${operand.variable} is not declared`);
  const { value } = variable;
  if (value === null || value === undefined) throw new Unanswerable(`${operand.variable} has no value`);
  return { value, type: typeNamed(variable.type) ?? 'string', called: operand.variable };
}

type Family = 'number' | 'address' | 'caseless' | 'truth' | 'text';
const FAMILY: Record<VariableType, Family> = {
  bool: 'truth',
  dictionary: 'text',
  float: 'number',
  hash: 'caseless',
  hexstring: 'caseless',
  integer: 'number',
  'ipv4-addr': 'address',
  'ipv6-addr': 'address',
  long: 'number',
  'mac-addr': 'caseless',
  'md5-hash': 'caseless',
  'sha256-hash': 'caseless',
  string: 'text',
  uri: 'text',
  uuid: 'caseless',
};

const sign = (less: boolean, more: boolean): number => (less ? -1 : more ? 1 : 0);
const byText = (a: string, b: string): number => sign(a < b, a > b);

function byNumber(a: Valued, b: Valued): number {
  for (const { value, called } of [a, b])
    if (valueProblem('float', value)) throw new Unanswerable(`${called} is not a number`);
  const whole = [a, b].every(({ value }) => /^[+-]?\d+$/.test(value));
  if (!whole) return sign(Number(a.value) < Number(b.value), Number(a.value) > Number(b.value));
  const [x, y] = [a, b].map(({ value }) => BigInt(value.replace(/^\+/, '')));
  return sign(x! < y!, x! > y!);
}

function addressOf({ value, called }: Valued) {
  const address = parseAddress(value);
  if (!address) throw new Unanswerable(`${called} is not an IP address or range`);
  return address;
}

/** IPv4 before IPv6, then by address, then the wider range first. */
function byAddress(a: Valued, b: Valued): number {
  const [x, y] = [addressOf(a), addressOf(b)];
  return (
    x.version - y.version ||
    sign(networkOf(x) < networkOf(y), networkOf(x) > networkOf(y)) ||
    x.prefix - y.prefix
  );
}

const caseless = (value: string): string => value.toLowerCase().replaceAll(/[:-]/g, '');

/** Negative, zero or positive, as one is before, equal to or behind the other. */
function compare(a: Valued, b: Valued): number {
  const types = [a.type, b.type].filter((type) => type !== null);
  const [family = 'text', other = family] = types.map((type) => FAMILY[type]);
  // What is empty has no number and no address; it equals what is empty as well.
  if (family !== other || a.value === '' || b.value === '') return byText(a.value, b.value);
  if (family === 'number') return byNumber(a, b);
  if (family === 'address') return byAddress(a, b);
  return family === 'caseless' ? byText(caseless(a.value), caseless(b.value)) : byText(a.value, b.value);
}

function ordered(order: Order, a: Valued, b: Valued): boolean {
  const result = compare(a, b);
  if (order === '=') return result === 0;
  if (order === '!=') return result !== 0;
  for (const { value, type, called } of [a, b]) {
    if (value === '') throw new Unanswerable(`${called} is empty, and neither less nor more than anything`);
    if (type === 'bool')
      throw new Unanswerable(`${called} is true or false, and neither less nor more than anything`);
  }
  if (order === '<') return result < 0;
  if (order === '<=') return result <= 0;
  return order === '>' ? result > 0 : result >= 0;
}

/** `%` stands for any characters, `_` for one. Goes back to the last `%` only, so it takes no more than length × length. */
function isLike(text: string, pattern: string): boolean {
  let [at, wanted, resumeAt, resumeWanted] = [0, 0, -1, 0];
  while (at < text.length) {
    if (pattern[wanted] === '%') [resumeAt, resumeWanted, wanted] = [at, wanted + 1, wanted + 1];
    else if (wanted < pattern.length && (pattern[wanted] === '_' || pattern[wanted] === text[at]))
      [at, wanted] = [at + 1, wanted + 1];
    else if (resumeAt >= 0) [at, wanted, resumeAt] = [resumeAt + 1, resumeWanted, resumeAt + 1];
    else return false;
  }
  return /^%*$/.test(pattern.slice(wanted));
}

function holdsBetween(operator: Operator, left: Valued, right: Valued): boolean {
  if (operator === 'LIKE') return isLike(left.value, right.value);
  if (operator === 'ISSUBSET') return isWithin(addressOf(left), addressOf(right));
  if (operator === 'ISSUPERSET') return isWithin(addressOf(right), addressOf(left));
  return ordered(operator, left, right);
}

function holds(condition: Condition, lookup: Lookup): boolean {
  if ('all' in condition) return condition.all.every((part) => holds(part, lookup));
  if ('any' in condition) return condition.any.some((part) => holds(part, lookup));
  if ('not' in condition) return !holds(condition.not, lookup);
  if ('truth' in condition) return condition.truth;
  if ('given' in condition) {
    const { value } = valued(condition.given, lookup);
    return value !== '' && value !== 'false';
  }
  const left = valued(condition.left, lookup);
  if ('among' in condition)
    return condition.among.some((operand) => ordered('=', left, valued(operand, lookup)));
  if ('matches' in condition) return isFound(condition.matches, left.value);
  return holdsBetween(condition.operator, left, valued(condition.right, lookup));
}

/**
 * Whether a condition holds for these values, or why nobody can say: a variable without a value, a text where a number
 * is compared. `AND` and `OR` look no further than they must, from the left. A variable by itself is true unless it is
 * empty or `false`.
 */
export function evaluateCondition(condition: Condition, lookup: Lookup): Verdict {
  try {
    return { value: holds(condition, lookup) };
  } catch (error) {
    if (error instanceof Unanswerable) return { problem: error.message };
    throw error;
  }
}

/** Comparisons that say something else than they seem to, by what the variables declare. */
export function suspiciousComparisons(condition: Condition, lookup: Lookup): string[] {
  if ('all' in condition) return condition.all.flatMap((part) => suspiciousComparisons(part, lookup));
  if ('any' in condition) return condition.any.flatMap((part) => suspiciousComparisons(part, lookup));
  if ('not' in condition) return suspiciousComparisons(condition.not, lookup);
  if (!('operator' in condition)) return [];
  const { left, operator, right } = condition;
  const variable = [left, right].find((operand) => 'variable' in operand);
  if (!variable || !['<', '<=', '>', '>='].includes(operator)) return [];
  const type = typeNamed(lookup(variable.variable)?.type ?? '');
  if (type === null || FAMILY[type] !== 'text') return [];
  return [
    `${variable.variable} is a ${type}, so ${operator} compares letters, not numbers: "10" is before "9"`,
  ];
}

/**
 * Regular expressions that take time in proportion to the text, whatever the pattern: all states are followed at once
 * (Thompson 1968), so that no pattern and no text of an attacker can stop a workflow. What would need going back
 * (back-references, looking around) is refused.
 */

const LONGEST_PATTERN = 500;
/** Repetitions are written out, so a pattern may grow. */
const MOST_STATES = 500;
const MOST_WORK = 5_000;
const MOST_NESTING = 50;

type Test = (code: number) => boolean;
type Node =
  | { kind: 'char'; test: Test }
  | { kind: 'edge'; at: 'start' | 'end' | 'word' | 'noWord' }
  | { kind: 'sequence'; parts: Node[] }
  | { kind: 'choice'; parts: Node[] }
  | { kind: 'repeat'; part: Node; least: number; most: number };

type State =
  | { kind: 'char'; test: Test; next: number }
  | { kind: 'edge'; at: 'start' | 'end' | 'word' | 'noWord'; next: number }
  | { kind: 'split'; next: number; other: number }
  | { kind: 'match' };

export interface Pattern {
  states: readonly State[];
  first: number;
}

class Malformed extends Error {}

const between =
  (from: number, to: number): Test =>
  (code) =>
    code >= from && code <= to;
const isDigit = between(48, 57);
const isWord: Test = (code) =>
  isDigit(code) || between(65, 90)(code) || between(97, 122)(code) || code === 95;
const isSpace: Test = (code) => between(9, 13)(code) || code === 32 || code === 0xa0 || code === 0xfeff;
const not =
  (test: Test): Test =>
  (code) =>
    !test(code);
const CLASSES: Record<string, Test> = {
  d: isDigit,
  D: not(isDigit),
  w: isWord,
  W: not(isWord),
  s: isSpace,
  S: not(isSpace),
};
const CONTROLS: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11 };

class Reader {
  private at = 0;
  private depth = 0;
  private readonly text: string;
  private readonly ignoreCase: boolean;
  constructor(text: string, ignoreCase: boolean) {
    this.text = text;
    this.ignoreCase = ignoreCase;
  }

  read(): Node {
    const node = this.choice();
    if (this.at < this.text.length) throw new Malformed(`there is a ) too many at ${this.at + 1}`);
    return node;
  }

  private peek(): string {
    return this.text[this.at] ?? '';
  }

  private take(what: string): boolean {
    if (!this.text.startsWith(what, this.at)) return false;
    this.at += what.length;
    return true;
  }

  private choice(): Node {
    const parts = [this.sequence()];
    while (this.take('|')) parts.push(this.sequence());
    return parts.length === 1 ? parts[0]! : { kind: 'choice', parts };
  }

  private sequence(): Node {
    const parts: Node[] = [];
    while (this.at < this.text.length && this.peek() !== '|' && this.peek() !== ')')
      parts.push(this.repeated(this.atom()));
    return { kind: 'sequence', parts };
  }

  private repeated(part: Node): Node {
    const bounds = this.bounds();
    if (!bounds) return part;
    // Greedy or lazy makes no difference to whether there is a match; possessive does.
    if (this.take('+')) throw new Malformed('possessive repetition (a second +) is not supported');
    this.take('?');
    if (this.bounds()) throw new Malformed('a repetition is repeated: put it into parentheses');
    return { kind: 'repeat', part, ...bounds };
  }

  private bounds(): { least: number; most: number } | null {
    if (this.take('*')) return { least: 0, most: Infinity };
    if (this.take('+')) return { least: 1, most: Infinity };
    if (this.take('?')) return { least: 0, most: 1 };
    const counted = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.text.slice(this.at));
    if (!counted) return null;
    this.at += counted[0].length;
    const least = Number(counted[1]);
    const most = counted[2] === undefined ? least : counted[3] ? Number(counted[3]) : Infinity;
    if (most < least) throw new Malformed(`{${least},${most}} goes backwards`);
    return { least, most };
  }

  private atom(): Node {
    if (this.take('(')) return this.group();
    if (this.take('^')) return { kind: 'edge', at: 'start' };
    if (this.take('$')) return { kind: 'edge', at: 'end' };
    if (this.take('.')) return { kind: 'char', test: (code) => code !== 10 && code !== 13 };
    if (this.take('[')) return { kind: 'char', test: this.set() };
    if (this.take('\\')) return this.escaped();
    if ('*+?'.includes(this.peek())) throw new Malformed(`${this.peek()} at ${this.at + 1} repeats nothing`);
    return { kind: 'char', test: this.literal(this.text.charCodeAt(this.at++)) };
  }

  private group(): Node {
    if (++this.depth > MOST_NESTING) throw new Malformed('it is nested too deeply');
    if (this.take('?') && !this.take(':'))
      throw new Malformed(
        'only plain groups ( ) and (?: ) are supported; nothing looks ahead, behind or back',
      );
    const node = this.choice();
    if (!this.take(')')) throw new Malformed('a ) is missing');
    this.depth--;
    return node;
  }

  private escaped(): Node {
    const letter = this.text[this.at++];
    if (letter === undefined) throw new Malformed('it ends with a \\');
    if (letter === 'b') return { kind: 'edge', at: 'word' };
    if (letter === 'B') return { kind: 'edge', at: 'noWord' };
    return { kind: 'char', test: CLASSES[letter] ?? this.literal(this.codeOf(letter)) };
  }

  /** The character that an escape stands for. */
  private codeOf(letter: string): number {
    if (letter in CONTROLS) return CONTROLS[letter]!;
    const hex = /^(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})/.exec(this.text.slice(this.at - 1))?.[0];
    if (hex) {
      this.at += hex.length - 1;
      return Number.parseInt(hex.slice(1), 16);
    }
    if (/[A-Za-z0-9]/.test(letter)) throw new Malformed(`\\${letter} is not supported`);
    return letter.charCodeAt(0);
  }

  private set(): Test {
    const negated = this.take('^');
    const tests: Test[] = [];
    do tests.push(this.setMember());
    while (this.at < this.text.length && this.peek() !== ']');
    if (!this.take(']')) throw new Malformed('a ] is missing');
    const any: Test = (code) => tests.some((test) => test(code));
    return negated ? not(any) : any;
  }

  private setMember(): Test {
    const from = this.setCode();
    if (typeof from !== 'number') return from;
    if (this.peek() !== '-' || this.text[this.at + 1] === ']' || this.at + 1 >= this.text.length)
      return this.literal(from);
    this.at++;
    const to = this.setCode();
    if (typeof to !== 'number' || to < from) throw new Malformed('a range in [ ] goes backwards');
    const plain = between(from, to);
    return this.ignoreCase ? (code) => otherCases(code).some(plain) : plain;
  }

  private setCode(): number | Test {
    if (this.at >= this.text.length) throw new Malformed('a ] is missing');
    if (!this.take('\\')) return this.text.charCodeAt(this.at++);
    const letter = this.text[this.at++];
    if (letter === undefined) throw new Malformed('a ] is missing');
    return CLASSES[letter] ?? (letter === 'b' ? 8 : this.codeOf(letter));
  }

  private literal(wanted: number): Test {
    if (!this.ignoreCase) return (code) => code === wanted;
    const wantedCases = otherCases(wanted);
    return (code) => wantedCases.includes(code);
  }
}

function otherCases(code: number): number[] {
  const letter = String.fromCharCode(code);
  return [code, letter.toLowerCase().charCodeAt(0), letter.toUpperCase().charCodeAt(0)];
}

/** The states of a pattern as they are written out, from its end to its beginning. */
class Program {
  readonly states: State[] = [{ kind: 'match' }];
  private work = 0;

  private add(state: State): number {
    if (this.states.length >= MOST_STATES)
      throw new Malformed('it is too large when its repetitions are written out');
    return this.states.push(state) - 1;
  }

  /** Writes a node that leads to `next`; answers with its first state. */
  emit(node: Node, next: number): number {
    // Repetitions of nothing make no states, but take time.
    if (++this.work > MOST_WORK) throw new Malformed('it is too large when its repetitions are written out');
    switch (node.kind) {
      case 'char':
        return this.add({ kind: 'char', test: node.test, next });
      case 'edge':
        return this.add({ kind: 'edge', at: node.at, next });
      case 'sequence':
        return node.parts.reduceRight((after, part) => this.emit(part, after), next);
      case 'choice':
        return node.parts
          .map((part) => this.emit(part, next))
          .reduceRight((other, first) => this.add({ kind: 'split', next: first, other }));
      case 'repeat':
        return this.emitRepeat(node, next);
    }
  }

  private emitRepeat({ part, least, most }: Extract<Node, { kind: 'repeat' }>, next: number): number {
    let first = next;
    if (most === Infinity) {
      const loop = { kind: 'split' as const, next: 0, other: next };
      first = this.add(loop);
      loop.next = this.emit(part, first);
    } else
      for (let i = least; i < most; i++)
        first = this.add({ kind: 'split', next: this.emit(part, first), other: next });
    for (let i = 0; i < least; i++) first = this.emit(part, first);
    return first;
  }
}

/** A pattern ready to be tried, or why it is none of ours. `(?i)` in front: upper and lower case are the same. */
export function parsePattern(text: string): { pattern: Pattern } | { problem: string } {
  if (text.length > LONGEST_PATTERN) return { problem: `it is longer than ${LONGEST_PATTERN} characters` };
  const ignoreCase = text.startsWith('(?i)');
  try {
    const program = new Program();
    const first = program.emit(new Reader(ignoreCase ? text.slice(4) : text, ignoreCase).read(), 0);
    return { pattern: { states: program.states, first } };
  } catch (error) {
    if (error instanceof Malformed) return { problem: error.message };
    throw error;
  }
}

function holdsAt(edge: 'start' | 'end' | 'word' | 'noWord', text: string, at: number): boolean {
  if (edge === 'start') return at === 0;
  if (edge === 'end') return at === text.length;
  const before = at > 0 && isWord(text.charCodeAt(at - 1));
  const after = at < text.length && isWord(text.charCodeAt(at));
  return (before !== after) === (edge === 'word');
}

/** Adds a state and all that can be reached from it without reading on; true where that is the end of the pattern. */
function reach({ states }: Pattern, from: number, reached: Set<number>, text: string, at: number): boolean {
  const open = [from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const state = states[index]!;
    if (state.kind === 'match') return true;
    if (state.kind === 'split') open.push(state.other, state.next);
    else if (state.kind === 'edge' && holdsAt(state.at, text, at)) open.push(state.next);
  }
  return false;
}

/** Whether the pattern is found anywhere in the text. */
export function isFound(pattern: Pattern, text: string): boolean {
  let current = new Set<number>();
  for (let at = 0; at <= text.length; at++) {
    if (reach(pattern, pattern.first, current, text, at)) return true;
    const following = new Set<number>();
    const code = text.charCodeAt(at);
    for (const index of at < text.length ? current : []) {
      const state = pattern.states[index]!;
      if (state.kind === 'char' && state.test(code) && reach(pattern, state.next, following, text, at + 1))
        return true;
    }
    current = following;
  }
  return false;
}

/** What a command answered, as values of the variables that its step says it has (docs/containment.md, "Units"). */
import { canonicalJson } from './canonical-json.ts';
import { extensionOf, LONGEST_VALUE, type ActionStep } from './playbook.ts';
import type { Scope } from './unit.ts';
import { typeNamed, valueProblem } from './variables.ts';

export type ReadResults = { values: Readonly<Record<string, string>> } | { problem: string };

const unescaped = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');

/** What a JSON Pointer leads to (RFC 6901); undefined where there is nothing. */
export function atPointer(document: unknown, pointer: string): unknown {
  if (pointer === '') return document;
  if (!pointer.startsWith('/')) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map(unescaped)
    .reduce<unknown>((value, token) => {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined;
      if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(token)) return undefined;
      return (value as Record<string, unknown>)[token];
    }, document);
}

function parsed(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return undefined;
  }
}

/** Numbers and truths are texts in variables; what has parts is JSON. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : canonicalJson(value);
}

/** What scripts print ends with a line break that is not part of it. */
const primaryOf = (output: string): string => output.replace(/\r?\n$/, '');

/**
 * Whether it leads past the end of a list within the answer. An attribute that a directory entry does not have is answered
 * as an empty list: so it can be seen that an account is not locked any more. The whole answer is another matter: when it is
 * empty, nothing was found.
 */
function isPastList(document: unknown, pointer: string): boolean {
  const last = pointer.lastIndexOf('/');
  return (
    last > 0 &&
    /^(0|[1-9]\d*)$/.test(pointer.slice(last + 1)) &&
    Array.isArray(atPointer(document, pointer.slice(0, last)))
  );
}

/** Which text is for which variable: the extension's `results`, else all of it for the one name there is. */
function textsFor(step: ActionStep, output: string): { texts: Record<string, string> } | { problem: string } {
  const { out_args: names = [] } = step;
  const { results = {} } = extensionOf(step);
  const pointed = names.filter((name) => results[name] !== undefined);
  if (pointed.length === 0) return { texts: names.length === 1 ? { [names[0]!]: primaryOf(output) } : {} };
  const document = parsed(output);
  if (document === undefined) return { problem: 'The answer is no JSON, and results are taken from it' };
  const texts: Record<string, string> = {};
  for (const name of pointed) {
    const pointer = results[name]!;
    const text = textOf(atPointer(document, pointer)) ?? (isPastList(document, pointer) ? '' : undefined);
    if (text === undefined) return { problem: `The answer has nothing at ${pointer} for ${name}` };
    texts[name] = text;
  }
  return { texts };
}

/**
 * The values for the step's `out_args` in the answer of its last command, each of its declared type. A problem names the
 * variable and never a value.
 */
export function resultsOf(step: ActionStep, output: string, scope: Scope): ReadResults {
  const read = textsFor(step, output);
  if ('problem' in read) return read;
  for (const [name, text] of Object.entries(read.texts)) {
    const declared = scope[name];
    if (!declared) return { problem: `${name} is not declared` };
    if (declared.constant) return { problem: `${name} is constant` };
    const type = typeNamed(declared.type) ?? 'string';
    const problem =
      text.length > LONGEST_VALUE ? `is longer than ${LONGEST_VALUE} characters` : valueProblem(type, text);
    if (problem) return { problem: `What was answered for ${name} ${problem}` };
  }
  return { values: read.texts };
}

/** What a schema finds wrong with data, said for the person who wrote it: the field, a stable code, the fact. */
import type { z } from 'zod';

type ZodIssue = z.core.$ZodIssue;

export interface Issue {
  path: readonly PropertyKey[];
  code: string;
  message: string;
}

/** The data that was judged, and how a message calls the whole of it: `a policy`. */
export interface Judged {
  value: unknown;
  called: string;
}

/** Adds a complaint of our own to what a schema finds, with its stable code. */
export function fault(
  context: {
    addIssue(issue: {
      code: 'custom';
      message: string;
      path?: PropertyKey[];
      params: { code: string };
    }): void;
  },
  code: string,
  message: string,
  path: PropertyKey[] = [],
): void {
  context.addIssue({ code: 'custom', message, path, params: { code } });
}

const KINDS: Record<string, string> = {
  object: 'a set of fields',
  record: 'a set of fields',
  array: 'a list',
  tuple: 'a pair',
  string: 'text',
  int: 'a whole number',
  number: 'a number',
};

const kindOf = (expected: string): string => KINDS[expected] ?? expected;

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (part, key) => (part as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
}

/** Whether the value is not even of the kind that was expected. */
function isOfOtherKind(issue: ZodIssue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((issues) => issues.some(isOfOtherKind));
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

/** The complaints of the alternative that was meant: the one whose kind of value fits. */
function meantAlternative(errors: readonly ZodIssue[][]): ZodIssue[] | undefined {
  return errors.find((issues) => !issues.some(isOfOtherKind));
}

function expectedBy(issue: ZodIssue): string[] {
  // A union told apart by one field knows the values of that field; any other knows its alternatives.
  if (issue.code === 'invalid_union' && 'options' in issue) return issue.options?.map(String) ?? [];
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(expectedBy);
  if (issue.code === 'invalid_type') return [kindOf(issue.expected)];
  return issue.code === 'invalid_value' ? issue.values.map(String) : [];
}

/** How a message calls a field: by its key, an entry of a list by its place from 0. */
function nameOf(path: readonly PropertyKey[], judged: Judged): string {
  const last = path.at(-1);
  if (last === undefined) return judged.called;
  return typeof last === 'number' ? `${nameOf(path.slice(0, -1), judged)}[${last}]` : String(last);
}

/** Long enough for any word that could have been meant. */
const SHOWN_CHARACTERS = 60;

function asWritten(found: unknown): string {
  if (Array.isArray(found)) return 'a list';
  if (typeof found === 'object' && found !== null) return 'a set of fields';
  const text = String(found);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}

/** A value that is absent, of another kind, or none of those listed. */
function misfit(issue: ZodIssue, path: readonly PropertyKey[], judged: Judged): Issue {
  const name = nameOf(path, judged);
  const found = valueAt(judged.value, path);
  if (found === undefined) return { path, code: 'missing', message: `${name} is missing` };
  if (issue.code === 'invalid_value' || (issue.code === 'invalid_union' && 'options' in issue))
    return {
      path,
      code: 'value_unknown',
      message: `${asWritten(found)} is not one of ${expectedBy(issue).join(', ')}`,
    };
  return { path, code: 'wrong_kind', message: `${name} must be ${expectedBy(issue).join(' or ')}` };
}

function told(issue: ZodIssue, around: readonly PropertyKey[], judged: Judged): Issue[] {
  const path = [...around, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const message = `${key} is not a field of ${nameOf(path, judged)}`;
      return { path: [...path, key], code: 'unknown_key', message };
    });
  if (issue.code === 'invalid_union') {
    const meant = meantAlternative(issue.errors);
    return meant ? meant.flatMap((one) => told(one, path, judged)) : [misfit(issue, path, judged)];
  }
  if (issue.code === 'invalid_type' || issue.code === 'invalid_value') return [misfit(issue, path, judged)];
  // Checks of our own bring their code in `params`; the rest are the schema's own sentences.
  const code = issue.code === 'custom' ? String(issue.params?.['code'] ?? 'value_invalid') : 'value_invalid';
  return [{ path, code, message: issue.message }];
}

/** Everything a schema found wrong, told for the author of the data. */
export function issuesOf(error: z.ZodError, judged: Judged): Issue[] {
  return error.issues.flatMap((issue) => told(issue, [], judged));
}

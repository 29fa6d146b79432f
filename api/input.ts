/** Validation at the door: what a caller sent, read by the schemas of its route; 422 names every fault at once. */
import type { z } from 'zod';
import { Problem, type FieldError } from './problem.ts';
import { pointerOf } from '../domain/pointer.ts';
import { issuesOf, type Issue } from './schemas/issues.ts';

/** Nobody mends more at once, and an answer stays small whatever was sent. */
const FAULTS_TOLD = 50;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** No document that we know of comes near it. */
const DEEPEST = 40;

/**
 * PostgreSQL stores no NUL, and no half of a surrogate pair; an own key `__proto__` is lost by most libraries on the
 * way. What its schema lets nest as it likes, an inline document, may still not nest for ever.
 */
function unstorableParts(value: unknown, path: readonly PropertyKey[] = []): Issue[] {
  const refuse = (message: string): Issue[] => [{ path, code: 'value_invalid', message }];
  if (path.length > DEEPEST) return refuse(`is nested more than ${DEEPEST} deep`);
  if (typeof value === 'string') {
    if (value.includes('\0')) return refuse('contains the character U+0000, which cannot be stored');
    return LONE_SURROGATE.test(value)
      ? refuse('contains half of a surrogate pair, which cannot be stored')
      : [];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => unstorableParts(item, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    const within = [...path, key];
    if (key === '__proto__') return [{ path: within, code: 'unknown_key', message: `${key} is not a field` }];
    return [...unstorableParts(key, within), ...unstorableParts(part, within)];
  });
}

type Read<T> = { data: T } | { issues: Issue[] };

function read<T>(schema: z.ZodType<T>, value: unknown, called: string): Read<T> {
  const result = schema.safeParse(value);
  const issues = result.success ? unstorableParts(value) : issuesOf(result.error, { value, called });
  return result.success && issues.length === 0 ? { data: result.data } : { issues };
}

/** A 422 problem that names these faults, the first fifty of them. */
export function invalid(errors: readonly FieldError[]): Problem {
  const told = errors.slice(0, FAULTS_TOLD);
  const words = told.map(
    ({ pointer, parameter, message }) => `${pointer || parameter || 'the body'}: ${message}`,
  );
  const rest = errors.length - told.length;
  return new Problem('invalid', [...words, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; '), {
    errors: told,
  });
}

/** The body, each fault with its JSON pointer. Without a schema the route takes none. */
export function readBody<T>(schema: z.ZodType<T> | undefined, value: unknown): T {
  if (!schema) return {} as T;
  const result = read(schema, value, 'the body');
  if ('data' in result) return result.data;
  throw invalid(
    result.issues.map(({ path, code, message }) => ({ pointer: pointerOf(path), code, message })),
  );
}

/** The query, each fault with the name of its parameter. */
export function readQuery<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = read(schema, value, 'the query');
  if ('data' in result) return result.data;
  throw invalid(
    result.issues.map(({ path, code, message }) => ({ parameter: String(path[0]), code, message })),
  );
}

/** The parameters in the path; a name that nothing can have leads to nothing: 404. */
export function readPath<T>(schema: z.ZodType<T> | undefined, value: unknown): T {
  if (!schema) return {} as T;
  const result = read(schema, value, 'the path');
  if ('data' in result) return result.data;
  throw new Problem('not_found', 'There is nothing at this path');
}

/** A fault of a header. */
export function invalidHeader(parameter: string, message: string): Problem {
  return invalid([{ parameter, code: 'value_invalid', message }]);
}

/** What an `x-ldap` command says, read from its JSON. */
import { AndFilter, Attribute, Change, EqualityFilter, type Filter } from 'ldapts';

/**
 * An entry by its whole name; or by the attribute that names it below a base, which is written so that no value can
 * name another entry (RFC 4514).
 */
type EntryName = string | { rdn: Readonly<Record<string, string>>; base: string };

export interface LdapModify {
  operation: 'modify';
  dn: string;
  changes: readonly Change[];
}

export interface LdapSearch {
  operation: 'search';
  base: string;
  scope: 'base' | 'one' | 'sub';
  filter: string | Filter;
  attributes: readonly string[];
}

export type LdapCommand = LdapModify | LdapSearch;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isTextRecord = (value: unknown): value is Record<string, string> =>
  isRecord(value) && Object.keys(value).length > 0 && Object.values(value).every(isText);

const isEntryName = (value: unknown): value is EntryName =>
  isText(value) || (isRecord(value) && isTextRecord(value['rdn']) && isText(value['base']));

/** RFC 4514 §2.4, in its form for any character. */
const escaped = (value: string): string =>
  value.replaceAll(/[\p{Cc}"#+,;<=>\\]|^ | $/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join(''),
  );

function nameOf(entry: EntryName): string {
  if (typeof entry === 'string') return entry;
  const rdn = Object.entries(entry.rdn).map(([attribute, value]) => `${attribute}=${escaped(value)}`);
  return `${rdn.join('+')},${entry.base}`;
}

const OPERATIONS = ['add', 'delete', 'replace'] as const;

function changeIn(value: unknown): Change | null {
  if (!isRecord(value)) return null;
  const { attribute, values = [] } = value;
  const operation = OPERATIONS.find((one) => one === value['operation']);
  if (operation === undefined || !isText(attribute) || !isTexts(values)) return null;
  if (operation === 'add' && values.length === 0) return null;
  return new Change({ operation, modification: new Attribute({ type: attribute, values }) });
}

function modifyIn({ dn, changes }: Record<string, unknown>): LdapModify | null {
  if (!isEntryName(dn) || !Array.isArray(changes) || changes.length === 0) return null;
  const read = changes.map(changeIn).filter((change) => change !== null);
  return read.length === changes.length ? { operation: 'modify', dn: nameOf(dn), changes: read } : null;
}

const SCOPES = ['base', 'one', 'sub'] as const;

/** As text (RFC 4515), or as attributes that must all have these values, whatever characters are in them. */
function filterIn(value: unknown): string | Filter | null {
  if (isText(value)) return value;
  if (!isTextRecord(value)) return null;
  const filters = Object.entries(value).map(
    ([attribute, text]) => new EqualityFilter({ attribute, value: text }),
  );
  return new AndFilter({ filters });
}

function searchIn(command: Record<string, unknown>): LdapSearch | null {
  const { base, attributes = [] } = command;
  const scope = SCOPES.find((one) => one === (command['scope'] ?? 'sub'));
  const filter = filterIn(command['filter'] ?? '(objectClass=*)');
  if (!isEntryName(base) || scope === undefined || filter === null || !isTexts(attributes)) return null;
  return { operation: 'search', base: nameOf(base), scope, filter, attributes };
}

/** Null: it is no command as `domain/playbook.ts` has it. */
export function ldapCommandIn(text: string): LdapCommand | null {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(read)) return null;
  if (read['operation'] === 'modify') return modifyIn(read);
  return read['operation'] === 'search' ? searchIn(read) : null;
}

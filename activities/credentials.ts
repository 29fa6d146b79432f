/** From what a playbook says of authentication to what a connector sends. */
import type { AuthenticationInfo } from '../domain/playbook.ts';
import type { Credentials } from './connector.ts';
import { VaultError, type Vault } from './vault.ts';

export interface CredentialSources {
  /** A text of the playbook with its variables put in, as they are; null where one has no value. */
  lookup: (text: string) => string | null;
  vault: Vault;
}

/** The parts of an authentication, wherever they came from. */
interface Parts {
  username?: string | undefined;
  password?: string | undefined;
  token?: string | undefined;
  privateKey?: string | undefined;
  passphrase?: string | undefined;
}

const KEYS_IN_VAULT: Readonly<Record<string, keyof Parts>> = {
  username: 'username',
  user_id: 'username',
  password: 'password',
  token: 'token',
  private_key: 'privateKey',
  passphrase: 'passphrase',
};

/** A vault entry that is a JSON object has the parts by name; null: it is one secret. */
function partsIn(entry: string): Parts | null {
  let read: unknown;
  try {
    read = JSON.parse(entry);
  } catch {
    return null;
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return null;
  const known = Object.entries(read).flatMap(([key, value]) => {
    const part = KEYS_IN_VAULT[key];
    return part && typeof value === 'string' ? [[part, value] as const] : [];
  });
  return Object.fromEntries(known);
}

const isPrivateKey = (text: string): boolean => /^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text.trimStart());

async function fromVault(auth: AuthenticationInfo, { lookup, vault }: CredentialSources): Promise<Parts> {
  const path = lookup(auth.kms_key_identifier ?? '');
  if (!path) throw new VaultError('An authentication with kms has no kms_key_identifier');
  const entry = await vault.read(path);
  if (entry === null) throw new VaultError(`The vault has no entry ${path}`);
  const parts = partsIn(entry);
  if (parts) return parts;
  if (auth.type === 'oauth2') return { token: entry };
  return isPrivateKey(entry) ? { privateKey: entry } : { password: entry };
}

function fromPlaybook(auth: AuthenticationInfo, { lookup }: CredentialSources): Parts {
  const given = { password: auth.password, token: auth.token };
  const parts = Object.entries(given).flatMap(([part, text]) => {
    if (text === undefined) return [];
    const value = lookup(text);
    if (value === null) throw new VaultError(`The ${part} of an authentication (${auth.type}) has no value`);
    return [[part, value] as const];
  });
  return Object.fromEntries(parts);
}

/** `Bearer` unless the playbook names another scheme; some write the name of the header before it. */
function schemeOf(auth: AuthenticationInfo, lookup: CredentialSources['lookup']): string {
  const said = lookup(auth.oauth_header ?? '') ?? '';
  return said.replace(/^authorization:?/i, '').trim() || 'Bearer';
}

function needed(part: string | undefined, name: string, auth: AuthenticationInfo): string {
  if (!part) throw new VaultError(`An authentication (${auth.type}) has no ${name}`);
  return part;
}

/**
 * What the other side is told that we are (authentication information of CACAO 2.0). Secrets come from variables or,
 * with `kms_key_identifier`, from the vault: there as JSON (`username`, `password`, `token`, `private_key`,
 * `passphrase`) or as the one secret that is missing. Throws a VaultError that names what is missing, never a value.
 */
export async function credentialsFor(
  auth: AuthenticationInfo,
  sources: CredentialSources,
): Promise<Credentials> {
  const { lookup } = sources;
  const isKept = auth.kms === true || auth.kms_key_identifier !== undefined;
  const parts = isKept ? await fromVault(auth, sources) : fromPlaybook(auth, sources);
  if (auth.type === 'oauth2') {
    const token = needed(parts.token, 'token', auth);
    return { type: auth.type, header: `${schemeOf(auth, lookup)} ${token}` };
  }
  const username = parts.username ?? lookup(auth.user_id ?? auth.username ?? '') ?? undefined;
  const { password, privateKey, passphrase } = parts;
  if (privateKey === undefined) needed(password, 'password', auth);
  return {
    type: auth.type,
    username: needed(username, 'user name', auth),
    ...(password !== undefined && { password }),
    ...(privateKey !== undefined && { privateKey }),
    ...(passphrase !== undefined && { passphrase }),
  };
}

/** All that must not be seen of credentials, for `createMask`. */
export function secretsIn({ username, password, header, privateKey, passphrase }: Credentials): string[] {
  const token = header?.split(' ').at(-1);
  const pair = password !== undefined && username !== undefined ? `${username}:${password}` : undefined;
  // A key that is quoted line by line is still the key.
  const lines = privateKey?.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('-----')) ?? [];
  return [password, pair, header, token, privateKey, passphrase, ...lines].filter(
    (secret) => secret !== undefined,
  );
}

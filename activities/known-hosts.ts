/** The hosts whose keys are known, as OpenSSH's `known_hosts` has them (sshd(8)). Others are not talked to. */
import { createHmac } from 'node:crypto';

export interface HostKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, … */
  type: string;
  key: Buffer;
}

interface Line {
  marker: string | null;
  patterns: string[];
  key: HostKey;
}

function linesIn(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === '' || words[0]!.startsWith('#')) return [];
    const marker = words[0]!.startsWith('@') ? words.shift()! : null;
    const [patterns, type, key] = words;
    if (patterns === undefined || type === undefined || key === undefined) return [];
    return [{ marker, patterns: patterns.split(','), key: { type, key: Buffer.from(key, 'base64') } }];
  });
}

/** `|1|salt|hash`: the name is not told. */
function isHashOf(pattern: string, name: string): boolean {
  const [, , salt, hash] = pattern.split('|');
  if (salt === undefined || hash === undefined) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

function matches(pattern: string, name: string): boolean {
  if (pattern.startsWith('|1|')) return isHashOf(pattern, name);
  const parts = pattern.toLowerCase().replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${parts.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name);
}

/** `!pattern` takes a name out again. */
function isNamedBy({ patterns }: Line, name: string): boolean {
  const isBarred = patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1), name));
  return !isBarred && patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern, name));
}

/**
 * The keys that a host at a port may show; none where it is unknown. Revoked keys are left out, and so are
 * certificate authorities, which are not followed.
 */
export function keysOf(knownHosts: string, host: string, port: number): HostKey[] {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  const lines = linesIn(knownHosts);
  const revoked = lines.filter(({ marker }) => marker === '@revoked');
  return lines
    .filter((line) => line.marker === null && isNamedBy(line, name))
    .map(({ key }) => key)
    .filter(({ key }) => !revoked.some((line) => line.key.key.equals(key)));
}

/** Debian's slapd with two people and the overlay that locks accounts (`ppolicy`). */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Client } from 'ldapts';
import { freePortFrom } from '../../bin/ports.ts';
import { startSystemServer, temporaryPlace } from './system-servers.ts';

export const SLAPD = '/usr/sbin/slapd';
const OPENSSL = '/usr/bin/openssl';

export const SUFFIX = 'dc=tierline,dc=example';
export const PEOPLE = `ou=people,${SUFFIX}`;
export const DIRECTORY_ADMIN = { username: `cn=admin,${SUFFIX}`, password: 'directory-canary-51c0' };
export const PASSWORD = 'password-of-a-person';
export const personName = (uid: string): string => `uid=${uid},${PEOPLE}`;

export interface LdapServer {
  /** `ldap://127.0.0.1:port`. */
  url: string;
  port: number;
  /** `ldaps://localhost:port` and its own certificate in PEM; null where there is no openssl to make one. */
  tls: { url: string; certificate: string } | null;
  /** This machine's address on a network, where the server also speaks `ldap`; null where it has none. */
  networkAddress: string | null;
  /** Whether somebody can log in with their password. */
  admits(uid: string): Promise<boolean>;
  /** The values of an attribute, asked for by name. */
  valuesOf(uid: string, attribute: string): Promise<string[]>;
  /** What was really changed of the lock of somebody, in order: `add`, `delete`, `replace`. */
  locksOf(uid: string): string[];
  close(): Promise<void>;
}

const SCHEMAS = ['core', 'cosine', 'nis', 'inetorgperson'];
const MODULES = '/usr/lib/ldap';

function person(uid: string, number: number): string {
  return `dn: ${personName(uid)}
objectClass: inetOrgPerson
objectClass: posixAccount
uid: ${uid}
cn: ${uid}
sn: ${uid}
uidNumber: ${number}
gidNumber: ${number}
homeDirectory: /home/${uid}
loginShell: /bin/bash
userPassword: ${PASSWORD}
`;
}

/** `pwdLockout` is what makes an account with `pwdAccountLockedTime` be barred. */
const entriesOf = (people: readonly string[]): string =>
  [
    `dn: ${SUFFIX}
objectClass: dcObject
objectClass: organization
dc: tierline
o: Tierline
`,
    `dn: ${PEOPLE}
objectClass: organizationalUnit
ou: people
`,
    `dn: cn=policy,${SUFFIX}
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
pwdLockout: TRUE
`,
    ...people.map((uid, i) => person(uid, 2017 + i)),
  ].join('\n');

function addressOnNetwork(): string | null {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? null;
}

function certificateIn(folder: string, address: string | null): string | null {
  if (!existsSync(OPENSSL)) return null;
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const names = address === null ? 'DNS:localhost' : `DNS:localhost,IP:${address}`;
  const subject = ['-subj', '/CN=localhost', '-addext', `subjectAltName=${names}`];
  execFileSync(
    OPENSSL,
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      ...subject,
    ],
    { stdio: 'ignore' },
  );
  return readFileSync(certificate, 'utf8');
}

function configuration(folder: string, isTls: boolean): string {
  return `${SCHEMAS.map((schema) => `include /etc/ldap/schema/${schema}.schema`).join('\n')}
modulepath ${MODULES}
moduleload back_mdb
moduleload ppolicy
moduleload auditlog
pidfile ${folder}/slapd.pid
argsfile ${folder}/slapd.args
${isTls ? `TLSCertificateFile ${folder}/certificate.pem\nTLSCertificateKeyFile ${folder}/key.pem` : ''}
database mdb
suffix "${SUFFIX}"
rootdn "${DIRECTORY_ADMIN.username}"
rootpw ${DIRECTORY_ADMIN.password}
directory ${folder}/data
overlay auditlog
auditlog ${folder}/changes.ldif
overlay ppolicy
ppolicy_default "cn=policy,${SUFFIX}"
`;
}

async function within<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ url, connectTimeout: 10_000 });
  try {
    return await work(client);
  } finally {
    await client.unbind();
  }
}

/** Of the log of changes (slapo-auditlog): each with the name of the entry, and a line for each attribute. */
function locksIn(log: string, uid: string): string[] {
  const changes = log.split(/^# end .*$/m).filter((change) => change.includes(`\ndn: ${personName(uid)}\n`));
  return changes.flatMap((change) =>
    [...change.matchAll(/^(add|delete|replace): pwdAccountLockedTime$/gm)].map(([, operation]) => operation!),
  );
}

export async function startLdapServer({
  people = ['agent-17', 'agent-18'],
}: { people?: readonly string[] } = {}): Promise<LdapServer> {
  const folder = temporaryPlace('slapd');
  mkdirSync(join(folder, 'data'));
  const networkAddress = addressOnNetwork();
  const certificate = certificateIn(folder, networkAddress);
  const file = join(folder, 'slapd.conf');
  writeFileSync(file, configuration(folder, certificate !== null));
  writeFileSync(join(folder, 'entries.ldif'), entriesOf(people));
  execFileSync('/usr/sbin/slapadd', ['-f', file, '-l', join(folder, 'entries.ldif')], { stdio: 'pipe' });
  const port = await freePortFrom(0);
  const tlsPort = await freePortFrom(0);
  const url = `ldap://127.0.0.1:${port}`;
  const listeners = [
    `${url}/`,
    ...(certificate === null ? [] : [`ldaps://127.0.0.1:${tlsPort}/`]),
    ...(networkAddress === null ? [] : [`ldap://${networkAddress}:${port}/`]),
  ];
  const args = ['-d', '0', '-f', file, '-h', listeners.join(' ')];
  const server = await startSystemServer({ program: SLAPD, args, port, folder });
  return {
    ...server,
    url,
    networkAddress,
    tls: certificate === null ? null : { url: `ldaps://localhost:${tlsPort}`, certificate },
    admits: (uid) =>
      within(url, (client) => client.bind(personName(uid), PASSWORD)).then(
        () => true,
        () => false,
      ),
    locksOf(uid) {
      const log = join(folder, 'changes.ldif');
      return existsSync(log) ? locksIn(readFileSync(log, 'utf8'), uid) : [];
    },
    valuesOf: (uid, attribute) =>
      within(url, async (client) => {
        await client.bind(DIRECTORY_ADMIN.username, DIRECTORY_ADMIN.password);
        const { searchEntries } = await client.search(personName(uid), {
          scope: 'base',
          attributes: [attribute],
        });
        return [searchEntries[0]?.[attribute] ?? []].flat().map(String);
      }),
  };
}

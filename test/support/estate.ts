/** A small company's systems for playbooks to act on: HTTP services, each with its own log-in, a directory, and a host. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startFakeEdr, type FakeEdr } from './fake-edr.ts';
import { DIRECTORY_ADMIN, PEOPLE, SLAPD, startLdapServer, type LdapServer } from './ldap-server.ts';
import { SSHD, startSshServer, type SshServer } from './ssh-server.ts';
import { isThere } from './system-servers.ts';

/** By the first part of the place in the vault where their token is. */
export const SERVICES = [
  'edr',
  'identity-provider',
  'mail-gateway',
  'firewall',
  'storage',
  'resolver',
  'waf',
  'provider',
] as const;
export type Service = (typeof SERVICES)[number];

export const tokenOf = (service: Service): string => `${service}-token-canary-91c4`;

export const HAS_DIRECTORY = isThere(SLAPD, 'slapd');
export const HAS_SSH = isThere(SSHD, 'openssh-server');

/** Stands in for systemd, which no test can have: knows one service, and writes down what it is asked. */
const SYSTEMCTL = `#!/bin/sh
here=$(dirname "$0")
echo "$*" >> "$here/asked"
case "$1" in
  show) cat "$here/state" ;;
  restart) echo active > "$here/state" ;;
  status) echo "it was $(cat "$here/state")"; exit 3 ;;
esac
`;

export interface Estate {
  services: Readonly<Record<Service, FakeEdr>>;
  directory: LdapServer | null;
  ssh: SshServer | null;
  knownHostsFile: string | undefined;
  /** For the vault. */
  secrets: Record<string, string>;
  /** Texts that may be nowhere. */
  canaries: string[];
  /** Variables that say where everything is, as the shipped playbooks name them. */
  addresses: Record<string, string>;
  /** `edr hosts/h-1/isolated` of all that is on, sorted. */
  inForce(): Promise<string[]>;
  /** Puts something so, before a playbook comes. */
  put(service: Service, place: string): Promise<void>;
  /** What was asked of the service manager on the host. */
  askedOfHost(): string[];
  setServiceState(state: string): void;
  close(): Promise<void>;
}

function furnish({ folder }: SshServer): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'systemctl'), SYSTEMCTL);
  chmodSync(join(bin, 'systemctl'), 0o755);
  writeFileSync(join(bin, 'state'), 'failed\n');
  writeFileSync(join(bin, 'asked'), '');
  writeFileSync(join(folder, 'access.log'), 'GET /?q=%27+OR+1%3D1 HTTP/1.1\n');
}

const urlsOf = (services: Estate['services']): Record<string, string> => ({
  __edr_url__: services.edr.url,
  __idp_url__: services['identity-provider'].url,
  __mail_url__: services['mail-gateway'].url,
  __firewall_url__: services.firewall.url,
  __storage_url__: services.storage.url,
  __dns_url__: services.resolver.url,
  __waf_url__: services.waf.url,
  __provider_url__: services.provider.url,
});

export async function openEstate(): Promise<Estate> {
  const started = await Promise.all(
    SERVICES.map(async (name) => [name, await startFakeEdr({ token: tokenOf(name) })] as const),
  );
  const services = Object.fromEntries(started) as Record<Service, FakeEdr>;
  const directory = HAS_DIRECTORY ? await startLdapServer() : null;
  const ssh = HAS_SSH ? await startSshServer() : null;
  if (ssh) furnish(ssh);
  const knownHostsFile = ssh ? join(ssh.folder, 'known_hosts') : undefined;
  if (ssh && knownHostsFile !== undefined) writeFileSync(knownHostsFile, ssh.knownHosts);
  const inBin = (name: string): string => join(ssh!.folder, 'bin', name);
  return {
    services,
    directory,
    ssh,
    knownHostsFile,
    secrets: {
      ...Object.fromEntries(SERVICES.map((name) => [`${name}/token`, tokenOf(name)])),
      'directory/admin': JSON.stringify(DIRECTORY_ADMIN),
      ...(ssh && {
        'ssh/responder': JSON.stringify({ username: ssh.username, private_key: ssh.privateKey }),
      }),
    },
    canaries: [
      ...SERVICES.map(tokenOf),
      DIRECTORY_ADMIN.password,
      ...(ssh ? [ssh.privateKey.split('\n')[3]!.slice(0, 60)] : []),
    ],
    addresses: {
      ...urlsOf(services),
      ...(directory && { __directory_url__: directory.url, __people_base__: PEOPLE }),
      ...(ssh && { __ssh_port__: String(ssh.port), __log_file__: join(ssh.folder, 'access.log') }),
    },
    async inForce() {
      const all = await Promise.all(
        SERVICES.map(async (name) =>
          (await services[name].inForce()).map((place) => `${name} ${decodeURIComponent(place)}`),
        ),
      );
      return all.flat().toSorted();
    },
    async put(service, place) {
      const headers = { authorization: `Bearer ${tokenOf(service)}` };
      await fetch(`${services[service].url}/v1/${place}`, { method: 'PUT', headers });
    },
    askedOfHost: () => readFileSync(inBin('asked'), 'utf8').trim().split('\n'),
    setServiceState: (state) => writeFileSync(inBin('state'), `${state}\n`),
    async close() {
      await Promise.all(Object.values(services).map((service) => service.close()));
      await directory?.close();
      await ssh?.close();
    },
  };
}

/** The connectors that there are, from what the operator configured. `manual` is none: a person does it. */
import { readFile } from 'node:fs/promises';
import { createAddressGuard } from './address-guard.ts';
import { createBashConnector } from './bash-connector.ts';
import type { Connectors } from './connector.ts';
import { createHttpConnector } from './http-connector.ts';
import { createLdapConnector } from './ldap-connector.ts';
import { createOpenC2Connector } from './openc2-connector.ts';
import { createSshConnector } from './ssh-connector.ts';

export interface ConnectorSettings {
  /** Networks and names of hosts that may be reached besides public addresses. */
  allow: readonly string[];
  /** A `known_hosts` file; without it, no host is known to ssh. */
  sshKnownHosts: string | undefined;
  /** Scripts may run on the worker's machine. */
  bash: boolean;
}

export function createConnectors({ allow, sshKnownHosts, bash }: ConnectorSettings): Connectors {
  const guard = createAddressGuard(allow);
  const knownHosts = () =>
    sshKnownHosts === undefined ? Promise.resolve(null) : readFile(sshKnownHosts, 'utf8').catch(() => null);
  return {
    'http-api': createHttpConnector({ guard }),
    'openc2-http': createOpenC2Connector({ guard }),
    ssh: createSshConnector({ guard, knownHosts }),
    bash: createBashConnector({ isOn: bash }),
    'x-ldap': createLdapConnector({ guard }),
  };
}

/** The types of command that can be carried out as it is configured. */
export function configuredConnectors({ sshKnownHosts, bash }: ConnectorSettings): string[] {
  return [
    'http-api',
    'openc2-http',
    ...(sshKnownHosts === undefined ? [] : ['ssh']),
    ...(bash ? ['bash'] : []),
    'x-ldap',
  ];
}

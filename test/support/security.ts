/** What containment runs need in tests: connectors that may reach this machine, a vault, and a key for sealed values. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secretVariables } from '../../activities/vault.ts';
import type { Config } from '../../bin/config.ts';

/** Settings of a deployment for tests, by what the environment holds for its vault, `TIERLINE_SECRET_…`. */
export function securitySettings(
  secrets: Readonly<Record<string, string>> = {},
): Pick<Config, 'home' | 'sealingKeys' | 'connectors' | 'vault' | 'maxTargets'> {
  return {
    home: join(tmpdir(), `tierline-test-${process.pid}`),
    sealingKeys: [new Uint8Array(32).fill(7)],
    connectors: { allow: ['127.0.0.1/32', '::1/128'], sshKnownHosts: undefined, bash: false },
    vault: { variables: secretVariables(secrets) },
    maxTargets: 10,
  };
}

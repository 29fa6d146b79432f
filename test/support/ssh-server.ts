/** Debian's sshd, into which whoever runs the tests may log in with a key made for this run. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePortFrom } from '../../bin/ports.ts';
import { startSystemServer, temporaryPlace } from './system-servers.ts';

export const SSHD = '/usr/sbin/sshd';

export interface SshServer {
  port: number;
  username: string;
  /** In OpenSSH's own format. */
  privateKey: string;
  /** The lines of `known_hosts` that know this server. */
  knownHosts: string;
  /** A folder for what commands leave behind; programs in its `bin` are found first. */
  folder: string;
  close(): Promise<void>;
}

function keyIn(folder: string, name: string): { file: string; publicKey: string } {
  const file = join(folder, name);
  execFileSync('/usr/bin/ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
  return { file, publicKey: readFileSync(`${file}.pub`, 'utf8') };
}

export async function startSshServer(): Promise<SshServer> {
  const folder = temporaryPlace('sshd');
  const host = keyIn(folder, 'host');
  const user = keyIn(folder, 'user');
  writeFileSync(join(folder, 'authorized_keys'), user.publicKey);
  const port = await freePortFrom(0);
  const file = join(folder, 'sshd_config');
  writeFileSync(
    file,
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${host.file}
AuthorizedKeysFile ${folder}/authorized_keys
PidFile ${folder}/sshd.pid
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
SetEnv PATH=${folder}/bin:/usr/local/bin:/usr/bin:/bin
`,
  );
  // Where it separates its privileges; the package makes it when the service starts.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const server = await startSystemServer({ program: SSHD, args: ['-D', '-e', '-f', file], port, folder });
  return {
    ...server,
    folder,
    username: userInfo().username,
    privateKey: readFileSync(user.file, 'utf8'),
    knownHosts: `[127.0.0.1]:${port},[localhost]:${port} ${host.publicKey}`,
  };
}

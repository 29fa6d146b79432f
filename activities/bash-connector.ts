/** `bash`: a script on the worker's own machine. Off unless the operator turned it on. */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import type { Connector, ConnectorAnswer } from './connector.ts';
import { heard } from './heard.ts';

export interface BashSettings {
  isOn: boolean;
}

/** The script comes by standard input: in the arguments every user of the machine could read its secrets. */
const READ_SCRIPT = ['--noprofile', '--norc', '-c', 'eval "$(cat)" </dev/null'];

/** How long what the script left behind may still speak. */
const DRAIN_MS = 1_000;

/** What a script sees of our environment, in which secrets are. */
function environment(): NodeJS.ProcessEnv {
  const { PATH, LANG } = process.env;
  return { PATH: PATH ?? '/usr/local/bin:/usr/bin:/bin', ...(LANG && { LANG }) };
}

/** Ends a script with all that it started. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function run(script: string, signal: AbortSignal): Promise<ConnectorAnswer> {
  const child = spawn('/bin/bash', READ_SCRIPT, {
    cwd: tmpdir(),
    env: environment(),
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = heard(child.stdout);
  const errors = heard(child.stderr);
  const stop = () => killGroup(child.pid);
  signal.addEventListener('abort', stop, { once: true });
  child.stdin.on('error', () => undefined);
  child.stdin.end(script);
  const ended = new Promise<ConnectorAnswer>((resolve) => {
    child.once('error', () => resolve({ outcome: 'failed', reason: 'There is no /bin/bash to be started' }));
    const settle = (code: number | null, by: string | null) => {
      if (code === 0) return resolve({ outcome: 'succeeded', output: output() });
      const said = output() || errors();
      if (code === null)
        return resolve({ outcome: 'unknown', reason: `It was ended by ${by}`, output: said });
      resolve({ outcome: 'failed', reason: `It ended with ${code}`, output: said });
    };
    child.once('exit', (code, by) => {
      // What still runs may hold the pipes open for ever.
      const drained = setTimeout(() => settle(code, by), DRAIN_MS);
      child.once('close', () => {
        clearTimeout(drained);
        settle(code, by);
      });
    });
  });
  return ended.finally(() => {
    signal.removeEventListener('abort', stop);
    child.stdout.destroy();
    child.stderr.destroy();
  });
}

export function createBashConnector({ isOn }: BashSettings): Connector {
  return {
    isChange: () => true,
    isRepeatable: () => false,
    async carryOut({ command, signal }) {
      if (!isOn)
        return {
          outcome: 'failed',
          reason: 'Scripts on this machine are off; TIERLINE_BASH_CONNECTOR=on turns them on',
        };
      if (signal.aborted) return { outcome: 'failed', reason: 'It was stopped before it was started' };
      return run(command.command, signal);
    },
  };
}

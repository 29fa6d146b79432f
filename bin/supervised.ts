/** The child's side of `tierline start`: how an API or a worker lives under the supervisor. */
import { once } from 'node:events';

/** Set by the supervisor for a child that it launches before it knows where the servers will be. */
export const STANDBY = 'TIERLINE_STANDBY';

/** Longer than a worker's drain; after that, a process without its supervisor is a nuisance. */
const ENDS_WITHIN_MS = 20_000;

/**
 * Joins the supervisor, if there is one: waits for the environment that it sends (where PostgreSQL and Temporal are),
 * and from then on ends this process when the supervisor is killed. Alone, it does nothing.
 */
export async function joinSupervisor(): Promise<void> {
  if (process.channel === undefined) return;
  process.once('disconnect', () => {
    process.kill(process.pid, 'SIGTERM');
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), ENDS_WITHIN_MS).unref();
  });
  if (process.env[STANDBY] !== undefined) {
    const [environment] = (await once(process, 'message')) as [NodeJS.ProcessEnv];
    Object.assign(process.env, environment);
  }
  process.channel.unref(); // the channel alone is no reason to keep running
}

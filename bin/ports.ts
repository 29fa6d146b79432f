/** Ports on the loopback interface (or another the caller names). */
import { createServer } from 'node:net';

/** Can `port` be bound on `host` right now? Somebody else may still take it before the caller does. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/**
 * The first free port at or above `preferred` (0: any free port the system hands out).
 * Throws when the next 200 ports are all taken.
 */
export async function freePortFrom(preferred: number, host = '127.0.0.1'): Promise<number> {
  if (preferred === 0) return anyFreePort(host);
  for (let port = preferred; port < Math.min(preferred + 200, 65_536); port++) {
    if (await isPortFree(port, host)) return port;
  }
  throw new Error(`No free port on ${host} from ${preferred} to ${Math.min(preferred + 199, 65_535)}`);
}

function anyFreePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host }, () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

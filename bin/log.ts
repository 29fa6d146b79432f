/** Structured logs on standard error: one JSON line per event, secrets blanked. */
import { destination, pino, type Logger } from 'pino';

export type { Logger };

export function createLogger(name: string, level: string): Logger {
  return pino(
    { name, level, redact: ['apiKey', 'authorization', '*.authorization', '*.apiKey', 'databaseUrl'] },
    destination({ dest: 2, sync: false }),
  );
}

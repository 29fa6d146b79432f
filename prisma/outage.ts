/** Whether a failed query means that the database could not be asked, rather than that the query was wrong. */

/** Kinds of error of Prisma's driver adapter. */
const KINDS: ReadonlySet<string> = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TlsConnectionError',
]);
/** Classes 08 and 57P of SQLSTATE: connection lost, or the server is going down or coming up. */
const SQLSTATE = /^(?:08|57P)/;
/** What the pg package says without a code when a connection is cut. */
const CUT_OFF = /Connection terminated|timeout exceeded when trying to connect|Query read timeout/;
/** Prisma's own codes: not reachable, timed out, closed, no connection free. */
const CODES: ReadonlySet<string> = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);

interface DriverError {
  kind?: string;
  originalCode?: string;
}

export function isDatabaseOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, meta } = error as { code?: string; meta?: { driverAdapterError?: { cause?: DriverError } } };
  const cause = meta?.driverAdapterError?.cause;
  if (code !== undefined && CODES.has(code)) return true;
  if (cause?.kind !== undefined && KINDS.has(cause.kind)) return true;
  return SQLSTATE.test(cause?.originalCode ?? '') || CUT_OFF.test(error.message);
}

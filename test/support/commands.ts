/** Requests to connectors as a run makes them. */
import type { ConnectorRequest } from '../../activities/connector.ts';

/** Everything of a request that a test may leave out. */
export function requestOf(
  type: string,
  command: string,
  {
    content,
    headers = {},
    ...more
  }: Partial<ConnectorRequest> & {
    content?: string;
    headers?: Record<string, string[]>;
  } = {},
): ConnectorRequest {
  return {
    command: { type, command, headers, ...(content !== undefined && { content: Buffer.from(content) }) },
    target: { type: 'net-address', name: 'nowhere' },
    credentials: null,
    idempotencyKey: 'run_1/isolate/host-1/act',
    signal: new AbortController().signal,
    ...more,
  };
}

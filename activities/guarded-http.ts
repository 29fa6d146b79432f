/**
 * One HTTP request to where a playbook points: to permitted addresses only, without redirects, within limits, and with
 * a clear word on whether anything was sent. It does not use the proxy of the environment, which would look up names
 * behind our back, and keeps no connections: then a lost one always belongs to this request.
 */
import type { LookupAddress } from 'node:dns';
import { buildConnector, Client, type Dispatcher } from 'undici';
import { AddressRefused, pinned, type AddressGuard } from './address-guard.ts';

export interface GuardedRequest {
  method: string;
  /** Path and query as they are sent. */
  path: string;
  /** `https://host:port`, or http. */
  origin: URL;
  headers: Readonly<Record<string, string | string[]>>;
  body?: Uint8Array | undefined;
  signal: AbortSignal;
}

export interface GuardedAnswer {
  status: number;
  text: string;
}

export interface HttpLimits {
  connectMs: number;
  /** Until the answer begins. */
  headersMs: number;
  totalMs: number;
  /** Of the body of the answer. */
  bytes: number;
}

export const HTTP_LIMITS: HttpLimits = {
  connectMs: 10_000,
  headersMs: 60_000,
  totalMs: 120_000,
  bytes: 1024 * 1024,
};

/** No answer, or not a whole one. The words name the host alone: a URL or header may hold what is secret. */
export class HttpFault extends Error {
  /** Something may have reached the other side. */
  readonly isSent: boolean;
  /** What the answer began with, where it did. */
  readonly status: number | undefined;
  constructor(message: string, { isSent, status }: { isSent: boolean; status?: number | undefined }) {
    super(message);
    this.name = 'HttpFault';
    this.isSent = isSent;
    this.status = status;
  }
}

/** What the fault is called in the documentation of Node or undici. */
const codeOf = (error: unknown): string => {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : String(name);
};

/** The body as text, while it is within the limit. */
async function textOf(body: Dispatcher.ResponseData['body'], limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw Object.assign(new Error('too long'), { code: `MORE_THAN_${limit}_BYTES` });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

interface Attempt {
  client: Client;
  /** A connection was made, TLS included, so that the request may have gone out. */
  isConnected: () => boolean;
}

function attemptAt(origin: URL, addresses: readonly LookupAddress[], limits: HttpLimits): Attempt {
  const connector = buildConnector({ timeout: limits.connectMs, lookup: pinned(addresses) });
  let isConnected = false;
  const client = new Client(origin.origin, {
    headersTimeout: limits.headersMs,
    bodyTimeout: limits.headersMs,
    connect(options, done) {
      connector(options, (...result) => {
        isConnected ||= result[0] === null;
        done(...result);
      });
    },
  });
  return { client, isConnected: () => isConnected };
}

const lookUpFault = (error: unknown, host: string): HttpFault =>
  new HttpFault(
    error instanceof AddressRefused ? error.message : `${host} could not be looked up (${codeOf(error)})`,
    { isSent: false },
  );

/** Sends it once. Throws an HttpFault where there is no whole answer. */
export async function guardedFetch(
  { origin, method, path, headers, body, signal }: GuardedRequest,
  { guard, limits = HTTP_LIMITS }: { guard: AddressGuard; limits?: HttpLimits },
): Promise<GuardedAnswer> {
  const within = AbortSignal.any([signal, AbortSignal.timeout(limits.totalMs)]);
  const addresses = await guard.addressesOf(origin.hostname, within).catch((error: unknown) => {
    throw lookUpFault(error, origin.hostname);
  });
  const { client, isConnected } = attemptAt(origin, addresses, limits);
  let status: number | undefined;
  try {
    const answer = await client.request({
      method: method as Dispatcher.HttpMethod,
      path,
      headers,
      body: body ?? null,
      signal: within,
    });
    status = answer.statusCode;
    return { status, text: await textOf(answer.body, limits.bytes) };
  } catch (error) {
    const isSent = isConnected();
    const what = isSent ? 'gave no whole answer' : 'could not be reached';
    throw new HttpFault(`${origin.host} ${what} (${codeOf(error)})`, { isSent, status });
  } finally {
    await client.destroy().catch(() => undefined);
  }
}

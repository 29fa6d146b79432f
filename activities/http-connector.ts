/** `http-api`: one HTTP request, whose verb says whether it changes anything and may be repeated (RFC 9110 §9.2). */
import type { AgentTarget } from '../domain/playbook.ts';
import type { AddressGuard } from './address-guard.ts';
import type { Connector, ConnectorAnswer, ConnectorRequest, Credentials, ReadyCommand } from './connector.ts';
import { guardedFetch, HttpFault, type GuardedAnswer, type HttpLimits } from './guarded-http.ts';

export interface HttpConnectorSettings {
  guard: AddressGuard;
  limits?: HttpLimits;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
const IDEMPOTENT = new Set([...SAFE, 'PUT', 'DELETE']);

/** What is wrong with a command or target, so that nothing was sent. Names no value. */
export class Unsendable extends Error {}

interface StartLine {
  method: string;
  /** Path and query. */
  path: string;
}

/** A segment `.` or `..`, however written: a value of `..` in a path would reach another resource. */
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i;

/** `POST /v1/hosts HTTP/1.1`; the version may be left out. Throws Unsendable. */
export function startLineIn(command: string): StartLine {
  const [, method, path] = /^([A-Z]+) (\/[\x21-\x7e]*)(?: HTTP\/\d(?:\.\d)?)?\s*$/.exec(command) ?? [];
  if (method === undefined || path === undefined || method === 'CONNECT')
    throw new Unsendable('The command is no start line such as "POST /v1/hosts HTTP/1.1"');
  if (DOT_SEGMENT.test(path.split(/[?#]/)[0]!)) throw new Unsendable('The path has a segment of dots');
  return { method, path: path.replace(/#.*$/, '') };
}

const methodOf = ({ command }: ReadyCommand): string => command.split(' ', 1)[0]!;

/** The first address of a target, of the kinds that name a host: dname, then ipv4, then ipv6 (in brackets). */
export function hostOf({ address = {} }: AgentTarget): string | null {
  const ipv6 = address['ipv6']?.[0];
  return address['dname']?.[0] ?? address['ipv4']?.[0] ?? (ipv6 === undefined ? null : `[${ipv6}]`);
}

/** The port that a target names, where it is one. Throws Unsendable. */
export function portOf({ port }: AgentTarget): number | undefined {
  if (port === undefined || port === '') return undefined;
  if (!/^\d{1,5}$/.test(port) || Number(port) === 0 || Number(port) > 65_535)
    throw new Unsendable('The target has a port that is none');
  return Number(port);
}

/** As CACAO has it: port 80 unless said otherwise; what is at 443 and 8443 speaks TLS. */
function addressOfHost(target: AgentTarget): string | undefined {
  const host = hostOf(target);
  if (host === null) return undefined;
  const port = portOf(target) ?? 80;
  return `${port === 443 || port === 8443 ? 'https' : 'http'}://${host}:${port}`;
}

/** Where the target is: its url, else its host and port. Throws Unsendable. */
export function baseOf(target: AgentTarget): URL {
  const address = target.address?.['url']?.[0] ?? addressOfHost(target);
  if (address === undefined) throw new Unsendable('The target has no address');
  if (!URL.canParse(address)) throw new Unsendable('The address of the target is no URL');
  const url = new URL(address);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new Unsendable('The address of the target is neither https nor http');
  if (url.username !== '' || url.password !== '')
    throw new Unsendable('The address of the target holds a password; that belongs in its authentication');
  if (url.search !== '' || url.hash !== '') throw new Unsendable('The address of the target has a query');
  return url;
}

/** What belongs to the connection, or says how long the body is: set here alone. */
const OURS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function authorizationOf(credentials: Credentials | null): string | undefined {
  if (credentials === null) return undefined;
  if (credentials.header !== undefined) return credentials.header;
  const { username = '', password = '' } = credentials;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

type Headers = Record<string, string | string[]>;

/** The headers of the command under ours: credentials and key are never the playbook's own. Throws Unsendable. */
function headersOf({ command, credentials, idempotencyKey }: ConnectorRequest, defaults: Headers): Headers {
  const given = Object.entries(command.headers).map(([name, values]) => [name.toLowerCase(), [...values]]);
  const headers: Headers = {
    'user-agent': 'tierline',
    ...defaults,
    ...Object.fromEntries(given.filter(([name]) => !OURS.has(name as string))),
    // A string of structured fields: draft-ietf-httpapi-idempotency-key-header §2.1.
    'idempotency-key': JSON.stringify(idempotencyKey),
  };
  const authorization = authorizationOf(credentials);
  if (authorization !== undefined) headers['authorization'] = authorization;
  for (const [name, value] of Object.entries(headers))
    if ([value].flat().some((text) => /[^\t\x20-\x7e\x80-\xff]/.test(text)))
      throw new Unsendable(`The header ${name} holds characters that no header may have`);
  return headers;
}

/** One exchange as the command says; the fault of there being no answer is an answer of the connector. */
export async function exchange(
  request: ConnectorRequest,
  { guard, limits }: HttpConnectorSettings,
  { isChange, defaults = {} }: { isChange: boolean; defaults?: Headers },
): Promise<GuardedAnswer | ConnectorAnswer> {
  try {
    const { method, path } = startLineIn(request.command.command);
    const base = baseOf(request.target);
    return await guardedFetch(
      {
        method,
        origin: base,
        path: base.pathname.replace(/\/$/, '') + path,
        headers: headersOf(request, defaults),
        body: request.command.content,
        signal: request.signal,
      },
      { guard, ...(limits && { limits }) },
    );
  } catch (error) {
    if (error instanceof Unsendable) return { outcome: 'failed', reason: error.message };
    if (!(error instanceof HttpFault)) throw error;
    // A read that was lost changed nothing, but neither is it known what it would have said.
    const isKnown = !error.isSent || !isChange;
    return { outcome: isKnown ? 'failed' : 'unknown', reason: error.message };
  }
}

/** Answered elsewhere: after a change 302 and 303 mean as often as not that it was made. */
const AMBIGUOUS_REDIRECTS = new Set([302, 303]);

/** What a status means. A gateway may have passed on what it then answers 5xx to; 501 says that it is not known there. */
export function answerTo({ status, text }: GuardedAnswer, isChange: boolean): ConnectorAnswer {
  if (status >= 200 && status < 300) return { outcome: 'succeeded', output: text };
  const isUnclear = (status >= 500 && status !== 501) || AMBIGUOUS_REDIRECTS.has(status);
  return {
    outcome: isChange && isUnclear ? 'unknown' : 'failed',
    reason: `It answered ${status}`,
    output: text,
  };
}

export const isAnswer = (result: GuardedAnswer | ConnectorAnswer): result is ConnectorAnswer =>
  'outcome' in result;

export function createHttpConnector(settings: HttpConnectorSettings): Connector {
  const isChange = (command: ReadyCommand): boolean => !SAFE.has(methodOf(command));
  return {
    isChange,
    isRepeatable: (command) => IDEMPOTENT.has(methodOf(command)),
    async carryOut(request) {
      const changes = isChange(request.command);
      const result = await exchange(request, settings, { isChange: changes });
      return isAnswer(result) ? result : answerTo(result, changes);
    },
  };
}

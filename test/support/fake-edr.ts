/**
 * An endpoint protection service at the edge of the world, over real HTTP, which keeps its own journal and fails as it
 * is told to. In the test's process by `startFakeEdr`, or as one of its own (`spawnFakeEdr`), which outlives killed
 * workers.
 *
 * `PUT`, `DELETE`, `GET /v1/{kind}/{id}/{state}` set, lift and tell a state (`hosts/h-1/isolated`); `POST
 * /v1/{kind}/{id}/{action}` does something once for each idempotency key, and every time without one; `POST /openc2`
 * takes `contain`, `allow` and `query`. `GET /journal` and `PUT /faults` are for tests.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';

/** What goes wrong with a request. */
export type Fault =
  /** Answered so much later. */
  | { late: number }
  /** Processed twice, as by a proxy that tries again. */
  | 'twice'
  /** Done, and the connection cut before the answer. */
  | 'doneThenCut'
  /** The connection cut before anything is done. */
  | 'cutBeforeDone'
  /** Refused with this status: 403, 409, 422. */
  | { refused: number }
  /** 503, before anything is done. */
  | 'unavailable'
  /** Done, and answered with what is no JSON. */
  | 'garbled'
  /** Done, and answered with what the request had, the Authorization header included. */
  | 'echo';

export interface FaultRule {
  method?: string;
  /** A part of the path. */
  path?: string;
  fault: Fault;
  /** How many requests it befalls; all, if absent. */
  times?: number;
}

export interface Faults {
  /** The first that fits holds. */
  rules?: FaultRule[];
  /** Besides: of all requests that change something, this share has one of these, drawn from the seed. */
  random?: { seed: number; share: number; faults: Fault[] };
}

export interface EdrRequest {
  method: string;
  path: string;
  /** Its idempotency key, without quotes. */
  key: string | null;
  fault: Fault | null;
  /** Null: none was given. */
  status: number | null;
}

/** A state that really changed, or something that was really done. */
export interface EdrEffect {
  kind: string;
  id: string;
  /** The state, or the action. */
  what: string;
  /** Null for an action. */
  on: boolean | null;
  key: string | null;
}

export interface EdrJournal {
  requests: EdrRequest[];
  effects: EdrEffect[];
}

export interface FakeEdr {
  /** `http://127.0.0.1:port`. */
  url: string;
  port: number;
  token: string;
  journal(): Promise<EdrJournal>;
  /** `hosts/h-1/isolated` of all that is on, sorted. */
  inForce(): Promise<string[]>;
  setFaults(faults: Faults): Promise<void>;
  close(): Promise<void>;
}

export const EDR_TOKEN = 'edr-token-canary-7f3a';
const OPENC2_STATE = 'contained';

/** mulberry32: a small generator that gives the same row for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function faultsBy({ rules = [], random }: Faults): (method: string, path: string) => Fault | null {
  const left = rules.map((rule) => ({ ...rule, times: rule.times ?? Infinity }));
  const draw = random && randomFrom(random.seed);
  return (method, path) => {
    const rule = left.find(
      (one) => one.times > 0 && (one.method ?? method) === method && path.includes(one.path ?? ''),
    );
    if (rule) rule.times--;
    if (rule || !random || !draw || method === 'GET' || draw() >= random.share) return rule?.fault ?? null;
    return random.faults[Math.floor(draw() * random.faults.length)] ?? null;
  };
}

interface Answer {
  status: number;
  body: unknown;
}

/** What the service knows and does, without HTTP. */
function createEstate() {
  const states = new Map<string, number>();
  const answers = new Map<string, Answer>();
  const effects: EdrEffect[] = [];
  const told = (place: string, [id, what]: [string, string]): Answer => ({
    status: 200,
    body: { id, state: what, on: states.has(place), since: states.get(place) ?? null },
  });
  const setState = (parts: [string, string, string], on: boolean, key: string | null): Answer => {
    const [kind, id, what] = parts;
    const place = parts.join('/');
    if (states.has(place) !== on) {
      effects.push({ kind, id, what, on, key });
      if (on) states.set(place, Date.now());
      else states.delete(place);
    }
    return told(place, [id, what]);
  };
  const act = ([kind, id, what]: [string, string, string], key: string | null): Answer => {
    const earlier = key === null ? undefined : answers.get(key);
    if (earlier) return earlier;
    effects.push({ kind, id, what, on: null, key });
    const answer = { status: 200, body: { id, action: what, done: effects.length } };
    if (key !== null) answers.set(key, answer);
    return answer;
  };
  const openC2 = (body: string, key: string | null): Answer => {
    const { action, target = {} } = JSON.parse(body) as {
      action: string;
      target?: Record<string, Record<string, string>>;
    };
    const [kind, names = {}] = Object.entries(target)[0] ?? [];
    const [id] = Object.values(names);
    const place = [kind ?? '', id ?? '', OPENC2_STATE] as [string, string, string];
    if (kind === undefined || id === undefined) return { status: 400, body: { status: 400 } };
    if (action === 'contain' || action === 'allow') setState(place, action === 'contain', key);
    else if (action !== 'query') return { status: 501, body: { status: 501, status_text: `no ${action}` } };
    const on = states.has(place.join('/'));
    return { status: 200, body: { status: 200, results: { [OPENC2_STATE]: on } } };
  };
  return {
    effects,
    inForce: () => [...states.keys()].toSorted(),
    process(request: { method: string; path: string; key: string | null; body: string }): Answer {
      const { method, path, key, body } = request;
      if (method === 'POST' && path === '/openc2') return openC2(body, key);
      const [version, kind, id, what, ...more] = path.split('/').slice(1).map(decodeURIComponent);
      if (version !== 'v1' || !kind || !id || !what || more.length > 0)
        return { status: 404, body: { error: 'there is no such thing' } };
      const parts: [string, string, string] = [kind, id, what];
      if (method === 'PUT' || method === 'DELETE') return setState(parts, method === 'PUT', key);
      if (method === 'POST') return act(parts, key);
      if (method === 'GET' || method === 'HEAD') return told(parts.join('/'), [id, what]);
      return { status: 405, body: { error: 'no such method' } };
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const keyOf = ({ headers }: IncomingMessage): string | null => {
  const key = headers['idempotency-key'];
  return typeof key === 'string' ? key.replace(/^"(.*)"$/, '$1') : null;
};

function reply(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** What is done and answered under a fault. */
async function suffer(
  fault: Fault | null,
  { request, response, work }: { request: IncomingMessage; response: ServerResponse; work: () => Answer },
): Promise<Answer | null> {
  if (fault === 'cutBeforeDone') {
    response.destroy();
    return null;
  }
  if (fault === 'unavailable') return { status: 503, body: { error: 'come again later' } };
  if (fault !== null && typeof fault === 'object' && 'refused' in fault)
    return { status: fault.refused, body: { error: 'refused' } };
  const first = work();
  if (fault === 'doneThenCut') {
    response.destroy();
    return null;
  }
  if (fault === 'twice') return work();
  if (fault === 'garbled') return { status: first.status, body: '{"id": "h-' };
  if (fault === 'echo') return { status: first.status, body: { ...request.headers, url: request.url } };
  if (fault !== null) await new Promise((resolve) => setTimeout(resolve, fault.late).unref());
  return first;
}

export interface FakeEdrOptions {
  /** 0: any. */
  port?: number;
  token?: string;
  faults?: Faults;
}

/** Starts it within this process. `heard` is told of every request, before anything comes of it. */
export async function startFakeEdr(
  { port = 0, token = EDR_TOKEN, faults = {} }: FakeEdrOptions = {},
  heard: (request: EdrRequest) => void = () => undefined,
): Promise<FakeEdr> {
  const estate = createEstate();
  const requests: EdrRequest[] = [];
  let faultOf = faultsBy(faults);
  const journal = (): EdrJournal => ({ requests, effects: estate.effects });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', headers } = request;
    const [path = '/'] = (request.url ?? '/').split('?');
    const body = await bodyOf(request);
    if (headers.authorization !== `Bearer ${token}`)
      return reply(response, { status: 401, body: { error: 'who are you?' } });
    if (path === '/journal')
      return reply(response, { status: 200, body: { ...journal(), inForce: estate.inForce() } });
    if (path === '/faults') {
      faultOf = faultsBy(JSON.parse(body) as Faults);
      return reply(response, { status: 200, body: {} });
    }
    const key = keyOf(request);
    const fault = faultOf(method, path);
    const row: EdrRequest = { method, path, key, fault, status: null };
    requests.push(row);
    heard(row);
    const work = () => estate.process({ method, path, key, body });
    const answer = await suffer(fault, { request, response, work });
    if (answer === null) return;
    row.status = answer.status;
    reply(response, answer);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: actual } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${actual}`,
    port: actual,
    token,
    journal: () => Promise.resolve(structuredClone(journal())),
    inForce: () => Promise.resolve(estate.inForce()),
    setFaults(next) {
      faultOf = faultsBy(next);
      return Promise.resolve();
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Starts it as a process of its own; `close` ends it. */
export async function spawnFakeEdr(options: FakeEdrOptions = {}): Promise<FakeEdr> {
  const program = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => {
      throw new Error('The fake EDR ended before it was ready');
    }),
  ])) as [string];
  const { url, port, token } = JSON.parse(line) as Pick<FakeEdr, 'url' | 'port' | 'token'>;
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await (await fetch(url + path, { ...init, headers })).json()) as EdrJournal & {
      inForce: string[];
    };
  };
  return {
    url,
    port,
    token,
    journal: async () => {
      const { requests, effects } = await ask('/journal');
      return { requests, effects };
    },
    inForce: async () => (await ask('/journal')).inForce,
    async setFaults(faults) {
      await ask('/faults', { method: 'PUT', body: JSON.stringify(faults) });
    },
    async close() {
      if (child.exitCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url, port, token } = await startFakeEdr(JSON.parse(process.argv[2] ?? '{}') as FakeEdrOptions);
  process.stdout.write(`${JSON.stringify({ url, port, token })}\n`);
}

/**
 * The API in front of a desk, over real HTTP, and callers with keys. Every answer is held against the contract of
 * its route (contract.ts), so no test can pass on an answer that the OpenAPI document does not describe.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import request from 'supertest';
import { createApp } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import type { Role } from '../../api/roles.ts';
import { apiDeps } from '../../bin/server.ts';
import { createApiKeyStore } from '../../prisma/api-keys.ts';
import { A_STALL_MS, type Desk } from '../support/desk.ts';
import { createContract, type Contract } from './contract.ts';

type Method = 'get' | 'head' | 'options' | 'post' | 'put' | 'patch' | 'delete';
type Headers = Record<string, string>;

export interface Caller {
  /** The id in `Actor.subject`: `key:…`. */
  subject: string;
  authorization: string | undefined;
  get(path: string, headers?: Headers): Promise<request.Response>;
  post(path: string, body?: object, headers?: Headers): Promise<request.Response>;
  put(path: string, body?: object): Promise<request.Response>;
  send(method: Method, path: string, more?: { headers?: Headers; body?: string }): Promise<request.Response>;
}

export interface FrontDoor {
  contract: Contract;
  url: string;
  /** A caller with a key of its own: a personal one, where it is said whose. */
  caller(role: Role, person?: string): Promise<Caller>;
  /** One that shows this in `Authorization`, or nothing. */
  stranger(authorization?: string): Caller;
  close(): Promise<void>;
}

export interface FrontDoorOptions {
  /** `away`: nothing listens where Temporal should be. */
  temporal?: 'away';
  /** How long to wait for the engine; through a stall of the machine unless a test is about that. */
  deadlineMs?: number;
  deps?: (real: ApiDeps) => Partial<ApiDeps>;
}

const DEAD_ADDRESS = '127.0.0.1:1';

function clientOf(desk: Desk, { temporal }: FrontDoorOptions): Client {
  return temporal === 'away'
    ? new Client({ connection: Connection.lazy({ address: DEAD_ADDRESS }) })
    : desk.client;
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Serves the API over the stores and the task queue of a desk. */
export async function openFrontDoor(desk: Desk, options: FrontDoorOptions = {}): Promise<FrontDoor> {
  const bugs = new Map<string, unknown>();
  const client = clientOf(desk, options);
  const real = apiDeps(desk.database, {
    client,
    taskQueue: desk.taskQueue,
    config: desk.security,
    onBug: (error, requestId) => void bugs.set(requestId, error),
    deadlineMs: options.deadlineMs ?? A_STALL_MS,
  });
  const deps: ApiDeps = { ...real, ...options.deps?.(real) };
  const contract = createContract(deps);
  const server = createServer(createApp(deps, { version: '0.0.0' }));
  const url = `http://127.0.0.1:${await listening(server)}`;
  const keys = createApiKeyStore(desk.database);

  const callerWith = (subject: string, authorization: string | undefined): Caller => {
    const send: Caller['send'] = async (method, path, { headers = {}, body } = {}) => {
      const call = request(url)[method](path).set(headers);
      if (authorization !== undefined) call.set('authorization', authorization);
      if (body !== undefined && !('content-type' in headers)) call.set('content-type', 'application/json');
      const response = await (body === undefined ? call : call.send(body));
      const bug = bugs.get(response.headers['x-request-id'] as string);
      if (bug !== undefined) throw new Error(`${method} ${path} ran into a bug`, { cause: bug });
      contract.check(response, { method, path });
      return response;
    };
    return {
      subject,
      authorization,
      send,
      get: (path, headers = {}) => send('get', path, { headers }),
      put: (path, body = {}) => send('put', path, { body: JSON.stringify(body) }),
      post: (path, body = {}, headers = {}) => send('post', path, { headers, body: JSON.stringify(body) }),
    };
  };

  return {
    contract,
    url,
    async caller(role, person) {
      const { id, secret } = await keys.create({ name: `a ${role}`, role, person });
      return callerWith(`key:${id}`, `Bearer ${secret}`);
    },
    stranger: (authorization) => callerWith('', authorization),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (client !== desk.client) await client.connection.close();
    },
  };
}

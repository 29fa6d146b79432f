/** The REST API as commands of the terminal speak to it: with a key, in JSON, patient while it is not ready. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ApiCaller {
  /** Fails with `ApiRefusal`, or where nothing answers. */
  get<T>(path: string): Promise<T>;
  /** As `get`. Sent again, it counts once. */
  post<T>(path: string, body: object): Promise<T>;
}

interface ProblemBody {
  code?: string;
  detail?: string;
  errors?: readonly { pointer: string; message: string }[];
}

/** The API said no: its message names the request, the code, the reason and the fields. */
export class ApiRefusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(request: string, status: number, { code = '', detail, errors = [] }: ProblemBody) {
    const fields = errors.map(({ pointer, message }) => `\n  ${pointer}: ${message}`).join('');
    super(`${request} was answered ${status} ${code}: ${detail ?? 'no reason'}${fields}`);
    this.status = status;
    this.code = code;
  }
}

/** A server that is not ready is not waited for longer than this. */
const PATIENCE_MS = 60_000;

/** `api`: where it answers, without a slash at the end. */
export function createApiCaller(
  api: string,
  { secret, signal }: { secret: string; signal?: AbortSignal },
): ApiCaller {
  async function once(method: string, path: string, init: { headers?: object; body?: string }) {
    const headers = { authorization: `Bearer ${secret}`, ...init.headers };
    try {
      return await fetch(`${api}${path}`, { ...init, method, headers, ...(signal && { signal }) });
    } catch (cause) {
      throw new Error(`${api} does not answer any more`, { cause });
    }
  }

  /** 503 says when to come back; the idempotency key makes coming back safe. */
  async function call<T>(method: string, path: string, init = {}): Promise<T> {
    for (const giveUpAt = Date.now() + PATIENCE_MS; ;) {
      const response = await once(method, path, init);
      if (response.ok) return (await response.json()) as T;
      const problem = (await response.json().catch(() => ({}))) as ProblemBody;
      if (response.status !== 503 || Date.now() > giveUpAt)
        throw new ApiRefusal(`${method} ${path}`, response.status, problem);
      await sleep(1000 * Number(response.headers.get('retry-after') ?? 1), undefined, { signal });
    }
  }

  return {
    get: (path) => call('GET', path),
    post: (path, body) =>
      call('POST', path, {
        headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
        body: JSON.stringify(body),
      }),
  };
}

/** Sending a webhook as Standard Webhooks 1.0.0 has it: id, timestamp and signature over the exact body. */
import { createHmac } from 'node:crypto';
import { fetchFault, SendFault, type Channel } from './channels.ts';

export interface Webhook {
  url: string;
  /** `whsec_` and base64; unsigned without it. */
  secret?: string | undefined;
}

const TIMEOUT_MS = 15_000;

/** The value of `webhook-signature`: `v1,` and the HMAC-SHA256 of `id.timestamp.body`, base64. */
export function signatureOf(
  secret: string,
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

/** Posts JSON. Redirects are failures. Throws a SendFault where the answer is not 2xx, naming the host alone. */
export async function postJson(
  url: string,
  {
    body,
    headers,
    timeoutMs = TIMEOUT_MS,
  }: { body: string; headers?: Record<string, string>; timeoutMs?: number },
): Promise<void> {
  const { host } = new URL(url);
  const response = await fetch(url, {
    method: 'POST',
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
    headers: { 'content-type': 'application/json', ...headers },
  }).catch((error: unknown) => {
    throw fetchFault(error, host);
  });
  await response.body?.cancel();
  if (!response.ok) throw new SendFault(`${host} answered ${response.status}`, {});
}

/** Posts one message. `id` is the same at every attempt, so that the receiver can drop repeats. */
export async function postWebhook(
  webhook: Webhook,
  { id, message, timeoutMs }: { id: string; message: unknown; timeoutMs?: number },
): Promise<void> {
  const body = JSON.stringify(message);
  const timestamp = Math.floor(Date.now() / 1000);
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    ...(webhook.secret && { 'webhook-signature': signatureOf(webhook.secret, { id, timestamp, body }) }),
  };
  await postJson(webhook.url, { body, headers, ...(timeoutMs !== undefined && { timeoutMs }) });
}

/** The webhook as a channel: for programs, which get every message as it is. */
export function createWebhookChannel(webhook: Webhook & { timeoutMs?: number }): Channel {
  const { timeoutMs } = webhook;
  return {
    async send({ id, body }) {
      await postWebhook(webhook, { id, message: body, ...(timeoutMs !== undefined && { timeoutMs }) });
      return { id };
    },
  };
}

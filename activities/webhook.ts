/** Sending a webhook as Standard Webhooks 1.0.0 has it: id, timestamp and signature over the exact body. */
import { createHmac } from 'node:crypto';

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

/**
 * Posts one message. `id` is the same at every attempt, so that the receiver can drop repeats. Redirects are
 * failures. Throws where the answer is not 2xx, naming it.
 */
export async function postWebhook(
  webhook: Webhook,
  { id, message }: { id: string; message: unknown },
): Promise<void> {
  const body = JSON.stringify(message);
  const timestamp = Math.floor(Date.now() / 1000);
  const response = await fetch(webhook.url, {
    method: 'POST',
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      ...(webhook.secret && { 'webhook-signature': signatureOf(webhook.secret, { id, timestamp, body }) }),
    },
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${new URL(webhook.url).host} answered ${response.status}`);
}

/** `openc2-http`: an OpenC2 command over HTTP, done when both the HTTP answer and the one within it say 200. */
import type { Connector, ConnectorAnswer, ReadyCommand } from './connector.ts';
import type { GuardedAnswer } from './guarded-http.ts';
import { answerTo, exchange, isAnswer, type HttpConnectorSettings } from './http-connector.ts';

const MEDIA_TYPE = 'application/openc2+json;version=1.0';

const objectIn = (text: string): Record<string, unknown> => {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null ? (read as Record<string, unknown>) : {};
  } catch {
    return {};
  }
};

/** Bare, or within a message (OpenC2 HTTPS transfer 1.1: `body.openc2.request`). */
function partOf(message: Record<string, unknown>, part: 'request' | 'response'): Record<string, unknown> {
  const { body } = message as { body?: { openc2?: Record<string, Record<string, unknown>> } };
  return body?.openc2?.[part] ?? message;
}

/** `query` alone reads. What cannot be read as a command may do anything. */
function isQuery({ content }: ReadyCommand): boolean {
  const command = objectIn(Buffer.from(content ?? []).toString());
  return partOf(command, 'request')['action'] === 'query';
}

/** 400 and above 500 say that it was refused or is not known there; 500 and 503 may come after it was begun. */
function verdictOn(status: unknown, isChange: boolean): ConnectorAnswer['outcome'] {
  if (status === 200) return 'succeeded';
  const isRefused = typeof status === 'number' && ((status >= 400 && status < 500) || status === 501);
  return isRefused || !isChange ? 'failed' : 'unknown';
}

/** 102 (still at it) and an answer without a status settle nothing. */
function openC2Answer(answer: GuardedAnswer, isChange: boolean): ConnectorAnswer {
  const { status } = partOf(objectIn(answer.text), 'response');
  if (answer.status < 200 || answer.status >= 300) return answerTo(answer, isChange);
  const outcome = verdictOn(status, isChange);
  if (outcome === 'succeeded') return { outcome, output: answer.text };
  const said = typeof status === 'number' ? `the OpenC2 status ${status}` : 'no OpenC2 status';
  return { outcome, reason: `It answered with ${said}`, output: answer.text };
}

export function createOpenC2Connector(settings: HttpConnectorSettings): Connector {
  return {
    isChange: (command) => !isQuery(command),
    isRepeatable: isQuery,
    async carryOut(request) {
      if (!request.command.command.startsWith('POST '))
        return { outcome: 'failed', reason: 'An OpenC2 command is sent by POST' };
      const isChange = !isQuery(request.command);
      const defaults = {
        'content-type': MEDIA_TYPE,
        accept: MEDIA_TYPE,
        'x-request-id': request.idempotencyKey,
      };
      const result = await exchange(request, settings, { isChange, defaults });
      return isAnswer(result) ? result : openC2Answer(result, isChange);
    },
  };
}

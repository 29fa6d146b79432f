/** What the contract lets pass and what it does not: or every other test of the API could pass on anything. */
import { expect, test } from '@jest/globals';
import type { Response } from 'supertest';
import type { ApiDeps } from '../../api/deps.ts';
import { PROBLEM_EXAMPLE, TICKET_EXAMPLE } from '../../api/schemas/examples.ts';
import { createContract } from './contract.ts';

const contract = createContract({} as ApiDeps);

const SHOW = { method: 'get', path: '/v1/tickets/zendesk:1042?x=1' };
const REQUEST_ID = PROBLEM_EXAMPLE.requestId;

function answer(status: number, body: object, headers: Record<string, string> = {}): Response {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  return {
    status,
    text: JSON.stringify(body),
    headers: { 'x-request-id': REQUEST_ID, 'content-type': type, ...headers },
  } as unknown as Response;
}

const shown = (changes: object = {}, headers: object = { etag: '"3"' }) =>
  answer(200, { ...TICKET_EXAMPLE, ...changes }, headers as Record<string, string>);
const refused = (changes: object = {}, status = 404) =>
  answer(status, { ...PROBLEM_EXAMPLE, status: 404, code: 'ticket_not_found', ...changes });

test('what is described passes', () => {
  contract.check(shown(), SHOW);
  contract.check(refused(), SHOW);
  expect([...contract.seen]).toEqual(['getTicket 200', 'getTicket 404']);
});

test.each([
  ['a field that is not described', shown({ secret: 1 }), 'does not name'],
  [
    'a field within one that is not described',
    shown({ policy: { name: 'x', version: 1, by: 'y' } }),
    'does not name',
  ],
  ['a field that is missing', shown({ tier: undefined }), 'not as its schema says'],
  ['a time without a zone', shown({ openedAt: '2026-01-30T09:00:00' }), 'not as its schema says'],
  ['a header that is missing', shown({}, {}), 'no header ETag'],
  ['a status that is not described', answer(200 + 6, TICKET_EXAMPLE), 'does not describe this status'],
  ['no request id', shown({}, { etag: '"3"', 'x-request-id': undefined }), 'no x-request-id'],
  ['a code of another route', refused({ code: 'same_tier' }), 'can answer same_tier'],
  ['a problem of another status', refused({}, 409), 'status in the body is another'],
  ['a problem with unknown fields', refused({ stack: 'Error' }), 'unknown fields'],
  ['a problem of another request', refused({ requestId: 'other' }), 'request id is another'],
  ['an error that is a page', answer(404, {}, { 'content-type': 'text/html' }), 'not a problem document'],
])('%s does not', (_what, response, why) => {
  expect(() => contract.check(response, SHOW)).toThrow(why);
});

import { expect, test } from '@jest/globals';
import { ApplicationFailure, ServiceError, WorkflowUpdateFailedError } from '@temporalio/client';
import { EngineUnavailable, isNotRunning, Refused, translated, untilSeen } from '../../api/engine-errors.ts';
import { problemOf, statusOf } from '../../api/problem.ts';

const grpc = (code: number) =>
  new ServiceError('The call failed', {
    cause: Object.assign(new Error('grpc'), { code, details: '', metadata: {} }),
  });
const failedUpdate = (type: string, details: unknown[] = []) =>
  new WorkflowUpdateFailedError('Workflow Update failed', ApplicationFailure.create({ type, details }));

const statusFor = (error: unknown) => statusOf(problemOf(translated(error)).code);

test.each([
  ['cancelled', 1],
  ['unknown', 2],
  ['too late', 4],
  ['too much at once', 8],
  ['aborted', 10],
  ['in trouble', 13],
  ['away', 14],
])('a server that is %s (%d) is 503, with when to try again', (_what, code) => {
  const error = translated(grpc(code));
  expect(error).toBeInstanceOf(EngineUnavailable);
  expect(problemOf(error).headers).toHaveProperty('retry-after');
  expect(statusFor(grpc(code))).toBe(503);
});

test.each([
  ['an argument that is not accepted', 3],
  ['no permission', 7],
])('%s (%d) is a bug of ours and stays one', (_what, code) => {
  const error = grpc(code);
  expect(translated(error)).toBe(error);
  expect(statusFor(error)).toBe(500);
});

test('what the ticket refuses is told with its code and state', () => {
  const refusal = { code: 'ticket_closed', message: 'Ticket tkt_1 is closed', state: 'closed' };
  const error = translated(failedUpdate('ticket_closed', [refusal]));
  expect(error).toBeInstanceOf(Refused);
  expect(problemOf(error)).toMatchObject({ code: 'ticket_closed', extra: { state: 'closed' } });
});

test('a failure of an update that is no refusal is not taken for one', () => {
  expect(translated(failedUpdate('TypeError', [{ code: 'ticket_closed' }]))).not.toBeInstanceOf(Refused);
});

test('an update whose run ended first found nobody running', () => {
  expect(isNotRunning(failedUpdate('AcceptedUpdateCompletedWorkflow'))).toBe(true);
  expect(isNotRunning(failedUpdate('ticket_closed'))).toBe(false);
});

test('an update that was turned away unseen is asked again, but not for ever', async () => {
  let calls = 0;
  const seenAt = (attempt: number) => () => {
    calls += 1;
    return calls === attempt ? Promise.resolve('seen') : Promise.reject(failedUpdate('UnprocessedUpdate'));
  };
  expect(await untilSeen(seenAt(3))).toBe('seen');
  expect(calls).toBe(3);
  calls = 0;
  const error = await untilSeen(seenAt(1_000)).catch(translated);
  expect(error).toBeInstanceOf(EngineUnavailable);
  expect(calls).toBeLessThan(10);
});

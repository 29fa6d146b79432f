/** What a command answered, as values of variables. */
import { expect, test } from '@jest/globals';
import { TIERLINE_EXTENSION, type ActionStep } from '../../domain/playbook.ts';
import { resultsOf } from '../../domain/unit-results.ts';

const reading = (pointer: string, answer: unknown) => {
  const step = {
    type: 'action',
    commands: [],
    agent: 'x',
    out_args: ['__locked__'],
    step_extensions: { [TIERLINE_EXTENSION]: { results: { __locked__: pointer } } },
  } as ActionStep;
  return resultsOf(step, JSON.stringify(answer), { __locked__: { type: 'string' } });
};

test('the value of an attribute is its first', () => {
  const answer = [{ pwdAccountLockedTime: ['000001010000Z'] }];
  expect(reading('/0/pwdAccountLockedTime/0', answer)).toEqual({ values: { __locked__: '000001010000Z' } });
});

test('of an attribute that is not there it is empty, so that unlocked can be told from locked', () => {
  const answer = [{ pwdAccountLockedTime: [] }];
  expect(reading('/0/pwdAccountLockedTime/0', answer)).toEqual({ values: { __locked__: '' } });
});

test.each([
  ['an entry that was not found', []],
  ['an answer about something else', [{ mail: ['x'] }]],
  ['no list', [{ pwdAccountLockedTime: {} }]],
])('%s is a problem, and not an empty value', (_what, answer) => {
  expect(reading('/0/pwdAccountLockedTime/0', answer)).toEqual({
    problem: 'The answer has nothing at /0/pwdAccountLockedTime/0 for __locked__',
  });
});

test('in an answer that found nothing there is nothing', () => {
  expect(reading('/0', [])).toEqual({ problem: 'The answer has nothing at /0 for __locked__' });
});

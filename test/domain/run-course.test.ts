import { describe, expect, test } from '@jest/globals';
import type { Variables } from '../../domain/playbook.ts';
import { BY_HAND, GET, paperRun, playbookOf, PUT } from '../support/paper-run.ts';

const text = (value: string | null, more: object = {}): Variables[string] => ({
  type: 'string',
  value,
  ...more,
});
const act = (more: object = {}) => ({ type: 'action', commands: [PUT], agent: 'edr', ...more });

describe('the course of a run', () => {
  test('goes from start to end, each step once', () => {
    const run = paperRun(
      playbookOf({
        begin: { type: 'start', on_completion: 'one' },
        one: act({ on_completion: 'two' }),
        two: act({ on_completion: 'done' }),
        done: { type: 'end' },
      }),
    );
    expect(run.steps()).toEqual(['begin:succeeded', 'one:succeeded', 'two:succeeded']);
    expect(run.run.result).toBe('succeeded');
  });

  test('carries out each command on each target, in listed order', () => {
    const run = paperRun(
      playbookOf({
        begin: { type: 'start', on_completion: 'one' },
        one: act({ commands: [PUT, GET], targets: ['host1', 'host2'], on_completion: 'done' }),
        done: { type: 'end' },
      }),
    );
    expect(run.orders.map(({ commandIndex, target }) => [commandIndex, target])).toEqual([
      [0, 'host1'],
      [0, 'host2'],
      [1, 'host1'],
      [1, 'host2'],
    ]);
  });

  test('an end within a branch hands back to the step that opened it', () => {
    const run = paperRun(
      playbookOf(
        {
          begin: { type: 'start', on_completion: 'asks' },
          asks: {
            type: 'if-condition',
            condition: "__x__:value = 'yes'",
            on_true: 'inside',
            on_completion: 'after',
          },
          inside: act({ on_completion: 'doneInside' }),
          doneInside: { type: 'end' },
          after: act({ on_completion: 'done' }),
          done: { type: 'end' },
        },
        { playbook_variables: { __x__: text('yes') } },
      ),
    );
    expect(run.steps()).toEqual(['begin:succeeded', 'inside:succeeded', 'asks:succeeded', 'after:succeeded']);
  });

  test('a false condition without another branch goes straight on', () => {
    const run = paperRun(
      playbookOf(
        {
          begin: { type: 'start', on_completion: 'asks' },
          asks: {
            type: 'if-condition',
            condition: "__x__:value = 'yes'",
            on_true: 'inside',
            on_completion: 'done',
          },
          inside: act({ on_completion: 'done' }),
          done: { type: 'end' },
        },
        { playbook_variables: { __x__: text('no') } },
      ),
    );
    expect(run.orders).toEqual([]);
    expect(run.run.result).toBe('succeeded');
  });

  test('a while loop asks again after each pass, and each pass sees the new value', () => {
    let answers = 0;
    const run = paperRun(
      playbookOf(
        {
          begin: { type: 'start', on_completion: 'loops' },
          loops: {
            type: 'while-condition',
            condition: '__n__:value < 3',
            on_true: 'counts',
            on_completion: 'done',
          },
          counts: act({ out_args: ['__n__'], on_completion: 'endOfPass' }),
          endOfPass: { type: 'end' },
          done: { type: 'end' },
        },
        { playbook_variables: { __n__: { type: 'integer', value: '0' } } },
      ),
      { answer: () => ({ variables: { __n__: { value: String((answers += 1)) } } }) },
    );
    expect(run.orders.map(({ variables }) => variables['__n__']?.value)).toEqual(['0', '1', '2']);
    expect(run.run.result).toBe('succeeded');
  });

  test('a loop that never ends is ended at its limit', () => {
    const run = paperRun(
      playbookOf(
        {
          begin: { type: 'start', on_completion: 'loops' },
          loops: {
            type: 'while-condition',
            condition: '__n__:value < 3',
            on_true: 'counts',
            on_completion: 'done',
            ext: { maxPasses: 5 },
          },
          counts: act({ on_completion: 'endOfPass' }),
          endOfPass: { type: 'end' },
          done: { type: 'end' },
        },
        { playbook_variables: { __n__: { type: 'integer', value: '0' } } },
      ),
    );
    expect(run.orders).toHaveLength(5);
    expect(run.run).toMatchObject({ result: 'failed', reason: expect.stringContaining('5 times') });
  });

  test('a switch takes the case with the value, else the default, else goes on with a warning', () => {
    const of = (value: string, cases: object) =>
      paperRun(
        playbookOf(
          {
            begin: { type: 'start', on_completion: 'chooses' },
            chooses: { type: 'switch-condition', switch: '__x__:value', cases, on_completion: 'done' },
            red: act({ on_completion: 'done' }),
            other: act({ on_completion: 'done' }),
            done: { type: 'end' },
          },
          { playbook_variables: { __x__: text(value) } },
        ),
      );
    expect(of('red', { red: 'red', default: 'other' }).steps()).toContain('red:succeeded');
    expect(of('blue', { red: 'red', default: 'other' }).steps()).toContain('other:succeeded');
    const none = of('blue', { red: 'red' });
    expect(none.run.result).toBe('succeeded');
    expect(none.events.find(({ type }) => type === 'branchesOpened')).toMatchObject({
      warning: 'No case has this value',
    });
  });
});

describe('branches side by side', () => {
  const both = (more: object = {}, ext: object = {}) =>
    playbookOf(
      {
        begin: { type: 'start', on_completion: 'both' },
        both: {
          type: 'parallel',
          next_steps: ['left', 'right'],
          on_success: 'after',
          on_failure: 'cleanup',
          ext,
          ...more,
        },
        left: act({ out_args: ['__a__'], on_completion: 'left2' }),
        left2: act({ on_completion: 'leftDone' }),
        leftDone: { type: 'end' },
        right: act({ out_args: ['__b__'], on_completion: 'rightDone' }),
        rightDone: { type: 'end' },
        after: act({ on_completion: 'done' }),
        cleanup: act({ on_completion: 'done' }),
        done: { type: 'end' },
      },
      { playbook_variables: { __a__: text(''), __b__: text('') } },
    );

  test('all are under way at once, and it goes on when all have ended', () => {
    const run = paperRun(both(), { answer: () => null });
    expect(run.orders).toHaveLength(2);
    const [left, right] = run.orders.map(({ id }) => id);
    run.report(right!, 'succeeded', { variables: { __b__: { value: 'r' } } });
    expect(run.steps()).not.toContain('both:succeeded');
    run.report(left!, 'succeeded', { variables: { __a__: { value: 'l' } } });
    run.report(run.orders[2]!.id, 'succeeded');
    expect(run.steps()).toContain('both:succeeded');
  });

  test('what each wrote is seen after they have joined, and not by the other before', () => {
    const run = paperRun(both(), {
      answer: ({ step }) => {
        if (step.endsWith('--left')) return { variables: { __a__: { value: 'l' } } };
        return step.endsWith('--right') ? { variables: { __b__: { value: 'r' } } } : {};
      },
    });
    const seen = (step: string) => run.orders.find((order) => order.step.endsWith(`--${step}`))!.variables;
    expect(seen('left2')).toMatchObject({ __a__: { value: 'l' }, __b__: { value: '' } });
    expect(seen('after')).toMatchObject({ __a__: { value: 'l' }, __b__: { value: 'r' } });
  });

  test('one that fails does not cut the others short; then the failure pointer is taken', () => {
    const run = paperRun(both(), {
      answer: ({ step }) => (step.endsWith('--right') ? { outcome: 'failed', reason: 'refused' } : {}),
    });
    expect(run.steps()).toEqual(
      expect.arrayContaining([
        'left:succeeded',
        'left2:succeeded',
        'right:failed',
        'both:failed',
        'cleanup:succeeded',
      ]),
    );
    expect(run.run.result).toBe('succeeded');
  });

  test('where it says so, a failure stops the others at their next step', () => {
    const run = paperRun(both({}, { failFast: true }), { answer: () => null });
    const [left, right] = run.orders.map(({ id }) => id);
    run.report(right!, 'failed', { reason: 'refused' });
    expect(run.steps()).toContain('both:failed');
    run.report(left!, 'succeeded');
    expect(run.orders.map(({ step }) => step)).not.toContain('action--left2');
  });

  test('a person who takes their time does not hold up the others', () => {
    const run = paperRun(
      playbookOf({
        begin: { type: 'start', on_completion: 'both' },
        both: { type: 'parallel', next_steps: ['waits', 'works'], on_completion: 'done' },
        waits: { type: 'action', commands: [BY_HAND], agent: 'person', on_completion: 'waited' },
        waited: { type: 'end' },
        works: act({ on_completion: 'worked' }),
        worked: { type: 'end' },
        done: { type: 'end' },
      }),
    );
    expect(run.steps()).toContain('works:succeeded');
    const [unit] = Object.keys(run.run.units);
    expect(run.ask({ type: 'complete', unit: unit!, variables: {} })).toBeNull();
    expect(run.run.result).toBe('succeeded');
  });
});

describe('failure, time-out and exception', () => {
  const failing = (step: object, more: object = {}) =>
    playbookOf(
      {
        begin: { type: 'start', on_completion: 'one' },
        one: act({ ...step }),
        next: act({ on_completion: 'done' }),
        handler: act({ on_completion: 'done' }),
        done: { type: 'end' },
      },
      more,
    );
  const refused = ({ step }: { step: string }) =>
    step.endsWith('--one') ? { outcome: 'failed' as const, reason: 'refused' } : {};

  test('a failed step with on_failure goes there', () => {
    const run = paperRun(failing({ on_success: 'done', on_failure: 'next' }), { answer: refused });
    expect(run.steps()).toEqual(['begin:succeeded', 'one:failed', 'next:succeeded']);
  });

  test('on_failure as the only pointer is not taken on success', () => {
    const run = paperRun(failing({ on_failure: 'next' }));
    expect(run.steps()).toEqual(['begin:succeeded', 'one:succeeded']);
  });

  test('on_completion is not taken after a failure: the exception handler is, and the run says so', () => {
    const run = paperRun(failing({ on_completion: 'next' }, { workflow_exception: 'action--handler' }), {
      answer: refused,
    });
    expect(run.steps()).toEqual(['begin:succeeded', 'one:failed', 'handler:succeeded']);
    expect(run.run).toMatchObject({ result: 'failedHandled', reason: 'refused' });
  });

  test('without a handler the run has failed; a failure in the handler too', () => {
    expect(paperRun(failing({ on_completion: 'next' }), { answer: refused }).run.result).toBe('failed');
    const both = paperRun(failing({ on_completion: 'next' }, { workflow_exception: 'action--handler' }), {
      answer: () => ({ outcome: 'failed', reason: 'refused' }),
    });
    expect(both.run.result).toBe('failed');
  });

  test('the remaining commands and targets of a failed step are not begun', () => {
    const run = paperRun(
      failing({ commands: [PUT, PUT], targets: ['host1', 'host2'], on_completion: 'next' }),
      {
        answer: refused,
      },
    );
    expect(run.orders).toHaveLength(1);
  });

  test('a step that takes longer than its time-out has failed; what it did late is still kept in mind', () => {
    const run = paperRun(
      failing({ timeout: 5_000, on_success: 'done', on_failure: 'next', ext: { effect: 'on' } }),
      {
        answer: ({ step }) => (step.endsWith('--one') ? null : {}),
      },
    );
    run.pass(4_999);
    expect(run.steps()).not.toContain('one:failed');
    run.pass(1);
    expect(run.events.findLast(({ type }) => type === 'stepEnded')).toMatchObject({ step: 'action--next' });
    expect(run.events.find((event) => event.type === 'stepEnded' && event.result === 'failed')).toMatchObject(
      {
        reason: 'ACTION_TIMEOUT: action--one',
      },
    );
    run.report(run.orders[0]!.id, 'succeeded');
    expect(Object.values(run.run.effects)).toMatchObject([{ state: 'inForce' }, { state: 'inForce' }]);
    expect(run.run.result).toBe('succeeded');
  });

  test('the time-out of a construct covers everything inside, and not its delay', () => {
    const run = paperRun(
      playbookOf({
        begin: { type: 'start', on_completion: 'both' },
        both: {
          type: 'parallel',
          next_steps: ['a', 'b'],
          delay: 2_000,
          timeout: 3_000,
          on_success: 'done',
          on_failure: 'done',
        },
        a: act({ delay: 10_000, on_completion: 'doneA' }),
        doneA: { type: 'end' },
        b: act({ on_completion: 'doneB' }),
        doneB: { type: 'end' },
        done: { type: 'end' },
      }),
    );
    run.pass(4_999);
    expect(run.steps()).not.toContain('both:failed');
    run.pass(1);
    expect(run.steps()).toContain('both:failed');
    run.pass(60_000);
    expect(run.orders).toHaveLength(1);
  });

  test('a failure inside a branch fails the step that opened it', () => {
    const run = paperRun(
      playbookOf(
        {
          begin: { type: 'start', on_completion: 'asks' },
          asks: {
            type: 'if-condition',
            condition: "__x__:value = 'y'",
            on_true: 'one',
            on_success: 'done',
            on_failure: 'next',
          },
          one: act({ on_completion: 'done' }),
          next: act({ on_completion: 'done' }),
          done: { type: 'end' },
        },
        { playbook_variables: { __x__: text('y') } },
      ),
      { answer: refused },
    );
    expect(run.steps()).toEqual(['begin:succeeded', 'one:failed', 'asks:failed', 'next:succeeded']);
  });

  test('writing a constant, or a name that nobody declared, fails the step', () => {
    const of = (variables: Variables) =>
      paperRun(failing({ out_args: ['__c__'], on_completion: 'next' }, { playbook_variables: variables }), {
        answer: ({ step }) => (step.endsWith('--one') ? { variables: { __c__: { value: 'new' } } } : {}),
      }).run;
    expect(of({ __c__: text('old', { constant: true }) })).toMatchObject({ reason: '__c__ is constant' });
    expect(of({})).toMatchObject({ reason: '__c__ is not declared' });
  });

  test('a delay is waited for before the step begins', () => {
    const run = paperRun(failing({ delay: 60_000, on_completion: 'next' }));
    expect(run.orders).toHaveLength(0);
    run.pass(59_999);
    expect(run.orders).toHaveLength(0);
    run.pass(1);
    expect(run.run.result).toBe('succeeded');
  });
});

describe('a playbook from within', () => {
  const child = playbookOf(
    {
      begin: { type: 'start', on_completion: 'inner' },
      inner: act({ out_args: ['__out__', '__own__'], on_completion: 'done' }),
      done: { type: 'end' },
    },
    {
      id: 'playbook--child',
      playbook_variables: { __in__: text(null, { external: true }), __out__: text(''), __own__: text('') },
    },
  );
  const parent = (step: object = {}) =>
    playbookOf(
      {
        begin: { type: 'start', on_completion: 'calls' },
        calls: {
          type: 'playbook-action',
          playbook_id: 'playbook--child',
          in_args: ['__in__'],
          out_args: ['__out__'],
          on_completion: 'after',
          ...step,
        },
        after: act({ on_completion: 'done' }),
        done: { type: 'end' },
      },
      { playbook_variables: { __in__: text('hello'), __out__: text('old'), __own__: text('mine') } },
    );
  const answer = ({ step }: { step: string }) =>
    step.endsWith('--inner')
      ? { variables: { __out__: { value: 'new' }, __own__: { value: 'theirs' } } }
      : {};

  test('sees only what is handed in, and hands back only what is asked for', () => {
    const run = paperRun(parent(), { children: [child], answer });
    const inner = run.orders.find(({ step }) => step === 'action--inner')!;
    expect(Object.keys(inner.variables).toSorted()).toEqual(['__in__', '__out__', '__own__']);
    expect(inner.variables['__in__']).toMatchObject({ value: 'hello' });
    expect(run.orders.at(-1)!.variables).toMatchObject({
      __out__: { value: 'new' },
      __own__: { value: 'mine' },
    });
    expect(run.run.result).toBe('succeeded');
  });

  test('what it needs and nobody hands in fails the step, before anything is done', () => {
    const run = paperRun(parent({ in_args: [] }), { children: [child] });
    expect(run.orders).toEqual([]);
    expect(run.run).toMatchObject({ result: 'failed', reason: expect.stringContaining('__in__') });
  });

  test('its failure is the failure of the step', () => {
    const run = paperRun(parent(), {
      children: [child],
      answer: () => ({ outcome: 'failed', reason: 'refused' }),
    });
    expect(run.steps()).toContain('calls:failed');
  });
});

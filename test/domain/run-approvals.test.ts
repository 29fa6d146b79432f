import { describe, expect, test } from '@jest/globals';
import { runMilestone } from '../../domain/run-course.ts';
import { approver, BY_HAND, paperRun, playbookOf, PUT, REQUESTER, TERMS } from '../support/paper-run.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const two = playbookOf({
  begin: { type: 'start', on_completion: 'one' },
  one: { type: 'action', commands: [PUT], agent: 'edr', on_success: 'two', on_failure: 'sad' },
  two: {
    type: 'action',
    commands: [PUT],
    agent: 'edr',
    timeout: 10 * MINUTE,
    on_success: 'done',
    on_failure: 'sad',
  },
  sad: { type: 'action', commands: [BY_HAND], agent: 'person', on_completion: 'done' },
  done: { type: 'end' },
});
const PLAN = { needs: { plan: { ...TERMS, required: 2 } } };
const STEP = { needs: { 'step/action--two': TERMS } };

const acts = (run: ReturnType<typeof paperRun>) => run.orders.map(({ step }) => step.split('--')[1]);

describe('the approval of a plan', () => {
  const repeated = ({ events }: ReturnType<typeof paperRun>): string[] =>
    events.map(({ id }) => id).filter((id, index, all) => all.indexOf(id) !== index);

  test('asked anew after an edit at the same instant, is an event of its own', () => {
    const run = paperRun(two, PLAN);
    const edited = { planHash: 'plan-2', variables: {}, needs: PLAN.needs, excluded: [] };
    expect(run.ask({ type: 'edit', ...edited })).toBeNull();
    expect(run.events.filter(({ type }) => type === 'approvalAsked')).toHaveLength(2);
    expect(repeated(run)).toEqual([]);
  });

  test('a second stop at the same instant comes to a halt of its own', () => {
    const run = paperRun(two, STEP);
    for (const type of ['stop', 'resume', 'stop'] as const) expect(run.ask({ type })).toBeNull();
    expect(run.events.filter(({ type }) => type === 'halted')).toHaveLength(2);
    expect(repeated(run)).toEqual([]);
  });

  test('is asked first: nothing is done before enough persons have agreed', () => {
    const run = paperRun(two, PLAN);
    expect(run.orders).toEqual([]);
    expect(run.vote('plan', approver(1))).toBeNull();
    expect(run.orders).toEqual([]);
    expect(run.vote('plan', approver(2))).toBeNull();
    expect(run.run.result).toBe('succeeded');
  });

  test('the same person twice is one person, and the requester is nobody', () => {
    const run = paperRun(two, PLAN);
    run.vote('plan', approver(1));
    expect(run.vote('plan', approver(1))).toBeNull();
    expect(run.vote('plan', { ...REQUESTER, role: 'approver' })).toMatchObject({
      code: 'approval_by_requester',
    });
    expect(run.orders).toEqual([]);
  });

  test('a key of a front end is no person', () => {
    const run = paperRun(two, PLAN);
    const frontEnd = { subject: 'key:9', role: 'approver', actingFor: 'approver-1' };
    expect(run.vote('plan', frontEnd)).toMatchObject({ code: 'personal_credentials_missing' });
  });

  test('one rejection ends the run, and nothing was done', () => {
    const run = paperRun(two, PLAN);
    run.vote('plan', approver(1));
    run.vote('plan', approver(2), 'reject');
    expect(run.run).toMatchObject({ result: 'rejected' });
    expect(run.orders).toEqual([]);
  });

  test('unanswered, goes up the chain, and at its end expires; it never approves', () => {
    const run = paperRun(two, PLAN);
    run.pass(15 * MINUTE + 1);
    expect(run.events.at(-1)).toMatchObject({ type: 'approvalEscalated', level: 1, to: 'lead' });
    run.pass(2 * HOUR);
    expect(run.events.map(({ type }) => type)).toContain('approvalExpired');
    expect(run.run).toMatchObject({ result: 'expired' });
    expect(run.orders).toEqual([]);
  });

  test('is of the plan that was read: a vote on another is refused, and a changed plan has to be approved again', () => {
    const run = paperRun(two, PLAN);
    run.vote('plan', approver(1));
    const edited = { planHash: 'plan-2', variables: {}, needs: PLAN.needs, excluded: ['responder-1'] };
    expect(run.ask({ type: 'edit', ...edited })).toBeNull();
    const old = { type: 'vote', need: 'plan', decision: 'approve', planHash: 'plan-1' } as const;
    expect(run.ask(old, approver(2))).toMatchObject({ code: 'plan_changed' });
    run.vote('plan', approver(2));
    expect(run.orders).toEqual([]);
    run.vote('plan', approver(1));
    expect(run.run.result).toBe('succeeded');
    expect(run.orders.every(({ planHash }) => planHash === 'plan-2')).toBe(true);
  });

  test('cannot be changed once it has begun', () => {
    const run = paperRun(two);
    const edited = { planHash: 'plan-2', variables: {}, needs: {}, excluded: [] };
    expect(run.ask({ type: 'edit', ...edited })).toMatchObject({ code: 'run_begun' });
  });
});

describe('the approval of a step', () => {
  test('is asked when the run comes to it', () => {
    const run = paperRun(two, STEP);
    expect(acts(run)).toEqual(['one']);
    expect(run.run.approvals['step/action--two']).toMatchObject({ state: 'open' });
    run.vote('step/action--two', approver(1));
    expect(acts(run)).toEqual(['one', 'two']);
  });

  test('given early, it counts when the run comes to it', () => {
    const run = paperRun(two, { ...STEP, answer: ({ step }) => (step.endsWith('one') ? null : {}) });
    expect(run.vote('step/action--two', approver(1))).toBeNull();
    run.report(run.orders[0]!.id, 'succeeded');
    expect(run.run.result).toBe('succeeded');
  });

  test('refused, the step has failed, and its failure pointer is taken', () => {
    const run = paperRun(two, STEP);
    run.vote('step/action--two', approver(1), 'reject');
    expect(acts(run)).toEqual(['one']);
    expect(Object.values(run.run.units)).toMatchObject([{ step: 'action--sad', manual: { answers: {} } }]);
  });

  test('waiting for it is outside the time-out of the step', () => {
    const run = paperRun(two, { ...STEP, answer: ({ step }) => (step.endsWith('two') ? null : {}) });
    run.pass(14 * MINUTE);
    run.vote('step/action--two', approver(1));
    run.pass(9 * MINUTE);
    expect(run.steps()).not.toContain('two:failed');
    run.pass(MINUTE);
    expect(run.steps()).toContain('two:failed');
  });

  test('waiting for it, the run sleeps until time does something to it', () => {
    const run = paperRun(two, STEP);
    expect(runMilestone(run.run, run.now)).toBe(run.now + TERMS.respondWithinMs + 1);
  });

  test('not used in time, has to be given again', () => {
    const slow = playbookOf({
      begin: { type: 'start', on_completion: 'two' },
      two: { type: 'action', commands: [PUT, PUT], agent: 'edr', on_completion: 'done' },
      done: { type: 'end' },
    });
    const run = paperRun(slow, { ...STEP, answer: () => null });
    run.vote('step/action--two', approver(1));
    run.pass(2 * HOUR);
    run.report(run.orders[0]!.id, 'succeeded');
    expect(run.orders).toHaveLength(1);
    expect(run.run.approvals['step/action--two']).toMatchObject({ state: 'open', votes: [] });
    run.vote('step/action--two', approver(1));
    expect(run.orders).toHaveLength(2);
  });
});

describe('what runs unasked', () => {
  test('an authorisation stands in for the plan and for the steps', () => {
    const run = paperRun(two, {
      needs: { ...PLAN.needs, ...STEP.needs },
      licence: { by: 'authorisation', authorisation: 'aut_1' },
    });
    expect(run.run.result).toBe('succeeded');
  });

  test('an emergency begins at once and asks to be ratified', () => {
    const run = paperRun(two, {
      needs: { ...PLAN.needs, breakGlass: { ...TERMS, escalateTo: [], respondWithinMs: 4 * HOUR } },
      licence: { by: 'breakGlass' },
    });
    expect(run.run.result).toBe('succeeded');
    expect(run.run.approvals['breakGlass']).toMatchObject({ state: 'open' });
    expect(run.vote('breakGlass', { ...REQUESTER, role: 'approver' })).toMatchObject({
      code: 'approval_by_requester',
    });
    run.pass(4 * HOUR + 1);
    expect(run.events.at(-1)).toMatchObject({ type: 'approvalExpired', need: 'breakGlass' });
    const ratified = paperRun(two, {
      needs: { breakGlass: { ...TERMS, escalateTo: [], respondWithinMs: 4 * HOUR } },
      licence: { by: 'breakGlass' },
    });
    expect(ratified.vote('breakGlass', approver(1))).toBeNull();
    ratified.pass(5 * HOUR);
    expect(ratified.events.map(({ type }) => type)).not.toContain('approvalExpired');
  });
});

describe('a step that a person does', () => {
  const manual = playbookOf(
    {
      begin: { type: 'start', on_completion: 'asks' },
      asks: {
        type: 'action',
        commands: [BY_HAND],
        agent: 'person',
        out_args: ['__count__'],
        on_success: 'done',
        on_failure: 'done',
        ext: { evidence: true },
      },
      done: { type: 'end' },
    },
    { playbook_variables: { __count__: { type: 'integer', value: null } } },
  );
  const unitOf = (run: ReturnType<typeof paperRun>) => Object.keys(run.run.units)[0]!;

  test('takes answers of the declared types, and evidence where that is asked', () => {
    const run = paperRun(manual);
    const unit = unitOf(run);
    const complete = (variables: Record<string, string>, evidence: string[] = ['evd_1']) =>
      run.ask({ type: 'complete', unit, variables, evidence });
    expect(complete({})).toMatchObject({ code: 'answer_invalid', pointer: '/variables/__count__' });
    expect(complete({ __count__: 'many' })).toMatchObject({ code: 'answer_invalid' });
    expect(complete({ __count__: '3', __other__: 'x' })).toMatchObject({ pointer: '/variables/__other__' });
    expect(complete({ __count__: '3' }, [])).toMatchObject({ code: 'evidence_missing' });
    expect(complete({ __count__: '3' })).toBeNull();
    expect(run.run.result).toBe('succeeded');
    expect(complete({ __count__: '3' })).toMatchObject({ code: 'step_not_waiting' });
  });

  test('is asked for again and again, and waits: a slow person aborts no containment', () => {
    const run = paperRun(manual);
    run.pass(30 * MINUTE);
    expect(run.events.at(-1)).toMatchObject({ type: 'manualEscalated', level: 1, to: 'lead' });
    run.pass(48 * HOUR);
    expect(run.events.filter(({ type }) => type === 'manualEscalated')).toHaveLength(2);
    expect(run.run.result).toBeNull();
  });

  test('that cannot be done fails the step, and needs a reason', () => {
    const run = paperRun(manual);
    expect(run.ask({ type: 'fail', unit: unitOf(run) })).toMatchObject({ code: 'reason_missing' });
    expect(run.ask({ type: 'fail', unit: unitOf(run) }, REQUESTER, true)).toBeNull();
    expect(run.steps()).toContain('asks:failed');
  });
});

import { describe, expect, test } from '@jest/globals';
import type { UnitOrder } from '../../domain/unit.ts';
import {
  approver,
  BY_HAND,
  DELETE,
  GET,
  paperRun,
  playbookOf,
  PUT,
  TERMS,
  type Answer,
} from '../support/paper-run.ts';

const EXT = {
  effect: 'hostIsolated',
  undo: 'releases',
  verify: { step: 'looks', expect: "__on__:value = 'true'", everyMs: 1_000, withinMs: 5_000 },
};

/** Isolates two hosts, and knows how to look and how to release. */
const isolating = (ext: object = EXT, more: object = {}) =>
  playbookOf(
    {
      begin: { type: 'start', on_completion: 'isolates' },
      isolates: {
        type: 'action',
        commands: [PUT],
        agent: 'edr',
        targets: ['host1', 'host2'],
        on_completion: 'after',
        ext,
      },
      after: { type: 'action', commands: [GET], agent: 'edr', on_completion: 'done' },
      done: { type: 'end' },
      releases: { type: 'action', commands: [DELETE], agent: 'edr', on_completion: 'done' },
      looks: { type: 'action', commands: [GET], agent: 'edr', out_args: ['__on__'], on_completion: 'done' },
      photographs: {
        type: 'action',
        commands: [GET],
        agent: 'edr',
        out_args: ['__before__'],
        on_completion: 'done',
      },
      revokes: {
        type: 'action',
        commands: [PUT],
        agent: 'edr',
        on_completion: 'done',
        ext: { effect: 'keyRevoked', undo: 'irreversible' },
      },
    },
    { playbook_variables: { __on__: { type: 'bool', value: 'false' } }, ...more },
  );

/** A world in which what is put is on, and what is deleted is off. */
function world(change: (order: UnitOrder) => Answer | null | undefined = () => undefined) {
  const on = new Set<string>();
  return {
    on,
    answer: (order: UnitOrder): Answer | null => {
      const changed = change(order);
      const key = String(order.target);
      if (changed !== undefined && changed?.outcome !== 'unknown') return changed;
      if (order.purpose === 'act' && order.isChange) on.add(key);
      if (order.purpose === 'undo') on.delete(key);
      if (changed !== undefined) return changed;
      return order.step.endsWith('looks') ? { variables: { __on__: { value: String(on.has(key)) } } } : {};
    },
  };
}

const purposes = (orders: readonly UnitOrder[]) =>
  orders.map(({ purpose, target }) => `${purpose} ${target}`);

describe('what a run brings about', () => {
  test('is looked at after it was done, target by target, and is then in force', () => {
    const run = paperRun(isolating(), world());
    expect(purposes(run.orders)).toEqual([
      'act host1',
      'act host2',
      'verify host1',
      'verify host2',
      'act null',
    ]);
    expect(Object.values(run.run.effects)).toMatchObject([
      { name: 'hostIsolated', key: 'host1.example', state: 'inForce', isVerified: true },
      { name: 'hostIsolated', key: 'host2.example', state: 'inForce', isVerified: true },
    ]);
    expect(run.run.result).toBe('succeeded');
  });

  test('that said so and is not seen fails the step, after as many looks as fit', () => {
    const run = paperRun(
      isolating(),
      world((order) => (order.purpose === 'act' ? {} : undefined)),
    );
    run.pass(60_000);
    expect(run.events.filter(({ type }) => type === 'looked').length).toBeGreaterThan(3);
    expect(run.steps()).toContain('isolates:failed');
    expect(Object.values(run.run.effects)[0]).toMatchObject({ state: 'unknown', isVerified: false });
  });

  test('in doubt, is settled by a look: nothing is sent a second time', () => {
    const run = paperRun(
      isolating(),
      world((order) =>
        order.purpose === 'act' && order.target === 'host1'
          ? { outcome: 'unknown', reason: 'connection lost' }
          : undefined,
      ),
    );
    expect(purposes(run.orders).filter((one) => one === 'act host1')).toHaveLength(1);
    expect(run.run.result).toBe('succeeded');
    expect(run.run.unknown).toHaveLength(1);
  });

  test('in doubt, and not seen, stays UNKNOWN: the step fails, and it is listed', () => {
    const run = paperRun(
      isolating(),
      world((order) => {
        if (order.purpose === 'act') return { outcome: 'unknown', reason: 'connection lost' };
        return order.purpose === 'verify' ? { variables: { __on__: { value: 'false' } } } : undefined;
      }),
    );
    run.pass(60_000);
    expect(run.run).toMatchObject({ result: 'failed', reason: 'UNKNOWN: connection lost' });
    expect(Object.values(run.run.effects)).toMatchObject([{ state: 'unknown' }]);
  });

  test('and was refused, is not in force', () => {
    const run = paperRun(
      isolating(),
      world((order) => (order.purpose === 'act' ? { outcome: 'failed', reason: 'refused' } : undefined)),
    );
    expect(Object.values(run.run.effects)).toMatchObject([{ state: 'absent' }]);
    expect(run.ask({ type: 'rollBack' })).toMatchObject({ code: 'nothing_in_force' });
  });

  test('is photographed before, and what was seen is known when it is taken back', () => {
    const run = paperRun(
      isolating({ ...EXT, snapshot: 'photographs' }),
      world((order) =>
        order.purpose === 'snapshot'
          ? { variables: { __before__: { value: `of ${order.target}` } } }
          : undefined,
      ),
    );
    expect(purposes(run.orders).slice(0, 4)).toEqual([
      'snapshot host1',
      'snapshot host2',
      'act host1',
      'act host2',
    ]);
    run.ask({ type: 'rollBack' });
    const undo = run.orders.filter(({ purpose }) => purpose === 'undo');
    expect(undo.map(({ variables }) => variables['__before__']?.value)).toEqual(['of host2', 'of host1']);
  });
});

describe('rolling back', () => {
  test('takes back the newest first, looking before and after', () => {
    const run = paperRun(isolating(), world());
    const before = run.orders.length;
    expect(run.ask({ type: 'rollBack' })).toBeNull();
    expect(purposes(run.orders.slice(before))).toEqual([
      'verify host2',
      'undo host2',
      'verifyUndone host2',
      'verify host1',
      'undo host1',
      'verifyUndone host1',
    ]);
    expect(run.run.rollBack).toMatchObject({
      outcomes: [{ outcome: 'undone' }, { outcome: 'undone' }],
      endedAt: run.now,
    });
    expect(run.ask({ type: 'rollBack' })).toMatchObject({ code: 'nothing_in_force' });
  });

  test('of what gives access again waits for an approval, and is not done without', () => {
    const run = paperRun(isolating({ ...EXT, undoRestoresAccess: true }), {
      ...world(),
      needs: { rollBack: TERMS },
    });
    run.ask({ type: 'rollBack' });
    expect(run.orders.filter(({ purpose }) => purpose === 'undo')).toEqual([]);
    expect(run.vote('rollBack', { subject: 'key:r', role: 'approver', person: 'responder-1' })).toMatchObject(
      {
        code: 'approval_by_requester',
      },
    );
    expect(run.vote('rollBack', approver(1))).toBeNull();
    expect(run.run.rollBack?.outcomes).toHaveLength(2);
  });

  test('that is refused leaves everything in force, and says so', () => {
    const run = paperRun(isolating({ ...EXT, undoRestoresAccess: true }), {
      ...world(),
      needs: { rollBack: TERMS },
    });
    run.ask({ type: 'rollBack' });
    run.vote('rollBack', approver(1), 'reject');
    expect(run.run.rollBack).toMatchObject({ refused: 'Approval of rollBack rejected', outcomes: [] });
    expect(Object.values(run.run.effects).map(({ state }) => state)).toEqual(['inForce', 'inForce']);
  });

  test('that was refused may be asked for again, and needs an approval of its own each time', () => {
    const run = paperRun(isolating({ ...EXT, undoRestoresAccess: true }), {
      ...world(),
      needs: { rollBack: TERMS },
    });
    const [first] = Object.keys(run.run.effects);
    run.ask({ type: 'rollBack' });
    run.vote('rollBack', approver(1), 'reject');
    expect(run.ask({ type: 'rollBack', effects: [first!] })).toBeNull();
    expect(run.run.approvals['rollBack']).toMatchObject({ state: 'open', votes: [] });
    run.vote('rollBack', approver(1));
    expect(run.run.effects[first!]).toMatchObject({ state: 'undone' });
    run.ask({ type: 'rollBack' });
    expect(run.run.approvals['rollBack']).toMatchObject({ state: 'open', votes: [] });
    expect(run.orders.filter(({ purpose }) => purpose === 'undo')).toHaveLength(1);
  });

  test('leaves alone what somebody else has changed meanwhile', () => {
    const { on, answer } = world();
    const run = paperRun(isolating(), { answer });
    on.delete('host2');
    run.ask({ type: 'rollBack' });
    expect(run.run.rollBack?.outcomes).toMatchObject([{ outcome: 'drifted' }, { outcome: 'undone' }]);
    expect(purposes(run.orders)).not.toContain('undo host2');
  });

  test('reports one by one what could not be taken back', () => {
    const run = paperRun(
      isolating(),
      world((order) =>
        order.purpose === 'undo' && order.target === 'host2'
          ? { outcome: 'failed', reason: 'refused' }
          : undefined,
      ),
    );
    run.ask({ type: 'rollBack' });
    expect(run.run.rollBack?.outcomes).toMatchObject([
      { outcome: 'failed', reason: 'refused' },
      { outcome: 'undone' },
    ]);
    expect(run.events.at(-1)).toMatchObject({ type: 'rollBackEnded', notUndone: [expect.any(String)] });
  });

  test('in doubt is settled by a look; what is still seen is UNKNOWN', () => {
    const gone = paperRun(
      isolating(),
      world((order) =>
        order.purpose === 'undo' ? { outcome: 'unknown', reason: 'connection lost' } : undefined,
      ),
    );
    gone.ask({ type: 'rollBack' });
    expect(gone.run.rollBack?.outcomes).toMatchObject([{ outcome: 'undone' }, { outcome: 'undone' }]);
    const still = paperRun(
      isolating(),
      world((order) => {
        if (order.purpose === 'undo') return { outcome: 'unknown', reason: 'connection lost' };
        return order.purpose === 'verifyUndone' ? { variables: { __on__: { value: 'true' } } } : undefined;
      }),
    );
    still.ask({ type: 'rollBack' });
    still.pass(300_000);
    expect(still.run.rollBack?.outcomes).toMatchObject([{ outcome: 'unknown' }, { outcome: 'unknown' }]);
  });

  test('says of what nothing takes back that it is irreversible', () => {
    const playbook = isolating();
    const workflow = {
      ...playbook.workflow,
      'start--begin': { type: 'start' as const, on_completion: 'action--revokes' },
    };
    const run = paperRun({ ...playbook, workflow }, world());
    run.ask({ type: 'rollBack' });
    expect(run.run.rollBack?.outcomes).toMatchObject([{ outcome: 'irreversible' }]);
    expect(run.orders.filter(({ purpose }) => purpose === 'undo')).toEqual([]);
  });

  test('of a run that goes on stops it first', () => {
    const run = paperRun(isolating(), { answer: () => null });
    run.ask({ type: 'rollBack' });
    expect(run.run.halt).toBe('stop');
    run.report(run.orders[0]!.id, 'succeeded');
    expect(run.run.result).toBe('stopped');
    expect(run.orders.map(({ purpose }) => purpose)).toEqual(['act', 'verify']);
  });

  test('comes by itself after a failure, where the playbook says so', () => {
    const run = paperRun(isolating(), {
      ...world((order) =>
        order.step.endsWith('after') ? { outcome: 'failed', reason: 'refused' } : undefined,
      ),
      rollsBackOnFailure: true,
    });
    expect(run.run.result).toBe('failed');
    expect(run.run.rollBack).toMatchObject({
      cause: 'failure',
      outcomes: [{ outcome: 'undone' }, { outcome: 'undone' }],
    });
  });
});

describe('an effect that expires', () => {
  test('is told and stays, unless the playbook says that it is taken back', () => {
    const review = paperRun(isolating({ ...EXT, expires: { afterMs: 3_600_000 } }), world());
    review.pass(3_599_999);
    expect(review.events.map(({ type }) => type)).not.toContain('effectExpired');
    review.pass(1);
    expect(review.events.filter(({ type }) => type === 'effectExpired')).toHaveLength(2);
    expect(Object.values(review.run.effects)[0]).toMatchObject({ state: 'inForce', hasExpired: true });
    const undo = paperRun(isolating({ ...EXT, expires: { afterMs: 3_600_000, atEnd: 'undo' } }), world());
    undo.pass(3_600_000);
    expect(Object.values(undo.run.effects)).toMatchObject([{ state: 'undone' }, { state: 'undone' }]);
  });
});

describe('stopping', () => {
  test('orders nothing more, and lists what stays in force once everything under way has answered', () => {
    const run = paperRun(isolating(), { answer: () => null });
    expect(run.ask({ type: 'stop' })).toBeNull();
    expect(run.events.at(-1)).toMatchObject({ type: 'stopAsked' });
    run.report(run.orders[0]!.id, 'succeeded');
    expect(run.orders).toHaveLength(1);
    expect(run.events.at(-1)).toMatchObject({ type: 'halted', inForce: ['e2.0'] });
    expect(run.ask({ type: 'stop' })).toMatchObject({ code: 'already_stopped' });
  });

  test('and going on takes up where it was', () => {
    const run = paperRun(isolating(), { answer: () => null });
    run.ask({ type: 'stop' });
    run.report(run.orders[0]!.id, 'blocked', { reason: 'stopped' });
    expect(run.ask({ type: 'resume' })).toBeNull();
    expect(run.orders.map(({ id }) => id.split('/').at(-1))).toEqual(['act.0.0', 'act.0.0#2']);
  });

  test('before it began ends it', () => {
    const run = paperRun(isolating(), { ...world(), needs: { plan: TERMS } });
    run.ask({ type: 'stop' });
    expect(run.run.result).toBe('stopped');
    expect(run.orders).toEqual([]);
  });
});

describe('an effect that people bring about and take back', () => {
  const ofPeople = (effect: object) =>
    playbookOf({
      begin: { type: 'start', on_completion: 'bars' },
      bars: {
        type: 'action',
        commands: [BY_HAND, BY_HAND],
        agent: 'person',
        targets: ['host1'],
        on_completion: 'done',
        ext: { undo: 'admits', ...effect },
      },
      done: { type: 'end' },
      admits: { type: 'action', commands: [BY_HAND, BY_HAND], agent: 'person', on_completion: 'done' },
    });

  /** After each thing that a person does in turn: what the register is told. */
  function told(effect: object): (string | undefined)[] {
    const run = paperRun(ofPeople(effect));
    const done: (string | undefined)[] = [];
    const next = () => {
      const [unit] = Object.keys(run.run.units);
      expect(run.ask({ type: 'complete', unit: unit!, variables: {} })).toBeNull();
      done.push(Object.values(run.run.effects)[0]!.byHand?.did);
    };
    next();
    next();
    expect(run.ask({ type: 'rollBack' })).toBeNull();
    next();
    next();
    return done;
  }

  test('is held from the first thing that they did, and let go of with the last', () => {
    expect(told({ effect: 'doorBarred' })).toEqual(['act', 'act', 'act', 'undo']);
  });

  test('is in no register where the playbook gives it no name', () => {
    expect(told({})).toEqual([undefined, undefined, undefined, undefined]);
  });
});

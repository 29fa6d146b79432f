/** What a run may carry out, whose consent that takes, and what stands in its way. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { reasonNoBreakGlass, reasonNotAuthorised, type Authorisation } from '../../domain/authorisation.ts';
import { refusalOfPlan } from '../../domain/plan-faults.ts';
import { planOf } from '../../domain/plan-making.ts';
import { readPlaybook } from '../../domain/playbook-check.ts';
import { planText, type Plan, type PlanInput } from '../../domain/plan.ts';
import { DEFAULT_APPROVAL, type Playbook } from '../../domain/playbook.ts';
import { runs } from '../support/runs.ts';
import {
  action,
  DIGEST,
  extended,
  GIVEN,
  inputOf,
  planned,
  PLAN_NOW,
  playbookOf,
} from '../support/plan-samples.ts';

const summary = ({ units }: Plan): string[] =>
  units.map(({ purpose, step, occurrence }) => `${purpose} ${step.split('--')[1]!} ${occurrence}`);
const faultsOf = (playbook?: Playbook, more?: Partial<PlanInput>): string[] =>
  planOf(inputOf(playbook, more)).faults.map(({ weight, code }) => `${weight} ${code}`);

describe('the units of a plan', () => {
  test('are those of every step, with what looks before and after and takes back', () => {
    const looks = {
      'action--isolate': action({
        undo: 'action--release',
        snapshot: 'action--look',
        verify: { step: 'action--look', expect: '__on__:value' },
      }),
      'action--look': action({}, { commands: [{ type: 'http-api', command: 'GET /v1/x HTTP/1.1' }] }),
    };
    expect(summary(planned(playbookOf(looks)))).toEqual([
      'snapshot look always',
      'act isolate always',
      'verify look repeats',
      'undo release conditional',
    ]);
  });

  test('include both sides of a condition, what follows a failure, and loops once', () => {
    const plan = planned(
      playbookOf({
        'start--1': { type: 'start', on_completion: 'if--1' },
        'if--1': {
          type: 'if-condition',
          condition: '__host__:value',
          on_true: 'action--yes',
          on_false: 'action--no',
          on_completion: 'while--1',
        },
        'action--yes': action(),
        'action--no': action(),
        'while--1': {
          type: 'while-condition',
          condition: '__host__:value',
          on_true: 'action--again',
          on_success: 'action--last',
          on_failure: 'action--rescue',
        },
        'action--again': action(),
        'action--last': action(),
        'action--rescue': action(),
      }),
    );
    expect(summary(plan)).toEqual([
      'act yes conditional',
      'act no conditional',
      'act again repeats',
      'act last always',
      'act rescue conditional',
    ]);
  });

  test('show commands and targets with their variables', () => {
    const [unit] = planned().units;
    expect(unit).toMatchObject({
      text: 'PUT /v1/hosts/Host-7.example/isolated HTTP/1.1',
      agent: { name: 'EDR' },
      target: { name: 'Host-7.example', key: 'host-7.example' },
      effect: 'hostIsolated',
      isChange: true,
      reversibility: 'reversible',
      undo: 'action--release',
    });
    expect(planned().targets).toEqual(['host-7.example']);
  });

  test('never show what is hidden, and count no target by it', () => {
    for (const variables of [
      { __host__: { type: 'string' as const, sealed: 'sealed_1' } },
      { __host__: { type: 'string' as const, vault: 'edr/host' } },
    ]) {
      const [unit] = planned(playbookOf(), { variables }).units;
      expect([unit!.text, unit!.target.key]).toEqual(['PUT /v1/hosts/•••/isolated HTTP/1.1', null]);
    }
    const sensitive = { playbook_extensions: extended({ sensitive: ['__host__'] }) };
    expect(planned(playbookOf({}, sensitive)).units[0]!.text).toContain('•••');
  });

  test('show what is found out on the way as the reference that it is', () => {
    const looked = {
      'start--1': { type: 'start' as const, on_completion: 'action--find' },
      'action--find': action({ changes: false }, {
        targets: [],
        out_args: ['__host__'],
        on_completion: 'action--isolate',
      } as never),
    };
    const unit = planned(playbookOf(looked)).units.find(({ step }) => step === 'action--isolate')!;
    expect([unit.text, unit.target.key]).toEqual(['PUT /v1/hosts/__host__:value/isolated HTTP/1.1', null]);
    expect(faultsOf(playbookOf(looked))).toContain('notice variable_late');
  });

  test('are those of playbooks that are run from within too, with what is handed in', () => {
    const child = playbookOf({}, { id: 'playbook--2', name: 'Child' });
    const outer = playbookOf({
      'start--1': { type: 'start', on_completion: 'playbook-action--1' },
      'playbook-action--1': {
        type: 'playbook-action',
        playbook_id: 'playbook--2',
        in_args: ['__host__'],
        on_completion: 'end--1',
      },
    });
    const inner = 'e'.repeat(64);
    const plan = planned(outer, { playbooks: { [DIGEST]: outer, [inner]: child } });
    expect(plan.playbooks.map(({ digest }) => digest)).toEqual([DIGEST, inner]);
    expect(plan.units[0]).toMatchObject({ playbook: inner, target: { key: 'host-7.example' } });
    expect(faultsOf(outer)).toContain('refused playbook_missing');
  });
});

describe('whose consent it takes', () => {
  const irreversible = { 'action--isolate': action({ undo: 'irreversible' }) };
  test.each<[string, Playbook, Record<string, string[]>]>([
    ['none for what can be taken back', playbookOf(), {}],
    ['a step that cannot', playbookOf(irreversible), { 'step/action--isolate': ['irreversible'] }],
    [
      'a step of which nobody knows',
      playbookOf({ 'action--isolate': action() }),
      { 'step/action--isolate': ['noUndo'] },
    ],
    [
      'a step that asks for it',
      playbookOf({ 'action--isolate': action({ undo: 'action--release', approval: { required: 2 } }) }),
      { 'step/action--isolate': ['declared'] },
    ],
    ['none for what changes nothing', playbookOf({ 'action--isolate': action({ changes: false }) }), {}],
    [
      'the plan of a playbook that asks for it',
      playbookOf({}, { playbook_extensions: extended({ approval: {} }) }),
      { plan: ['declared'] },
    ],
    ['the plan of one with a grave impact', playbookOf({}, { impact: 50 }), { plan: ['impact'] }],
    ['none below that', playbookOf({}, { impact: 49 }), {}],
    [
      'the plan alone, where it covers the step',
      playbookOf(irreversible, { impact: 80 }),
      { plan: ['impact'] },
    ],
    [
      'the roll back that gives somebody access',
      playbookOf({ 'action--isolate': action({ undo: 'action--release', undoRestoresAccess: true }) }),
      { rollBack: ['restoresAccess'] },
    ],
  ])('%s', (_name, playbook, reasons) => {
    const { needs } = planned(playbook);
    expect(Object.fromEntries(Object.entries(needs).map(([need, one]) => [need, one.reasons]))).toEqual(
      reasons,
    );
  });

  test('every unit says which consent it needs', () => {
    const playbook = playbookOf(
      {
        'action--isolate': action({ undo: 'action--release', undoRestoresAccess: true, approval: {} }),
      },
      { impact: 60 },
    );
    expect(planned(playbook).units.map(({ purpose, needs }) => [purpose, needs])).toEqual([
      ['act', ['plan', 'step/action--isolate']],
      ['undo', ['rollBack']],
    ]);
  });

  test('a playbook says which roles have to be among those who agree', () => {
    const asked = extended({ approval: { required: 2, including: ['manager'] } });
    const playbook = readPlaybook(playbookOf({}, { playbook_extensions: asked }));
    expect(planned(playbook!).needs['plan']!.terms).toEqual({
      ...DEFAULT_APPROVAL,
      required: 2,
      including: ['manager'],
    });
  });

  test('terms that two sides ask for are met together', () => {
    const asked = extended({ approval: { required: 3, validForMs: 60_000 } });
    const protections = [
      { kind: 'exact' as const, pattern: 'HOST-7.example', mode: 'approval' as const, until: null },
    ];
    const { needs } = planned(playbookOf({}, { playbook_extensions: asked }), { protections });
    expect(needs['plan']).toEqual({
      terms: { ...DEFAULT_APPROVAL, required: 3, including: ['manager'], validForMs: 60_000 },
      reasons: ['declared', 'protected'],
    });
  });
});

describe('what stands in its way', () => {
  const protect = (mode: 'never' | 'approval', pattern = 'host-7.example') => ({
    protections: [{ kind: 'exact' as const, pattern, mode, until: null }],
  });
  test.each<[string, Playbook, Partial<PlanInput>, string[]]>([
    ['nothing', playbookOf(), {}, []],
    [
      'a target that is never touched',
      playbookOf(),
      protect('never'),
      ['refused target_protected', 'refused target_protected'],
    ],
    [
      'a target that takes consent',
      playbookOf(),
      protect('approval'),
      ['notice target_protected', 'notice target_protected'],
    ],
    [
      'one target too many',
      playbookOf({}, { playbook_extensions: extended({ maxTargets: 0 }) }),
      {},
      ['refused too_many_targets'],
    ],
    ['the limit of the deployment', playbookOf(), { maxTargets: 0 }, ['refused too_many_targets']],
    ['no connector', playbookOf(), { connectors: [] }, ['blocked connector_missing']],
    ['a revoked playbook', playbookOf({}, { revoked: true }), {}, ['refused playbook_revoked']],
    [
      'one whose time is over',
      playbookOf({}, { valid_until: '2026-01-05T09:00:00Z' }),
      {},
      ['refused playbook_not_valid'],
    ],
    [
      'one whose time has not come',
      playbookOf({}, { valid_from: '2026-02-01T00:00:00Z' }),
      {},
      ['refused playbook_not_valid'],
    ],
    [
      'its time, where somebody answers for that',
      playbookOf({}, { valid_until: '2026-01-01T00:00:00Z' }),
      { isPastValidity: true },
      ['notice playbook_not_valid'],
    ],
    [
      'a variable without a value',
      playbookOf(),
      { variables: { __host__: { type: 'string', external: true } } },
      ['refused variable_missing'],
    ],
    ['legal hold, of what can be taken back', playbookOf(), { isUnderLegalHold: true }, []],
    [
      'legal hold, of what cannot',
      playbookOf({ 'action--isolate': action({ undo: 'irreversible' }) }),
      { isUnderLegalHold: true },
      ['blocked legal_hold'],
    ],
    [
      'a step that nobody can take back',
      playbookOf({ 'action--isolate': action() }),
      {},
      ['notice undo_missing'],
    ],
    [
      'a step that denies to change',
      playbookOf({ 'action--isolate': action({ changes: false }) }),
      {},
      ['notice change_denied'],
    ],
  ])('%s', (_name, playbook, more, faults) => {
    expect(faultsOf(playbook, more)).toEqual(faults);
  });

  test('a protected host that the command alone names is found', () => {
    const hidden = playbookOf({
      'action--isolate': action({ undo: 'action--release' }, {
        targets: [],
        commands: [{ type: 'http-api', command: 'PUT /v1/hosts/dc-1/isolated HTTP/1.1' }],
      } as never),
    });
    expect(faultsOf(hidden, protect('never', 'DC-1'))).toEqual(['refused target_protected']);
  });

  test('what it is refused for is told, all of it', () => {
    const { faults } = planOf(inputOf(playbookOf({}, { revoked: true }), { maxTargets: 0 }));
    expect(refusalOfPlan(faults)).toMatchObject({
      code: 'plan_refused',
      errors: [{ code: 'playbook_revoked' }, { code: 'too_many_targets' }],
    });
    expect(refusalOfPlan(planOf(inputOf()).faults)).toBeNull();
  });
});

describe('the text that approvals are bound to', () => {
  test.each<[string, Playbook, Partial<PlanInput>]>([
    ['the ticket', playbookOf(), { ticket: 'tkt_2' }],
    ['the version of the playbook', playbookOf(), { playbooks: { other: playbookOf() }, main: 'other' }],
    [
      'a variable',
      playbookOf(),
      { variables: { ...GIVEN, __host__: { ...GIVEN.__host__, value: 'host-8' } } },
    ],
    [
      'a hidden variable',
      playbookOf(),
      { variables: { ...GIVEN, __key__: { type: 'string', sealed: 'sealed_2' } } },
    ],
    ['most targets', playbookOf(), { maxTargets: 11 }],
    ['the terms of an approval', playbookOf({}, { impact: 90 }), {}],
    [
      'what is protected with consent',
      playbookOf(),
      { protections: [{ kind: 'exact', pattern: 'host-7.example', mode: 'approval', until: null }] },
    ],
    ['running out of its time', playbookOf(), { isPastValidity: true }],
  ])('is another with another: %s', (_name, playbook, more) => {
    expect(planText(planned(playbook, more))).not.toBe(planText(planned()));
  });

  test('is the same however it was written down and whenever it is made', () => {
    const turned = Object.fromEntries(Object.entries(playbookOf().workflow).toReversed());
    const again = planned({ ...playbookOf(), workflow: turned }, { now: PLAN_NOW + 1 });
    expect(planText(again)).toBe(planText(planned()));
  });

  test('two plans have one text only where they are given the same', () => {
    const given = fc.record({
      host: fc.constantFrom('host-1', 'host-2', 'HOST-1'),
      note: fc.string({ maxLength: 5 }),
      max: fc.integer({ min: 1, max: 3 }),
      required: fc.integer({ min: 1, max: 2 }),
    });
    const textOf = ({
      host,
      note,
      max,
      required,
    }: {
      host: string;
      note: string;
      max: number;
      required: number;
    }) =>
      planText(
        planned(playbookOf({ 'action--isolate': action({ approval: { required } }) }), {
          maxTargets: max,
          variables: { __host__: { type: 'string', value: host }, __note__: { type: 'string', value: note } },
        }),
      );
    fc.assert(
      fc.property(given, given, (a, b) => {
        expect(textOf(a) === textOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      runs(200),
    );
  });
});

describe('what runs without being asked', () => {
  const authorisation: Authorisation = {
    id: 'aut_1',
    playbookId: 'playbook--1',
    digest: DIGEST,
    maxTargets: 1,
    validUntil: PLAN_NOW,
    granted: { person: 'manager-1', role: 'manager' },
    confirmed: { person: 'lead-2', role: 'approver' },
    revokedAt: null,
  };
  const irreversible = planned(playbookOf({ 'action--isolate': action({ undo: 'irreversible' }) }));
  const guarded = planned(playbookOf(), {
    protections: [{ kind: 'exact', pattern: 'host-7.example', mode: 'approval', until: null }],
  });
  const late = planned(playbookOf(), { variables: { __host__: { type: 'string', sealed: 'sealed_1' } } });

  test.each<[string, Partial<Authorisation>, Plan, number, boolean]>([
    ['the plan it is for', {}, planned(), PLAN_NOW, true],
    ['after its time', {}, planned(), PLAN_NOW + 1, false],
    ['before it is confirmed', { confirmed: null }, planned(), PLAN_NOW, false],
    ['once it is revoked', { revokedAt: PLAN_NOW - 1 }, planned(), PLAN_NOW, false],
    ['another version', { digest: 'x' }, planned(), PLAN_NOW, false],
    ['more targets', { maxTargets: 0 }, planned(), PLAN_NOW, false],
    ['what cannot be taken back', {}, irreversible, PLAN_NOW, false],
    ['protected assets', {}, guarded, PLAN_NOW, false],
    ['targets that nobody knows yet', {}, late, PLAN_NOW, false],
    ['a playbook out of its time', {}, planned(playbookOf(), { isPastValidity: true }), PLAN_NOW, false],
  ])('an authorisation, and %s', (_name, more, plan, now, applies) => {
    expect(reasonNotAuthorised({ ...authorisation, ...more }, plan, now) === null).toBe(applies);
  });

  test('an emergency may do what can be taken back, and nothing else', () => {
    expect([planned(), irreversible, guarded, late].map((plan) => reasonNoBreakGlass(plan) === null)).toEqual(
      [true, false, false, false],
    );
  });
});

/** A small playbook and the plan of it, for tests of plans, of the gate and of the API. */
import { planOf } from '../../domain/plan-making.ts';
import type { Plan, PlanInput } from '../../domain/plan.ts';
import {
  TIERLINE_EXTENSION,
  type ActionStep,
  type Playbook,
  type PlaybookExtension,
  type StepExtension,
} from '../../domain/playbook.ts';

export const PLAN_NOW = Date.UTC(2026, 0, 5, 9);
export const DIGEST = 'd'.repeat(64);

export const extended = (extension: StepExtension | PlaybookExtension) => ({
  [TIERLINE_EXTENSION]: extension,
});

/** An action on `target--host` by the EDR. */
export function action(extension: StepExtension = {}, more: Partial<ActionStep> = {}): ActionStep {
  return {
    type: 'action',
    commands: [{ type: 'http-api', command: 'PUT /v1/hosts/__host__:value/isolated HTTP/1.1' }],
    agent: 'http-api--edr',
    targets: ['net-address--host'],
    step_extensions: extended(extension),
    on_completion: 'end--1',
    ...more,
  };
}

const RELEASE = action(
  {},
  { commands: [{ type: 'http-api', command: 'DELETE /v1/hosts/__host__:value/isolated HTTP/1.1' }] },
);

/** start → isolate (undo: release) → end, unless told otherwise. */
export function playbookOf(workflow: Playbook['workflow'] = {}, more: Partial<Playbook> = {}): Playbook {
  return {
    type: 'playbook',
    spec_version: 'cacao-2.0',
    id: 'playbook--1',
    name: 'Isolate a host',
    created_by: 'identity--1',
    created: '2026-01-01T00:00:00.000Z',
    modified: '2026-01-01T00:00:00.000Z',
    workflow_start: 'start--1',
    workflow: {
      'start--1': { type: 'start', on_completion: 'action--isolate' },
      'action--isolate': action({ effect: 'hostIsolated', undo: 'action--release' }),
      'action--release': RELEASE,
      'end--1': { type: 'end' },
      ...workflow,
    },
    agent_definitions: {
      'http-api--edr': { type: 'http-api', name: 'EDR', address: { url: ['https://edr.example'] } },
    },
    target_definitions: {
      'net-address--host': {
        type: 'net-address',
        name: '__host__:value',
        address: { dname: ['__host__:value'] },
      },
    },
    ...more,
  };
}

export const GIVEN = { __host__: { type: 'string' as const, external: true, value: 'Host-7.example' } };

export const inputOf = (playbook: Playbook = playbookOf(), more: Partial<PlanInput> = {}): PlanInput => ({
  ticket: 'tkt_1',
  playbooks: { [DIGEST]: playbook },
  main: DIGEST,
  variables: GIVEN,
  maxTargets: 10,
  protections: [],
  isUnderLegalHold: false,
  connectors: ['http-api'],
  now: PLAN_NOW,
  ...more,
});

export const planned = (playbook?: Playbook, more?: Partial<PlanInput>): Plan =>
  planOf(inputOf(playbook, more)).plan;

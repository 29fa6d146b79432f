/** What the model-based test runs: a host cut off in two ways at once, then its sessions ended for good. */
import { TIERLINE_EXTENSION } from '../../domain/playbook.ts';
import type { Document } from './playbooks.ts';

const id = (type: string, number: number): string =>
  `${type}--00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** What it may do to a host: path of the state or action, and the name of its effect. */
export const DEEDS = { isolated: 'hostIsolated', blocked: 'hostBlocked', 'sessions-ended': 'sessionsEnded' };
export const SESSIONS_STEP = id('action', 6);
/** Of the plan two persons, of ending the sessions one, of giving access back one. */
export const ASKED = { plan: 2, [`step/${SESSIONS_STEP}`]: 1, rollBack: 1 } as Readonly<
  Record<string, number>
>;
export const RESPOND_WITHIN_MS = 15 * 60_000;
export const VALID_FOR_MS = 3_600_000;

const TERMS = { respondWithinMs: RESPOND_WITHIN_MS, validForMs: VALID_FOR_MS, escalateTo: ['lead'] };

function action(
  command: string,
  { extension = {}, ...more }: { extension?: object; [name: string]: unknown },
) {
  return {
    type: 'action',
    commands: [{ type: 'http-api', command: `${command} HTTP/1.1` }],
    agent: id('http-api', 1),
    targets: [id('net-address', 1)],
    step_extensions: { [TIERLINE_EXTENSION]: extension },
    on_completion: id('end', 1),
    ...more,
  };
}

const looking = (expect: string) => ({ step: id('action', 3), expect, everyMs: 2_000, withinMs: 6_000 });

export function modelPlaybook(): Document {
  const host = '/v1/hosts/__host__:value';
  return {
    type: 'playbook',
    spec_version: 'cacao-2.0',
    id: id('playbook', 71),
    name: 'Cut a host off',
    description: 'Cuts it off in two ways and ends its sessions.',
    playbook_types: ['mitigation'],
    playbook_activities: ['disconnect-system'],
    created_by: id('identity', 1),
    created: '2026-01-01T00:00:00.000Z',
    modified: '2026-01-01T00:00:00.000Z',
    impact: 60,
    playbook_variables: {
      __host__: { type: 'string', external: true },
      __edr_url__: { type: 'uri', external: true },
    },
    workflow_start: id('start', 1),
    workflow: {
      [id('start', 1)]: { type: 'start', on_completion: id('parallel', 1) },
      [id('parallel', 1)]: {
        type: 'parallel',
        next_steps: [id('action', 1), id('action', 4)],
        on_completion: SESSIONS_STEP,
      },
      [id('action', 1)]: action(`PUT ${host}/isolated`, {
        extension: {
          effect: DEEDS.isolated,
          undo: id('action', 2),
          undoRestoresAccess: true,
          verify: looking("__on__:value = 'true'"),
          verifyUndone: looking("__on__:value = 'false'"),
        },
      }),
      [id('action', 2)]: action(`DELETE ${host}/isolated`, {}),
      [id('action', 3)]: action(`GET ${host}/isolated`, {
        step_variables: { __on__: { type: 'bool' } },
        out_args: ['__on__'],
        extension: { results: { __on__: '/on' } },
      }),
      [id('action', 4)]: action(`PUT ${host}/blocked`, {
        extension: { effect: DEEDS.blocked, undo: id('action', 5) },
        on_completion: id('end', 2),
      }),
      [id('action', 5)]: action(`DELETE ${host}/blocked`, {}),
      [SESSIONS_STEP]: action(`POST ${host}/sessions-ended`, {
        extension: {
          effect: DEEDS['sessions-ended'],
          undo: 'irreversible',
          approval: { ...TERMS, required: 1 },
        },
        on_completion: id('end', 3),
      }),
      [id('end', 1)]: { type: 'end' },
      [id('end', 2)]: { type: 'end' },
      [id('end', 3)]: { type: 'end' },
    },
    agent_definitions: {
      [id('http-api', 1)]: {
        type: 'http-api',
        name: 'EDR',
        address: { url: ['__edr_url__:value'] },
        authentication_info: id('oauth2', 1),
      },
    },
    target_definitions: {
      [id('net-address', 1)]: {
        type: 'net-address',
        name: 'host',
        address: { dname: ['__host__:value'] },
      },
    },
    authentication_info_definitions: {
      [id('oauth2', 1)]: {
        type: 'oauth2',
        oauth_header: 'Bearer',
        kms: true,
        kms_key_identifier: 'edr/token',
      },
    },
    extension_definitions: {
      [TIERLINE_EXTENSION]: {
        type: 'extension-definition',
        name: 'Tierline',
        created_by: id('identity', 1),
        schema: 'docs/playbooks.md',
        version: '1.0.0',
      },
    },
    playbook_extensions: {
      [TIERLINE_EXTENSION]: { maxTargets: 2, approval: { ...TERMS, required: 2 } },
    },
  };
}

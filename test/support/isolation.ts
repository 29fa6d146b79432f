/** A playbook for tests: isolates a host at an EDR that speaks as the fake one, looks whether it is so, and can release it. */
import { TIERLINE_EXTENSION, type ApprovalTerms } from '../../domain/playbook.ts';

const IDENTITY = 'identity--5e3a4f1c-7f3b-4b57-8a3d-0d7c9a3a1b10';

let made = 0;
const uuid = (): string => `00000000-0000-4000-8000-${String((made += 1)).padStart(12, '0')}`;

export interface IsolationOptions {
  /** How many have to agree to the plan. */
  approvers?: number;
  /** The other terms of that. */
  terms?: Partial<ApprovalTerms>;
  /** Terms of an approval of the isolation by itself; it has none unless said. */
  ofStep?: Partial<ApprovalTerms>;
  /** Its type, `mitigation` unless said otherwise. */
  type?: 'runbook';
  /** What a person does, and no command. */
  byHand?: readonly ('isolate' | 'release')[];
  /** Names of further external variables, sent as headers; nobody may see them. */
  hidden?: readonly string[];
}

/** Its variables are `__host__` and `__edr__`, the address; the token is `edr/token` in the vault. */
export function isolationPlaybook({
  approvers = 2,
  terms,
  ofStep,
  type,
  byHand = [],
  hidden = [],
}: IsolationOptions = {}) {
  const id = {
    start: `start--${uuid()}`,
    isolate: `action--${uuid()}`,
    release: `action--${uuid()}`,
    look: `action--${uuid()}`,
    end: `end--${uuid()}`,
    edr: `http-api--${uuid()}`,
    host: `net-address--${uuid()}`,
    login: `oauth2--${uuid()}`,
  };
  const headers = Object.fromEntries(hidden.map((name, i) => [`X-Hidden-${i}`, [`${name}:value`]]));
  const command = (method: string) => ({
    type: 'http-api',
    command: `${method} /v1/hosts/__host__:value/isolated HTTP/1.1`,
    ...(hidden.length > 0 && { headers }),
  });
  const MANUAL = { type: 'manual', command: 'At the console of the EDR: host __host__:value' };
  const ofPerson = (what: 'isolate' | 'release') => (byHand.includes(what) ? { commands: [MANUAL] } : {});
  const step = (name: string, method: string, more: object = {}) => ({
    type: 'action',
    name,
    commands: [command(method)],
    agent: id.edr,
    targets: [id.host],
    on_completion: id.end,
    ...more,
  });
  return {
    type: 'playbook',
    spec_version: 'cacao-2.0',
    id: `playbook--${uuid()}`,
    name: 'Isolate a host',
    created_by: IDENTITY,
    created: '2026-11-01T00:00:00.000Z',
    modified: '2026-11-01T00:00:00.000Z',
    playbook_types: [type ?? 'mitigation'],
    playbook_activities: ['disconnect-system'],
    workflow_start: id.start,
    playbook_variables: {
      __host__: { type: 'string', external: true },
      __edr__: { type: 'uri', external: true },
      __on__: { type: 'bool', value: 'false' },
      ...Object.fromEntries(hidden.map((name) => [name, { type: 'string', external: true }])),
    },
    workflow: {
      [id.start]: { type: 'start', on_completion: id.isolate },
      [id.isolate]: step('Isolate the host', 'PUT', {
        ...ofPerson('isolate'),
        step_extensions: {
          [TIERLINE_EXTENSION]: {
            effect: 'hostIsolated',
            undo: id.release,
            undoRestoresAccess: true,
            verify: { step: id.look, expect: "__on__:value = 'true'", everyMs: 200, withinMs: 20_000 },
            ...(ofStep && { approval: ofStep }),
          },
        },
      }),
      [id.release]: step('Release the host', 'DELETE', ofPerson('release')),
      [id.look]: step('Look whether the host is isolated', 'GET', {
        out_args: ['__on__'],
        step_extensions: { [TIERLINE_EXTENSION]: { results: { __on__: '/on' } } },
      }),
      [id.end]: { type: 'end' },
    },
    agent_definitions: {
      [id.edr]: {
        type: 'http-api',
        name: 'EDR',
        address: { url: ['__edr__:value'] },
        authentication_info: id.login,
      },
    },
    target_definitions: {
      [id.host]: { type: 'net-address', name: '__host__:value', address: { dname: ['__host__:value'] } },
    },
    authentication_info_definitions: {
      [id.login]: { type: 'oauth2', kms: true, kms_key_identifier: 'edr/token' },
    },
    extension_definitions: {
      [TIERLINE_EXTENSION]: {
        type: 'extension-definition',
        name: 'Tierline',
        created_by: IDENTITY,
        schema: 'https://tierline.example/extension.json',
        version: '1.0.0',
      },
    },
    playbook_extensions: {
      [TIERLINE_EXTENSION]: {
        approval: { role: 'approver', required: approvers, ...terms },
        ...(hidden.length > 0 && { sensitive: hidden }),
      },
    },
  };
}

/** Playbooks to try things on. */
import { TIERLINE_EXTENSION } from '../../domain/playbook.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- a file that tests may break in any way
export type Document = any;

const id = (type: string, number: number): string =>
  `${type}--00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

export const IDS = {
  playbook: id('playbook', 1),
  start: id('start', 1),
  isolate: id('action', 1),
  release: id('action', 2),
  look: id('action', 3),
  end: id('end', 1),
  lookEnd: id('end', 2),
  edr: id('http-api', 1),
  host: id('http-api', 2),
  login: id('oauth2', 1),
} as const;

/** Isolates a host at an EDR; with a look before, a proof after, and the way back. Nothing to find in it. */
export function isolationPlaybook(): Document {
  const call = (method: string, path: string) => ({
    type: 'http-api',
    command: `${method} /hosts/__host__:value${path} HTTP/1.1`,
  });
  const action = (command: object, more: object = {}) => ({
    type: 'action',
    commands: [command],
    agent: IDS.edr,
    on_completion: IDS.lookEnd,
    ...more,
  });
  return {
    type: 'playbook',
    spec_version: 'cacao-2.0',
    id: IDS.playbook,
    name: 'Isolate a host',
    created_by: id('identity', 1),
    created: '2026-01-01T00:00:00.000Z',
    modified: '2026-01-02T00:00:00.000Z',
    playbook_types: ['mitigation'],
    playbook_activities: ['disconnect-system'],
    playbook_variables: {
      __host__: { type: 'string', external: true },
      __token__: { type: 'string' },
    },
    workflow_start: IDS.start,
    workflow: {
      [IDS.start]: { type: 'start', on_completion: IDS.isolate },
      [IDS.isolate]: action(call('POST', '/isolate'), {
        on_completion: IDS.end,
        step_extensions: {
          [TIERLINE_EXTENSION]: {
            effect: 'hostIsolated',
            undo: IDS.release,
            snapshot: IDS.look,
            verify: { step: IDS.look, expect: "__state__:value = 'isolated'" },
            approval: { required: 2 },
          },
        },
      }),
      [IDS.release]: action(call('POST', '/release')),
      [IDS.look]: action(call('GET', ''), {
        step_variables: { __state__: { type: 'string' } },
        out_args: ['__state__'],
        step_extensions: { [TIERLINE_EXTENSION]: { results: { __state__: '/state' } } },
      }),
      [IDS.end]: { type: 'end' },
      [IDS.lookEnd]: { type: 'end' },
    },
    agent_definitions: {
      [IDS.edr]: {
        type: 'http-api',
        name: 'EDR',
        address: { url: ['https://edr.example'] },
        authentication_info: IDS.login,
      },
    },
    authentication_info_definitions: {
      [IDS.login]: { type: 'oauth2', oauth_header: 'Bearer', token: '__token__:value' },
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
  };
}

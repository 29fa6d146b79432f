/** A playbook for the documentation, and how it is shown. */
const START = 'start--5ef5f1c4-8e13-4d5c-9d5b-30e4f4ab2f10';
const LOOK = 'action--0f0c9f6e-4c0b-4d62-8f2a-6c1f1f1d0a01';
const END = 'end--a1b6f4f8-2a4b-4d0f-9f34-0c9d5c3d7b55';
const TEAM = 'group--9b0f2c1d-6a3e-4c57-8d21-7e5a4b3c2d10';

export const PLAYBOOK_EXAMPLE = {
  type: 'playbook',
  spec_version: 'cacao-2.0',
  id: 'playbook--3c7d9d4e-52f5-4d0e-8f52-0d5d6b0f4a11',
  name: 'Look at a suspicious host',
  created_by: 'identity--7d1c5a0b-3e2f-4a4b-9c6d-8e7f6a5b4c3d',
  created: '2026-01-31T09:00:00.000Z',
  modified: '2026-01-31T09:00:00.000Z',
  playbook_types: ['investigation'],
  playbook_activities: ['analyze-collected-data'],
  playbook_variables: { __host__: { type: 'string', external: true } },
  workflow_start: START,
  workflow: {
    [START]: { type: 'start', on_completion: LOOK },
    [LOOK]: {
      type: 'action',
      commands: [{ type: 'manual', command: 'Look for new services on __host__:value' }],
      agent: TEAM,
      on_completion: END,
    },
    [END]: { type: 'end' },
  },
  agent_definitions: { [TEAM]: { type: 'group', name: 'Incident response' } },
} as const;

const self = `/v1/playbooks/${PLAYBOOK_EXAMPLE.id}`;

export const PLAYBOOK_VIEW_EXAMPLE = {
  id: PLAYBOOK_EXAMPLE.id,
  modified: PLAYBOOK_EXAMPLE.modified,
  name: PLAYBOOK_EXAMPLE.name,
  description: null,
  digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  verdict: 'executable',
  signatures: [],
  importedAt: '2026-01-31T09:05:00.000Z',
  importedBy: 'key_0192',
  links: { self, versions: `${self}/versions`, document: `${self}/document` },
  findings: [],
  playbook: PLAYBOOK_EXAMPLE,
};

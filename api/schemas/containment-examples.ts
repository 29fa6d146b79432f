/** Examples of containment runs for the documentation. */
const PLAYBOOK = 'playbook--3f3f5c7e-8a54-4f0e-9c0a-6d1f9c2b7a10';
const PLAN = '5b4f1c0f6e9a5d1d8f6a7d2c3b4a59687706f5e4d3c2b1a09f8e7d6c5b4a3921';
const DIGEST = '8d0f3c1b5a79684736251403f2e1d0cfbeadfc9b8a79685746352413f2e1d0cf';

export const REQUEST_RUN_EXAMPLE = {
  playbook: { id: PLAYBOOK },
  variables: { __host__: 'ws-1042', __edr_token__: { vault: 'edr/token' } },
  dryRun: true,
  reason: 'Ransom note on the desktop',
};

const NAMED = { id: PLAYBOOK, version: '2026-11-01T00:00:00.000Z', digest: DIGEST, name: 'Isolate a host' };

export const CONTAINMENT_EXAMPLE = {
  id: 'run_0192f3a4b5c6d7e8f9a0b1c2d3e4f5a6',
  ticketId: 'tkt_1042',
  playbook: NAMED,
  state: 'awaitingApproval' as const,
  result: null,
  reason: null,
  licence: 'approval' as const,
  planHash: PLAN,
  requestedAt: '2026-11-20T09:00:00.000Z',
  requestedBy: { subject: 'key:9c1d', role: 'responder', person: 'responder-1' },
  endedAt: null,
  approvals: [
    {
      need: 'plan',
      state: 'open' as const,
      role: 'approver',
      required: 2,
      including: [],
      level: 0,
      askedAt: '2026-11-20T09:00:00.000Z',
      validUntil: null,
      votes: [
        {
          person: 'approver-1',
          role: 'approver',
          decision: 'approve' as const,
          at: '2026-11-20T09:02:00.000Z',
        },
      ],
    },
  ],
  waitingFor: [],
  underWay: [],
  effects: [],
  inForce: [],
  unknown: [],
  rollBack: null,
  sequence: 3,
  links: { self: '/v1/containments/run_0192f3a4b5c6d7e8f9a0b1c2d3e4f5a6', ticket: '/v1/tickets/tkt_1042' },
};

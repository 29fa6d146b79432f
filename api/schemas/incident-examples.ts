/** Examples of evidence and obligations for the documentation; a test holds each against its schema. */

const TICKET_ID = 'tkt_019c13f2a1c07e6f9d0f2c5d7a1b3e4f';
const EVIDENCE_ID = 'evd_5d41402abc4b2a76b9719d911017c592';
const SHA256 = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
const RESPONDER = { subject: 'key:6f1d2c3b4a596877', role: 'responder' };

export const ADD_EVIDENCE_EXAMPLE = {
  name: 'memory-image.raw.zst',
  sha256: SHA256,
  sizeBytes: 1_073_741_824,
  source: 'host web-3',
  collectedAt: '2026-01-30T10:12:00Z',
  collectedBy: 'responder-4',
  location: 's3://evidence/2026/otter/memory-image.raw.zst',
};

export const EVIDENCE_EXAMPLE = {
  id: EVIDENCE_ID,
  ticketId: TICKET_ID,
  ...ADD_EVIDENCE_EXAMPLE,
  collectedAt: '2026-01-30T10:12:00.000Z',
  run: null,
  step: null,
  links: { custody: `/v1/tickets/${TICKET_ID}/evidence/${EVIDENCE_ID}/custody` },
};

export const ADD_CUSTODY_EXAMPLE = {
  what: 'transferred',
  at: '2026-01-30T14:00:00Z',
  location: 'safe 2',
  to: 'forensics-1',
  reason: 'For analysis.',
};

export const CUSTODY_EXAMPLE = {
  evidenceId: EVIDENCE_ID,
  verified: true,
  fault: null,
  data: [
    {
      sequence: 1,
      what: 'collected',
      at: '2026-01-30T10:12:00.000Z',
      by: RESPONDER,
      location: ADD_EVIDENCE_EXAMPLE.location,
      to: null,
      reason: null,
      sha256: SHA256,
      recordedAt: '2026-01-30T10:15:02.118Z',
      previousHash: '0'.repeat(64),
      hash: '0b8efa5a3bf104413a725c6ff0459a6be12b1fd33314cbb138745baf39504ae5',
    },
  ],
};

export const OBLIGATIONS_EXAMPLE = {
  ticketId: TICKET_ID,
  regimes: ['gdpr'],
  data: [
    {
      obligation: 'gdpr-authority',
      regime: 'gdpr',
      title: 'Notify the supervisory authority of the personal data breach',
      citation: 'Regulation (EU) 2016/679, article 33(1)',
      state: 'running',
      anchor: { fact: 'personalData' },
      startedAt: '2026-01-30T08:15:00.000Z',
      becameKnownAt: '2026-01-30T09:40:00.000Z',
      deadlineAt: '2026-02-02T08:15:00.000Z',
      reports: [],
      judgedNotApplicable: null,
    },
  ],
  sequence: 7,
  asOf: '2026-01-30T11:00:00.000Z',
};

/** Examples of API keys for the documentation; a test holds each against its schema. */

const ID = '8f1c2ab7905d3e64';

export const CREATE_API_KEY_EXAMPLE = {
  name: 'lock accounts, tier 3',
  role: 'approver',
  person: 'agent-17',
  expiresAt: '2027-01-31T09:00:00Z',
};

export const API_KEY_EXAMPLE = {
  id: ID,
  name: CREATE_API_KEY_EXAMPLE.name,
  role: 'approver',
  person: 'agent-17',
  tier: null,
  createdAt: '2026-01-31T09:00:00.000Z',
  createdBy: { subject: 'key:6f1d2c3b4a596877', role: 'manager', person: 'manager-1' },
  expiresAt: '2027-01-31T09:00:00.000Z',
  lastUsedAt: null,
  revokedAt: null,
  links: { self: `/v1/api-keys/${ID}` },
};

export const NEW_API_KEY_EXAMPLE = {
  ...API_KEY_EXAMPLE,
  apiKey: `tl_${ID}_5jVbHx0hX1Yw0yDq0m2m3vJbqk3GqT5m0R1o7cUe2aE`,
};

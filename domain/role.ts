/** Roles: an API key has one of them. What each may do is a table of the edge (api/roles.ts). */
export const ROLES = [
  'integration',
  'agent',
  'lead',
  'responder',
  'approver',
  'manager',
  'auditor',
  'admin',
] as const;
export type Role = (typeof ROLES)[number];

/** Those who may agree to what a playbook does. */
export const APPROVERS = ['lead', 'approver', 'manager'] as const satisfies readonly Role[];

/** Those who see or handle security tickets. An agent does for the tickets that are with it. */
const SECURITY_ROLES: readonly Role[] = ['lead', 'responder', 'approver', 'manager', 'auditor'];
/** What these do has to be somebody's doing. */
const PERSONAL_ROLES: readonly Role[] = ['responder', 'approver'];

/** What a key is to say of its bearer. */
export interface KeyTerms {
  role: Role;
  person?: string | undefined;
  tier?: number | undefined;
}

/** What is wrong with such a key: the field and why; null for nothing. */
export function keyFault({
  role,
  person,
  tier,
}: KeyTerms): { field: 'person' | 'tier'; message: string } | null {
  if (person !== undefined && role === 'integration')
    return { field: 'person', message: 'a front end speaks for many; an integration has no person' };
  if (person === undefined && PERSONAL_ROLES.includes(role))
    return {
      field: 'person',
      message: `the key of ${role === 'approver' ? 'an' : 'a'} ${role} is somebody's own; say whose`,
    };
  if (tier !== undefined && role !== 'agent')
    return { field: 'tier', message: `only an agent's key is for one tier, not that of role ${role}` };
  return null;
}

/**
 * Who may make such a key over the API (docs/access.md): whatever names a person or sees security tickets is made by a
 * manager in person, for somebody else; keys of admins by admins. `manager`, `another` or `admin` says who is missing.
 */
export function makerMissing(
  maker: { role: string; person?: string },
  { role, person }: KeyTerms,
): 'manager' | 'another' | 'admin' | null {
  if (role === 'admin' && maker.role !== 'admin') return 'admin';
  if (person === undefined && !SECURITY_ROLES.includes(role)) return null;
  if (maker.role !== 'manager' || maker.person === undefined) return 'manager';
  return maker.person === person ? 'another' : null;
}

export const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

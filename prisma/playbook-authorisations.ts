/** Playbooks that two persons let run without asking. That it takes two is a rule of the table. */
import type { Authorisation } from '../domain/authorisation.ts';
import type { Actor } from '../domain/events.ts';
import type { Database } from './client.ts';
import type { PlaybookAuthorisation as Row } from './generated/client.ts';

export interface AuthorisationRecord extends Authorisation {
  reason: string;
  grantedBy: Actor;
  grantedAt: number;
  confirmedBy: Actor | null;
  confirmedAt: number | null;
  revokedBy: Actor | null;
}

export interface AuthorisationMark {
  at: number;
  id: string;
}

/** By a person, in a role, with a key. */
export interface Deed {
  person: string;
  role: string;
  by: Actor;
  at: number;
}

export interface AuthorisationStore {
  /** Once for one id. */
  grant(
    terms: Pick<AuthorisationRecord, 'id' | 'playbookId' | 'digest' | 'maxTargets' | 'reason' | 'validUntil'>,
    deed: Deed,
  ): Promise<void>;
  /** False where it is confirmed, revoked or over, or where it is the same person. */
  confirm(id: string, deed: Deed): Promise<boolean>;
  /** False where it was revoked before. */
  revoke(id: string, deed: Pick<Deed, 'by' | 'at'>): Promise<boolean>;
  get(id: string): Promise<AuthorisationRecord | null>;
  /** Newest first. */
  list(
    filter: { digest?: string | undefined },
    page: { after: AuthorisationMark | null; limit: number },
  ): Promise<AuthorisationRecord[]>;
}

function recordOf(row: Row): AuthorisationRecord {
  const { id, playbookId, digest, maxTargets, reason, confirmedPerson, confirmedRole } = row;
  return {
    id,
    playbookId,
    digest,
    maxTargets,
    reason,
    validUntil: row.validUntil.getTime(),
    granted: { person: row.grantedPerson, role: row.grantedRole },
    grantedBy: row.grantedBy as unknown as Actor,
    grantedAt: row.grantedAt.getTime(),
    confirmed:
      confirmedPerson === null || confirmedRole === null
        ? null
        : { person: confirmedPerson, role: confirmedRole },
    confirmedBy: row.confirmedBy as unknown as Actor | null,
    confirmedAt: row.confirmedAt?.getTime() ?? null,
    revokedBy: row.revokedBy as unknown as Actor | null,
    revokedAt: row.revokedAt?.getTime() ?? null,
  };
}

export function createAuthorisationStore(database: Database): AuthorisationStore {
  return {
    async grant({ id, playbookId, digest, maxTargets, reason, validUntil }, { person, role, by, at }) {
      await database.$executeRaw`
        INSERT INTO playbook_authorisations (id, playbook_id, digest, max_targets, reason, valid_until,
          granted_person, granted_role, granted_by, granted_at)
        VALUES (${id}, ${playbookId}, ${digest}, ${maxTargets}, ${reason}, ${new Date(validUntil)}::timestamptz,
          ${person}, ${role}, ${JSON.stringify(by)}::jsonb, ${new Date(at)}::timestamptz)
        ON CONFLICT DO NOTHING`;
    },
    async confirm(id, { person, role, by, at }) {
      const count = await database.$executeRaw`
        UPDATE playbook_authorisations SET confirmed_person = ${person}, confirmed_role = ${role},
          confirmed_by = ${JSON.stringify(by)}::jsonb, confirmed_at = ${new Date(at)}::timestamptz
        WHERE id = ${id} AND confirmed_at IS NULL AND revoked_at IS NULL
          AND valid_until >= ${new Date(at)}::timestamptz
          AND lower(btrim(granted_person)) <> lower(btrim(${person}))`;
      return count > 0;
    },
    async revoke(id, { by, at }) {
      const count = await database.$executeRaw`
        UPDATE playbook_authorisations SET revoked_by = ${JSON.stringify(by)}::jsonb,
          revoked_at = ${new Date(at)}::timestamptz
        WHERE id = ${id} AND revoked_at IS NULL`;
      return count > 0;
    },
    async get(id) {
      const row = await database.playbookAuthorisation.findUnique({ where: { id } });
      return row && recordOf(row);
    },
    async list({ digest }, { after, limit }) {
      const at = after && new Date(after.at);
      const rows = await database.playbookAuthorisation.findMany({
        where: {
          ...(digest !== undefined && { digest }),
          ...(at && { OR: [{ grantedAt: { lt: at } }, { grantedAt: at, id: { gt: after.id } }] }),
        },
        orderBy: [{ grantedAt: 'desc' }, { id: 'asc' }],
        take: limit,
      });
      return rows.map(recordOf);
    },
  };
}

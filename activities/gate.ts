/** The gate before every changing command: reads afresh what allowed it, and asks again (domain/gate.ts). */
import { gateRefusal, personsAsked, type Standing } from '../domain/gate.ts';
import { plannedUnitId } from '../domain/plan.ts';
import { keysIn, targetKeysOf } from '../domain/target.ts';
import type { Authority } from '../prisma/authority.ts';
import type { GateReading } from '../prisma/gate-reading.ts';
import type { AuthorisationStore } from '../prisma/playbook-authorisations.ts';
import type { PlanStore } from '../prisma/plans.ts';
import type { ProtectedAssetStore } from '../prisma/protected-assets.ts';
import type { AtTheGate, Gate } from './actuate.ts';

export interface GateDeps {
  reading: GateReading;
  plans: Pick<PlanStore, 'get'>;
  authorisations: Pick<AuthorisationStore, 'get'>;
  protectedAssets: Pick<ProtectedAssetStore, 'all'>;
  authority: Authority;
  /** Whether the playbook of this digest was revoked, by itself or by a later version. */
  isRevoked(digest: string): Promise<boolean>;
  now?: () => number;
}

const textOf = ({ command: { command, content } }: AtTheGate): string =>
  `${command}\n${content ? new TextDecoder().decode(content) : ''}`;

async function rolesOf({ authority }: GateDeps, persons: readonly string[]) {
  const roles = await Promise.all(
    persons.map(async (person) => [person, await authority.rolesOf(person)] as const),
  );
  return new Map<string, ReadonlySet<string>>(roles);
}

async function standingAt(deps: GateDeps, { order }: AtTheGate): Promise<Standing> {
  const { reading, plans, authorisations, protectedAssets, now = Date.now } = deps;
  const [consent, plan, protections, isUnderLegalHold, isRevoked] = await Promise.all([
    reading.consentOf(order.run),
    plans.get(order.planHash),
    protectedAssets.all(),
    reading.isUnderLegalHold(order.ticket),
    deps.isRevoked(order.playbook),
  ]);
  const named = consent?.licence.by === 'authorisation' ? consent.licence.authorisation : null;
  const authorisation = named === null ? null : await authorisations.get(named);
  const roles = await rolesOf(deps, personsAsked(consent, authorisation));
  return {
    consent,
    plan,
    authorisation,
    holds: (person, role) => roles.get(person)?.has(role) ?? false,
    protections,
    isUnderLegalHold,
    isRevoked,
    now: now(),
  };
}

/**
 * Lets a command pass, or says why not: run stopped, plan changed, approval missing, out of time or of somebody who lost
 * the role, licence gone, legal hold, protected target, revoked playbook, one target too many. Its reason begins with a
 * stable code and names nothing that may be hidden.
 */
export function createGate(deps: GateDeps): Gate {
  return async (about) => {
    const { order, target } = about;
    const standing = await standingAt(deps, about);
    const targetKeys = targetKeysOf(target);
    // Layers of JSON and lines are looked through as one text and by their parts.
    const keys = [...targetKeys, ...keysIn(textOf(about)), ...textOf(about).split('\n').flatMap(keysIn)];
    const unit = plannedUnitId(order);
    const refusal = gateRefusal(standing, { planHash: order.planHash, unit, keys });
    if (refusal) return { allowed: false, reason: `${refusal.code}: ${refusal.message}` };
    // Whom it only looks at is not among those that it changes, in the plan neither.
    if (order.purpose !== 'act' || !order.isChange) return { allowed: true };
    const max = standing.plan!.maxTargets;
    return (await deps.reading.countTarget(order.run, targetKeys[0] ?? '', max))
      ? { allowed: true }
      : { allowed: false, reason: `too_many_targets: It may change ${max} targets, and has` };
  };
}

/** Whose consent a plan takes, and for which of its units (docs/rules.md §9, security). */
import type { Need, NeedReason, Shelf } from './plan.ts';
import { NEED_PLAN, NEED_ROLL_BACK, needOfStep } from './plan.ts';
import type { DraftUnit } from './plan-units.ts';
import {
  DEFAULT_APPROVAL,
  extensionOf,
  playbookExtensionOf,
  type ApprovalTerms,
  type Playbook,
} from './playbook.ts';
import { PROTECTED_APPROVAL, protectionOf, type Protection } from './protection.ts';

/** From this impact on (CACAO: 0 to 100) the whole plan is approved before anything is done. */
export const GRAVE_IMPACT = 50;

const withDefaults = (terms: Partial<ApprovalTerms> | undefined): ApprovalTerms => {
  const all = { ...DEFAULT_APPROVAL, ...terms };
  return { ...all, required: Math.max(1, all.required) };
};

/** What satisfies both: as many as either asks, each role that either asks, and no longer than either allows. */
function both(a: ApprovalTerms, b: ApprovalTerms): ApprovalTerms {
  const roles = [...(a.including ?? []), ...(b.including ?? []), ...(b.role === a.role ? [] : [b.role])];
  const including = [...new Set(roles)];
  return {
    ...a,
    required: Math.max(a.required, b.required),
    ...(including.length > 0 && { including }),
    respondWithinMs: Math.min(a.respondWithinMs, b.respondWithinMs),
    validForMs: Math.min(a.validForMs, b.validForMs),
  };
}

interface Asked {
  terms: ApprovalTerms;
  reason: NeedReason;
}

const needOf = (asked: readonly Asked[]): Need | null => {
  const [first, ...more] = asked;
  if (!first) return null;
  const reasons = [...new Set(asked.map(({ reason }) => reason))];
  return { terms: more.reduce((terms, one) => both(terms, one.terms), first.terms), reasons };
};

const cannotBeUndone = ({ unit: { isChange, purpose, reversibility } }: DraftUnit): boolean =>
  isChange && purpose === 'act' && (reversibility === 'irreversible' || reversibility === 'unknown');

/** A look that changes something: nobody takes that back. */
const isMeddlingLook = ({ unit: { isChange, purpose } }: DraftUnit): boolean =>
  isChange && purpose !== 'act' && purpose !== 'undo';

interface Circumstances {
  shelf: Shelf;
  digests: readonly string[];
  units: readonly DraftUnit[];
  protections: readonly Protection[];
  now: number;
}

/** Whether a unit that changes something touches what may be touched only with consent. */
const isGuarded = ({ keys, unit }: DraftUnit, { protections, now }: Circumstances): boolean =>
  unit.isChange && protectionOf(keys, protections, now)?.mode === 'approval';

function askedOfPlan(of: Circumstances): Asked[] {
  const playbooks = of.digests.map((digest) => of.shelf.byDigest[digest]!);
  const declared = playbooks.flatMap((playbook) => playbookExtensionOf(playbook).approval ?? []);
  const isGrave = of.units.some(
    ({ unit }) => unit.isChange && (of.shelf.byDigest[unit.playbook]?.impact ?? 0) >= GRAVE_IMPACT,
  );
  const byDefault = (reason: NeedReason): Asked => ({ terms: DEFAULT_APPROVAL, reason });
  return [
    ...declared.map((terms): Asked => ({ terms: withDefaults(terms), reason: 'declared' })),
    ...(isGrave ? [byDefault('impact')] : []),
    ...(of.units.some(isMeddlingLook) ? [byDefault('noUndo')] : []),
    ...(of.units.some((unit) => isGuarded(unit, of))
      ? [{ terms: PROTECTED_APPROVAL, reason: 'protected' as const }]
      : []),
  ];
}

function askedOfStep(
  playbook: Playbook,
  step: string,
  units: readonly DraftUnit[],
  isPlanApproved: boolean,
): Asked[] {
  const extension = extensionOf(playbook.workflow[step]!);
  const declared = extension.approval;
  if (declared) return [{ terms: withDefaults(declared), reason: 'declared' }];
  // Who agrees to the plan has read what of it cannot be undone.
  if (isPlanApproved || !units.some((one) => one.unit.step === step && cannotBeUndone(one))) return [];
  const reason = extension.undo === 'irreversible' ? 'irreversible' : 'noUndo';
  return [{ terms: DEFAULT_APPROVAL, reason }];
}

/** Whether giving this back gives somebody access. */
export function restoresAccess(playbook: Playbook, undoStep: string): boolean {
  return Object.values(playbook.workflow).some((step) => {
    const { undo, undoRestoresAccess } = extensionOf(step);
    return undo === undoStep && undoRestoresAccess === true;
  });
}

/**
 * What has to be granted, by need: the whole plan, where a playbook says so, where its impact is 50 or more, or where a
 * protected asset is touched; a step, where it says so, or where it cannot be taken back and nobody approves the plan;
 * the roll back, where it gives somebody access again.
 */
export function needsOfPlan(of: Circumstances): Record<string, Need> {
  const plan = needOf(askedOfPlan(of));
  const steps = [...new Set(of.units.map(({ unit }) => `${unit.playbook} ${unit.step}`))].flatMap((pair) => {
    const [digest = '', step = ''] = pair.split(' ');
    const need = needOf(askedOfStep(of.shelf.byDigest[digest]!, step, of.units, plan !== null));
    return need ? [[needOfStep(step), need] as const] : [];
  });
  const givesBack = of.units.some(
    ({ unit }) => unit.purpose === 'undo' && restoresAccess(of.shelf.byDigest[unit.playbook]!, unit.step),
  );
  return {
    ...(plan && { [NEED_PLAN]: plan }),
    ...Object.fromEntries(steps),
    ...(givesBack && { [NEED_ROLL_BACK]: { terms: DEFAULT_APPROVAL, reasons: ['restoresAccess'] } }),
  };
}

/** Which of a plan's needs a unit has: looking on and taking back need no plan, what gives access needs its own. */
export function needsOfUnit(draft: DraftUnit, needs: Readonly<Record<string, Need>>, shelf: Shelf): string[] {
  const { purpose, step, playbook, isChange } = draft.unit;
  const isBack = purpose === 'undo' && restoresAccess(shelf.byDigest[playbook]!, step);
  const wanted = [
    ...(purpose === 'act' || (isChange && purpose !== 'undo') ? [NEED_PLAN] : []),
    needOfStep(step),
    ...(isBack ? [NEED_ROLL_BACK] : []),
  ];
  return wanted.filter((need) => Object.hasOwn(needs, need));
}

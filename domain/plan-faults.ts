/** What stands in the way of a plan: what it is refused for, what would not be carried out, what has to be known. */
import type { Plan, PlanInput, PlannedUnit, Shelf } from './plan.ts';
import type { Course, DraftUnit } from './plan-units.ts';
import { commandIsChange } from './commands-of-steps.ts';
import { extensionOf, type Playbook } from './playbook.ts';
import { protectionOf } from './protection.ts';
import type { Refusal } from './refusals.ts';

/**
 * `refused`: a run of it is not begun. `blocked`: this unit would not be carried out. `notice`: whoever agrees should
 * know it.
 */
export type FaultWeight = 'refused' | 'blocked' | 'notice';

export type FaultCode =
  | 'playbook_revoked'
  | 'playbook_not_valid'
  | 'playbook_missing'
  | 'plan_too_large'
  | 'target_protected'
  | 'too_many_targets'
  | 'legal_hold'
  | 'connector_missing'
  | 'variable_missing'
  | 'variable_late'
  | 'undo_missing'
  | 'change_denied';

export interface Fault {
  weight: FaultWeight;
  code: FaultCode;
  message: string;
  /** Ids of the planned units that it is about; none: the whole plan. */
  units: readonly string[];
}

/** As many units as a person can be asked to agree to. */
export const MOST_PLANNED_UNITS = 2_000;

interface Given {
  plan: Plan;
  course: Course;
  shelf: Shelf;
  input: PlanInput;
}

const idsOf = (units: readonly (PlannedUnit | DraftUnit)[]): string[] =>
  units.map((one) => ('unit' in one ? one.unit.id : one.id));

function validityOf({ valid_from, valid_until }: Playbook, now: number): string | null {
  if (valid_from !== undefined && Date.parse(valid_from) > now) return `is not valid before ${valid_from}`;
  return valid_until !== undefined && Date.parse(valid_until) <= now
    ? `is not valid since ${valid_until}`
    : null;
}

function faultsOfPlaybooks({ plan, course, shelf, input }: Given): Fault[] {
  const faults = plan.playbooks.flatMap(({ digest, name }): Fault[] => {
    const playbook = shelf.byDigest[digest]!;
    const invalid = validityOf(playbook, input.now);
    const weight = plan.isPastValidity ? 'notice' : 'refused';
    return [
      ...(playbook.revoked === true
        ? [
            {
              weight: 'refused' as const,
              code: 'playbook_revoked' as const,
              message: `${name} was revoked`,
              units: [],
            },
          ]
        : []),
      ...(invalid === null
        ? []
        : [
            {
              weight,
              code: 'playbook_not_valid' as const,
              message: `${name} ${invalid}`,
              units: [],
            } as Fault,
          ]),
    ];
  });
  const absent = course.absent.map(({ step, playbook }): Fault => ({
    weight: 'refused',
    code: 'playbook_missing',
    message: `Step ${step} runs ${playbook}, which is not here, or is run by itself`,
    units: [],
  }));
  return [...faults, ...absent];
}

function faultsOfTargets({ plan, course, input }: Given): Fault[] {
  const unknown = new Set(
    plan.units
      .filter((one) => one.isChange && one.purpose === 'act' && one.target.key === null)
      .map(({ target }) => target.name),
  );
  const count = plan.targets.length + unknown.size;
  const tooMany: Fault = {
    weight: 'refused',
    code: 'too_many_targets',
    message: `It would change ${count} targets; ${plan.maxTargets} are allowed`,
    units: [],
  };
  const guarded = course.units.flatMap((draft): Fault[] => {
    const found = draft.unit.isChange ? protectionOf(draft.keys, input.protections, input.now) : null;
    if (!found) return [];
    const isNever = found.mode === 'never';
    return [
      {
        weight: isNever ? 'refused' : 'notice',
        code: 'target_protected',
        message: `${draft.unit.target.name} is protected by ${found.pattern}: ${isNever ? 'it is never touched' : 'a second person and a manager have to agree'}`,
        units: [draft.unit.id],
      },
    ];
  });
  return [...(count > plan.maxTargets ? [tooMany] : []), ...guarded];
}

const isDestructive = ({ reversibility }: Pick<PlannedUnit, 'reversibility'>): boolean =>
  reversibility === 'irreversible' || reversibility === 'unknown';

/** One fault for all the units that it is about; none for none. */
const about = (units: readonly (PlannedUnit | DraftUnit)[], fault: Omit<Fault, 'units'>): Fault[] =>
  units.length > 0 ? [{ ...fault, units: idsOf(units) }] : [];

function faultsOfUnits({ plan, course, shelf, input }: Given): Fault[] {
  const cannot = plan.units.filter(
    ({ isByHand, commandType }) => !isByHand && !input.connectors.includes(commandType),
  );
  const kinds = [...new Set(cannot.map(({ commandType }) => commandType))].join(', ');
  const missing = course.units.filter((one) => one.missing.length > 0);
  const late = course.units.filter(
    (one) => one.late.length > 0 && one.unit.isChange && one.targetKeys.length === 0,
  );
  const names = (drafts: readonly DraftUnit[], which: 'late' | 'missing'): string =>
    [...new Set(drafts.flatMap((one) => one[which]))].join(', ');
  const denied = plan.units.filter(({ playbook, step, commandIndex, isChange }) => {
    const found = shelf.byDigest[playbook]?.workflow[step];
    if (isChange || found?.type !== 'action') return false;
    return extensionOf(found).changes === false && commandIsChange(found.commands[commandIndex]!);
  });
  return [
    ...about(input.isUnderLegalHold ? plan.units.filter(isDestructive) : [], {
      weight: 'blocked',
      code: 'legal_hold',
      message: 'The ticket is under legal hold: what cannot be undone is not done',
    }),
    ...about(cannot, {
      weight: 'blocked',
      code: 'connector_missing',
      message: `Nothing here carries out ${kinds}`,
    }),
    ...about(missing, {
      weight: 'refused',
      code: 'variable_missing',
      message: `Nothing gives a value to ${names(missing, 'missing')}`,
    }),
    ...about(late, {
      weight: 'notice',
      code: 'variable_late',
      message: `What it acts on is known only when ${names(late, 'late')} has a value`,
    }),
    ...about(
      plan.units.filter(({ reversibility }) => reversibility === 'unknown'),
      { weight: 'notice', code: 'undo_missing', message: 'Nobody has said how to take it back' },
    ),
    ...about(denied, {
      weight: 'notice',
      code: 'change_denied',
      message: 'The playbook says that it changes nothing; the command looks as if it did',
    }),
  ];
}

/** All that stands in the way of a plan, the gravest first. */
export function faultsOf(given: Given): Fault[] {
  const { length } = given.plan.units;
  const tooLarge: Fault = {
    weight: 'refused',
    code: 'plan_too_large',
    message: `It has ${length} commands; nobody can agree to more than ${MOST_PLANNED_UNITS}`,
    units: [],
  };
  const faults = [
    ...faultsOfPlaybooks(given),
    ...(length > MOST_PLANNED_UNITS ? [tooLarge] : []),
    ...faultsOfTargets(given),
    ...faultsOfUnits(given),
  ];
  const order: FaultWeight[] = ['refused', 'blocked', 'notice'];
  return order.flatMap((weight) => faults.filter((fault) => fault.weight === weight));
}

/** Why a run of this plan is not begun; null where it may be. */
export function refusalOfPlan(faults: readonly Fault[]): Refusal | null {
  const refused = faults.filter(({ weight }) => weight === 'refused');
  const [first] = refused;
  if (!first) return null;
  return {
    code: 'plan_refused',
    message: first.message,
    errors: refused.map(({ code, message }) => ({ pointer: '/playbook', code, message })),
  };
}

/** Makes the plan of a run from its playbooks and what it is given, and says what stands in its way. */
import type { Plan, PlanInput, Shelf } from './plan.ts';
import { faultsOf, type Fault } from './plan-faults.ts';
import { needsOfPlan, needsOfUnit } from './plan-needs.ts';
import { courseOfRun, withWay } from './plan-units.ts';
import { playbookExtensionOf } from './playbook.ts';

/** By id and version; without a version the latest that is here. */
function shelfOf({ playbooks, digestOf }: PlanInput): Shelf {
  const latestFirst = Object.entries(playbooks).toSorted(([, a], [, b]) =>
    a.modified < b.modified ? 1 : a.modified > b.modified ? -1 : 0,
  );
  const found: Shelf['digestOf'] = ({ playbook_id, playbook_version }) =>
    latestFirst.find(
      ([, { id, modified }]) =>
        id === playbook_id && (playbook_version === undefined || modified === playbook_version),
    )?.[0] ?? null;
  return { byDigest: playbooks, digestOf: digestOf ?? found };
}

const sorted = (keys: Iterable<string>): string[] => [...new Set(keys)].toSorted((a, b) => (a < b ? -1 : 1));

/** Every unit that a run may carry out, whose consent it takes, and what stands in its way. */
export function planOf(input: PlanInput): { plan: Plan; faults: readonly Fault[] } {
  const { ticket, variables, protections, now, isPastValidity = false } = input;
  const shelf = shelfOf(input);
  const course = courseOfRun(shelf, input.main, variables);
  const { units, digests } = course;
  const needs = needsOfPlan({ shelf, digests, units, protections, now });
  const changed = units.filter(({ unit }) => unit.isChange && unit.purpose === 'act');
  const plan: Plan = {
    format: 1,
    ticket,
    playbooks: digests.map((digest) => {
      const { id, modified, name } = shelf.byDigest[digest]!;
      return { id, modified, digest, name };
    }),
    variables,
    maxTargets: playbookExtensionOf(shelf.byDigest[input.main]!).maxTargets ?? input.maxTargets,
    targets: sorted(changed.flatMap(({ unit }) => unit.target.key ?? [])),
    units: units.map((draft) => withWay(draft, needsOfUnit(draft, needs, shelf))),
    needs,
    isPastValidity,
  };
  return { plan, faults: faultsOf({ plan, course, shelf, input }) };
}

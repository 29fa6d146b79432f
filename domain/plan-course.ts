/** Every step that a playbook may come to, in the order of its graph: both sides of a condition, loops once. */
import type { Playbook, Step } from './playbook.ts';

/** `repeats`: within a loop; `conditional`: on some ways only. */
export type Occurrence = 'always' | 'conditional' | 'repeats';

/** How surely a step is come to, and whether more than once. */
export interface Way {
  isConditional: boolean;
  isRepeated: boolean;
}

export const SURELY: Way = { isConditional: false, isRepeated: false };

export const occurrenceOf = ({ isConditional, isRepeated }: Way): Occurrence =>
  isRepeated ? 'repeats' : isConditional ? 'conditional' : 'always';

/** Come to on either way. */
export const eitherWay = (a: Way, b: Way): Way => ({
  isConditional: a.isConditional && b.isConditional,
  isRepeated: a.isRepeated || b.isRepeated,
});

interface Lead {
  to: string | undefined;
  way: Way;
}

/** Where a step leads, what it opens before what comes after it. */
function leadsOf(step: Step, way: Way): Lead[] {
  const perhaps: Way = { ...way, isConditional: true };
  const onwards: Lead[] = [
    { to: step.on_completion, way },
    { to: step.on_success, way },
    { to: step.on_failure, way: perhaps },
  ];
  switch (step.type) {
    case 'parallel':
      return [...step.next_steps.map((to) => ({ to, way })), ...onwards];
    case 'if-condition':
      return [{ to: step.on_true, way: perhaps }, { to: step.on_false, way: perhaps }, ...onwards];
    case 'while-condition':
      return [{ to: step.on_true, way: { isConditional: true, isRepeated: true } }, ...onwards];
    case 'switch-condition':
      return [...Object.values(step.cases).map((to) => ({ to, way: perhaps })), ...onwards];
    case 'start':
    case 'end':
    case 'action':
    case 'playbook-action':
      return onwards;
  }
}

/** Ids of the steps that may be come to, with the way there. Steps that only our extension names are not among them. */
export function courseOf(playbook: Playbook, way: Way = SURELY): Map<string, Way> {
  const course = new Map<string, Way>();
  const visit = (id: string | undefined, on: Way): void => {
    const step = id === undefined ? undefined : playbook.workflow[id];
    if (id === undefined || !step) return;
    const before = course.get(id);
    const now = before ? eitherWay(before, on) : on;
    const isKnown =
      before && before.isConditional === now.isConditional && before.isRepeated === now.isRepeated;
    if (isKnown) return;
    course.set(id, now);
    for (const { to, way: further } of leadsOf(step, now)) visit(to, further);
  };
  visit(playbook.workflow_start, way);
  visit(playbook.workflow_exception, { ...way, isConditional: true });
  return course;
}

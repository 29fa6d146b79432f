/** A containment run in words, for somebody who watches it in a terminal. */
import type { RunView } from '../api/schemas/containments.ts';
import type { JournalEventView } from '../api/schemas/journals.ts';
import type { PlanView } from '../api/schemas/plans.ts';
import { table } from './table.ts';

const WHAT_FOR: Record<string, string> = {
  act: '',
  snapshot: ' (as it was before)',
  verify: ' (is it there?)',
  undo: ' (taking it back)',
  verifyUndone: ' (is it gone?)',
};

type Data = JournalEventView['data'];
const text = (value: Data[string] | undefined): string => String(value ?? '');
const because = ({ reason }: Data): string => (reason ? `: ${text(reason)}` : '');

interface Named {
  data: Data;
  by: string;
  step: string;
  /** As people say it: `step/…` by the name of its step. */
  need: string;
  unit: string;
}

/** What somebody who watches wants to know; the rest is in the log of the run. */
const TELLERS: Record<string, (about: Named) => string> = {
  approvalAsked: ({ need }) => `Waits for the approval of ${need}`,
  voted: ({ data, by, need }) => `${by} ${data['decision'] === 'approve' ? 'approves' : 'rejects'} ${need}`,
  approvalEscalated: ({ data, need }) => `Nobody answered about ${need}: ${text(data['to'])} is asked`,
  approvalExpired: ({ need }) => `Nobody answered about ${need}; it has expired`,
  approvalLapsed: ({ need }) => `The approval of ${need} is over`,
  began: () => 'Begins',
  unitOrdered: ({ unit }) => `… ${unit}`,
  unitReported: ({ data, unit }) => `${unit}: ${text(data['outcome'])}${because(data)}`,
  exceptionEntered: ({ data, step }) => `Goes on at ${step} because a step failed${because(data)}`,
  stopAsked: ({ by }) => `${by} stops it`,
  halted: () => 'Stopped',
  resumed: ({ by }) => `${by} lets it go on`,
  ended: ({ data }) => `Ended: ${text(data['result'])}${because(data)}`,
  rollBackAsked: ({ by }) => `${by} has it taken back`,
  rollBackEnded: () => 'Taken back as far as possible',
  effectExpired: () => 'The time of an effect is over',
};

/** Tells what an event of a run means, one after another; null where nobody who watches needs it. */
export function runTeller({ units }: PlanView): (event: JournalEventView) => string | null {
  const steps = new Map(units.map(({ step, name }) => [step, name || step]));
  const ordered = new Map<string, string>();
  const stepOf = (id: string): string => steps.get(id) ?? id;
  return ({ type, data, actor }) => {
    const [unit, need] = [text(data['unit']), text(data['need'])];
    const step = stepOf(text(data['step']));
    if (type === 'unitOrdered') ordered.set(unit, `${step}${WHAT_FOR[text(data['purpose'])] ?? ''}`);
    const about = {
      data,
      by: actor?.person ?? actor?.subject ?? 'Tierline',
      step,
      need: need.startsWith('step/') ? stepOf(need.slice(5)) : `the ${need}`,
      unit: ordered.get(unit) ?? unit,
    };
    return TELLERS[type]?.(about) ?? null;
  };
}

const REVERSIBLE: Record<PlanView['units'][number]['reversibility'], string> = {
  noChange: '',
  reversible: 'yes',
  irreversible: 'no',
  unknown: 'not known',
};

/** Every command of a plan on every target, who has to agree, and what stands in its way. */
export function planInWords({ units, approvals, faults, refused }: PlanView): string {
  const lines = units.map(({ name, purpose, target, changes, reversibility, approvals: needs }) => [
    `${name}${WHAT_FOR[purpose] ?? ''}`,
    target,
    changes ? REVERSIBLE[reversibility] : 'only looks',
    needs.length === 0 ? '' : `${needs.length}`,
  ]);
  const asked = approvals.map(
    ({ need, required, role }) =>
      `Needs ${required} × ${role} for ${need.startsWith('step/') ? 'a step' : need}`,
  );
  const found = faults.map(({ weight, message }) => `${weight}: ${message}`);
  const end = refused ? 'It would not be begun.' : 'It would be begun.';
  return [table(['step', 'target', 'can be undone', 'approvals'], lines), ...asked, ...found, end].join('\n');
}

/** What stands at the end, and what nobody knows. */
export function outcomeInWords({ effects, inForce, unknown, state }: RunView): string {
  const standing = effects.filter(({ id }) => inForce.includes(id));
  const lines = standing.map(
    ({ name, target, isVerified, expiresAt }) =>
      `  ${name} on ${target}${isVerified ? ', verified' : ''}${expiresAt ? `, until ${expiresAt}` : ''}`,
  );
  const stands = lines.length === 0 ? ['Nothing is in force.'] : ['In force:', ...lines];
  const doubt =
    unknown.length === 0 ? [] : [`Nobody knows of ${unknown.length} commands: somebody has to look.`];
  return [`The run is ${state}.`, ...stands, ...doubt].join('\n');
}

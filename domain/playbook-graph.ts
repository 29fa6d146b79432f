/** Steps of a playbook as a graph: that every way leads somewhere, ends, and comes back to nothing (CACAO v2.0 §4). */
import { entry } from './fields.ts';
import type { Findings, Path } from './finding.ts';
import { extensionOf, type Playbook, type Step } from './playbook.ts';

export interface Edge {
  /** Where in the step it is written. */
  field: Path;
  to: string;
  /** `branch`: runs until an end, and comes back. `next`: what follows. */
  kind: 'branch' | 'next';
}

const NEXT_FIELDS = ['on_completion', 'on_success', 'on_failure'] as const;

function branchesOf(step: Step): Edge[] {
  const branch = (field: Path, to: string): Edge => ({ field, to, kind: 'branch' });
  switch (step.type) {
    case 'parallel':
      return step.next_steps.map((to, i) => branch(['next_steps', i], to));
    case 'if-condition':
      return [
        branch(['on_true'], step.on_true),
        ...(step.on_false === undefined ? [] : [branch(['on_false'], step.on_false)]),
      ];
    case 'while-condition':
      return [branch(['on_true'], step.on_true)];
    case 'switch-condition':
      return Object.entries(step.cases).map(([value, to]) => branch(['cases', value], to));
    case 'start':
    case 'end':
    case 'action':
    case 'playbook-action':
      return [];
  }
}

/** Every pointer of a step, its branches first. */
export function edgesOf(step: Step): Edge[] {
  const nexts = NEXT_FIELDS.flatMap((field): Edge[] => {
    const to = step[field];
    return to === undefined ? [] : [{ field: [field], to, kind: 'next' }];
  });
  return [...branchesOf(step), ...nexts];
}

/** Steps that a step of ours has carried out besides itself, by the field that names them. */
export function helpersOf(step: Step): { field: Path; to: string }[] {
  if (step.type !== 'action') return [];
  const { undo, snapshot, verify, verifyUndone } = extensionOf(step);
  const named = [
    { field: ['undo'], to: undo === 'irreversible' ? undefined : undo },
    { field: ['snapshot'], to: snapshot },
    { field: ['verify', 'step'], to: verify?.step },
    { field: ['verifyUndone', 'step'], to: verifyUndone?.step },
  ];
  return named.flatMap(({ field, to }) => (typeof to === 'string' ? [{ field, to }] : []));
}

/** The steps that are only carried out for another: to look, or to take back. */
export function helpersIn(playbook: Playbook): Set<string> {
  return new Set(Object.values(playbook.workflow).flatMap((step) => helpersOf(step).map(({ to }) => to)));
}

const called = (playbook: Playbook, id: string): string => {
  const name = entry(playbook.workflow, id)?.name;
  return name ? `"${name}"` : id;
};

/** Every step that can be reached from these, themselves included. */
export function reachableFrom(playbook: Playbook, starts: readonly string[]): Set<string> {
  const reached = new Set<string>();
  const open = [...starts];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const step = entry(playbook.workflow, id);
    if (!step || reached.has(id)) continue;
    reached.add(id);
    open.push(...edgesOf(step).map(({ to }) => to));
  }
  return reached;
}

function checkPointers(playbook: Playbook, ids: ReadonlySet<string>, findings: Findings): void {
  for (const [id, step] of Object.entries(playbook.workflow)) {
    const path = ['workflow', id];
    for (const { field, to } of edgesOf(step)) {
      if (to !== '' && !ids.has(to))
        findings.invalid([...path, ...field], 'step_unknown', `${to} is not a step of this playbook`);
      if (entry(playbook.workflow, to)?.type === 'start')
        findings.invalid(
          [...path, ...field],
          'start_entered',
          'a start step is where it starts; nothing leads to it',
        );
    }
    const has = (field: (typeof NEXT_FIELDS)[number]) => step[field] !== undefined;
    if (step.type === 'end') {
      for (const field of NEXT_FIELDS.filter(has))
        findings.invalid([...path, field], 'end_continues', `an end has no ${field}`);
      continue;
    }
    if (!has('on_completion') && !has('on_success'))
      findings.invalid(
        path,
        'next_missing',
        'on_completion or on_success is missing: nothing follows this step',
      );
    if (has('on_completion') && (has('on_success') || has('on_failure')))
      findings.invalid(
        [...path, 'on_completion'],
        'next_twice',
        'on_completion excludes on_success and on_failure; take the one or the others',
      );
    if (step.type === 'start' && (has('on_success') || has('on_failure')))
      findings.invalid(path, 'start_conditional', 'a start has on_completion only');
  }
}

function checkEnds(playbook: Playbook, ids: ReadonlySet<string>, findings: Findings): void {
  const { workflow, workflow_start, workflow_exception } = playbook;
  const types = Object.values(workflow).map(({ type }) => type);
  if (workflow_start !== '' && entry(workflow, workflow_start)?.type !== 'start') {
    const what = ids.has(workflow_start) ? 'not a start step' : 'not a step of this playbook';
    findings.invalid(['workflow_start'], 'start_wrong', `${workflow_start} is ${what}`);
  }
  if (types.filter((type) => type === 'start').length > 1)
    findings.invalid(['workflow'], 'start_many', 'there is more than one start step');
  if (workflow_exception !== undefined && !ids.has(workflow_exception))
    findings.invalid(
      ['workflow_exception'],
      'step_unknown',
      `${workflow_exception} is not a step of this playbook`,
    );
  const missing = [
    ...(types.includes('start') ? [] : ['a start']),
    ...(types.some((type) => type === 'action' || type === 'playbook-action') ? [] : ['an action']),
    ...(types.includes('end') ? [] : ['an end']),
  ];
  if (missing.length > 0)
    findings.invalid(['workflow'], 'workflow_incomplete', `the workflow has not ${missing.join(', not ')}`);
}

/** Every pointer that leads back to a step on its own way. */
function checkCycles(playbook: Playbook, findings: Findings): void {
  const done = new Set<string>();
  const onWay = new Set<string>();
  // Not recursive: a playbook may be one long row of steps.
  const visit = (root: string): void => {
    const stack: { id: string; edges: Edge[] }[] = [];
    const enter = (id: string): void => {
      const step = entry(playbook.workflow, id);
      if (!step || done.has(id)) return;
      onWay.add(id);
      stack.push({ id, edges: edgesOf(step).toReversed() });
    };
    enter(root);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const edge = top.edges.pop();
      if (!edge) {
        done.add(top.id);
        onWay.delete(top.id);
        stack.pop();
      } else if (onWay.has(edge.to)) tellCycle(playbook, findings, top.id, edge);
      else enter(edge.to);
    }
  };
  for (const id of Object.keys(playbook.workflow)) visit(id);
}

function tellCycle(playbook: Playbook, findings: Findings, from: string, { field, to }: Edge): void {
  const hint =
    entry(playbook.workflow, to)?.type === 'while-condition'
      ? 'a pass ends at an end step of its own, and the while looks again by itself'
      : 'what is to be repeated stands in the branch of a while-condition';
  findings.invalid(
    ['workflow', from, ...field],
    'cycle',
    `this leads back to ${called(playbook, to)}, which leads here; ${hint}`,
  );
}

/** A step in two branches is carried out in each; that is seldom what the author saw in a picture. */
function checkSharing(playbook: Playbook, findings: Findings): void {
  for (const [id, step] of Object.entries(playbook.workflow)) {
    const branches = edgesOf(step).filter(({ kind }) => kind === 'branch');
    if (branches.length === 0) continue;
    const nexts = edgesOf(step).filter(({ kind }) => kind === 'next');
    const behind = reachableFrom(
      playbook,
      nexts.map(({ to }) => to),
    );
    const owner = new Map<string, Path>();
    for (const { field, to } of branches)
      for (const shared of reachableFrom(playbook, [to])) {
        const other = owner.get(shared);
        if (other && entry(playbook.workflow, shared)!.type !== 'end')
          tellSharing(playbook, findings, shared, `more than one branch of ${called(playbook, id)}`);
        else if (other)
          findings.doubt(
            ['workflow', shared],
            'step_shared',
            `more than one branch of ${called(playbook, id)} ends here; each should have an end of its own`,
          );
        else if (behind.has(shared))
          tellSharing(playbook, findings, shared, `a branch of ${called(playbook, id)} and what follows it`);
        owner.set(shared, field);
      }
  }
}

function tellSharing(playbook: Playbook, findings: Findings, shared: string, who: string): void {
  findings.doubt(
    ['workflow', shared],
    'step_shared',
    `${who} lead to ${called(playbook, shared)}; it is carried out for each, and a branch ends at the first end it meets`,
  );
}

function checkReach(playbook: Playbook, findings: Findings): void {
  const helpers = helpersIn(playbook);
  const starts = [playbook.workflow_start, playbook.workflow_exception ?? '', ...helpers];
  const reached = reachableFrom(playbook, starts);
  for (const id of Object.keys(playbook.workflow))
    if (!reached.has(id))
      findings.doubt(['workflow', id], 'step_unreachable', `nothing leads to ${called(playbook, id)}`);
}

/** Which ids the file has is asked separately: a step of an unknown type is there, though nothing is known of it. */
export function checkGraph(playbook: Playbook, ids: ReadonlySet<string>, findings: Findings): void {
  checkEnds(playbook, ids, findings);
  checkPointers(playbook, ids, findings);
  checkCycles(playbook, findings);
  checkSharing(playbook, findings);
  checkReach(playbook, findings);
  for (const [id, step] of Object.entries(playbook.workflow))
    if (step.type === 'parallel' && step.next_steps.length < 2)
      findings.invalid(
        ['workflow', id, 'next_steps'],
        'branches_few',
        'a parallel step has two branches at least',
      );
}

/** Which variables the steps of a playbook see, ask for and write (CACAO v2.0 §10.18). */
import { entry } from './fields.ts';
import type { Findings, Path } from './finding.ts';
import { parseCondition, suspiciousComparisons } from './condition.ts';
import { textsOf } from './command-text.ts';
import {
  extensionOf,
  playbookExtensionOf,
  TIERLINE_EXTENSION,
  type AgentTarget,
  type Playbook,
  type Step,
  type Variable,
  type Variables,
} from './playbook.ts';
import { edgesOf, helpersOf, reachableFrom } from './playbook-graph.ts';
import { referencesIn, soleReference, typeNamed, valueProblem } from './variables.ts';

/** Variables that a step sees; the innermost of a name. */
export type Scope = ReadonlyMap<string, Variable>;

const localsOf = (step: Step | undefined): [string, Variable][] => Object.entries(step?.step_variables ?? {});

/** Per step the variables it sees: global ones, those of the branches it is in, its own; for a helper those of its step. */
export function scopesOf(playbook: Playbook): ReadonlyMap<string, Scope> {
  const around = new Map<string, Map<string, Variable>>();
  const add = (id: string, variables: Iterable<[string, Variable]>): void => {
    const known = around.get(id) ?? new Map<string, Variable>();
    for (const [name, variable] of variables) known.set(name, variable);
    around.set(id, known);
  };
  for (const step of Object.values(playbook.workflow)) {
    const branches = edgesOf(step).filter(({ kind }) => kind === 'branch');
    if (branches.length > 0 && step.step_variables)
      for (const id of reachableFrom(
        playbook,
        branches.map(({ to }) => to),
      ))
        add(id, localsOf(step));
    const snapshot = entry(playbook.workflow, extensionOf(step).snapshot ?? '');
    for (const { to } of helpersOf(step)) add(to, [...localsOf(step), ...localsOf(snapshot)]);
  }
  return new Map(
    Object.entries(playbook.workflow).map(([id, step]) => [
      id,
      new Map([
        ...Object.entries(playbook.playbook_variables ?? {}),
        ...(around.get(id) ?? []),
        ...localsOf(step),
      ]),
    ]),
  );
}

/** Every text anywhere in a value. */
function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null)
    for (const part of Object.values(value)) yield* textsIn(part);
}

class ScopeCheck {
  private readonly playbook: Playbook;
  private readonly findings: Findings;
  private readonly scopes: ReadonlyMap<string, Scope>;

  constructor(playbook: Playbook, findings: Findings) {
    this.playbook = playbook;
    this.findings = findings;
    this.scopes = scopesOf(playbook);
  }

  run(): void {
    this.checkDeclared(['playbook_variables'], this.playbook.playbook_variables, true);
    for (const [id, step] of Object.entries(this.playbook.workflow))
      this.checkStep(['workflow', id], id, step);
    const globals = this.playbook.playbook_variables ?? {};
    for (const [i, name] of (playbookExtensionOf(this.playbook).sensitive ?? []).entries())
      if (!Object.hasOwn(globals, name) && ![...this.scopes.values()].some((scope) => scope.has(name)))
        this.findings.blocking(
          ['playbook_extensions', TIERLINE_EXTENSION, 'sensitive', i],
          'variable_undeclared',
          `${name} is not declared`,
        );
  }

  private checkDeclared(path: Path, variables: Variables | undefined, isGlobal: boolean): void {
    for (const [name, { constant, external, value }] of Object.entries(variables ?? {})) {
      if (constant && !external && (value === undefined || value === null))
        this.findings.doubt([...path, name], 'constant_empty', `${name} is a constant without a value`);
      if (isGlobal) continue;
      if (external)
        this.findings.doubt(
          [...path, name, 'external'],
          'external_local',
          `${name} is of one step, so nobody can give it a value; only playbook_variables are external`,
        );
      if (Object.hasOwn(this.playbook.playbook_variables ?? {}, name))
        this.findings.doubt(
          [...path, name],
          'variable_shadowed',
          `${name} hides the variable of the playbook with this name`,
        );
    }
  }

  private checkStep(path: Path, id: string, step: Step): void {
    const scope = this.scopes.get(id)!;
    this.checkDeclared([...path, 'step_variables'], step.step_variables, false);
    if (step.type === 'action') this.checkAction(path, step, scope);
    if (step.type === 'action' || step.type === 'playbook-action') this.checkArguments(path, step, scope);
    if (step.type === 'if-condition' || step.type === 'while-condition')
      this.checkCondition([...path, 'condition'], step.condition, scope);
    if (step.type === 'switch-condition') this.checkSwitch(path, step, scope);
    if (step.type === 'parallel') this.checkParallel(path, step);
  }

  private checkTexts(path: Path, texts: Iterable<string>, scope: Scope): void {
    for (const text of texts) {
      for (const name of referencesIn(text))
        if (!scope.has(name))
          this.findings.blocking(
            path,
            'variable_undeclared',
            `${name} is not declared where this step can see it`,
          );
      for (const [name] of text.matchAll(/__[A-Za-z][\w.-]*?__(?!:value)/g))
        if (scope.has(name))
          this.findings.doubt(
            path,
            'reference_without_value',
            `write ${name}:value where its value is meant`,
          );
    }
  }

  private checkAction(path: Path, step: Extract<Step, { type: 'action' }>, scope: Scope): void {
    for (const [i, command] of step.commands.entries())
      this.checkTexts([...path, 'commands', i], textsOf(command), scope);
    const { agent_definitions, target_definitions } = this.playbook;
    const targets = (step.targets ?? []).map(
      (id) => ['target_definitions', id, entry(target_definitions, id)] as const,
    );
    for (const [, , definition] of [
      ['agent_definitions', step.agent, entry(agent_definitions, step.agent)] as const,
      ...targets,
    ])
      if (definition) this.checkDefinition(path, definition, scope);
    const { verify, verifyUndone } = extensionOf(step);
    for (const [field, terms] of Object.entries({ verify, verifyUndone }))
      if (typeof terms?.expect === 'string')
        this.checkCondition(
          [...path, 'step_extensions', TIERLINE_EXTENSION, field, 'expect'],
          terms.expect,
          this.scopes.get(terms.step) ?? scope,
        );
  }

  private checkDefinition(path: Path, definition: AgentTarget, scope: Scope): void {
    this.checkTexts(path, textsIn(definition), scope);
    const { authentication_info_definitions } = this.playbook;
    this.checkTexts(
      path,
      textsIn(entry(authentication_info_definitions, definition.authentication_info ?? '')),
      scope,
    );
  }

  private checkArguments(
    path: Path,
    { in_args = [], out_args = [] }: { in_args?: readonly string[]; out_args?: readonly string[] },
    scope: Scope,
  ): void {
    for (const [field, names] of [
      ['in_args', in_args],
      ['out_args', out_args],
    ] as const)
      for (const [i, name] of names.entries())
        if (!scope.has(name))
          this.findings.blocking(
            [...path, field, i],
            'variable_undeclared',
            `${name} is not declared where this step can see it`,
          );
    for (const [i, name] of out_args.entries())
      if (scope.get(name)?.constant)
        this.findings.blocking(
          [...path, 'out_args', i],
          'constant_written',
          `${name} is a constant, and this step would change it`,
        );
  }

  private checkCondition(path: Path, text: string, scope: Scope): void {
    if (text === '') return;
    const parsed = parseCondition(text);
    if ('problem' in parsed) {
      this.findings.invalid(path, 'condition_malformed', `at ${parsed.at + 1}: ${parsed.problem}`);
      return;
    }
    this.checkTexts(path, [text], scope);
    for (const message of suspiciousComparisons(parsed.condition, (name) => scope.get(name)))
      this.findings.doubt(path, 'comparison_suspicious', message);
  }

  private checkSwitch(path: Path, step: Extract<Step, { type: 'switch-condition' }>, scope: Scope): void {
    if (step.switch === '') return;
    const name = soleReference(step.switch.trim());
    if (!name) {
      this.findings.invalid(
        [...path, 'switch'],
        'switch_malformed',
        'switch must be one variable, __name__:value',
      );
      return;
    }
    this.checkTexts([...path, 'switch'], [step.switch], scope);
    const type = typeNamed(scope.get(name)?.type ?? '');
    for (const value of Object.keys(step.cases)) {
      const problem = type && value !== 'default' && valueProblem(type, value);
      if (problem)
        this.findings.doubt(
          [...path, 'cases', value],
          'case_impossible',
          `${value} ${problem}, so ${name} never is`,
        );
    }
  }

  /** What two branches write is decided by which comes last. */
  private checkParallel(path: Path, step: Extract<Step, { type: 'parallel' }>): void {
    const writers = new Map<string, number>();
    for (const [branch, start] of step.next_steps.entries())
      for (const name of this.writtenFrom(start)) {
        if (writers.has(name) && writers.get(name) !== branch)
          this.findings.blocking(
            [...path, 'next_steps', branch],
            'variable_contested',
            `${name} is written in two branches at once; give each a variable of its own`,
          );
        writers.set(name, branch);
      }
  }

  /** Names that a branch writes and does not own. */
  private writtenFrom(start: string): Set<string> {
    const steps = [...reachableFrom(this.playbook, [start])].map((id) => this.playbook.workflow[id]!);
    const globals = this.playbook.playbook_variables ?? {};
    const owned = steps.flatMap((step) => Object.keys(step.step_variables ?? {}));
    const isOwned = (name: string): boolean => owned.includes(name) && !Object.hasOwn(globals, name);
    return new Set(
      steps.flatMap((step) => {
        if (step.type !== 'action' && step.type !== 'playbook-action') return [];
        return (step.out_args ?? []).filter(
          (name) => !Object.hasOwn(step.step_variables ?? {}, name) && !isOwned(name),
        );
      }),
    );
  }
}

export function checkScopes(playbook: Playbook, findings: Findings): void {
  new ScopeCheck(playbook, findings).run();
}

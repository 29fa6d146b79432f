/**
 * Tierline's extension of playbooks and steps: approval, undo, snapshot, verification, expiry. It carries what keeps a
 * containment safe, so a word of it that is not understood makes the playbook invalid; elsewhere what is unknown is kept.
 */
import { parseCondition } from './condition.ts';
import { entry, isPlain, keepFitting, type Kind, type Plain } from './fields.ts';
import type { Findings, Path } from './finding.ts';
import {
  extensionOf,
  playbookExtensionOf,
  TIERLINE_EXTENSION,
  type ActionStep,
  type ApprovalTerms,
  type Playbook,
  type StepType,
} from './playbook.ts';
import { commandIsChange, commandIsRepeatable, isByHand } from './commands-of-steps.ts';
import { helpersIn } from './playbook-graph.ts';
import { isPointer } from './pointer.ts';
import { APPROVERS } from './role.ts';

const ON_ACTIONS: Record<string, Kind> = {
  effect: 'text',
  changes: 'truth',
  approval: 'object',
  undo: 'text',
  undoRestoresAccess: 'truth',
  snapshot: 'text',
  verify: 'object',
  verifyUndone: 'object',
  expires: 'object',
  evidence: 'truth',
  retry: 'object',
  repeatable: 'truth',
  results: 'object',
};
const BY_STEP: Partial<Record<StepType, Record<string, Kind>>> = {
  action: ON_ACTIONS,
  'while-condition': { maxPasses: 'positive' },
  parallel: { failFast: 'truth' },
};
const ON_PLAYBOOKS: Record<string, Kind> = {
  sensitive: 'texts',
  maxTargets: 'positive',
  approval: 'object',
  onFailure: 'text',
};
/** Fields of the objects among them; those with `!` must be there. */
const INNER: Record<string, Record<string, Kind>> = {
  approval: {
    role: 'text',
    required: 'positive',
    including: 'texts',
    respondWithinMs: 'positive',
    escalateTo: 'texts',
    validForMs: 'positive',
  },
  verify: { 'step!': 'text', 'expect!': 'text', everyMs: 'positive', withinMs: 'positive' },
  verifyUndone: { 'step!': 'text', 'expect!': 'text', everyMs: 'positive', withinMs: 'positive' },
  // oxlint-disable-next-line unicorn/no-thenable -- the name of a field, of data only
  expires: { 'afterMs!': 'positive', atEnd: 'text' },
  retry: { 'attempts!': 'positive', 'everyMs!': 'positive' },
};

/** Fields that are known and of their kind; tells of every other. */
function known(findings: Findings, path: Path, raw: Plain, fields: Record<string, Kind>): Plain {
  const kinds = Object.fromEntries(
    Object.entries(fields).map(([name, kind]) => [name.replace('!', ''), kind]),
  );
  for (const name of Object.keys(raw))
    if (!Object.hasOwn(kinds, name))
      findings.invalid(
        [...path, name],
        'extension_field_unknown',
        `${name} is not a field of the extension here; there are ${Object.keys(kinds).join(', ')}`,
      );
  for (const name of Object.keys(fields))
    if (name.endsWith('!') && entry(raw, name.slice(0, -1)) === undefined)
      findings.invalid([...path, name.slice(0, -1)], 'missing', `${name.slice(0, -1)} is missing`);
  const kept = keepFitting(findings, path, raw, kinds);
  return Object.fromEntries(Object.entries(kept).filter(([name]) => Object.hasOwn(kinds, name)));
}

function readBlock(findings: Findings, path: Path, raw: unknown, fields: Record<string, Kind>): Plain {
  if (!isPlain(raw)) {
    findings.invalid(path, 'wrong_kind', 'the extension must be an object { }');
    return {};
  }
  const block = known(findings, path, raw, fields);
  for (const [name, inner] of Object.entries(INNER)) {
    const value = block[name];
    if (!isPlain(value)) continue;
    const read = known(findings, [...path, name], value, inner);
    const isWhole = Object.keys(inner).every(
      (one) => !one.endsWith('!') || read[one.slice(0, -1)] !== undefined,
    );
    if (isWhole) block[name] = read;
    else delete block[name];
  }
  return block;
}

const extensionPath = (field: string, path: Path = []): Path => [...path, field, TIERLINE_EXTENSION];

/** The playbook with the fields of our extension that are in order; tells of all others. */
export function readExtensions(playbook: Playbook, findings: Findings): Playbook {
  const read = <T extends object>(
    holder: T,
    { field, path, fields }: { field: keyof T & string; path: Path; fields: Record<string, Kind> },
  ): T => {
    const all = holder[field] as Plain | undefined;
    const raw = entry(all, TIERLINE_EXTENSION);
    if (raw === undefined) return holder;
    const block = readBlock(findings, extensionPath(field, path), raw, fields);
    return { ...holder, [field]: { ...all, [TIERLINE_EXTENSION]: block } };
  };
  const workflow = Object.fromEntries(
    Object.entries(playbook.workflow).map(([id, step]) => [
      id,
      read(step, { field: 'step_extensions', path: ['workflow', id], fields: BY_STEP[step.type] ?? {} }),
    ]),
  );
  return read({ ...playbook, workflow }, { field: 'playbook_extensions', path: [], fields: ON_PLAYBOOKS });
}

const MOST_APPROVERS = 10;
const MOST_ATTEMPTS = 20;

class ExtensionCheck {
  private readonly playbook: Playbook;
  private readonly findings: Findings;
  private readonly helpers: ReadonlySet<string>;

  constructor(playbook: Playbook, findings: Findings) {
    this.playbook = playbook;
    this.findings = findings;
    this.helpers = helpersIn(playbook);
  }

  run(): void {
    const path = extensionPath('playbook_extensions');
    const { approval, onFailure } = playbookExtensionOf(this.playbook);
    this.checkApproval([...path, 'approval'], approval);
    if (onFailure !== undefined && onFailure !== 'keep' && onFailure !== 'rollBack')
      this.findings.invalid(
        [...path, 'onFailure'],
        'value_unknown',
        `${String(onFailure)} is neither keep nor rollBack`,
      );
    for (const [id, step] of Object.entries(this.playbook.workflow))
      if (step.type === 'action') this.checkAction(['workflow', id], id, step);
    this.checkDefined();
  }

  /** Keys of extensions ought to be defined in the file, so that others can look up what they are. */
  private checkDefined(): void {
    const { extension_definitions, playbook_extensions, workflow } = this.playbook;
    const used = [
      ...Object.keys(playbook_extensions ?? {}).map((key) => ({ key, path: ['playbook_extensions', key] })),
      ...Object.entries(workflow).flatMap(([id, { step_extensions }]) =>
        Object.keys(step_extensions ?? {}).map((key) => ({
          key,
          path: ['workflow', id, 'step_extensions', key],
        })),
      ),
    ];
    const told = new Set<string>();
    for (const { key, path } of used) {
      if (entry(extension_definitions, key) || told.has(key)) continue;
      told.add(key);
      this.findings.doubt(
        path,
        'extension_undefined',
        `${key} is not in extension_definitions; others cannot look it up`,
      );
    }
  }

  private checkApproval(path: Path, approval: Plain | undefined): void {
    if (!approval) return;
    const { role, required, including = [], escalateTo = [] } = approval as Partial<ApprovalTerms>;
    const listed = (field: string, roles: readonly string[]) =>
      roles.map((one, i) => ({ one, at: [...path, field, i] }));
    const asked = [
      ...(role === undefined ? [] : [{ one: role, at: [...path, 'role'] }]),
      ...listed('including', including),
      ...listed('escalateTo', escalateTo),
    ];
    for (const { one, at } of asked)
      if (!(APPROVERS as readonly string[]).includes(one))
        this.findings.invalid(at, 'value_unknown', `${one} approves nothing; ${APPROVERS.join(', ')} may`);
    if (required !== undefined && required > MOST_APPROVERS)
      this.findings.invalid(
        [...path, 'required'],
        'out_of_range',
        `required must be from 1 to ${MOST_APPROVERS}`,
      );
  }

  private checkAction(path: Path, id: string, step: ActionStep): void {
    const at = extensionPath('step_extensions', path);
    const { approval, undo, snapshot, verify, verifyUndone, expires, results } = extensionOf(step);
    this.checkApproval([...at, 'approval'], approval as Plain | undefined);
    if (undo !== undefined && undo !== 'irreversible') this.checkHelper([...at, 'undo'], id, undo);
    if (snapshot !== undefined) this.checkHelper([...at, 'snapshot'], id, snapshot, true);
    for (const [field, terms] of [
      ['verify', verify],
      ['verifyUndone', verifyUndone],
    ] as const)
      if (terms) {
        this.checkHelper([...at, field, 'step'], id, terms.step, true);
        const parsed = parseCondition(terms.expect);
        if ('problem' in parsed)
          this.findings.invalid(
            [...at, field, 'expect'],
            'condition_malformed',
            `at ${parsed.at + 1}: ${parsed.problem}`,
          );
      }
    const hasUndo = undo !== undefined && undo !== 'irreversible';
    if (!hasUndo && verifyUndone)
      this.findings.invalid([...at, 'verifyUndone'], 'undo_missing', 'there is no undo to be verified');
    if (expires?.atEnd !== undefined && expires.atEnd !== 'review' && expires.atEnd !== 'undo')
      this.findings.invalid(
        [...at, 'expires', 'atEnd'],
        'value_unknown',
        `${String(expires.atEnd)} is neither review nor undo`,
      );
    if (!hasUndo && expires?.atEnd === 'undo')
      this.findings.invalid(
        [...at, 'expires', 'atEnd'],
        'undo_missing',
        'there is no undo to be done when it expires',
      );
    this.checkResults([...at, 'results'], step, results);
    this.checkRetry(at, step);
    if (!this.helpers.has(id)) this.checkSafety(path, at, step);
  }

  private checkHelper(path: Path, id: string, named: string, looks = false): void {
    const step = entry(this.playbook.workflow, named);
    if (!step) return this.findings.invalid(path, 'step_unknown', `${named} is not a step of this playbook`);
    if (step.type !== 'action' || named === id)
      return this.findings.invalid(path, 'step_wrong', `${named} must be another step, of type action`);
    if (looks && (extensionOf(step).changes ?? step.commands.some(commandIsChange)))
      this.findings.doubt(
        path,
        'look_changes',
        `${named} only looks, but seems to change something; say "changes": false where it does not`,
      );
  }

  private checkResults(path: Path, step: ActionStep, results: unknown): void {
    if (!isPlain(results)) return;
    for (const [name, pointer] of Object.entries(results)) {
      if (!(step.out_args ?? []).includes(name))
        this.findings.invalid(
          [...path, name],
          'result_undeclared',
          `${name} is not in out_args, so nothing would come of it`,
        );
      if (typeof pointer !== 'string' || !isPointer(pointer))
        this.findings.invalid(
          [...path, name],
          'pointer_malformed',
          'must be a JSON pointer (RFC 6901), such as /status',
        );
    }
  }

  private checkRetry(at: Path, step: ActionStep): void {
    const { retry, repeatable } = extensionOf(step);
    if (!retry) return;
    if (retry.attempts > MOST_ATTEMPTS)
      this.findings.invalid(
        [...at, 'retry', 'attempts'],
        'out_of_range',
        `attempts must be from 1 to ${MOST_ATTEMPTS}`,
      );
    if (!(repeatable ?? step.commands.every(commandIsRepeatable)))
      this.findings.invalid(
        [...at, 'retry'],
        'retry_unsafe',
        'done twice it may not be as done once, so it is not tried again; say "repeatable": true where it is',
      );
  }

  private checkSafety(path: Path, at: Path, step: ActionStep): void {
    const { undo, approval, changes } = extensionOf(step);
    const byItself = step.commands.some(
      (command) => commandIsChange(command) && !isByHand(this.playbook, step, command),
    );
    if (!(changes ?? byItself)) return;
    if (approval || playbookExtensionOf(this.playbook).approval) return;
    if (undo === undefined || undo === 'irreversible')
      this.findings.doubt(
        undo === undefined ? path : [...at, 'undo'],
        'approval_missing',
        'it changes something that cannot be taken back, and nobody is asked: add undo, or approval',
      );
  }
}

export function checkExtensions(playbook: Playbook, findings: Findings): void {
  new ExtensionCheck(playbook, findings).run();
}

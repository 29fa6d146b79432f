/**
 * Whether a document is a playbook, whether it can be carried out here, and everything that somebody should look at
 * (docs/playbooks.md). A schema sees the form only; what makes a playbook dangerous is in its graph.
 */
import { entry, isPlain } from './fields.ts';
import { Findings, type Finding, type PlaybookVerdict } from './finding.ts';
import { checkCommands } from './playbook-commands.ts';
import { checkExtensions, readExtensions } from './playbook-extension.ts';
import { checkGraph } from './playbook-graph.ts';
import { checkScopes } from './playbook-scope.ts';
import { readShape } from './playbook-shape.ts';
import type { Playbook, Step } from './playbook.ts';

/** Every branch is followed for every step, so what is followed has an end. */
const MOST_STEPS_WRITTEN = 1_000;

export interface PlaybookCheck {
  verdict: PlaybookVerdict;
  findings: Finding[];
  /** As the engine reads it; absent where it is invalid. */
  playbook?: Playbook;
}

function checkLifetime(playbook: Playbook, now: number, findings: Findings): void {
  const { revoked, valid_from, valid_until } = playbook;
  // Of a revoked playbook the window means nothing (CACAO v2.0 §3.1).
  if (revoked)
    return findings.doubt(['revoked'], 'revoked', 'it was revoked by its author; it is not started');
  if (valid_from !== undefined && now < Date.parse(valid_from))
    findings.doubt(
      ['valid_from'],
      'not_yet_valid',
      `it is valid from ${valid_from}; before, it needs an override that is kept on record`,
    );
  if (valid_until !== undefined && now >= Date.parse(valid_until))
    findings.doubt(
      ['valid_until'],
      'expired',
      `it was valid until ${valid_until}; now it needs an override that is kept on record`,
    );
}

const isOfType =
  (...types: Step['type'][]) =>
  ({ type }: Step): boolean =>
    types.includes(type);

/** What a processing summary says is in a playbook, and whether it is. */
function contentsOf(playbook: Playbook): Record<string, boolean> {
  const steps = Object.values(playbook.workflow);
  const signatures = (playbook.signatures ?? []).filter(isPlain);
  const extended = [playbook.playbook_extensions, ...steps.map(({ step_extensions }) => step_extensions)];
  return {
    manual_playbook: steps.some(
      (step) => step.type === 'action' && step.commands.some(({ type }) => type === 'manual'),
    ),
    external_playbooks: steps.some(isOfType('playbook-action')),
    parallel_processing: steps.some(isOfType('parallel')),
    if_logic: steps.some(isOfType('if-condition')),
    while_logic: steps.some(isOfType('while-condition')),
    switch_logic: steps.some(isOfType('switch-condition')),
    temporal_logic: steps.some(({ delay, timeout }) => delay !== undefined || timeout !== undefined),
    data_markings: (playbook.markings ?? []).length > 0,
    digital_signatures: signatures.length > 0,
    countersigned_signatures: signatures.some((signature) => signature['signature'] !== undefined),
    extensions: extended.some((extensions) => Object.keys(extensions ?? {}).length > 0),
  };
}

function checkSummary(playbook: Playbook, findings: Findings): void {
  const summary = (playbook as unknown as { playbook_processing_summary?: unknown })
    .playbook_processing_summary;
  if (!isPlain(summary)) return;
  const contents = contentsOf(playbook);
  for (const [field, said] of Object.entries(summary)) {
    const actual = entry(contents, field);
    if (actual === undefined || said === actual) continue;
    findings.doubt(
      ['playbook_processing_summary', field],
      'summary_contradicts',
      typeof said === 'boolean'
        ? `it says ${said}, and the playbook ${actual ? 'has' : 'has no'} such content`
        : `${field} must be true or false`,
    );
  }
}

function checkSignatureHeads(playbook: Playbook, findings: Findings): void {
  for (const [i, signature] of (playbook.signatures ?? []).entries()) {
    const path = ['signatures', i];
    if (!isPlain(signature)) findings.invalid(path, 'wrong_kind', 'a signature must be an object { }');
    else if (signature['related_to'] !== playbook.id || signature['related_version'] !== playbook.modified)
      findings.doubt(
        path,
        'signature_unrelated',
        'it is of another playbook or another version than this one',
      );
  }
}

/** A part that is another playbook. Whether that one is known is asked where it is known. */
function checkParts(playbook: Playbook, findings: Findings): void {
  for (const [id, step] of Object.entries(playbook.workflow)) {
    if (step.type !== 'playbook-action' || step.playbook_id === '') continue;
    const path = ['workflow', id, 'playbook_id'];
    if (step.playbook_id === playbook.id)
      findings.invalid(path, 'cycle', 'a playbook cannot be a part of itself');
    else
      findings.doubt(
        path,
        'part_unresolved',
        `it carries out ${step.playbook_id}, which must be stored when it starts; ${step.playbook_version === undefined ? 'the latest version then' : `the version ${step.playbook_version}`} is pinned`,
      );
  }
}

/** A document that was judged before, as the engine reads it; null where it is not even an object. */
export function readPlaybook(document: unknown): Playbook | null {
  const findings = new Findings();
  const shaped = readShape(document, findings);
  return shaped && readExtensions(shaped, findings);
}

/**
 * Judges a document, as parsed from JSON. `invalid`: it is no playbook. `importable`: it is one, but cannot be carried
 * out here, and the findings of severity `error` say why. `now`: epoch ms, for its time of validity.
 */
export function checkPlaybook(document: unknown, { now }: { now: number }): PlaybookCheck {
  const findings = new Findings();
  const shaped = readShape(document, findings);
  if (!shaped) return { verdict: findings.verdict, findings: findings.list };
  const playbook = readExtensions(shaped, findings);
  const workflow = (document as { workflow?: unknown }).workflow;
  const ids = new Set(isPlain(workflow) ? Object.keys(workflow) : []);
  if (ids.size > MOST_STEPS_WRITTEN) {
    findings.invalid(['workflow'], 'steps_many', `a playbook has at most ${MOST_STEPS_WRITTEN} steps`);
    return { verdict: findings.verdict, findings: findings.list };
  }
  checkGraph(playbook, ids, findings);
  checkScopes(playbook, findings);
  checkCommands(playbook, findings);
  checkExtensions(playbook, findings);
  checkParts(playbook, findings);
  checkSummary(playbook, findings);
  checkSignatureHeads(playbook, findings);
  checkLifetime(playbook, now, findings);
  const { verdict, list } = findings;
  return { verdict, findings: list, ...(verdict !== 'invalid' && { playbook }) };
}

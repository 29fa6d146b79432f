/**
 * The form of a playbook (CACAO v2.0 §3–§10): every field of the kind it should be. What comes out has only fields
 * that are; unknown ones are kept.
 */
import { demand, entry, isPlain, keepFitting, objectsIn, type Kind, type Plain } from './fields.ts';
import type { Findings, Path } from './finding.ts';
import type { Playbook, Step, Variable } from './playbook.ts';
import { nameProblem, referencesIn, typeNamed, valueProblem } from './variables.ts';

const UUID = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';
const PLAYBOOK_ID = new RegExp(`^playbook--${UUID}$`);
const IDENTITY_ID = new RegExp(`^identity--${UUID}$`);
const ANY_ID = new RegExp(`^(.+)--${UUID}$`);

const PLAYBOOK_FIELDS: Record<string, Kind> = {
  name: 'text',
  description: 'text',
  created_by: 'text',
  created: 'text',
  modified: 'text',
  revoked: 'truth',
  valid_from: 'text',
  valid_until: 'text',
  playbook_types: 'texts',
  playbook_activities: 'texts',
  priority: 'whole',
  severity: 'whole',
  impact: 'whole',
  labels: 'texts',
  industry_sectors: 'texts',
  derived_from: 'texts',
  related_to: 'texts',
  external_references: 'list',
  markings: 'texts',
  playbook_variables: 'object',
  workflow_start: 'text',
  workflow_exception: 'text',
  workflow: 'object',
  agent_definitions: 'object',
  target_definitions: 'object',
  authentication_info_definitions: 'object',
  extension_definitions: 'object',
  data_marking_definitions: 'object',
  playbook_processing_summary: 'object',
  playbook_extensions: 'object',
  signatures: 'list',
};
const REQUIRED = ['name', 'created_by', 'created', 'modified', 'workflow_start', 'workflow'];

const STEP_FIELDS: Record<string, Kind> = {
  name: 'text',
  description: 'text',
  owner: 'text',
  delay: 'whole',
  timeout: 'whole',
  step_variables: 'object',
  on_completion: 'text',
  on_success: 'text',
  on_failure: 'text',
  step_extensions: 'object',
};
const FIELDS_BY_TYPE: Record<Step['type'], { kinds: Record<string, Kind>; required: string[] }> = {
  start: { kinds: {}, required: [] },
  end: { kinds: {}, required: [] },
  action: {
    kinds: { commands: 'list', agent: 'text', targets: 'texts', in_args: 'texts', out_args: 'texts' },
    required: [],
  },
  'playbook-action': {
    kinds: { playbook_id: 'text', playbook_version: 'text', in_args: 'texts', out_args: 'texts' },
    required: ['playbook_id'],
  },
  parallel: { kinds: { next_steps: 'texts' }, required: ['next_steps'] },
  'if-condition': {
    kinds: { condition: 'text', on_true: 'text', on_false: 'text' },
    required: ['condition', 'on_true'],
  },
  'while-condition': { kinds: { condition: 'text', on_true: 'text' }, required: ['condition', 'on_true'] },
  'switch-condition': { kinds: { switch: 'text', cases: 'object' }, required: ['switch', 'cases'] },
};
const COMMAND_FIELDS: Record<string, Kind> = {
  type: 'text',
  description: 'text',
  command: 'text',
  command_b64: 'text',
  headers: 'object',
  content: 'text',
  content_b64: 'text',
};
const AGENT_FIELDS: Record<string, Kind> = {
  type: 'text',
  name: 'text',
  description: 'text',
  address: 'object',
  port: 'text',
  authentication_info: 'text',
  category: 'wordOrWords',
};
const AUTHENTICATION_FIELDS: Record<string, Kind> = {
  type: 'text',
  user_id: 'text',
  username: 'text',
  password: 'text',
  oauth_header: 'text',
  token: 'text',
  kms: 'truth',
  kms_key_identifier: 'text',
};

function checkTime(findings: Findings, raw: Plain, field: string): void {
  const text = entry(raw, field);
  if (typeof text !== 'string') return;
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  if (!isTime || Number.isNaN(Date.parse(text)))
    findings.invalid([field], 'time_malformed', `${field} is not a time such as 2026-01-31T09:00:00.000Z`);
  else if (!/:\d\d\.\d{3}Z$/.test(text))
    findings.doubt(
      [field],
      'time_unusual',
      `${field} should have exactly three digits behind the second, and Z`,
    );
}

function checkOrder(findings: Findings, raw: Plain, [earlier, later]: readonly [string, string]): void {
  const [from, to] = [entry(raw, earlier), entry(raw, later)].map((text) => Date.parse(String(text)));
  const isWrong = later === 'modified' ? to! < from! : to! <= from!;
  if (isWrong) findings.invalid([later], 'time_order', `${later} must not be before ${earlier}`);
}

function checkHead(findings: Findings, raw: Plain): void {
  if (raw['type'] !== 'playbook')
    findings.invalid(['type'], 'value_unknown', 'type must be "playbook"; this is no playbook');
  if (raw['spec_version'] !== 'cacao-2.0')
    findings.invalid(
      ['spec_version'],
      'value_unknown',
      'spec_version must be "cacao-2.0", the only one read here',
    );
  if (typeof raw['id'] !== 'string' || !PLAYBOOK_ID.test(raw['id']))
    findings.invalid(['id'], 'id_malformed', 'id must be "playbook--" and a UUID');
  if (typeof raw['created_by'] === 'string' && !IDENTITY_ID.test(raw['created_by']))
    findings.doubt(['created_by'], 'id_unusual', 'created_by should be "identity--" and a UUID');
  for (const field of ['created', 'modified', 'valid_from', 'valid_until']) checkTime(findings, raw, field);
  checkOrder(findings, raw, ['created', 'modified']);
  checkOrder(findings, raw, ['valid_from', 'valid_until']);
  for (const field of ['priority', 'severity', 'impact'])
    if (typeof raw[field] === 'number' && raw[field] > 100)
      findings.invalid([field], 'out_of_range', `${field} must be a whole number from 0 to 100`);
  const activities = raw['playbook_activities'];
  if (Array.isArray(raw['playbook_types']) && !(Array.isArray(activities) && activities.length > 0))
    findings.doubt(
      ['playbook_activities'],
      'activities_missing',
      'playbook_types is given, so at least one of playbook_activities should be',
    );
}

/** Keys are matched as they are; one whose word is not the type of what it names only looks wrong. */
function checkKey(findings: Findings, path: Path, key: string, type: unknown): void {
  const word = ANY_ID.exec(key)?.[1];
  if (word === undefined)
    findings.doubt([...path, key], 'id_unusual', `${key} should be a type, "--" and a UUID`);
  else if (typeof type === 'string' && word !== type)
    findings.doubt([...path, key], 'id_unusual', `${key} names something of type ${type}`);
}

function readVariable(findings: Findings, path: Path, name: string, raw: Plain): Variable | null {
  const named = nameProblem(name);
  if (named?.tolerable) findings.doubt(path, 'name_unusual', named.message);
  else if (named) findings.invalid(path, 'name_malformed', named.message);
  const kept = keepFitting(findings, path, raw, { type: 'text', constant: 'truth', external: 'truth' });
  demand(findings, path, raw, ['type']);
  const { value } = raw;
  if (value !== undefined && value !== null && typeof value !== 'string') {
    findings.invalid(
      [...path, 'value'],
      'wrong_kind',
      'value must be a text, also for numbers: "5"; null where it is not known',
    );
    delete kept['value'];
  }
  const word = kept['type'];
  if (typeof word !== 'string') return null;
  const type = typeNamed(word);
  if (type === null)
    findings.blocking([...path, 'type'], 'variable_type_unknown', `${word} is not a type that is known here`);
  else if (type !== word)
    findings.doubt([...path, 'type'], 'type_alias', `${word} is read as ${type}, which CACAO calls it`);
  const problem =
    type && typeof value === 'string' && referencesIn(value).length === 0 && valueProblem(type, value);
  if (problem) findings.blocking([...path, 'value'], 'value_mistyped', `the value of ${name} ${problem}`);
  return { ...kept, type: type ?? 'string' } as Variable;
}

function readVariables(findings: Findings, path: Path, raw: unknown): Record<string, Variable> {
  return Object.fromEntries(
    objectsIn(findings, path, raw).flatMap(([name, one]) => {
      const variable = readVariable(findings, [...path, name], name, one);
      return variable ? [[name, variable]] : [];
    }),
  );
}

function readCommand(findings: Findings, path: Path, raw: unknown): Plain[] {
  if (!isPlain(raw)) {
    findings.invalid(path, 'wrong_kind', 'a command must be an object { }');
    return [];
  }
  demand(findings, path, raw, ['type']);
  const kept = keepFitting(findings, path, raw, COMMAND_FIELDS);
  if (isPlain(kept['headers']))
    kept['headers'] = keepFitting(
      findings,
      [...path, 'headers'],
      kept['headers'],
      Object.fromEntries(Object.keys(kept['headers']).map((name) => [name, 'texts' as const])),
    );
  return typeof kept['type'] === 'string' ? [kept] : [];
}

function readCases(findings: Findings, path: Path, raw: Plain): Plain {
  if (Object.keys(raw).length === 0) findings.invalid(path, 'missing', 'a switch needs at least one case');
  const texts = Object.fromEntries(Object.keys(raw).map((value) => [value, 'text' as const]));
  return keepFitting(findings, path, raw, texts);
}

function readStep(findings: Findings, path: Path, raw: Plain): Step | null {
  const fields = entry(
    FIELDS_BY_TYPE as Record<string, { kinds: Record<string, Kind>; required: string[] }>,
    String(raw['type']),
  );
  if (!fields) {
    const message = `${String(raw['type'])} is not a type of step; there are ${Object.keys(FIELDS_BY_TYPE).join(', ')}`;
    findings.invalid([...path, 'type'], 'step_type_unknown', message);
    return null;
  }
  demand(findings, path, raw, fields.required);
  const kept = keepFitting(findings, path, raw, { ...STEP_FIELDS, ...fields.kinds });
  if (kept['step_variables'])
    kept['step_variables'] = readVariables(findings, [...path, 'step_variables'], kept['step_variables']);
  if (Array.isArray(kept['commands']))
    kept['commands'] = kept['commands'].flatMap((command, i) =>
      readCommand(findings, [...path, 'commands', i], command),
    );
  if (isPlain(kept['cases'])) kept['cases'] = readCases(findings, [...path, 'cases'], kept['cases']);
  return kept as unknown as Step;
}

/** What a step of this type has when the file leaves it out, so that the next checks find it in its form. */
function completed(step: Step): Step {
  const empty = {
    commands: [],
    agent: '',
    next_steps: [],
    cases: {},
    condition: '',
    switch: '',
    on_true: '',
    playbook_id: '',
  };
  const needed: Record<Step['type'], (keyof typeof empty)[]> = {
    start: [],
    end: [],
    action: ['commands', 'agent'],
    'playbook-action': ['playbook_id'],
    parallel: ['next_steps'],
    'if-condition': ['condition', 'on_true'],
    'while-condition': ['condition', 'on_true'],
    'switch-condition': ['switch', 'cases'],
  };
  return { ...Object.fromEntries(needed[step.type].map((field) => [field, empty[field]])), ...step } as Step;
}

function readDefinitions(findings: Findings, raw: Plain, field: string, kinds: Record<string, Kind>): Plain {
  return Object.fromEntries(
    objectsIn(findings, [field], entry(raw, field)).map(([id, one]) => {
      const path = [field, id];
      demand(findings, path, one, ['type']);
      const kept = keepFitting(findings, path, one, kinds);
      checkKey(findings, [field], id, kept['type']);
      if (isPlain(kept['address']))
        kept['address'] = keepFitting(
          findings,
          [...path, 'address'],
          kept['address'],
          Object.fromEntries(Object.keys(kept['address']).map((kind) => [kind, 'texts' as const])),
        );
      return [id, kept];
    }),
  );
}

/** The document as a playbook, as far as it is one; null where it is not even an object. Tells of all that it leaves out. */
export function readShape(document: unknown, findings: Findings): Playbook | null {
  if (!isPlain(document)) {
    findings.invalid([], 'wrong_kind', 'a playbook is an object { }');
    return null;
  }
  demand(findings, [], document, REQUIRED);
  checkHead(findings, document);
  const kept = keepFitting(findings, [], document, PLAYBOOK_FIELDS);
  const steps = objectsIn(findings, ['workflow'], kept['workflow']).flatMap(([id, raw]): [string, Step][] => {
    const step = readStep(findings, ['workflow', id], raw);
    if (step) checkKey(findings, ['workflow'], id, step.type);
    return step ? [[id, completed(step)]] : [];
  });
  return {
    ...kept,
    workflow_start: kept['workflow_start'] ?? '',
    ...(kept['playbook_variables'] !== undefined && {
      playbook_variables: readVariables(findings, ['playbook_variables'], kept['playbook_variables']),
    }),
    workflow: Object.fromEntries(steps),
    agent_definitions: readDefinitions(findings, kept, 'agent_definitions', AGENT_FIELDS),
    target_definitions: readDefinitions(findings, kept, 'target_definitions', AGENT_FIELDS),
    authentication_info_definitions: readDefinitions(
      findings,
      kept,
      'authentication_info_definitions',
      AUTHENTICATION_FIELDS,
    ),
  } as unknown as Playbook;
}

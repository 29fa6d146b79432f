/** What a check finds in a playbook: each code, where it points, and what it makes of the playbook. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPlaybook } from '../../domain/playbook-check.ts';
import { TIERLINE_EXTENSION } from '../../domain/playbook.ts';
import { IDS, isolationPlaybook, type Document } from '../support/playbooks.ts';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const check = (document: unknown) => checkPlaybook(document, { now: NOW });

type Change = (playbook: Document, step: Document, extension: Document) => void;
function changed(change: Change): Document {
  const playbook = isolationPlaybook();
  const step = playbook.workflow[IDS.isolate];
  change(playbook, step, step.step_extensions[TIERLINE_EXTENSION]);
  return playbook;
}
const end = (n: number) => `end--00000000-0000-4000-8000-0000000001${String(n).padStart(2, '0')}`;
const OTHER = 'playbook--00000000-0000-4000-8000-000000000099';
const IF = 'if-condition--00000000-0000-4000-8000-000000000010';
const WHILE = 'while-condition--00000000-0000-4000-8000-000000000011';
const PARALLEL = 'parallel--00000000-0000-4000-8000-000000000012';
const SWITCH = 'switch-condition--00000000-0000-4000-8000-000000000013';
const A = 'action--00000000-0000-4000-8000-000000000020';
const B = 'action--00000000-0000-4000-8000-000000000021';

/** Puts a step between start and isolation. */
function before(playbook: Document, id: string, step: object): void {
  playbook.workflow[IDS.start].on_completion = id;
  playbook.workflow[id] = { on_completion: IDS.isolate, ...step };
}
const manual = (next: string, more: object = {}) => ({
  type: 'action',
  commands: [{ type: 'manual', command: 'look' }],
  agent: IDS.edr,
  on_completion: next,
  ...more,
});
const ended = (playbook: Document, ...numbers: number[]) => {
  for (const n of numbers) playbook.workflow[end(n)] = { type: 'end' };
};
/** What is to be done when it expires. */
const expiring = (atEnd: string) => ({ afterMs: 1, atEnd });
const STEP = `/workflow/${IDS.isolate}`;
const BLOCK = `${STEP}/step_extensions/${TIERLINE_EXTENSION}`;

test('a playbook in order has nothing to be found, and is given back', () => {
  const playbook = isolationPlaybook();
  expect(check(playbook)).toMatchObject({ verdict: 'executable', findings: [], playbook });
});

test('unknown properties are kept, everywhere', () => {
  const playbook = changed((p, step) => {
    p.acme = { a: 1 };
    step.acme = ['x'];
    step.commands[0].acme = 1;
    p.agent_definitions[IDS.edr].acme = null;
    step.step_extensions['extension-definition--00000000-0000-4000-8000-000000000077'] = { theirs: true };
    p.extension_definitions['extension-definition--00000000-0000-4000-8000-000000000077'] = {
      type: 'extension-definition',
    };
  });
  expect(check(playbook)).toMatchObject({ verdict: 'executable', findings: [], playbook });
});

describe('invalid is', () => {
  test.each<[string, string, Change]>([
    ['value_unknown', '/type', (p) => (p.type = 'bundle')],
    ['value_unknown', '/spec_version', (p) => (p.spec_version = '1.1')],
    ['id_malformed', '/id', (p) => (p.id = 'playbook--1')],
    ['missing', '/name', (p) => delete p.name],
    ['wrong_kind', '/revoked', (p) => (p.revoked = 'no')],
    ['wrong_kind', '/labels', (p) => (p.labels = [1])],
    ['out_of_range', '/impact', (p) => (p.impact = 101)],
    ['wrong_kind', '/impact', (p) => (p.impact = -1)],
    ['time_malformed', '/created', (p) => (p.created = 'yesterday')],
    ['time_order', '/modified', (p) => (p.modified = '2025-01-01T00:00:00.000Z')],
    [
      'time_order',
      '/valid_until',
      (p) => Object.assign(p, { valid_from: p.created, valid_until: p.created }),
    ],
    ['wrong_kind', '/workflow', (p) => (p.workflow = [])],
    ['wrong_kind', `/workflow/${IDS.end}`, (p) => (p.workflow[IDS.end] = 'end')],
    ['step_type_unknown', `/workflow/${IDS.end}/type`, (p) => (p.workflow[IDS.end].type = 'stop')],
    ['wrong_kind', `${STEP}/timeout`, (_, step) => (step.timeout = '100')],
    ['start_wrong', '/workflow_start', (p) => (p.workflow_start = IDS.isolate)],
    ['start_wrong', '/workflow_start', (p) => (p.workflow_start = 'constructor')],
    [
      'start_many',
      '/workflow',
      (p) => (p.workflow[`${IDS.start.slice(0, -1)}9`] = { type: 'start', on_completion: IDS.end }),
    ],
    ['start_entered', `${STEP}/on_completion`, (_, step) => (step.on_completion = IDS.start)],
    [
      'start_conditional',
      `/workflow/${IDS.start}`,
      (p) => (p.workflow[IDS.start] = { type: 'start', on_success: IDS.isolate, on_failure: IDS.end }),
    ],
    ['step_unknown', `${STEP}/on_completion`, (_, step) => (step.on_completion = end(9))],
    ['step_unknown', `${STEP}/on_completion`, (_, step) => (step.on_completion = 'toString')],
    ['step_unknown', '/workflow_exception', (p) => (p.workflow_exception = end(9))],
    ['next_missing', STEP, (_, step) => delete step.on_completion],
    [
      'next_missing',
      STEP,
      (_, step) => {
        delete step.on_completion;
        step.on_failure = IDS.end;
      },
    ],
    ['next_twice', `${STEP}/on_completion`, (_, step) => (step.on_success = IDS.end)],
    [
      'end_continues',
      `/workflow/${IDS.end}/on_completion`,
      (p) => (p.workflow[IDS.end].on_completion = IDS.isolate),
    ],
    [
      'workflow_incomplete',
      '/workflow',
      (p) =>
        (p.workflow = { [IDS.start]: { type: 'start', on_completion: IDS.end }, [IDS.end]: { type: 'end' } }),
    ],
    [
      'cycle',
      `/workflow/${IDS.look}/on_completion`,
      (p) => {
        p.workflow[IDS.isolate].on_completion = IDS.look;
        p.workflow[IDS.look].on_completion = IDS.isolate;
      },
    ],
    [
      'cycle',
      `${STEP}/on_failure`,
      (_, step) => {
        delete step.on_completion;
        Object.assign(step, { on_success: IDS.end, on_failure: IDS.isolate });
      },
    ],
    [
      'cycle',
      `/workflow/${A}/on_completion`,
      (p) => {
        before(p, WHILE, { type: 'while-condition', condition: 'true', on_true: A });
        p.workflow[A] = manual(WHILE);
      },
    ],
    [
      'branches_few',
      `/workflow/${PARALLEL}/next_steps`,
      (p) => {
        before(p, PARALLEL, { type: 'parallel', next_steps: [end(1)] });
        ended(p, 1);
      },
    ],
    ['missing', `/workflow/${IF}/on_true`, (p) => before(p, IF, { type: 'if-condition', condition: 'true' })],
    [
      'missing',
      `/workflow/${SWITCH}/cases`,
      (p) => before(p, SWITCH, { type: 'switch-condition', switch: '__host__:value', cases: {} }),
    ],
    [
      'switch_malformed',
      `/workflow/${SWITCH}/switch`,
      (p) => {
        before(p, SWITCH, { type: 'switch-condition', switch: '__host__', cases: { a: end(1) } });
        ended(p, 1);
      },
    ],
    [
      'condition_malformed',
      `/workflow/${IF}/condition`,
      (p) => {
        before(p, IF, { type: 'if-condition', condition: '${Error} == 1', on_true: end(1) });
        ended(p, 1);
      },
    ],
    ['name_malformed', '/playbook_variables/host', (p) => (p.playbook_variables.host = { type: 'string' })],
    ['wrong_kind', '/playbook_variables/__host__/value', (p) => (p.playbook_variables.__host__.value = 5)],
    ['missing', '/playbook_variables/__host__/type', (p) => delete p.playbook_variables.__host__.type],
    ['command_twice', `${STEP}/commands/0`, (_, step) => (step.commands[0].command_b64 = 'YQ==')],
    [
      'content_twice',
      `${STEP}/commands/0`,
      (_, step) => Object.assign(step.commands[0], { content: 'a', content_b64: 'YQ==' }),
    ],
    [
      'base64_malformed',
      `${STEP}/commands/0/command_b64`,
      (_, step) => (step.commands[0] = { type: 'ssh', command_b64: 'a*' }),
    ],
    [
      'cycle',
      `/workflow/${A}/playbook_id`,
      (p) => before(p, A, { type: 'playbook-action', playbook_id: IDS.playbook }),
    ],
    ['wrong_kind', '/signatures/0', (p) => (p.signatures = ['x'])],
    // What keeps it safe is understood to the last word, or refused.
    ['extension_field_unknown', `${BLOCK}/aproval`, (_, _step, block) => (block.aproval = {})],
    ['extension_field_unknown', `${BLOCK}/approval/quorum`, (_, _step, block) => (block.approval.quorum = 1)],
    ['extension_field_unknown', `${BLOCK}/maxPasses`, (_, _step, block) => (block.maxPasses = 1)],
    ['wrong_kind', `${BLOCK}/approval/required`, (_, _step, block) => (block.approval.required = 0)],
    ['wrong_kind', BLOCK, (_, step) => (step.step_extensions[TIERLINE_EXTENSION] = [])],
    ['out_of_range', `${BLOCK}/approval/required`, (_, _step, block) => (block.approval.required = 11)],
    ['value_unknown', `${BLOCK}/approval/role`, (_, _step, block) => (block.approval.role = 'boss')],
    // A question to whoever may not answer would wait in vain.
    ['value_unknown', `${BLOCK}/approval/role`, (_, _step, block) => (block.approval.role = 'auditor')],
    ['wrong_kind', `${BLOCK}/approval/including`, (_, _step, block) => (block.approval.including = 'lead')],
    [
      'value_unknown',
      `${BLOCK}/approval/including/1`,
      (_, _step, block) => (block.approval.including = ['lead', 'boss']),
    ],
    [
      'value_unknown',
      `${BLOCK}/approval/escalateTo/0`,
      (_, _step, block) => (block.approval.escalateTo = ['boss']),
    ],
    ['missing', `${BLOCK}/verify/expect`, (_, _step, block) => delete block.verify.expect],
    [
      'condition_malformed',
      `${BLOCK}/verify/expect`,
      (_, _step, block) => (block.verify.expect = 'state is good'),
    ],
    ['step_unknown', `${BLOCK}/undo`, (_, _step, block) => (block.undo = A)],
    ['step_wrong', `${BLOCK}/undo`, (_, _step, block) => (block.undo = IDS.end)],
    ['step_wrong', `${BLOCK}/undo`, (_, _step, block) => (block.undo = IDS.isolate)],
    [
      'undo_missing',
      `${BLOCK}/verifyUndone`,
      (_, _step, block) => Object.assign(block, { undo: 'irreversible', verifyUndone: block.verify }),
    ],
    [
      'undo_missing',
      `${BLOCK}/expires/atEnd`,
      (_, _step, block) => Object.assign(block, { undo: 'irreversible', expires: expiring('undo') }),
    ],
    ['value_unknown', `${BLOCK}/expires/atEnd`, (_, _step, block) => (block.expires = expiring('forget'))],
    ['retry_unsafe', `${BLOCK}/retry`, (_, _step, block) => (block.retry = { attempts: 3, everyMs: 1 })],
    [
      'out_of_range',
      `${BLOCK}/retry/attempts`,
      (_, _step, block) => Object.assign(block, { repeatable: true, retry: { attempts: 21, everyMs: 1 } }),
    ],
    ['result_undeclared', `${BLOCK}/results/__x__`, (_, _step, block) => (block.results = { __x__: '/a' })],
    [
      'pointer_malformed',
      `/workflow/${IDS.look}/step_extensions/${TIERLINE_EXTENSION}/results/__state__`,
      (p) => (p.workflow[IDS.look].step_extensions[TIERLINE_EXTENSION].results.__state__ = '$.state'),
    ],
    [
      'value_unknown',
      `/playbook_extensions/${TIERLINE_EXTENSION}/onFailure`,
      (p) => (p.playbook_extensions = { [TIERLINE_EXTENSION]: { onFailure: 'panic' } }),
    ],
    [
      'extension_field_unknown',
      `/playbook_extensions/${TIERLINE_EXTENSION}/undo`,
      (p) => (p.playbook_extensions = { [TIERLINE_EXTENSION]: { undo: 'x' } }),
    ],
  ])('%s at %s', (code, pointer, change) => {
    const { verdict, findings, playbook } = check(changed(change));
    expect(findings).toContainEqual({ severity: 'error', pointer, code, message: expect.any(String) });
    expect([verdict, playbook]).toEqual(['invalid', undefined]);
  });

  test.each([null, [], 'playbook', 5])('%j', (document) => {
    expect(check(document)).toMatchObject({
      verdict: 'invalid',
      findings: [{ pointer: '', code: 'wrong_kind' }],
    });
  });
});

describe('importable, and not executable, is', () => {
  test.each<[string, string, Change]>([
    ['commands_missing', `${STEP}/commands`, (_, step) => (step.commands = [])],
    ['agent_missing', `${STEP}/agent`, (_, step) => delete step.agent],
    ['agent_unknown', `${STEP}/agent`, (_, step) => (step.agent = IDS.host)],
    ['target_unknown', `${STEP}/targets/0`, (_, step) => (step.targets = [IDS.host])],
    [
      'authentication_unknown',
      `/agent_definitions/${IDS.edr}/authentication_info`,
      (p) => (p.authentication_info_definitions = {}),
    ],
    [
      'marking_unknown',
      '/markings/0',
      (p) => (p.markings = ['marking-tlp--00000000-0000-4000-8000-000000000001']),
    ],
    [
      'port_malformed',
      `/agent_definitions/${IDS.edr}/port`,
      (p) => (p.agent_definitions[IDS.edr].port = '70000'),
    ],
    ['address_missing', `${STEP}/commands/0`, (p) => delete p.agent_definitions[IDS.edr].address],
    ['command_unsupported', `${STEP}/commands/0/type`, (_, step) => (step.commands[0].type = 'caldera-cmd')],
    ['command_missing', `${STEP}/commands/0`, (_, step) => delete step.commands[0].command],
    [
      'start_line_malformed',
      `${STEP}/commands/0/command`,
      (_, step) => (step.commands[0].command = 'isolate'),
    ],
    [
      'openc2_not_post',
      `${STEP}/commands/0/command`,
      (_, step) => (step.commands[0] = { type: 'openc2-http', command: 'GET / HTTP/1.1', content: '{}' }),
    ],
    [
      'content_missing',
      `${STEP}/commands/0`,
      (_, step) => (step.commands[0] = { type: 'openc2-http', command: 'POST / HTTP/1.1' }),
    ],
    [
      'ldap_malformed',
      `${STEP}/commands/0/command`,
      (_, step) => (step.commands[0] = { type: 'x-ldap', command: '{"operation":"drop"}' }),
    ],
    [
      'reference_misplaced',
      `${STEP}/commands/0`,
      (_, step) => (step.commands[0] = { type: 'ssh', command: 'echo "__host__:value"' }),
    ],
    [
      'reference_misplaced',
      `${STEP}/commands/0`,
      (_, step) => (step.commands[0].command = '__host__:value / HTTP/1.1'),
    ],
    [
      'variable_undeclared',
      `${STEP}/commands/0`,
      (_, step) => (step.commands[0].command = 'POST /__nobody__:value HTTP/1.1'),
    ],
    [
      'variable_undeclared',
      `${STEP}/commands/0`,
      (_, step) => (step.commands[0].content_b64 = btoa('{"a":"__nobody__:value"}')),
    ],
    ['variable_undeclared', `${STEP}/out_args/0`, (_, step) => (step.out_args = ['__state__'])],
    [
      'variable_undeclared',
      STEP,
      (p) => (p.agent_definitions[IDS.edr].address.url = ['https://__nobody__:value.example']),
    ],
    [
      'variable_undeclared',
      `/playbook_extensions/${TIERLINE_EXTENSION}/sensitive/0`,
      (p) => (p.playbook_extensions = { [TIERLINE_EXTENSION]: { sensitive: ['__nobody__'] } }),
    ],
    [
      'variable_type_unknown',
      '/playbook_variables/__host__/type',
      (p) => (p.playbook_variables.__host__.type = 'hostname'),
    ],
    [
      'value_mistyped',
      '/playbook_variables/__n__/value',
      (p) => (p.playbook_variables.__n__ = { type: 'integer', value: 'five' }),
    ],
    [
      'constant_written',
      `${STEP}/out_args/0`,
      (p, step) => {
        p.playbook_variables.__host__.constant = true;
        step.out_args = ['__host__'];
      },
    ],
    [
      'variable_contested',
      `/workflow/${PARALLEL}/next_steps/1`,
      (p) => {
        before(p, PARALLEL, { type: 'parallel', next_steps: [A, B] });
        p.workflow[A] = manual(end(1), { out_args: ['__host__'] });
        p.workflow[B] = manual(end(2), { out_args: ['__host__'] });
        ended(p, 1, 2);
      },
    ],
  ])('%s at %s', (code, pointer, change) => {
    const { verdict, findings, playbook } = check(changed(change));
    expect(findings).toContainEqual({ severity: 'error', pointer, code, message: expect.any(String) });
    expect([verdict, playbook === undefined]).toEqual(['importable', false]);
  });
});

describe('executable, but somebody should look, is', () => {
  test.each<[string, string, Change]>([
    ['time_unusual', '/created', (p) => (p.created = '2026-01-01T00:00:00.123456Z')],
    ['activities_missing', '/playbook_activities', (p) => delete p.playbook_activities],
    ['id_unusual', '/created_by', (p) => (p.created_by = 'ACME')],
    ['id_unusual', `/agent_definitions/${IDS.edr}`, (p) => (p.agent_definitions[IDS.edr].type = 'edr')],
    ['expired', '/valid_until', (p) => (p.valid_until = '2026-05-31T00:00:00.000Z')],
    ['not_yet_valid', '/valid_from', (p) => (p.valid_from = '2026-06-02T00:00:00.000Z')],
    ['revoked', '/revoked', (p) => (p.revoked = true)],
    [
      'name_unusual',
      '/playbook_variables/__a.b__',
      (p) => (p.playbook_variables['__a.b__'] = { type: 'string' }),
    ],
    [
      'type_alias',
      '/playbook_variables/__b__/type',
      (p) => (p.playbook_variables.__b__ = { type: 'boolean', value: 'true' }),
    ],
    [
      'constant_empty',
      '/playbook_variables/__b__',
      (p) => (p.playbook_variables.__b__ = { type: 'bool', constant: true }),
    ],
    [
      'variable_shadowed',
      `${STEP}/step_variables/__host__`,
      (_, step) => (step.step_variables = { __host__: { type: 'string' } }),
    ],
    [
      'external_local',
      `${STEP}/step_variables/__x__/external`,
      (_, step) => (step.step_variables = { __x__: { type: 'string', external: true } }),
    ],
    ['reference_without_value', `${STEP}/commands/0`, (_, step) => (step.commands[0].content = '__host__')],
    [
      'comparison_suspicious',
      `/workflow/${IF}/condition`,
      (p) => {
        before(p, IF, { type: 'if-condition', condition: '__host__:value > 5', on_true: end(1) });
        ended(p, 1);
      },
    ],
    [
      'case_impossible',
      `/workflow/${SWITCH}/cases/maybe`,
      (p) => {
        p.playbook_variables.__b__ = { type: 'bool' };
        before(p, SWITCH, {
          type: 'switch-condition',
          switch: '__b__:value',
          cases: { maybe: end(1), default: end(2) },
        });
        ended(p, 1, 2);
      },
    ],
    ['step_unreachable', `/workflow/${end(1)}`, (p) => ended(p, 1)],
    [
      'step_shared',
      `/workflow/${end(1)}`,
      (p) => {
        before(p, IF, { type: 'if-condition', condition: 'true', on_true: A, on_false: B });
        p.workflow[A] = manual(end(1));
        p.workflow[B] = manual(end(1));
        ended(p, 1);
      },
    ],
    [
      'step_shared',
      `/workflow/${A}`,
      (p) => {
        before(p, PARALLEL, { type: 'parallel', next_steps: [A, B] });
        p.workflow[A] = manual(end(1));
        p.workflow[B] = manual(A);
        ended(p, 1);
      },
    ],
    [
      'step_shared',
      STEP,
      (p) => before(p, IF, { type: 'if-condition', condition: 'true', on_true: IDS.isolate }),
    ],
    [
      'start_line_unusual',
      `${STEP}/commands/0/command`,
      (_, step) => (step.commands[0].command = 'GET hosts HTTP1.1'),
    ],
    ['bash_local', `${STEP}/commands/0`, (_, step) => (step.commands[0] = { type: 'bash', command: 'true' })],
    [
      'manual_fallback',
      `${STEP}/commands/0`,
      (p, step) => {
        p.target_definitions = {
          [IDS.host]: { type: 'security-category', name: 'Switch', category: ['switch'] },
        };
        step.targets = [IDS.host];
      },
    ],
    [
      'target_twice',
      `${STEP}/targets/1`,
      (p, step) => {
        p.target_definitions = { [IDS.host]: { type: 'http-api', name: 'Host' } };
        step.targets = [IDS.host, IDS.host];
      },
    ],
    [
      'literal_secret',
      `/authentication_info_definitions/${IDS.login}/token`,
      (p) => (p.authentication_info_definitions[IDS.login].token = 'abc'),
    ],
    [
      'literal_secret',
      '/playbook_variables/__token__/value',
      (p) => (p.playbook_variables.__token__.value = 'abc'),
    ],
    [
      'literal_secret',
      `${STEP}/commands/0/headers/Authorization`,
      (_, step) => (step.commands[0].headers = { Authorization: ['Bearer abc'] }),
    ],
    [
      'literal_secret',
      `/agent_definitions/${IDS.edr}/address/url/0`,
      (p) => (p.agent_definitions[IDS.edr].address.url = ['https://a:b@edr.example']),
    ],
    [
      'approval_missing',
      STEP,
      (_, _step, block) => {
        delete block.approval;
        delete block.undo;
      },
    ],
    [
      'approval_missing',
      `${BLOCK}/undo`,
      (_, _step, block) => {
        delete block.approval;
        block.undo = 'irreversible';
      },
    ],
    ['look_changes', `${BLOCK}/snapshot`, (_, _step, block) => (block.snapshot = IDS.release)],
    [
      'extension_undefined',
      `${STEP}/step_extensions/${TIERLINE_EXTENSION}`,
      (p) => delete p.extension_definitions,
    ],
    [
      'part_unresolved',
      `/workflow/${A}/playbook_id`,
      (p) => before(p, A, { type: 'playbook-action', playbook_id: OTHER }),
    ],
    [
      'summary_contradicts',
      '/playbook_processing_summary/parallel_processing',
      (p) =>
        (p.playbook_processing_summary = { parallel_processing: true, if_logic: false, extensions: true }),
    ],
    ['signature_unrelated', '/signatures/0', (p) => (p.signatures = [{ type: 'jss', related_to: OTHER }])],
  ])('%s at %s', (code, pointer, change) => {
    const { verdict, findings } = check(changed(change));
    expect(findings).toContainEqual({ severity: 'warning', pointer, code, message: expect.any(String) });
    expect(verdict).toBe('executable');
  });
});

test('a person carries out whatever a connector cannot, where the agent is one', () => {
  const playbook = changed((p, step, block) => {
    step.agent = 'group--00000000-0000-4000-8000-000000000001';
    p.agent_definitions = { [step.agent]: { type: 'group', name: 'IR team' } };
    step.commands = [{ type: 'caldera-cmd', command: 'x' }];
    delete block.approval;
    delete block.undo;
    delete block.verify;
    delete block.snapshot;
    delete p.workflow[IDS.look];
    delete p.workflow[IDS.release];
    delete p.workflow[IDS.lookEnd];
  });
  expect(check(playbook)).toMatchObject({ verdict: 'executable', findings: [] });
});

test('variables are seen within the branches of the step that declares them, and by its helpers', () => {
  const playbook = changed((p) => {
    before(p, WHILE, {
      type: 'while-condition',
      condition: '__n__:value < 3',
      on_true: A,
      step_variables: { __n__: { type: 'integer', value: '0' } },
    });
    p.workflow[A] = manual(end(1), {
      commands: [{ type: 'manual', command: 'count __n__:value' }],
      out_args: ['__n__'],
    });
    ended(p, 1);
  });
  expect(check(playbook)).toMatchObject({ verdict: 'executable', findings: [] });
  playbook.workflow[IDS.isolate].commands[0].content = '__n__:value';
  expect(check(playbook).findings).toMatchObject([{ code: 'variable_undeclared' }]);
});

test('a wild word for a type is read as the one that is meant', () => {
  const playbook = changed((p) => (p.playbook_variables.__b__ = { type: 'boolean', value: 'true' }));
  expect(check(playbook).playbook?.playbook_variables?.['__b__']?.type).toBe('bool');
});

test('whatever is sent is judged, not stumbled over', () => {
  const base = isolationPlaybook();
  const paths = Object.keys(base).concat(
    Object.keys(base.workflow).map((id) => `workflow ${id}`),
    [
      `workflow ${IDS.isolate} commands`,
      `workflow ${IDS.isolate} step_extensions ${TIERLINE_EXTENSION}`,
      `agent_definitions ${IDS.edr}`,
      'playbook_variables __host__',
    ],
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...paths), fc.jsonValue()), { minLength: 1, maxLength: 3 }),
      (changes) => {
        const playbook = structuredClone(base);
        for (const [path, value] of changes) {
          const keys = path.split(' ');
          const last = keys.pop()!;
          const holder = keys.reduce<Document>((part, key) => part?.[key], playbook);
          if (typeof holder === 'object' && holder !== null) holder[last] = value;
        }
        const { verdict, findings, playbook: read } = check(playbook);
        expect(verdict === 'invalid').toBe(read === undefined);
        if (verdict !== 'executable')
          expect(findings.some(({ severity }) => severity === 'error')).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

test('a large playbook is judged within its limits', () => {
  const playbook = isolationPlaybook();
  const ids = Array.from(
    { length: 1_000 },
    (_, i) => `end--00000000-0000-4000-8001-${String(i).padStart(12, '0')}`,
  );
  for (const one of ids) playbook.workflow[one] = { type: 'end' };
  expect(check(playbook)).toMatchObject({ verdict: 'invalid', findings: [{ code: 'steps_many' }] });
});

const PUBLIC = join(import.meta.dirname, '../../../shared/playbooks');
if (!existsSync(PUBLIC)) process.stderr.write('skipped: ../shared/playbooks is not here\n');
/** Per file its verdict, and codes that must be among what is found. */
const EXPECTED: Record<string, [string, string[]]> = {
  'oasis-basic-example-1': ['executable', []],
  'oasis-spec-3.1-example': ['executable', ['expired']],
  'oasis-signed-rs256': ['invalid', ['missing']],
  'soarca-http': ['executable', ['time_unusual', 'activities_missing']],
  'soarca-ssh': ['executable', ['literal_secret', 'time_unusual', 'activities_missing']],
  'soarca-powershell': ['importable', ['command_unsupported', 'literal_secret']],
  'soarca-manual': ['executable', ['activities_missing']],
  'soarca-caldera-basic': ['importable', ['command_unsupported']],
  'soarca-caldera-flow-if': ['importable', ['command_unsupported', 'name_unusual', 'step_unreachable']],
  'soarca-docs-if-while-openc2': ['importable', ['agent_missing']],
  'soarca-test-missing-step': ['invalid', ['step_unknown', 'start_wrong', 'workflow_incomplete']],
  'soarca-test-parallels': ['invalid', ['next_missing', 'start_wrong']],
};

(existsSync(PUBLIC) ? describe : describe.skip)('public playbooks', () => {
  test('are all expected', () => {
    const files = readdirSync(PUBLIC).filter((file) => file.endsWith('.json'));
    expect(files.map((file) => file.replace('.json', '')).toSorted()).toEqual(
      Object.keys(EXPECTED).toSorted(),
    );
  });

  test.each(Object.entries(EXPECTED))('%s', (file, [verdict, codes]) => {
    const found = check(JSON.parse(readFileSync(join(PUBLIC, `${file}.json`), 'utf8')));
    expect(found.verdict).toBe(verdict);
    expect(found.findings.map(({ code }) => code)).toEqual(expect.arrayContaining(codes));
  });
});

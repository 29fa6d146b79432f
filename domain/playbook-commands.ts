/** Whether somebody or something here can carry out the commands of a playbook, and what it would give away. */
import { bytesOfBase64, commandText, substituteCommand } from './command-text.ts';
import {
  hasAddress,
  hasConnector,
  isAboutKind,
  isByHand,
  isPerson,
  ldapOperation,
  methodOf,
  partiesOf,
  receiverOf,
} from './commands-of-steps.ts';
import { entry } from './fields.ts';
import type { Findings, Path } from './finding.ts';
import {
  playbookExtensionOf,
  type ActionStep,
  type Command,
  type Playbook,
  type Variable,
  type VariableType,
} from './playbook.ts';
import { scopesOf, type Scope } from './playbook-scope.ts';
import { Unresolvable } from './substitution.ts';
import { locateReferences, referencesIn, soleReference } from './variables.ts';

/** A value of each type, to see whether a value can be put in at all. */
const SAMPLES: Record<VariableType, string> = {
  bool: 'true',
  dictionary: '{}',
  float: '1',
  hash: 'ab'.repeat(16),
  hexstring: 'ab',
  integer: '1',
  'ipv4-addr': '192.0.2.1',
  'ipv6-addr': '2001:db8::1',
  long: '1',
  'mac-addr': '00:00:5e:00:53:01',
  'md5-hash': 'ab'.repeat(16),
  'sha256-hash': 'ab'.repeat(32),
  // Also a name in a directory.
  string: 'cn=sample',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

function sampleOf(variable: Variable | undefined): Variable {
  const type = variable?.type ?? 'string';
  return { ...variable, type, value: SAMPLES[type] };
}

class CommandCheck {
  private readonly playbook: Playbook;
  private readonly findings: Findings;
  private readonly step: ActionStep;
  private readonly command: Command;
  private readonly path: Path;

  constructor(
    playbook: Playbook,
    findings: Findings,
    { step, command, path }: { step: ActionStep; command: Command; path: Path },
  ) {
    this.playbook = playbook;
    this.findings = findings;
    this.step = step;
    this.command = command;
    this.path = path;
  }

  run(scope: Scope): void {
    if (!this.isReadable()) return;
    if (isByHand(this.playbook, this.step, this.command)) return this.checkPerson();
    const { type } = this.command;
    if (!hasConnector(type))
      return this.findings.blocking(
        [...this.path, 'type'],
        'command_unsupported',
        `nothing here carries out ${type}; an agent that is a person (individual, group) could`,
      );
    this.checkType();
    this.checkAddress();
    this.checkPlaces(scope);
  }

  private isReadable(): boolean {
    const { command, command_b64, content, content_b64 } = this.command;
    if (command !== undefined && command_b64 !== undefined)
      this.findings.invalid(this.path, 'command_twice', 'command and command_b64 are both given; take one');
    if (content !== undefined && content_b64 !== undefined)
      this.findings.invalid(this.path, 'content_twice', 'content and content_b64 are both given; take one');
    if (command === undefined && command_b64 === undefined)
      this.findings.blocking(this.path, 'command_missing', 'there is neither command nor command_b64');
    const isText = commandText(this.command) !== null;
    if (!isText)
      this.findings.invalid(
        [...this.path, 'command_b64'],
        'base64_malformed',
        'command_b64 is not base64 of UTF-8 text',
      );
    const isBody = content_b64 === undefined || bytesOfBase64(content_b64) !== null;
    if (!isBody)
      this.findings.invalid([...this.path, 'content_b64'], 'base64_malformed', 'content_b64 is not base64');
    return isText && isBody && (command !== undefined || command_b64 !== undefined);
  }

  private checkPerson(): void {
    const { type } = this.command;
    const isKind = isAboutKind(this.playbook, this.step);
    const agent = entry(this.playbook.agent_definitions, this.step.agent);
    if (isKind && type !== 'manual' && !isPerson(agent))
      this.findings.doubt(
        this.path,
        'manual_fallback',
        `its agent or target is a kind of device, which no connector can find; a person carries out this ${type} command`,
      );
  }

  private checkType(): void {
    const { type } = this.command;
    if (type === 'http-api' || type === 'openc2-http') this.checkHttp();
    if (type === 'x-ldap') this.checkLdap();
    if (type === 'bash')
      this.findings.doubt(
        this.path,
        'bash_local',
        'bash runs on the machine of the worker and is off unless it is switched on there',
      );
  }

  private checkHttp(): void {
    const line = (commandText(this.command) ?? '').trim();
    const method = methodOf(this.command);
    const path = [...this.path, this.command.command === undefined ? 'command_b64' : 'command'];
    if (method === null)
      return this.findings.blocking(
        path,
        'start_line_malformed',
        'the command must be a start line such as "GET /hosts HTTP/1.1"',
      );
    if (!/^[A-Z]+ \/\S*(?: HTTP\/\d(?:\.\d)?)?$/.test(line))
      this.findings.doubt(
        path,
        'start_line_unusual',
        'the command should be a start line such as "GET /hosts HTTP/1.1": a path that begins with /, and the version; as it is, the step would fail',
      );
    if (this.command.type !== 'openc2-http') return;
    if (method !== 'POST') this.findings.blocking(path, 'openc2_not_post', 'OpenC2 is sent with POST');
    if (this.command.content === undefined && this.command.content_b64 === undefined)
      this.findings.blocking(
        this.path,
        'content_missing',
        'the OpenC2 command stands in content_b64, not in command',
      );
  }

  private checkLdap(): void {
    const read = ldapOperation(this.command);
    const known =
      read &&
      (read['operation'] === 'search' || (read['operation'] === 'modify' && Array.isArray(read['changes'])));
    if (!known)
      this.findings.blocking(
        [...this.path, 'command'],
        'ldap_malformed',
        'the command must be JSON with "operation": "search" or "modify", and for modify "dn" and a list "changes"',
      );
  }

  /** Something must say where to send it. */
  private checkAddress(): void {
    if (this.command.type === 'bash') return;
    if (partiesOf(this.playbook, this.step).length === 0) return;
    const agent = entry(this.playbook.agent_definitions, this.step.agent);
    const targets = (this.step.targets ?? []).map((id) => entry(this.playbook.target_definitions, id));
    const receivers = targets.length === 0 ? [agent] : targets.map((target) => receiverOf(agent, target));
    if (!receivers.every(hasAddress))
      this.findings.blocking(
        this.path,
        'address_missing',
        'neither the agent nor a target has an address to send this to',
      );
  }

  /** Tries it with a sample for every variable: a place where none fits, none will ever fit. */
  private checkPlaces(scope: Scope): void {
    for (const name of Object.keys(this.command.headers ?? {}))
      if (locateReferences(name).length > 0)
        this.findings.blocking(
          [...this.path, 'headers', name],
          'reference_misplaced',
          'the name of a header cannot be a variable',
        );
    if (this.command.type === 'x-ldap' && !ldapOperation(this.command)) return;
    try {
      substituteCommand(this.command, (name) => sampleOf(scope.get(name)));
    } catch (error) {
      if (!(error instanceof Unresolvable)) throw error;
      this.findings.blocking(this.path, 'reference_misplaced', `${error.variable} ${error.reason}`);
    }
  }
}

function checkParties(playbook: Playbook, findings: Findings, path: Path, step: ActionStep): void {
  if (step.commands.length === 0)
    findings.blocking(
      [...path, 'commands'],
      'commands_missing',
      'there is no command: nobody knows what to do',
    );
  if (step.agent === '')
    findings.blocking([...path, 'agent'], 'agent_missing', 'there is no agent: nobody knows who is to do it');
  else if (!entry(playbook.agent_definitions, step.agent))
    findings.blocking([...path, 'agent'], 'agent_unknown', `${step.agent} is not in agent_definitions`);
  for (const [i, target] of (step.targets ?? []).entries()) {
    if (!entry(playbook.target_definitions, target))
      findings.blocking([...path, 'targets', i], 'target_unknown', `${target} is not in target_definitions`);
    if (step.targets!.indexOf(target) < i)
      findings.doubt(
        [...path, 'targets', i],
        'target_twice',
        `${target} is listed twice; it is acted on once`,
      );
  }
}

function checkDefinitions(playbook: Playbook, findings: Findings): void {
  for (const field of ['agent_definitions', 'target_definitions'] as const)
    for (const [id, { name, authentication_info, port }] of Object.entries(playbook[field] ?? {})) {
      const path = [field, id];
      if (!name)
        findings.doubt([...path, 'name'], 'name_missing', 'it should have a name that people know it by');
      if (authentication_info && !entry(playbook.authentication_info_definitions, authentication_info))
        findings.blocking(
          [...path, 'authentication_info'],
          'authentication_unknown',
          `${authentication_info} is not in authentication_info_definitions`,
        );
      if (
        port !== undefined &&
        referencesIn(port).length === 0 &&
        !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)
      )
        findings.blocking([...path, 'port'], 'port_malformed', `${port} is not a port`);
    }
  for (const [i, marking] of (playbook.markings ?? []).entries())
    if (!entry(playbook.data_marking_definitions, marking))
      findings.blocking(['markings', i], 'marking_unknown', `${marking} is not in data_marking_definitions`);
}

const SECRET_FIELDS = ['password', 'token', 'oauth_header'] as const;
const SECRET_HEADERS = /^(?:authorization|proxy-authorization|cookie|x-api-key|x-auth-token|api-key)$/i;
/** `oauth_header` often only says which scheme it is. */
const SCHEME = /^(?:authorization:?\s*)?(?:bearer|token|basic)?$/i;

export const LITERAL_SECRET = 'literal_secret';

/** Secrets that stand in the playbook itself. Who may read it may then do whatever they open. */
function checkSecrets(playbook: Playbook, findings: Findings): void {
  const tell = (path: Path): void =>
    findings.doubt(
      path,
      LITERAL_SECRET,
      'a secret is written here, and a playbook with one is not stored; name a variable without a value, or kms and kms_key_identifier',
    );
  const hidden = new Set(playbookExtensionOf(playbook).sensitive ?? []);
  for (const [id, info] of Object.entries(playbook.authentication_info_definitions ?? {}))
    for (const field of SECRET_FIELDS) {
      const text = info[field];
      if (!text || (field === 'oauth_header' && SCHEME.test(text))) continue;
      for (const name of referencesIn(text)) hidden.add(name);
      if (!soleReference(text) && referencesIn(text).length === 0)
        tell(['authentication_info_definitions', id, field]);
    }
  const checkVariables = (path: Path, variables: Playbook['playbook_variables']): void => {
    for (const [name, { value }] of Object.entries(variables ?? {}))
      if (hidden.has(name) && value) tell([...path, name, 'value']);
  };
  checkVariables(['playbook_variables'], playbook.playbook_variables);
  for (const [id, step] of Object.entries(playbook.workflow)) {
    checkVariables(['workflow', id, 'step_variables'], step.step_variables);
    if (step.type !== 'action') continue;
    for (const [i, command] of step.commands.entries())
      for (const [header, values] of Object.entries(command.headers ?? {}))
        if (
          SECRET_HEADERS.test(header) &&
          values.some((value) => value !== '' && referencesIn(value).length === 0)
        )
          tell(['workflow', id, 'commands', i, 'headers', header]);
  }
  for (const field of ['agent_definitions', 'target_definitions'] as const)
    for (const [id, { address }] of Object.entries(playbook[field] ?? {}))
      for (const [i, url] of (address?.['url'] ?? []).entries())
        if (/^[a-z]+:\/\/[^/?#@:]*:[^/?#@]+@/i.test(url)) tell([field, id, 'address', 'url', i]);
}

export function checkCommands(playbook: Playbook, findings: Findings): void {
  checkDefinitions(playbook, findings);
  checkSecrets(playbook, findings);
  const scopes = scopesOf(playbook);
  for (const [id, step] of Object.entries(playbook.workflow)) {
    if (step.type !== 'action') continue;
    const path = ['workflow', id];
    checkParties(playbook, findings, path, step);
    for (const [i, command] of step.commands.entries())
      new CommandCheck(playbook, findings, { step, command, path: [...path, 'commands', i] }).run(
        scopes.get(id)!,
      );
  }
}

/**
 * What can be told of a command from how it is written: whether it changes anything, whether twice is as once, and who
 * carries it out.
 */
import { commandContent, commandText } from './command-text.ts';
import { entry, isPlain } from './fields.ts';
import {
  EXECUTABLE_COMMANDS,
  extensionOf,
  type ActionStep,
  type AgentTarget,
  type Command,
  type Playbook,
} from './playbook.ts';

/** Method of an HTTP command; null where its start line has none. */
export const methodOf = (command: Command): string | null =>
  /^([A-Za-z]+)\s+\S/.exec((commandText(command) ?? '').trim())?.[1]?.toUpperCase() ?? null;

function objectIn(text: string | Uint8Array | null | undefined): Record<string, unknown> | null {
  if (typeof text !== 'string') return null;
  try {
    const read: unknown = JSON.parse(text);
    return isPlain(read) ? read : null;
  } catch {
    return null;
  }
}

/** What an LDAP command is to do; null where it is not written as one. */
export const ldapOperation = (command: Command): Record<string, unknown> | null =>
  objectIn(commandText(command));

const isSafe = (command: Command): boolean => ['GET', 'HEAD', 'OPTIONS'].includes(methodOf(command) ?? '');

const isQuery = (command: Command): boolean => objectIn(commandContent(command))?.['action'] === 'query';

const isSearch = (command: Command): boolean => ldapOperation(command)?.['operation'] === 'search';

/**
 * Whether a command changes anything at the other side, as far as its text tells: not the safe methods of HTTP (RFC 9110
 * §9.2.1), OpenC2 queries, searches of a directory, and what a person does. Else it does.
 */
export function commandIsChange(command: Command): boolean {
  switch (command.type) {
    case 'manual':
      return false;
    case 'http-api':
      return !isSafe(command);
    case 'openc2-http':
      return !isQuery(command);
    case 'x-ldap':
      return !isSearch(command);
    default:
      return true;
  }
}

/** Whether doing a command twice is as doing it once, by its verb (RFC 9110 §9.2.2) or because it sets a state. */
export function commandIsRepeatable(command: Command): boolean {
  if (!commandIsChange(command)) return command.type !== 'manual';
  if (command.type === 'http-api') return ['PUT', 'DELETE'].includes(methodOf(command) ?? '');
  const changes = command.type === 'x-ldap' ? ldapOperation(command)?.['changes'] : undefined;
  return (
    Array.isArray(changes) &&
    (changes.length === 1 || changes.every((change) => isPlain(change) && change['operation'] === 'replace'))
  );
}

const PERSONS = ['individual', 'group', 'organization'];
/** A kind of device, and none in particular: no connector can find it. */
const ABSTRACT = 'security-category';

/** The agent and the targets of a step, as far as they are defined. */
export function partiesOf(playbook: Playbook, { agent, targets = [] }: ActionStep): AgentTarget[] {
  const named = targets.map((id) => entry(playbook.target_definitions, id));
  return [entry(playbook.agent_definitions, agent), ...named].filter((party) => party !== undefined);
}

export const isPerson = (party: AgentTarget | undefined): boolean => PERSONS.includes(party?.type ?? '');

export const hasConnector = (type: string): boolean =>
  (EXECUTABLE_COMMANDS as readonly string[]).includes(type);

/** Whether agent or target is only a kind of device (`security-category`). */
export const isAboutKind = (playbook: Playbook, step: ActionStep): boolean =>
  partiesOf(playbook, step).some(({ type }) => type === ABSTRACT);

/**
 * Whether a person carries a command out (docs/playbooks.md): it says so, its agent is a person, or agent or target is only
 * a kind of device.
 */
export function isByHand(playbook: Playbook, step: ActionStep, { type }: Command): boolean {
  if (type === 'manual' || isPerson(entry(playbook.agent_definitions, step.agent))) return true;
  return hasConnector(type) && isAboutKind(playbook, step);
}

/** Kinds of target that can be spoken to; others are acted on by an agent that can. */
const SPOKEN_TO = ['http-api', 'ssh', 'linux'];

export const hasAddress = (party: AgentTarget | undefined): boolean =>
  Object.values(party?.address ?? {}).some((list) => list.length > 0);

/**
 * To whom a command is sent (docs/containment.md, "Units"): the target, where it can be spoken to; else the agent, where it
 * has an address, as an EDR that acts on hosts; else the target all the same.
 */
export function receiverOf(
  agent: AgentTarget | undefined,
  target: AgentTarget | undefined,
): AgentTarget | undefined {
  if (!target) return agent;
  if (SPOKEN_TO.includes(target.type) && hasAddress(target)) return target;
  return hasAddress(agent) ? agent : target;
}

/** Whether the step changes something on its targets: then what it brings about is kept in mind. */
export function isChangingStep(step: ActionStep): boolean {
  const { effect, undo, changes } = extensionOf(step);
  return changes ?? (effect !== undefined || undo !== undefined || step.commands.some(commandIsChange));
}

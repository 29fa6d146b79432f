/** What can be told of a command without carrying it out: whether a person does it, and whether it changes anything. */
import { extensionOf, type ActionStep, type AgentTarget, type Command, type Playbook } from './playbook.ts';

const PEOPLE = ['individual', 'group', 'organization', 'location', 'sector'];

/** Agents without an address of their own are what connectors run as; a security category is somebody's to choose. */
const isPerson = ({ type }: Pick<AgentTarget, 'type'>): boolean => PEOPLE.includes(type);

/**
 * Whether a person carries it out: a manual command, or one whose agent is a person; a security category is abstract, and
 * falls to a person as well (CACAO v2.0 §7.4 leaves it open).
 */
export function isByHand(
  { agent_definitions = {} }: Pick<Playbook, 'agent_definitions'>,
  { agent }: Pick<ActionStep, 'agent'>,
  { type }: Pick<Command, 'type'>,
): boolean {
  const party = agent_definitions[agent];
  return (
    type === 'manual' || (party !== undefined && (isPerson(party) || party.type === 'security-category'))
  );
}

const READING = /^\s*(?:GET|HEAD|OPTIONS)\s/i;
const SEARCHING = /"operation"\s*:\s*"search"/;

/** Whether a command changes anything as far as its own words tell; what is not known changes something. */
export function commandIsChange({ type, command = '' }: Command): boolean {
  if (type === 'manual') return false;
  if (type === 'http-api') return !READING.test(command);
  return type !== 'x-ldap' || !SEARCHING.test(command);
}

/** Whether the step changes something on its targets: then what it brings about is kept in mind. */
export function isChangingStep(step: ActionStep): boolean {
  const { effect, undo, changes } = extensionOf(step);
  return changes ?? (effect !== undefined || undo !== undefined || step.commands.some(commandIsChange));
}

/** What can be told of a command from how it is written: whether it changes anything, and whether a person does it. */
import { commandContent, commandText } from './command-text.ts';
import type { ActionStep, Command, Playbook } from './playbook.ts';

const methodOf = (command: Command): string =>
  /^\S*/.exec((commandText(command) ?? '').trim())![0].toUpperCase();

function jsonField(text: string | Uint8Array | null | undefined, name: string): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return (JSON.parse(text) as Record<string, unknown> | null)?.[name];
  } catch {
    return undefined;
  }
}

/**
 * Whether a command changes anything at the other side, as far as its text tells: not `GET` and `HEAD` (RFC 9110 §9.2.1),
 * OpenC2 queries, searches of a directory, and what a person does. Else it does.
 */
export function commandIsChange(command: Command): boolean {
  switch (command.type) {
    case 'manual':
      return false;
    case 'http-api':
      return !['GET', 'HEAD'].includes(methodOf(command));
    case 'openc2-http':
      return jsonField(commandContent(command), 'action') !== 'query';
    case 'x-ldap':
      return jsonField(commandText(command), 'operation') !== 'search';
    default:
      return true;
  }
}

/** Agents that are people, or that nothing here stands for: CACAO's abstract categories are done by hand. */
const BY_HAND = ['individual', 'group', 'organization', 'location', 'sector', 'security-category'];

/** Whether a person carries the command out: as a manual one, or because the agent is one. */
export function isByHand(playbook: Playbook, { agent }: ActionStep, command: Command): boolean {
  return command.type === 'manual' || BY_HAND.includes(playbook.agent_definitions?.[agent]?.type ?? '');
}

/** What is known of a playbook's variables before it runs, and how its texts read with that. */
import { commandContent, commandText, substituteAgent, textsOf } from './command-text.ts';
import {
  extensionOf,
  playbookExtensionOf,
  type AgentTarget,
  type Command,
  type Playbook,
  type Step,
} from './playbook.ts';
import { substitute } from './substitution.ts';
import { keysIn, targetKeysOf } from './target.ts';
import type { Scope, ScopeVariable } from './unit.ts';
import { referencesIn } from './variables.ts';

export const HIDDEN = '•••';

/** `late`: a step before it finds it out. `missing`: nothing ever gives it a value. */
export type Knowledge = 'known' | 'hidden' | 'late' | 'missing';

export interface Values {
  of(name: string): ScopeVariable | undefined;
  knowledgeOf(name: string): Knowledge;
}

/** Names that some step of the playbook writes. */
function writtenBy(playbook: Playbook): Set<string> {
  const names = Object.values(playbook.workflow).flatMap((step) => [
    ...('out_args' in step ? (step.out_args ?? []) : []),
    ...Object.keys(extensionOf(step).results ?? {}),
  ]);
  return new Set(names);
}

/** Names whose values nobody may see: what the playbook says, and whatever somebody logs in with. */
function hiddenIn(playbook: Playbook): Set<string> {
  const logins = Object.values(playbook.authentication_info_definitions ?? {});
  const secrets = logins.flatMap(({ password, oauth_header, token }) => [password, oauth_header, token]);
  const named = secrets.flatMap((text) => referencesIn(text ?? ''));
  return new Set([...(playbookExtensionOf(playbook).sensitive ?? []), ...named]);
}

/** What a step sees: the playbook's variables as they were given, under its own. */
export function valuesOf(playbook: Playbook, given: Scope, step?: Pick<Step, 'step_variables'>): Values {
  const scope: Scope = { ...given, ...step?.step_variables };
  const [written, hidden] = [writtenBy(playbook), hiddenIn(playbook)];
  const knowledgeOf = (name: string): Knowledge => {
    const variable = Object.hasOwn(scope, name) ? scope[name] : undefined;
    if (!variable) return written.has(name) ? 'late' : 'missing';
    if (hidden.has(name) || variable.sealed !== undefined || variable.vault !== undefined) return 'hidden';
    if (written.has(name) && variable.constant !== true) return 'late';
    return typeof variable.value === 'string' ? 'known' : 'missing';
  };
  return { of: (name) => (Object.hasOwn(scope, name) ? scope[name] : undefined), knowledgeOf };
}

/** A text as people read it: with what is known, hidden values hidden, and the rest as the reference that it is. */
export function readable(text: string, values: Values): string {
  return substitute(
    text,
    (name) => {
      const knowledge = values.knowledgeOf(name);
      const value =
        knowledge === 'known' ? values.of(name)!.value : knowledge === 'hidden' ? HIDDEN : `${name}:value`;
      return { type: 'string', value: value ?? '' };
    },
    'plain',
  );
}

/** What is not simply known of the names in some texts. */
export function openNames(texts: readonly string[], values: Values): Record<'late' | 'missing', string[]> {
  const names = [...new Set(texts.flatMap(referencesIn))];
  const those = (wanted: Knowledge) => names.filter((name) => values.knowledgeOf(name) === wanted);
  return { late: those('late'), missing: those('missing') };
}

function readableAll(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return readable(value, values);
  if (Array.isArray(value)) return value.map((part) => readableAll(part, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, readableAll(part, values)]));
}

const partyTexts = ({ name, address = {} }: AgentTarget): string[] => [
  name,
  ...Object.values(address).flat(),
];

/** An agent or a target as people read it, and every name it goes by; none while one of its variables is not known. */
export function readParty(
  party: AgentTarget,
  values: Values,
): { name: string; address: Record<string, string[]>; keys: string[] } {
  const shown = readableAll({ name: party.name, address: party.address ?? {} }, values) as {
    name: string;
    address: Record<string, string[]>;
  };
  const isKnown = partyTexts(party)
    .flatMap(referencesIn)
    .every((name) => values.knowledgeOf(name) === 'known');
  try {
    return { ...shown, keys: isKnown ? targetKeysOf(substituteAgent(party, (name) => values.of(name))) : [] };
  } catch {
    // A value that makes no address: nobody can say what it would be.
    return { ...shown, keys: [] };
  }
}

/** A command as people read it, and everything in it that may name what it acts on. */
export function readCommand(
  command: Command,
  values: Values,
): { text: string; content: string | null; keys: string[] } {
  const content = commandContent(command);
  const text = readable(commandText(command) ?? '', values);
  const body = content === undefined ? null : readableContent(content, values);
  return { text, content: body, keys: [text, body ?? ''].flatMap(keysIn) };
}

const readableContent = (content: string | Uint8Array, values: Values): string =>
  typeof content === 'string' ? readable(content, values) : `(${content.length} bytes)`;

/** Every text that has to be complete before a command can be carried out. */
export const textsNeeded = (command: Command, ...parties: readonly AgentTarget[]): string[] => [
  ...textsOf(command),
  ...parties.flatMap(partyTexts),
];

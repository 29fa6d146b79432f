/**
 * Making a unit ready: its command with every variable put in, whom it is sent to, and what we say that we are. Here, and
 * nowhere else, sealed values and the vault are opened; what was opened is masked in all that comes of it.
 */
import { createHash } from 'node:crypto';
import { substituteAgent, substituteCommand, textsOf } from '../domain/command-text.ts';
import { receiverOf } from '../domain/commands-of-steps.ts';
import {
  type ActionStep,
  type AgentTarget,
  type AuthenticationInfo,
  type Command,
  type Playbook,
} from '../domain/playbook.ts';
import { sensitiveNames } from '../domain/plan-values.ts';
import { substitute, Unresolvable } from '../domain/substitution.ts';
import type { Scope, ScopeVariable, UnitOrder } from '../domain/unit.ts';
import { referencesIn, type Lookup } from '../domain/variables.ts';
import type { Connector, Connectors, ConnectorRequest } from './connector.ts';
import { credentialsFor, secretsIn } from './credentials.ts';
import { createMask } from './masking.ts';
import { CannotOpen, type Sealing } from './sealing.ts';
import { VaultError, type Vault } from './vault.ts';

export interface ReadyingDeps {
  /** The playbook with this digest; null where there is none. */
  playbookOf(digest: string): Promise<Playbook | null>;
  connectors: Connectors;
  vault: Vault;
  sealing: Sealing;
}

/** It cannot be sent, and will not be another time. The reason names variables and paths, never values. */
export class NotReady extends Error {}

export interface ReadyUnit {
  step: ActionStep;
  connector: Connector;
  request: Omit<ConnectorRequest, 'signal'>;
  /** What it acts on: not always whom it is sent to. */
  target: AgentTarget;
  /** What was opened for it, to be masked in everything that comes of it. */
  secrets: readonly string[];
  /** Variables whose values nobody may see. */
  sensitive: ReadonlySet<string>;
}

/** What the order is about, in the playbook. */
interface Definition {
  playbook: Playbook;
  step: ActionStep;
  command: Command;
  /** Whom the command is sent to. */
  party: AgentTarget;
  target: AgentTarget;
  authentication: AuthenticationInfo | null;
}

function definitionOf(playbook: Playbook, { step: id, commandIndex, agent, target }: UnitOrder): Definition {
  const step = playbook.workflow[id];
  if (step?.type !== 'action') throw new NotReady(`The playbook has no action ${id}`);
  const command = step.commands[commandIndex];
  if (!command) throw new NotReady(`The action ${id} has no command ${commandIndex}`);
  const party = receiverOf(
    agent === null ? undefined : playbook.agent_definitions?.[agent],
    target === null ? undefined : playbook.target_definitions?.[target],
  );
  if (!party) throw new NotReady(`The playbook has neither the agent ${agent} nor the target ${target}`);
  const named = target === null ? undefined : playbook.target_definitions?.[target];
  const login = party.authentication_info;
  const authentication = login ? playbook.authentication_info_definitions?.[login] : null;
  if (authentication === undefined) throw new NotReady(`The playbook has no authentication ${login}`);
  return { playbook, step, command, party, target: named ?? party, authentication };
}

const leavesOf = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leavesOf) : [];
};

/** The names that the command, its receiver and the login refer to: only these are opened. */
const namesNeeded = ({ command, party, target, authentication }: Definition): string[] => [
  ...new Set([...textsOf(command), ...leavesOf([party, target, authentication])].flatMap(referencesIn)),
];

async function openedValue(
  { vault, sealing }: ReadyingDeps,
  { sealed, vault: path }: ScopeVariable,
  ticket: string,
): Promise<string | null> {
  if (sealed !== undefined) return sealing.open(sealed, { ticket });
  if (path === undefined) return null;
  const value = await vault.read(path);
  if (value === null) throw new VaultError(`The vault has no entry ${path}`);
  return value;
}

/** The scope with what is needed of its references opened, and what was opened. */
async function openScope(
  deps: ReadyingDeps,
  { variables, ticket }: UnitOrder,
  names: readonly string[],
): Promise<{ scope: Scope; secrets: string[] }> {
  const secrets: string[] = [];
  const opened: Record<string, ScopeVariable> = {};
  for (const name of names) {
    const variable = variables[name];
    const value = variable && (await openedValue(deps, variable, ticket));
    if (value === undefined || value === null) continue;
    secrets.push(value);
    opened[name] = { ...variable!, value };
  }
  return { scope: { ...variables, ...opened }, secrets };
}

/** Hidden by the playbook, or by being a reference. */
function hiddenNames(playbook: Playbook, scope: Scope): Set<string> {
  const references = Object.entries(scope).filter(
    ([, { sealed, vault }]) => sealed !== undefined || vault !== undefined,
  );
  return new Set([...sensitiveNames(playbook), ...references.map(([name]) => name)]);
}

/** As they are: nothing is escaped where there is nothing to escape from. Null without a value. */
const plainly =
  (lookup: Lookup) =>
  (text: string): string | null => {
    try {
      return substitute(text, lookup, 'plain');
    } catch (error) {
      if (error instanceof Unresolvable) return null;
      throw error;
    }
  };

/** The same at every attempt, and for nothing else. */
export const idempotencyKeyOf = ({ id }: Pick<UnitOrder, 'id'>): string =>
  `tierline-${createHash('sha256').update(id).digest('hex').slice(0, 40)}`;

const isOurs = (error: unknown): error is Error =>
  error instanceof Unresolvable || error instanceof CannotOpen || error instanceof VaultError;

/** Throws `NotReady` where it can never be sent as it is; any other error is an outage, masked. */
export async function readyUnit(deps: ReadyingDeps, order: UnitOrder): Promise<ReadyUnit> {
  const playbook = await deps.playbookOf(order.playbook);
  if (!playbook) throw new NotReady(`There is no playbook ${order.playbook}`);
  const definition = definitionOf(playbook, order);
  const { step, command, party, target, authentication } = definition;
  const connector = Object.hasOwn(deps.connectors, command.type) ? deps.connectors[command.type] : undefined;
  if (!connector) throw new NotReady(`Nothing here carries out ${command.type}`);
  const secrets: string[] = [];
  try {
    const opened = await openScope(deps, order, namesNeeded(definition));
    secrets.push(...opened.secrets);
    const lookup: Lookup = (name) => opened.scope[name];
    const credentials = authentication
      ? await credentialsFor(authentication, { lookup: plainly(lookup), vault: deps.vault })
      : null;
    if (credentials) secrets.push(...secretsIn(credentials));
    const request = {
      command: substituteCommand(command, lookup),
      target: substituteAgent(party, lookup),
      credentials,
      idempotencyKey: idempotencyKeyOf(order),
    };
    return {
      step,
      connector,
      request,
      target: substituteAgent(target, lookup),
      secrets,
      sensitive: hiddenNames(playbook, order.variables),
    };
  } catch (error) {
    const words = createMask(secrets)((error as Error).message);
    // The cause may hold what was opened; it does not travel on.
    throw isOurs(error) ? new NotReady(words) : new Error(words);
  }
}

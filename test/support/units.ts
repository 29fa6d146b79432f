/** A place to carry out units: a run in the database, a playbook for the fake EDR, and an actuator over both. */
import { createHash, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { createActuator, type Actuator, type ActuatorDeps } from '../../activities/actuate.ts';
import type { Pulse } from '../../activities/attempt.ts';
import { createConnectors } from '../../activities/connectors.ts';
import { createSealing, type Sealing } from '../../activities/sealing.ts';
import { createVault, secretVariables } from '../../activities/vault.ts';
import type { ActionStep, Command, Playbook, StepExtension } from '../../domain/playbook.ts';
import { TIERLINE_EXTENSION } from '../../domain/playbook.ts';
import type { Scope, UnitOrder } from '../../domain/unit.ts';
import { createArtifactStore } from '../../prisma/artifacts.ts';
import type { Database } from '../../prisma/client.ts';
import { createSealedValueStore } from '../../prisma/sealed-values.ts';
import { createUnitStore } from '../../prisma/units.ts';

const CONNECTORS = createConnectors({ allow: ['127.0.0.1/32'], sshKnownHosts: undefined, bash: false });
const SEALING_KEY = new Uint8Array(32).fill(7);

/** An EDR as the agent, hosts as targets, and one action for each thing that a unit can be. */
export function playbookFor({ url }: { url: string }): Playbook {
  const http = (command: string, more: Partial<Command> = {}): Command => ({
    type: 'http-api',
    command: `${command} HTTP/1.1`,
    ...more,
  });
  const action = (
    commands: readonly Command[],
    extension: StepExtension = {},
    more: Partial<ActionStep> = {},
  ): ActionStep => ({
    type: 'action',
    commands,
    agent: 'http-api--edr',
    targets: ['net-address--host'],
    step_extensions: { [TIERLINE_EXTENSION]: extension },
    ...more,
  });
  return {
    type: 'playbook',
    spec_version: 'cacao-2.0',
    id: 'playbook--11111111-1111-4111-8111-111111111111',
    name: 'Units',
    created_by: 'identity--11111111-1111-4111-8111-111111111111',
    created: '2026-11-01T00:00:00.000Z',
    modified: '2026-11-01T00:00:00.000Z',
    workflow_start: 'start--1',
    playbook_variables: { __host__: { type: 'string' } },
    playbook_extensions: { [TIERLINE_EXTENSION]: { sensitive: ['__reply_token__'] } },
    agent_definitions: {
      'http-api--edr': {
        type: 'http-api',
        name: 'edr',
        address: { url: [url] },
        authentication_info: 'oauth2--edr',
      },
    },
    target_definitions: {
      'net-address--host': { type: 'net-address', name: 'host', address: { dname: ['__host__:value'] } },
    },
    authentication_info_definitions: {
      'oauth2--edr': { type: 'oauth2', kms: true, kms_key_identifier: 'edr/token' },
    },
    workflow: {
      isolate: action([http('PUT /v1/hosts/__host__:value/isolated')]),
      release: action([http('DELETE /v1/hosts/__host__:value/isolated')]),
      look: action(
        [http('GET /v1/hosts/__host__:value/isolated')],
        { results: { __on__: '/on' } },
        {
          out_args: ['__on__'],
        },
      ),
      wipe: action([http('POST /v1/hosts/__host__:value/wipe')]),
      wipeTwice: action([http('POST /v1/hosts/__host__:value/wipe')], {}, { out_args: ['__on__'] }),
      token: action(
        [http('POST /v1/hosts/__host__:value/token')],
        { results: { __reply_token__: '/action' } },
        {
          out_args: ['__reply_token__'],
        },
      ),
      tell: action([
        http('POST /v1/hosts/__host__:value/note', {
          headers: { 'content-type': ['application/json'] },
          content: '{"password": "__password__:value"}',
        }),
      ]),
      both: action([
        http('PUT /v1/hosts/__host__:value/isolated'),
        http('PUT /v1/hosts/__host__:value/blocked'),
      ]),
      unboth: action([
        http('DELETE /v1/hosts/__host__:value/isolated'),
        http('DELETE /v1/hosts/__host__:value/blocked'),
      ]),
      nothing: { type: 'end' },
    },
  };
}

export const digestOf = (playbook: Playbook): string =>
  createHash('sha256').update(JSON.stringify(playbook)).digest('hex');

/** Puts a run into the database, or changes what stops it. */
export async function putRun(database: Database, run: string, body: object = {}): Promise<void> {
  await database.$executeRaw`
    INSERT INTO containments (id, state, ticket_id, playbook_id, playbook_version, plan_hash, requested_by, requested_at,
                              in_force, awaiting, body, sequence, recorded_at)
    VALUES (${run}, 'running', 'tkt_1', 'playbook--1', '1', 'plan', 'agent-17', now(), 0, 0,
            ${JSON.stringify(body)}::jsonb, 1, now())
    ON CONFLICT (id) DO UPDATE SET body = excluded.body`;
}

export function orderOf(
  playbook: Playbook,
  {
    run,
    host = 'h-1',
    variables = {},
    ...more
  }: Partial<UnitOrder> & { run: string; host?: string; variables?: Scope },
): UnitOrder {
  return {
    id: `${run}/unit/${randomUUID()}`,
    run,
    ticket: 'tkt_1',
    playbook: digestOf(playbook),
    step: 'isolate',
    commandIndex: 0,
    agent: 'http-api--edr',
    target: 'net-address--host',
    purpose: 'act',
    planHash: 'plan',
    variables: { __host__: { type: 'string', value: host }, __on__: { type: 'bool' }, ...variables },
    effect: null,
    timeoutMs: 5_000,
    repeatable: null,
    isChange: true,
    requiresApproval: false,
    ...more,
  };
}

export const sealingOver = (database: Database): Sealing =>
  createSealing({ keys: [SEALING_KEY], values: createSealedValueStore(database) });

export function actuatorOver(
  database: Database,
  playbook: Playbook,
  { token, ...more }: Partial<ActuatorDeps> & { token: string },
): Actuator {
  return createActuator({
    units: createUnitStore(database),
    artifacts: createArtifactStore(database),
    playbookOf: (digest) => Promise.resolve(digest === digestOf(playbook) ? playbook : null),
    connectors: CONNECTORS,
    vault: createVault({ variables: secretVariables({ TIERLINE_SECRET_EDR_TOKEN: token }) }),
    sealing: sealingOver(database),
    gate: () => Promise.resolve({ allowed: true }),
    log: pino({ level: 'silent' }),
    leaseMs: 600,
    pauseMs: 30,
    ...more,
  });
}

/**
 * The dependencies that mark out the steps of a unit: `claim`, `request`, `gate`, `note`, `sending`, `answer`, `end`.
 * `visit` is told before and after each, `after note`, and may throw there, hang, or kill the process.
 */
export function stepwise(
  database: Database,
  visit: (at: string) => Promise<unknown> | undefined | void,
): Partial<ActuatorDeps> {
  const units = createUnitStore(database);
  const artifacts = createArtifactStore(database);
  const http = CONNECTORS['http-api']!;
  const step =
    <A extends unknown[], R>(name: string, work: (...given: A) => Promise<R>) =>
    async (...given: A): Promise<R> => {
      await visit(`before ${name}`);
      const result = await work(...given);
      await visit(`after ${name}`);
      return result;
    };
  let kept = 0;
  return {
    units: {
      claim: step('claim', (...given: Parameters<typeof units.claim>) => units.claim(...given)),
      send: step('note', (...given: Parameters<typeof units.send>) => units.send(...given)),
      settle: step('end', (...given: Parameters<typeof units.settle>) => units.settle(...given)),
      renew: async (...given) => {
        await visit('renew');
        return units.renew(...given);
      },
    },
    artifacts: {
      keep: (content) => step(kept++ === 0 ? 'request' : 'answer', () => artifacts.keep(content))(),
    },
    gate: step('gate', () => Promise.resolve({ allowed: true } as const)),
    connectors: {
      'http-api': {
        isChange: (command) => http.isChange(command),
        isRepeatable: (command) => http.isRepeatable(command),
        carryOut: (request) => step('sending', () => http.carryOut(request))(),
      },
    },
  };
}

/** An activity that nobody stops. */
export const STEADY: Pulse = { heartbeat: () => undefined, isCancelled: () => false, isLeaving: () => false };

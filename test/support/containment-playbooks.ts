/** A playbook against a stolen account, at the fake EDR and in slapd, as the API takes it. */
import { TIERLINE_EXTENSION } from '../../domain/playbook.ts';
import { PEOPLE } from './ldap-server.ts';

let made = 0;
const uuid = (): string => `00000000-0000-4000-8000-${String((made += 1)).padStart(12, '0')}`;

const EXT_DEFINITION = {
  [TIERLINE_EXTENSION]: {
    type: 'extension-definition',
    name: 'Tierline',
    created_by: 'identity--5e3a4f1c-7f3b-4b57-8a3d-0d7c9a3a1b10',
    schema: 'https://tierline.example/extension.json',
    version: '1.0.0',
  },
};

const variable = (type: string, more: object = { external: true }) => ({ type, ...more });
const extended = (extension: object) => ({ step_extensions: { [TIERLINE_EXTENSION]: extension } });

interface NamedStep {
  type: string;
  name?: string;
  [field: string]: unknown;
}

interface StepOf {
  name: string;
  command: object;
  agent: string;
  target: string;
  next: string;
}

const step = ({ name, command, agent, target, next }: StepOf, more: object = {}): NamedStep => ({
  type: 'action',
  name,
  commands: [command],
  agent,
  targets: [target],
  on_completion: next,
  ...more,
});

const http = (line: string) => ({ type: 'http-api', command: `${line} HTTP/1.1` });

const envelope = <T extends object>(parts: T, extension: object) => ({
  type: 'playbook',
  spec_version: 'cacao-2.0',
  id: `playbook--${uuid()}`,
  created_by: 'identity--5e3a4f1c-7f3b-4b57-8a3d-0d7c9a3a1b10',
  created: '2026-11-01T00:00:00.000Z',
  modified: '2026-11-01T00:00:00.000Z',
  playbook_types: ['mitigation'],
  extension_definitions: EXT_DEFINITION,
  ...parts,
  playbook_extensions: { [TIERLINE_EXTENSION]: extension },
});

/** The agents, targets and logins that the steps below name. */
function parties() {
  const id = {
    edr: `http-api--${uuid()}`,
    directory: `net-address--${uuid()}`,
    host: `net-address--${uuid()}`,
    account: `individual--${uuid()}`,
    token: `oauth2--${uuid()}`,
    login: `user-auth--${uuid()}`,
  };
  const edr = {
    agents: {
      [id.edr]: {
        type: 'http-api',
        name: 'EDR',
        address: { url: ['__edr__:value'] },
        authentication_info: id.token,
      },
    },
    targets: {
      [id.host]: { type: 'net-address', name: '__host__:value', address: { dname: ['__host__:value'] } },
    },
    logins: { [id.token]: { type: 'oauth2', kms: true, kms_key_identifier: 'edr/token' } },
  };
  const directory = {
    agents: {
      [id.directory]: {
        type: 'net-address',
        name: 'Directory',
        address: { url: ['__directory__:value'] },
        authentication_info: id.login,
      },
    },
    logins: { [id.login]: { type: 'user-auth', kms: true, kms_key_identifier: 'directory/login' } },
  };
  const account = { [id.account]: { type: 'individual', name: '__account__:value' } };
  return { id, edr, directory, account };
}

const LOOKING = { everyMs: 200, withinMs: 20_000 };

const LOCKED_FOR_EVER = '000001010000Z';
const ENTRY = { rdn: { uid: '__account__:value' }, base: PEOPLE };
const ldap = (command: object) => ({ type: 'x-ldap', command: JSON.stringify(command) });
const barring = (operation: 'add' | 'delete', values: object = {}) =>
  ldap({
    operation: 'modify',
    dn: ENTRY,
    changes: [{ operation, attribute: 'pwdAccountLockedTime', ...values }],
  });

/** Names of the steps of `containment`, in the order in which they are done. */
export const ISOLATE = 'Isolate the host';
export const LOOK_AT_HOST = 'Look whether the host is isolated';
export const LOCK = 'Lock the account';
export const LOOK_AT_ACCOUNT = 'Look whether the account is locked';
export const END_SESSIONS = 'End the sessions of the account';
export const UNLOCK = 'Unlock the account';
export const RELEASE = 'Release the host';

/** Isolates a host, locks an account (where there is a directory) and ends its sessions, which nothing takes back. */
export function containment({ hasDirectory }: { hasDirectory: boolean }) {
  const { id, edr, directory, account } = parties();
  const names = ['isolate', 'release', 'look', 'lock', 'unlock', 'lookAtAccount', 'endSessions'] as const;
  const action = Object.fromEntries(names.map((name) => [name, `action--${uuid()}`])) as Record<
    (typeof names)[number],
    string
  >;
  const [start, end] = [`start--${uuid()}`, `end--${uuid()}`];
  const onHost = { agent: id.edr, target: id.host, next: end };
  const onAccount = { agent: id.directory, target: id.account, next: end };
  const state = '/v1/hosts/__host__:value/isolated';
  const locking: Record<string, NamedStep> = {
    [action.lock]: step(
      {
        name: LOCK,
        command: barring('add', { values: [LOCKED_FOR_EVER] }),
        ...onAccount,
        next: action.endSessions,
      },
      extended({
        effect: 'accountLocked',
        undo: action.unlock,
        undoRestoresAccess: true,
        verify: { step: action.lookAtAccount, expect: "__locked__:value != '[]'", ...LOOKING },
      }),
    ),
    [action.unlock]: step({ name: UNLOCK, command: barring('delete'), ...onAccount }),
    [action.lookAtAccount]: step(
      {
        name: LOOK_AT_ACCOUNT,
        command: ldap({
          operation: 'search',
          base: ENTRY,
          scope: 'base',
          attributes: ['pwdAccountLockedTime'],
        }),
        ...onAccount,
      },
      { out_args: ['__locked__'], ...extended({ results: { __locked__: '/0/pwdAccountLockedTime' } }) },
    ),
  };
  const workflow: Record<string, NamedStep> = {
    [start]: { type: 'start', on_completion: action.isolate },
    [action.isolate]: step(
      {
        name: ISOLATE,
        command: http(`PUT ${state}`),
        ...onHost,
        next: hasDirectory ? action.lock : action.endSessions,
      },
      extended({
        effect: 'hostIsolated',
        undo: action.release,
        undoRestoresAccess: true,
        verify: { step: action.look, expect: "__on__:value = 'true'", ...LOOKING },
      }),
    ),
    [action.release]: step({ name: RELEASE, command: http(`DELETE ${state}`), ...onHost }),
    [action.look]: step(
      { name: LOOK_AT_HOST, command: http(`GET ${state}`), ...onHost },
      { out_args: ['__on__'], ...extended({ results: { __on__: '/on' } }) },
    ),
    ...(hasDirectory && locking),
    [action.endSessions]: step(
      {
        name: END_SESSIONS,
        command: http('POST /v1/accounts/__account__:value/end-sessions'),
        agent: id.edr,
        target: id.account,
        next: end,
      },
      // The EDR honours the idempotency key.
      extended({ effect: 'sessionsEnded', undo: 'irreversible', repeatable: true }),
    ),
    [end]: { type: 'end' },
  };
  return envelope(
    {
      name: 'Contain a stolen account and its host',
      playbook_activities: ['disconnect-system'],
      workflow_start: start,
      playbook_variables: {
        __host__: variable('string'),
        __account__: variable('string'),
        __edr__: variable('uri'),
        __on__: variable('bool', { value: 'false' }),
        ...(hasDirectory && {
          __directory__: variable('uri'),
          __locked__: variable('string', { value: '[]' }),
        }),
      },
      workflow,
      agent_definitions: { ...edr.agents, ...(hasDirectory && directory.agents) },
      target_definitions: { ...edr.targets, ...account },
      authentication_info_definitions: { ...edr.logins, ...(hasDirectory && directory.logins) },
    },
    { approval: { role: 'approver', required: 2 } },
  );
}

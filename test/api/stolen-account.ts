/**
 * What containment over HTTP is shown with: incidents, a host at a fake EDR and an account in a real directory, each
 * asked for by a responder and approved by others, and what was done to both as the other side has it.
 */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { NativeConnection } from '@temporalio/worker';
import { reviewJournalReaders, reviewReaders } from '../../bin/review-readers.ts';
import { READER_WORKFLOW, readerWorkflowId } from '../../workflows/messages.ts';
import {
  containment,
  END_SESSIONS,
  ISOLATE,
  LOCK,
  LOOK_AT_ACCOUNT,
  LOOK_AT_HOST,
  RELEASE,
  UNLOCK,
} from '../support/containment-playbooks.ts';
import { A_STALL_MS, eventually } from '../support/desk.ts';
import { EDR_TOKEN, spawnFakeEdr, type FakeEdr } from '../support/fake-edr.ts';
import { DIRECTORY_ADMIN, SLAPD, startLdapServer, type LdapServer } from '../support/ldap-server.ts';
import { rig } from '../support/rig.ts';
import { createRunWorker, type Visit } from '../support/run-worker.ts';
import { isThere } from '../support/system-servers.ts';
import { openFrontDoor, type Caller } from './front-door.ts';
import { openTicket, setUpOffice } from './office.ts';
import type { View } from './response-team.ts';

const hasDirectory = isThere(SLAPD, 'slapd');
/** Of what is done, the part that needs a directory. */
const ofDirectory = <T>(...all: T[]): T[] => (hasDirectory ? all : []);

/** The steps forward and back, in their order. */
export const FORWARD_STEPS = [
  ISOLATE,
  LOOK_AT_HOST,
  ...ofDirectory(LOCK, LOOK_AT_ACCOUNT),
  END_SESSIONS,
] as const;
export const BACK_STEPS = [...ofDirectory(LOOK_AT_ACCOUNT, UNLOCK), LOOK_AT_HOST, RELEASE] as const;
/** Steps that change nothing. */
export const LOOKS: readonly string[] = [LOOK_AT_HOST, LOOK_AT_ACCOUNT];

const accountOf = (index: number): string => `agent-${100 + index}`;
const hostOf = (index: number): string => `ws-${100 + index}`;

const SECRETS = {
  TIERLINE_SECRET_EDR_TOKEN: EDR_TOKEN,
  TIERLINE_SECRET_DIRECTORY_LOGIN: JSON.stringify(DIRECTORY_ADMIN),
};

export const UNTOUCHED = { edr: [], keys: [], locks: [], admitted: true };
export const CONTAINED = {
  edr: ['isolated on', 'end-sessions'],
  keys: [1, 1],
  locks: ofDirectory('add'),
  admitted: !hasDirectory,
};
export const RELEASED = {
  edr: ['isolated on', 'end-sessions', 'isolated off'],
  keys: [1, 1, 1],
  locks: ofDirectory('add', 'delete'),
  admitted: true,
};
export const EFFECTS = ['hostIsolated', ...ofDirectory('accountLocked'), 'sessionsEnded'];
/** What came of taking each of them back. */
export const OUTCOMES = ['irreversible', ...ofDirectory('undone'), 'undone'];

/** Who takes part, at a door whose runs are carried out on a task queue of its own. */
export interface Team {
  taskQueue: string;
  responder: Caller;
  first: Caller;
  second: Caller;
}

/** So many hosts and accounts, numbered from nought, in an office of its own per test file. */
export function setUpStolenAccounts(count: number) {
  const office = setUpOffice({
    secrets: SECRETS,
    handlers: ({ database, client, taskQueue }) => reviewReaders(database, { client, taskQueue }),
    journalHandlers: ({ database, client, taskQueue, engine }) =>
      reviewJournalReaders(database, { client, taskQueue, engine }),
  });
  const playbook = containment({ hasDirectory });
  const doors: { close(): Promise<void> }[] = [];
  let edr: FakeEdr;
  let directory: LdapServer | null = null;

  beforeAll(async () => {
    edr = await spawnFakeEdr();
    const people = Array.from({ length: count }, (_, index) => accountOf(index));
    if (hasDirectory) directory = await startLdapServer({ people });
    const { client, taskQueue } = office.desk;
    for (const reader of ['containment-tasks', 'reviews', 'review-news'])
      await client.workflow.start(READER_WORKFLOW, {
        workflowId: `${taskQueue}/${readerWorkflowId(reader)}`,
        taskQueue,
        args: [{ reader }],
      });
    const author = await office.caller('manager', 'manager-1');
    const imported = await author.post('/v1/playbooks', playbook);
    expect(imported.body).toMatchObject({ verdict: 'executable' });
  });
  afterAll(async () => {
    for (const door of doors) await door.close();
    await edr?.close();
    await directory?.close();
  });

  const workerOptions = (taskQueue: string) => ({
    databaseUrl: office.desk.databaseUrl,
    temporal: rig().temporal,
    bundle: rig().bundle,
    taskQueue,
    secrets: SECRETS,
    steps: Object.fromEntries(Object.entries(playbook.workflow).map(([id, { name }]) => [id, name ?? id])),
  });

  return {
    office,
    workerOptions,

    /** A ticket that is declared a security incident, by its id. */
    incident: async (): Promise<string> => {
      const { id } = await openTicket(office.agent, { policy: 'three-tiers' });
      const responder = await office.caller('responder', 'responder-1');
      const declared = await responder.post(`/v1/tickets/${id as string}/declare-security-incident`, {
        severity: 'high',
        regimes: [],
      });
      expect(declared.status).toBe(200);
      return id;
    },

    teamOn: async (taskQueue: string): Promise<Team> => {
      const door = await openFrontDoor({ ...office.desk, taskQueue });
      doors.push(door);
      return {
        taskQueue,
        responder: await door.caller('responder', 'responder-1'),
        first: await door.caller('approver', 'approver-1'),
        second: await door.caller('approver', 'approver-2'),
      };
    },

    /** What is asked for: to contain this host and this account. */
    wish: (index: number) => ({
      playbook: { id: playbook.id },
      variables: {
        __host__: hostOf(index),
        __account__: accountOf(index),
        __edr__: edr.url,
        ...(directory && { __directory__: directory.url }),
      },
    }),
    hostOf,
    accountOf,

    /** What was done to a host and an account, as the other side has it; and how many keys each change was sent under. */
    doneTo: async (index: number) => {
      const [host, account] = [hostOf(index), accountOf(index)];
      const { effects, requests } = await edr.journal();
      const changes = requests.filter(
        ({ method, path }) =>
          method !== 'GET' && (path.includes(`/${host}/`) || path.includes(`/${account}/`)),
      );
      const keys = new Map<string, Set<string | null>>();
      for (const { method, path, key } of changes)
        keys.set(`${method} ${path}`, (keys.get(`${method} ${path}`) ?? new Set()).add(key));
      return {
        edr: effects
          .filter(({ id }) => id === host || id === account)
          .map(({ what, on }) => (on === null ? what : `${what} ${on ? 'on' : 'off'}`)),
        keys: [...keys.values()].map(({ size }) => size),
        locks: directory?.locksOf(account) ?? [],
        admitted: directory ? await directory.admits(account) : true,
      };
    },

    /** Runs a worker of this process for as long as `work` takes. */
    beside: async <T>(taskQueue: string, work: () => Promise<T>, visit?: Visit): Promise<T> => {
      const connection = await NativeConnection.connect({ address: rig().temporal });
      const worker = await createRunWorker(office.desk.database, connection, workerOptions(taskQueue), visit);
      const running = worker.run();
      try {
        return await work();
      } finally {
        worker.shutdown();
        await running;
        await connection.close();
      }
    },
  };
}

/** The run once `enough` holds for it. */
export const viewOnce = (team: Team, id: string, enough: (view: View) => boolean): Promise<View> =>
  eventually(
    async () => (await team.responder.get(`/v1/containments/${id}`)).body as View,
    enough,
    4 * A_STALL_MS,
  );

export const outcomesOf = ({ rollBack }: View): string[] =>
  rollBack.outcomes.map(({ outcome }: { outcome: string }) => outcome);

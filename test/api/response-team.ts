/** Those who contain, and an EDR that does as they say: the office with people, playbooks and runs of an isolation. */
import { afterAll, beforeAll } from '@jest/globals';
import type { Response } from 'supertest';
import { eventually, type DeskOptions } from '../support/desk.ts';
import { startFakeEdr, type EdrEffect, type FakeEdr } from '../support/fake-edr.ts';
import { isolationPlaybook } from '../support/isolation.ts';
import type { Caller, FrontDoorOptions } from './front-door.ts';
import { openTicket, setUpOffice, type Office } from './office.ts';

/** How a run is shown. */
export type View = Response['body'];

/** Whether somebody is asked for this need at present. */
export const isAsked =
  (need: string) =>
  ({ approvals }: View): boolean =>
    approvals.some((one: { need: string; state: string }) => one.need === need && one.state === 'open');

/** One who asks and two who may agree, each with a key of their own. */
export interface Team {
  responder: Caller;
  first: Caller;
  second: Caller;
}

interface Isolation {
  host: string;
  playbook?: { id: string };
  more?: object;
}

export interface ResponseTeam {
  readonly office: Office;
  readonly edr: FakeEdr;
  /** People whom no other test has. */
  team: () => Promise<Team>;
  /** Imports a playbook as its author; answers its id. */
  imported: (playbook: { id: string }) => Promise<string>;
  /** Asks for the isolation of a host on a ticket of its own. */
  asked: (team: Team, isolation: Isolation) => Promise<{ ticket: View; response: Response }>;
  /** The run once `enough` holds for it. */
  settled: (caller: Caller, id: string, enough: (view: View) => boolean) => Promise<View>;
  /** The one run of a ticket, once there is one and `enough` holds for it. */
  settledOf: (caller: Caller, ticket: string, enough: (view: View) => boolean) => Promise<View>;
  /** What was done to a host, as the EDR has it. */
  effectsOn: (host: string) => Promise<EdrEffect[]>;
}

/** An office of its own for a test file; `token` is what the EDR asks for, and the vault holds. */
export function setUpResponseTeam({
  token = 'token',
  ...options
}: DeskOptions & FrontDoorOptions & { token?: string } = {}): ResponseTeam {
  let edr: FakeEdr;
  beforeAll(async () => {
    edr = await startFakeEdr({ token });
  });
  afterAll(() => edr.close());
  const office = setUpOffice({ secrets: { TIERLINE_SECRET_EDR_TOKEN: token }, ...options });
  let people = 0;

  async function imported(playbook: { id: string }): Promise<string> {
    const manager = await office.caller('manager', `manager-${(people += 1)}`);
    const response = await manager.post('/v1/playbooks', playbook);
    if (response.body.verdict !== 'executable') throw new Error(`Not imported: ${response.text}`);
    return playbook.id;
  }

  return {
    office,
    get edr() {
      return edr;
    },
    async team() {
      people += 1;
      return {
        responder: await office.caller('responder', `responder-${people}`),
        first: await office.caller('approver', `approver-${people}a`),
        second: await office.caller('approver', `approver-${people}b`),
      };
    },
    imported,
    async asked({ responder }, { host, playbook = isolationPlaybook(), more = {} }) {
      const ticket = await openTicket(office.agent);
      const id = await imported(playbook);
      const body = { playbook: { id }, variables: { __host__: host, __edr__: edr.url }, ...more };
      return { ticket, response: await responder.post(`/v1/tickets/${ticket.id}/containments`, body) };
    },
    settled: (caller, id, enough) =>
      eventually(async () => (await caller.get(`/v1/containments/${id}`)).body as View, enough),
    settledOf: (caller, ticket, enough) =>
      eventually(
        async () => (await caller.get(`/v1/containments?ticket=${ticket}`)).body.data[0] as View,
        (view) => view !== undefined && enough(view),
      ),
    async effectsOn(host) {
      return (await edr.journal()).effects.filter(({ id }) => id === host);
    },
  };
}

/** One office per test file: a desk with the API in front of it, opened before the tests and closed after them. */
import { afterAll, beforeAll } from '@jest/globals';
import type { Response } from 'supertest';
import type { Role } from '../../api/roles.ts';
import { createDesk, type Desk, type DeskOptions } from '../support/desk.ts';
import { openFrontDoor, type Caller, type FrontDoor, type FrontDoorOptions } from './front-door.ts';

export interface Office {
  readonly desk: Desk;
  readonly door: FrontDoor;
  /** The same caller for every test that needs no one else. */
  readonly agent: Caller;
  caller(role: Role, person?: string): Promise<Caller>;
  /** Another door to the same desk, closed with the office. */
  openDoor(options: FrontDoorOptions): Promise<FrontDoor>;
}

export function setUpOffice(options: DeskOptions & FrontDoorOptions = {}): Office {
  let open: { desk: Desk; door: FrontDoor; agent: Caller } | null = null;
  const otherDoors: FrontDoor[] = [];
  const opened = () => {
    if (!open) throw new Error('The office opens with the first test');
    return open;
  };
  beforeAll(async () => {
    const desk = await createDesk(options);
    const door = await openFrontDoor(desk, options);
    open = { desk, door, agent: await door.caller('agent') };
  });
  afterAll(async () => {
    for (const door of otherDoors) await door.close();
    await open?.door.close();
    await open?.desk.close();
  });
  return {
    get desk() {
      return opened().desk;
    },
    get door() {
      return opened().door;
    },
    get agent() {
      return opened().agent;
    },
    caller: (role, person) => opened().door.caller(role, person),
    async openDoor(doorOptions) {
      const door = await openFrontDoor(opened().desk, doorOptions);
      otherDoors.push(door);
      return door;
    },
  };
}

export type TicketFields = Record<string, unknown>;

/** The least that opens a ticket: P1 under the policy `standard`, so nothing falls due while a test runs. */
export const ticketBody = (fields: TicketFields = {}): Record<string, unknown> => ({
  subject: 'VPN drops every ten minutes',
  type: 'incident',
  impact: 'high',
  urgency: 'high',
  ...fields,
});

/** Opens a ticket and answers its view. */
export async function openTicket(caller: Caller, fields: TicketFields = {}): Promise<Response['body']> {
  const response = await caller.post('/v1/tickets', ticketBody(fields));
  if (response.status !== 201) throw new Error(`Not opened: ${response.status} ${response.text}`);
  return response.body;
}

/** An instant so many milliseconds from now, as the API writes it. */
export const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

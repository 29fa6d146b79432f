/**
 * `tierline demo`: one ticket's life in about a minute, under the policy `demo`, against the server that runs. It
 * speaks only HTTP, and tells what the timeline says, not what it meant to happen.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClockView } from '../api/schemas/clocks.ts';
import type { TicketView } from '../api/schemas/tickets.ts';
import type { TimelineEvent } from '../api/schemas/timeline.ts';
import { createApiKeyStore } from '../prisma/api-keys.ts';
import { openDatabase } from '../prisma/client.ts';
import { createApiCaller, type ApiCaller } from './api-caller.ts';
import type { Config } from './config.ts';
import { countdownOf, seconds, secondsFrom, sentenceFor } from './demo-words.ts';
import { runningInstance, type RunRecord } from './home.ts';

export interface DemoOptions {
  /** Print one JSON document at the end; the story goes to standard error. */
  json?: boolean;
  /** A key to use; without it a temporary one is made in the database and revoked at the end. */
  apiKey?: string | undefined;
}

const POLICY = 'demo';
/** Somebody who does nothing is not waited for longer than this. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 200;

/** Plays the story once. Throws when nothing runs, or when something expected does not happen. */
export async function run(config: Config, { json = false, apiKey }: DemoOptions): Promise<void> {
  const server = serverOf(config);
  const output = json ? process.stderr : process.stdout;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => stop.abort(new Error('The demo was stopped')));

  const key =
    apiKey === undefined ? await temporaryKey(server.database) : { secret: apiKey, revoke: async () => {} };
  try {
    const screen = createScreen(output);
    const result = await play({ server, config, screen, secret: key.secret, signal: stop.signal });
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason;
    throw error;
  } finally {
    await key.revoke();
  }
}

// ---------------------------------------------------------------------------------------------- server and key

interface Server {
  api: string;
  database: string;
  temporalUi: string | null;
}

function serverOf({ home }: Config): Server {
  const instance: RunRecord | null = runningInstance(home);
  if (!instance?.api || !instance.database) {
    const how = instance
      ? 'is still starting; try again in a moment'
      : 'does not run; start it first: npm start';
    throw new Error(`Tierline on ${home} ${how}`);
  }
  return { api: instance.api, database: instance.database, temporalUi: instance.temporalUi };
}

interface Key {
  secret: string;
  revoke(): Promise<void>;
}

async function temporaryKey(url: string): Promise<Key> {
  const database = openDatabase(url);
  const keys = createApiKeyStore(database);
  const { id, secret } = await keys.create({ name: 'tierline demo, temporary', role: 'lead' });
  const revoke = async () => {
    try {
      await keys.revoke(id);
    } catch (cause) {
      throw new Error(`The demo's key is still valid; revoke it: tierline keys revoke ${id}`, { cause });
    } finally {
      await database.$disconnect();
    }
  };
  return { secret, revoke };
}

// ------------------------------------------------------------------------------------------------------ story

interface Stage {
  server: Server;
  config: Config;
  screen: Screen;
  secret: string;
  signal: AbortSignal;
}

/** What `--json` prints. */
export interface DemoResult {
  ticketId: string;
  links: Record<string, string>;
  state: TicketView['state'];
  tier: number;
  /** The resolution breach: when it was due, and how much later it stood in the ledger's books. */
  breach: { deadlineAt: string; decidedAfterMs: number };
  timeline: readonly TimelineEvent[];
}

async function play({ server, config, screen, secret, signal }: Stage): Promise<DemoResult> {
  const api = createApiCaller(server.api, { secret, signal });
  const opened = await api.post<TicketView>('/v1/tickets', {
    policy: POLICY,
    subject: 'Nobody can pay in the web shop',
    type: 'incident',
    channel: 'email',
    impact: 'high',
    urgency: 'high',
  });
  const links = linksOf(opened, { server, config });
  try {
    const timeline = await live(opened, { api, screen, links, signal });
    const { state, tier } = await api.get<TicketView>(opened.links.self);
    return { ticketId: opened.id, links, state, tier, breach: breachIn(timeline), timeline };
  } catch (error) {
    screen.clear();
    // Whatever went wrong, nobody is to be called to a ticket of a demo. Not with the signal that may have stopped us.
    await createApiCaller(server.api, { secret })
      .post(`${opened.links.self}/cancel`, { reason: 'The demo ended early' })
      .catch(() => {});
    throw error;
  }
}

function linksOf({ id, links }: TicketView, { server, config }: Pick<Stage, 'server' | 'config'>) {
  const workflow = encodeURIComponent(`ticket/${id}`);
  const { api, temporalUi } = server;
  return {
    ticket: `${api}${links.self}`,
    timeline: `${api}${links.timeline}`,
    clocks: `${api}${links.clocks}`,
    ...(temporalUi && {
      workflow: `${temporalUi}/namespaces/${config.temporalNamespace}/workflows/${workflow}`,
    }),
  };
}

interface Life {
  api: ApiCaller;
  screen: Screen;
  links: Record<string, string>;
  signal: AbortSignal;
}

/** The script. A beat is a tenth of the resolution target, so that the story fits whatever the policy promises. */
async function live(ticket: TicketView, life: Life): Promise<readonly TimelineEvent[]> {
  const { api, screen, links } = life;
  const path = ticket.links.self;
  const told = createFollower(ticket, life);
  const { data: clocks } = await api.get<{ data: ClockView[] }>(ticket.links.clocks);
  const beatMs = clocks.find(({ clock }) => clock === 'resolution')!.targetSeconds * 100;

  await told.until(isType('opened'));
  for (const [name, url] of Object.entries(links)) screen.aside(`${name.padEnd(9)} ${url}`);
  await told.pause(beatMs);
  await api.post(`${path}/acknowledge`, { actingFor: 'first line' });
  await told.pause(beatMs);
  await api.post(`${path}/reply`, { text: 'Which card type is refused?', actingFor: 'first line' });
  await told.pause(beatMs / 2);
  await api.post(`${path}/hold`, { reason: 'customer', actingFor: 'first line' });
  await told.pause(beatMs * 4);
  await api.post(`${path}/events`, { events: [answerOfTheCustomer()] });
  await told.until((event) => event.type === 'handedOff');
  await told.pause(beatMs);
  await api.post(`${path}/acknowledge`, { actingFor: 'second line' });
  await told.pause(beatMs);
  await api.post(`${path}/resolve`, {
    resolution: 'Certificate of the gateway renewed.',
    actingFor: 'second line',
  });
  await told.until(isType('autoClosed'));
  return told.timeline;
}

function answerOfTheCustomer(): object {
  return {
    id: randomUUID(),
    type: 'messageAdded',
    occurredAt: new Date().toISOString(),
    author: 'customer',
    visibility: 'public',
    text: 'All of them.',
  };
}

const isType = (type: string) => (event: TimelineEvent) => event.type === type;

function breachIn(timeline: readonly TimelineEvent[]): DemoResult['breach'] {
  const { data, occurredAt } = timeline.find(isResolutionBreach)!;
  const deadlineAt = String(data['deadlineAt']);
  return { deadlineAt, decidedAfterMs: Date.parse(occurredAt) - Date.parse(deadlineAt) };
}

const isResolutionBreach = ({ type, data }: TimelineEvent): boolean =>
  type === 'breached' && data['clock'] === 'resolution';

// --------------------------------------------------------------------------------------------------- following

interface Follower {
  /** Tells the news until what is waited for has happened. */
  until(wanted: (event: TimelineEvent) => boolean): Promise<void>;
  /** Tells the news for so long. */
  pause(ms: number): Promise<void>;
  /** Everything told so far. */
  readonly timeline: readonly TimelineEvent[];
}

function createFollower(ticket: TicketView, { api, screen, signal }: Life): Follower {
  const timeline: TimelineEvent[] = [];
  let clocks: ClockView[] = [];

  async function hearNews(): Promise<void> {
    const { data } = await api.get<{ data: TimelineEvent[] }>(`${ticket.links.timeline}?limit=200`);
    const news = data.slice(timeline.length);
    if (news.length === 0) return;
    clocks = (await api.get<{ data: ClockView[] }>(ticket.links.clocks)).data;
    for (const event of news) {
      timeline.push(event);
      const words = sentenceFor(event, { ticket, clocks });
      if (words !== null) screen.tell(secondsFrom(ticket.openedAt, event.occurredAt), words);
    }
  }

  async function follow(isOver: () => boolean): Promise<void> {
    for (await hearNews(); !isOver(); await hearNews()) {
      screen.countDown(countdownOf(clocks));
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  }

  return {
    timeline,
    pause(ms) {
      const end = Date.now() + ms;
      return follow(() => Date.now() >= end);
    },
    until(wanted) {
      const giveUpAt = Date.now() + PATIENCE_MS;
      return follow(() => {
        if (timeline.some(wanted)) return true;
        if (Date.now() > giveUpAt)
          throw new Error(`Ticket ${ticket.id}: what was expected did not happen. Does a worker run?`);
        return false;
      });
    },
  };
}

// ------------------------------------------------------------------------------------------------------- screen

interface Screen {
  tell(atSeconds: number, words: string): void;
  aside(words: string): void;
  /** Replaces the last line of a terminal; elsewhere it says nothing. */
  countDown(words: string): void;
  clear(): void;
}

const INDENT = 11;

function createScreen(output: NodeJS.WriteStream): Screen {
  const clear = () => void (output.isTTY && output.write('\r\x1b[2K'));
  const line = (text: string) => {
    clear();
    output.write(`${text}\n`);
  };
  return {
    clear,
    tell: (atSeconds, words) => line(`${`+${seconds(atSeconds)}`.padStart(INDENT - 2)}  ${words}`),
    aside: (words) => line(`${' '.repeat(INDENT)}${words}`),
    countDown(words) {
      if (!output.isTTY) return;
      clear();
      output.write(`${' '.repeat(INDENT)}${words}`.slice(0, (output.columns || 80) - 1));
    },
  };
}

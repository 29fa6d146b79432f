/**
 * `tierline playbook run`: asks for a run of a playbook on a ticket and watches it; with `--dry-run` only its plan. It
 * speaks only HTTP, with a personal key: who may ask, and who has to agree, is the server's to say.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunView } from '../api/schemas/containments.ts';
import type { JournalEventView } from '../api/schemas/journals.ts';
import type { PlanView } from '../api/schemas/plans.ts';
import { createApiCaller, type ApiCaller } from './api-caller.ts';
import type { Config } from './config.ts';
import { runningInstance } from './home.ts';
import { outcomeInWords, planInWords, runTeller } from './run-words.ts';

export interface PlaybookRunOptions {
  ticket: string;
  /** `name=value`. */
  variable?: readonly string[];
  /** `name=path`: where its value lies in the vault. */
  vault?: readonly string[];
  reason?: string;
  /** Only the plan: nothing is done, nobody is asked. */
  dryRun?: boolean;
  /** Ask for it, and do not watch. */
  detach?: boolean;
  json?: boolean;
}

export interface PlaybookRunTools {
  /** Where the API answers. */
  api: string;
  /** A personal key. */
  secret: string;
  print: (text: string) => void;
  signal?: AbortSignal;
  /** Milliseconds between two looks. */
  everyMs?: number;
}

type WithLog = RunView & { log: readonly JournalEventView[] };
type Given = string | { vault: string };

/** A file names a playbook and its version; anything else is the id of one that is stored. */
async function playbookOf(fileOrId: string): Promise<{ id: string; version?: string }> {
  if (!existsSync(fileOrId)) return { id: fileOrId };
  let document: { id?: unknown; modified?: unknown };
  try {
    document = JSON.parse(await readFile(fileOrId, 'utf8')) as typeof document;
  } catch (cause) {
    throw new Error(`${fileOrId} cannot be read as JSON: ${(cause as Error).message}`, { cause });
  }
  const { id, modified } = document;
  if (typeof id !== 'string' || typeof modified !== 'string')
    throw new Error(`${fileOrId} is no playbook: it has no id, or no modified`);
  return { id, version: modified };
}

/** `host=ws-1042` as `__host__`: variables of CACAO may be written without the underscores around. */
function pairsIn(option: string, given: readonly string[]): [string, string][] {
  return given.map((one) => {
    const at = one.indexOf('=');
    if (at < 1)
      throw new Error(`${option} ${one}: write it as name=${option === '--vault' ? 'path' : 'value'}`);
    const name = one.slice(0, at);
    return [name.startsWith('__') ? name : `__${name}__`, one.slice(at + 1)];
  });
}

const variablesOf = ({ variable = [], vault = [] }: PlaybookRunOptions): Record<string, Given> =>
  Object.fromEntries<Given>([
    ...pairsIn('--variable', variable),
    ...pairsIn('--vault', vault).map(([name, path]): [string, Given] => [name, { vault: path }]),
  ]);

/** Nothing more happens by itself: it has ended, and nothing is being taken back. */
const isOver = ({ result, rollBack }: RunView): boolean =>
  result !== null && (rollBack === null || rollBack.endedAt !== null);

interface Watching {
  caller: ApiCaller;
  tools: PlaybookRunTools;
  json: boolean;
}

/** Tells what happens until it is over; answers how it ended. */
async function watched(id: string, { caller, tools, json }: Watching): Promise<WithLog> {
  const { print, signal, everyMs = 1_000 } = tools;
  const tell = runTeller(await caller.get<PlanView>(`/v1/containments/${id}/plan`));
  for (let told = 0; ;) {
    const view = await caller.get<WithLog>(`/v1/containments/${id}`);
    for (const event of view.log.filter(({ sequence }) => sequence > told)) {
      told = event.sequence;
      const sentence = tell(event);
      if (json) print(JSON.stringify(event));
      else if (sentence !== null) print(`${event.occurredAt}  ${sentence}`);
    }
    if (isOver(view)) return view;
    await sleep(everyMs, undefined, { signal });
  }
}

/**
 * Answers the exit code: 0 where the plan may be begun, or the run succeeded or was left to itself; 1 where not. Throws
 * where the server refuses, with its reason and the fields.
 */
export async function runPlaybook(
  playbook: string,
  options: PlaybookRunOptions,
  tools: PlaybookRunTools,
): Promise<number> {
  const { ticket, reason, dryRun = false, detach = false, json = false } = options;
  const { api, secret, print, signal } = tools;
  const caller = createApiCaller(api, { secret, ...(signal && { signal }) });
  const body = {
    playbook: await playbookOf(playbook),
    variables: variablesOf(options),
    ...(reason && { reason }),
  };
  const path = `/v1/tickets/${encodeURIComponent(ticket)}/containments`;
  if (dryRun) {
    const plan = await caller.post<PlanView>(path, { ...body, dryRun });
    print(json ? JSON.stringify(plan) : planInWords(plan));
    return plan.refused ? 1 : 0;
  }
  const asked = await caller.post<RunView>(path, body);
  if (detach) {
    print(json ? JSON.stringify(asked) : `${asked.id} is asked for; its plan is ${asked.planHash}`);
    return 0;
  }
  if (!json) print(`${asked.id}, on ${ticket}; its plan is ${asked.planHash}`);
  const end = await watched(asked.id, { caller, tools, json });
  if (!json) print(outcomeInWords(end));
  return end.result === 'succeeded' ? 0 : 1;
}

/** As `runPlaybook`, from a terminal: with `TIERLINE_API_KEY`, against the server on this machine unless `api` is given. */
export async function run(
  { home }: Config,
  playbook: string,
  { api = runningInstance(home)?.api ?? undefined, ...options }: PlaybookRunOptions & { api?: string },
): Promise<void> {
  const secret = process.env['TIERLINE_API_KEY'];
  if (!secret) throw new Error('TIERLINE_API_KEY is not set: a run is asked for with a personal key');
  if (!api) throw new Error('No server runs here; say with --api where the API answers');
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  const tools = { api: api.replace(/\/+$/, ''), secret, print };
  process.exitCode = await runPlaybook(playbook, options, tools);
}

/** A run on paper: its journal in memory, its units answered by the test, its clock moved by hand. */
import type { Actor } from '../../domain/events.ts';
import { decideJournal, openJournal, settleJournal, type JournalEvent } from '../../domain/journal.ts';
import { TIERLINE_EXTENSION, type ApprovalTerms, type Playbook } from '../../domain/playbook.ts';
import type { Refusal } from '../../domain/refusals.ts';
import { runJournal } from '../../domain/run-journal.ts';
import { orderOf } from '../../domain/run-orders.ts';
import type { RunCommand } from '../../domain/run-requests.ts';
import { unitsOnTheirWay, type Run, type RunBody, type RunTerms } from '../../domain/run.ts';
import type { Definitions } from '../../domain/run-units.ts';
import type { Scope, UnitOrder, UnitOutcome, UnitReport } from '../../domain/unit.ts';

export const REQUESTER: Actor = { subject: 'key:r', role: 'responder', person: 'responder-1' };
export const approver = (n: number): Actor => ({
  subject: `key:a${n}`,
  role: 'approver',
  person: `approver-${n}`,
});

export const TERMS: ApprovalTerms = {
  role: 'approver',
  required: 1,
  respondWithinMs: 15 * 60_000,
  escalateTo: ['lead', 'manager'],
  validForMs: 3_600_000,
};

export type Answer = Partial<Pick<UnitReport, 'outcome' | 'reason' | 'variables'>>;

export interface PaperRunOptions {
  variables?: Scope;
  needs?: Readonly<Record<string, ApprovalTerms>>;
  licence?: RunTerms['licence'];
  rollsBackOnFailure?: boolean;
  children?: readonly Playbook[];
  /** What a unit comes to; succeeded unless said otherwise. Null: it stays under way. */
  answer?: (order: UnitOrder) => Answer | null;
}

export interface PaperRun {
  readonly run: Run;
  readonly events: readonly JournalEvent<RunBody>[];
  readonly orders: readonly UnitOrder[];
  readonly now: number;
  /** Follows the run until it waits for somebody, or for its clock. */
  go(): void;
  /** Moves the clock and follows. */
  pass(ms: number): void;
  ask(command: RunCommand, actor?: Actor, words?: boolean): Refusal | null;
  vote(need: string, actor: Actor, decision?: 'approve' | 'reject'): Refusal | null;
  /** Answers a unit that was left under way. */
  report(unit: string, outcome: UnitOutcome, more?: Answer): void;
  /** Steps that went well or failed, in order. */
  steps(): string[];
}

const DIGEST = 'digest-0';
const digestOf = (index: number): string => `digest-${index + 1}`;

const pinnedAs = ({ id, modified, name }: Playbook, digest: string) => ({
  id,
  version: modified,
  digest,
  name,
});

function partsOf({ workflow }: Playbook, children: readonly Playbook[]): [string, string][] {
  return Object.entries(workflow).flatMap(([id, step]): [string, string][] => {
    const index =
      step.type === 'playbook-action' ? children.findIndex((one) => one.id === step.playbook_id) : -1;
    return index < 0 ? [] : [[id, digestOf(index)]];
  });
}

/** Asks for a run of `playbook` and follows it until it waits. */
export function paperRun(playbook: Playbook, options: PaperRunOptions = {}): PaperRun {
  const { children = [], answer = (): Answer | null => ({}), needs = {} } = options;
  const definitions: Definitions = {
    [DIGEST]: playbook,
    ...Object.fromEntries(children.map((child, i) => [digestOf(i), child])),
  };
  const kind = runJournal(definitions);
  let now = Date.UTC(2026, 0, 5, 9);
  let asked = 0;
  const terms: RunTerms = {
    ticket: 'tkt_1',
    playbook: pinnedAs(playbook, DIGEST),
    pins: { [DIGEST]: Object.fromEntries(partsOf(playbook, children)) },
    planHash: 'plan-1',
    variables: options.variables ?? playbook.playbook_variables ?? {},
    licence: options.licence ?? { by: 'approval' },
    needs,
    excluded: ['responder-1', 'key:r'],
    rollsBackOnFailure: options.rollsBackOnFailure ?? false,
  };
  const opening = openJournal(kind, 'run_1', {
    occurredAt: now,
    actor: REQUESTER,
    body: { type: 'opened', ...terms },
  });
  let run = opening.state;
  const events: JournalEvent<RunBody>[] = [...opening.events];
  const orders: UnitOrder[] = [];
  const begun = new Set<string>();

  const take = (turn: { state: Run; events: readonly JournalEvent<RunBody>[] }): void => {
    run = turn.state;
    // As in the database, where such an event would be taken for one that is there already.
    for (const { id } of turn.events)
      if (events.some((event) => event.id === id)) throw new Error(`The id ${id} comes twice`);
    events.push(...turn.events);
  };
  const request = (command: RunCommand, actor: Actor, words = false): Refusal | null => {
    asked += 1;
    const text = words ? { text: { id: `txt_${asked}`, digest: 'd' } } : {};
    const decided = decideJournal(kind, run, { id: `m${asked}`, command, actor, ...text }, now);
    if ('refusal' in decided) return decided.refusal;
    take(decided.turn);
    return null;
  };
  const report = (unit: string, outcome: UnitOutcome, more: Answer = {}): void => {
    const told: UnitReport = { unit, outcome, startedAt: now, endedAt: now, attempts: 1, ...more };
    request({ type: 'report', report: told }, REQUESTER);
  };
  const go = (): void => {
    for (;;) {
      take(settleJournal(kind, run, now));
      const next = unitsOnTheirWay(run).find(({ unit }) => !begun.has(unit));
      if (!next) return;
      begun.add(next.unit);
      const order = orderOf(run, definitions, next.unit);
      orders.push(order);
      const came = answer(order);
      if (came) report(next.unit, came.outcome ?? 'succeeded', came);
    }
  };
  const paper: PaperRun = {
    get run() {
      return run;
    },
    get events() {
      return events;
    },
    get orders() {
      return orders;
    },
    get now() {
      return now;
    },
    go,
    pass(ms) {
      const until = now + ms;
      for (;;) {
        const next = kind.nextMilestone(run, now);
        if (next === null || next > until) break;
        now = next;
        go();
      }
      now = until;
      go();
    },
    ask(command, actor = REQUESTER, words = false) {
      const refusal = request(command, actor, words);
      go();
      return refusal;
    },
    vote(need, actor, decision = 'approve') {
      const planHash = run.planHash;
      return paper.ask({ type: 'vote', need, decision, planHash }, actor, decision === 'reject');
    },
    report(unit, outcome, more) {
      report(unit, outcome, more);
      go();
    },
    steps: () =>
      events.flatMap((event) =>
        event.type === 'stepEnded' ? `${event.step.split('--')[1]!.replaceAll('-', '')}:${event.result}` : [],
      ),
  };
  go();
  return paper;
}

const stepId = (type: string, name: string): string => `${type}--${name}`;

interface Draft {
  [name: string]: { type: string; ext?: object; [property: string]: unknown };
}

/** A playbook of steps that are named by one word; pointers are such words too. */
export function playbookOf(draft: Draft, more: Partial<Playbook> = {}): Playbook {
  const named = new Map(Object.entries(draft).map(([name, { type }]) => [name, stepId(type, name)]));
  const pointed = (value: unknown): unknown => {
    if (typeof value === 'string') return named.get(value) ?? value;
    if (Array.isArray(value)) return value.map(pointed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, pointed(one)]));
  };
  const steps = Object.entries(draft).map(([name, { ext, ...step }]) => {
    const { commands, step_variables, condition, ...pointers } = step;
    const extended = ext ? { step_extensions: { [TIERLINE_EXTENSION]: pointed(ext) } } : {};
    const rest = pointed(pointers) as object;
    const plain = Object.fromEntries(
      Object.entries({ commands, step_variables, condition }).filter(([, value]) => value !== undefined),
    );
    return [stepId(String(step.type), name), { ...rest, type: step.type, ...plain, ...extended }];
  });
  return {
    type: 'playbook',
    spec_version: 'cacao-2.0',
    id: 'playbook--1',
    name: 'A playbook',
    created_by: 'identity--1',
    created: '2026-01-01T00:00:00.000Z',
    modified: '2026-01-01T00:00:00.000Z',
    workflow_start: named.get('begin')!,
    workflow: Object.fromEntries(steps),
    agent_definitions: {
      edr: { type: 'http-api', name: 'edr', address: { url: ['https://edr.example'] } },
      person: { type: 'individual', name: 'somebody' },
    },
    target_definitions: {
      host1: { type: 'net-address', name: 'host1', address: { dname: ['host1.example'] } },
      host2: { type: 'net-address', name: 'host2', address: { dname: ['host2.example'] } },
    },
    ...more,
  } as Playbook;
}

export const PUT = { type: 'http-api', command: 'PUT /v1/hosts/1/isolated HTTP/1.1' };
export const GET = { type: 'http-api', command: 'GET /v1/hosts/1/isolated HTTP/1.1' };
export const DELETE = { type: 'http-api', command: 'DELETE /v1/hosts/1/isolated HTTP/1.1' };
export const BY_HAND = { type: 'manual', command: 'Look and say' };

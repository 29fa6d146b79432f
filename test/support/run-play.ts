/**
 * Runs under random commands, against a fake EDR that is often in doubt: what is done is done for real and told to the
 * rules (run-rules.ts), and what the EDR sees is held against them, request by request.
 */
import type { Actor } from '../../domain/events.ts';
import { runJournal } from '../../domain/run-journal.ts';
import type { Run } from '../../domain/run.ts';
import type { Definitions } from '../../domain/run-units.ts';
import type { StoredPlaybook } from '../../prisma/playbooks.ts';
import { EDR_TOKEN, startFakeEdr, type EdrRequest, type FakeEdr, type FaultRule } from './fake-edr.ts';
import { openLiveDesk, type LiveDesk } from './live-run.ts';
import type { LiveRun } from './live-worker.ts';
import { ASKED, DEEDS, modelPlaybook } from './model-playbook.ts';
import { RunRules, type CastVote, type Player } from './run-rules.ts';

const MOST_RUNS = 3;
const SECRETS = { 'edr/token': EDR_TOKEN };
/** The author has a key as well: what they say does not count. */
const CAST: readonly Omit<Player, 'hasKey'>[] = [
  { name: 'responder-1', role: 'responder' },
  { name: 'approver-1', role: 'approver' },
  { name: 'approver-2', role: 'approver' },
  { name: 'approver-3', role: 'approver' },
  { name: 'approver-4', role: 'approver' },
  { name: 'author-1', role: 'approver' },
  { name: 'lead-1', role: 'lead' },
];

/** Of every change so many are in doubt, one way or another. */
const DOUBTFUL = 0.3;
const DOUBTS: FaultRule['fault'][] = ['doneThenCut', 'cutBeforeDone', 'garbled', 'unavailable', { late: 5 }];

/** What happened over all plays: a model that nothing happens in proves nothing. */
export const newCounts = () => ({
  plays: 0,
  runs: 0,
  requests: 0,
  inDoubt: 0,
  on: 0,
  off: 0,
  sessions: 0,
  edits: 0,
  refused: 0,
  rejected: 0,
  lapsed: 0,
  stops: 0,
  resumed: 0,
  rollBacks: 0,
  deaths: 0,
  interfered: 0,
  killed: 0,
  blocked: 0,
  unknown: 0,
  shared: 0,
});
export type Counts = ReturnType<typeof newCounts>;

/** One run of a play, with what the rules know of it. */
export interface PlayedRun {
  live: LiveRun;
  rules: RunRules;
  by: Player;
  host: number;
  /** The hash of the plan before the last edit. */
  hashBefore: string | null;
}

/** What all plays share. */
export interface Stage {
  desk: LiveDesk;
  playbook: StoredPlaybook;
  counts: Counts;
  /** Who has a key at present, by name. */
  actors: Map<string, Actor>;
}

export async function openStage(): Promise<Stage> {
  const desk = await openLiveDesk({ secrets: SECRETS });
  const playbook = await desk.store(modelPlaybook(), 'author-1');
  return { desk, playbook, counts: newCounts(), actors: new Map() };
}

let plays = 0;

export class Play {
  readonly desk: LiveDesk;
  readonly counts: Counts;
  readonly secrets = SECRETS;
  readonly runs: PlayedRun[] = [];
  readonly players: Player[] = CAST.map((one) => ({ ...one, hasKey: true }));
  readonly definitions: Definitions;
  readonly #stage: Stage;
  readonly #hosts: readonly string[];
  /** What the rules did not allow, as it was seen. */
  readonly #violations: string[] = [];
  /** Whose request an idempotency key is. */
  readonly #owners = new Map<string, { run: PlayedRun; place: string }>();
  #acting: PlayedRun | null = null;
  /** Requests that arrived; and how far everything was when it was last checked. */
  #heardOf = 0;
  #checkedAt = '';
  #edr!: FakeEdr;

  private constructor(stage: Stage) {
    plays += 1;
    this.#stage = stage;
    this.desk = stage.desk;
    this.counts = stage.counts;
    this.definitions = { [stage.playbook.digest]: stage.playbook.playbook };
    this.#hosts = [`ws-${plays}-a.example.com`, `ws-${plays}-b.example.com`];
  }

  static async begin(stage: Stage, seed: number): Promise<Play> {
    const play = new Play(stage);
    stage.counts.plays += 1;
    stage.desk.lines.length = 0;
    const random = { seed, share: DOUBTFUL, faults: DOUBTS };
    play.#edr = await startFakeEdr({ faults: { random } }, (request) => play.#heard(request));
    for (const { name } of play.players) await play.reinstate(name);
    await play.request('responder-1', 0);
    return play;
  }

  close(): Promise<void> {
    return this.#edr.close();
  }

  #player(name: string): Player {
    return this.players.find((one) => one.name === name)!;
  }

  #actor({ name }: Player): Actor {
    return this.#stage.actors.get(name)!;
  }

  /** Told of each request as it arrives: it had to be allowed at this very instant. */
  #heard({ method, path, key, fault }: EdrRequest): void {
    if (method === 'GET') return;
    const run = this.#acting!;
    const [, , , host, what] = path.split('/');
    this.#heardOf += 1;
    this.counts.requests += 1;
    if (fault !== null) this.counts.inDoubt += 1;
    const place = `${method} ${path}`;
    const { approvals } = run.live.run;
    const objection = run.rules.objection(method, what!, {
      now: this.desk.clock.now,
      players: this.players,
      askedAt: (need) => approvals[need]?.askedAt ?? null,
    });
    if (objection !== null) this.#violations.push(`${place} of ${run.live.id}, though ${objection}`);
    if (host !== this.#hosts[run.host])
      this.#violations.push(`${place}, though the plan is of ${this.#hosts[run.host]}`);
    if (key === null) return void this.#violations.push(`${place} without a key`);
    const owner = this.#owners.get(key);
    if (owner && (owner.run !== run || owner.place !== place))
      this.#violations.push(`${place} with the key of ${owner.place}`);
    if (owner && method === 'POST') this.#violations.push(`${place} a second time, which is not as once`);
    this.#owners.set(key, { run, place });
  }

  /** What the EDR hears meanwhile is this run's doing. */
  async #as<T>(run: PlayedRun, work: () => Promise<T>): Promise<T> {
    const before = this.#acting;
    this.#acting = run;
    try {
      return await work();
    } finally {
      this.#acting = before;
    }
  }

  #variables(host: number): Record<string, string> {
    return { __host__: this.#hosts[host]!, __edr_url__: this.#edr.url };
  }

  async request(name: string, host: number): Promise<void> {
    const by = this.#player(name);
    if (this.runs.length >= MOST_RUNS || !by.hasKey) return;
    const { playbook } = this.#stage;
    const live = await this.desk.ask({ playbook, by: this.#actor(by), variables: this.#variables(host) });
    const rules = new RunRules(live.run.planHash, [name, 'author-1']);
    const run = { live, rules, by, host, hashBefore: null };
    if (this.runs.some((other) => other.host === host)) this.counts.shared += 1;
    this.runs.push(run);
    this.counts.runs += 1;
    await this.#as(run, () => live.go());
  }

  async edit(run: PlayedRun, host: number): Promise<void> {
    const by = this.#player('responder-1');
    const before = { host: run.host, hash: run.live.run.planHash };
    const wish = { playbook: this.#stage.playbook, by: this.#actor(by), variables: this.#variables(host) };
    // Whatever follows the edit follows it at once: nothing may be allowed by what was said before.
    const refusal = await this.#as(run, () => this.desk.change(run.live, wish));
    if (refusal) return void (this.counts.refused += 1);
    run.host = host;
    run.hashBefore = before.hash;
    run.rules.edited(run.live.run.planHash, by);
    this.counts.edits += 1;
    const [row] = await this.desk.database.$queryRaw<{ votes: number }[]>`
      SELECT coalesce(sum(jsonb_array_length(need.value -> 'votes')), 0)::int AS votes
      FROM containments c, jsonb_each(c.body -> 'approvals') need WHERE c.id = ${run.live.id}`;
    if (row!.votes > 0) this.#violations.push(`${row!.votes} votes outlived an edit of ${run.live.id}`);
  }

  async vote(
    run: PlayedRun,
    { need, by, decision, isStale }: Pick<CastVote, 'need' | 'by' | 'decision'> & { isStale: boolean },
  ): Promise<void> {
    // The front door lets nobody in without a key.
    if (!by.hasKey) return;
    const { live, rules, hashBefore } = run;
    const planHash = (isStale ? hashBefore : null) ?? rules.planHash;
    const { now } = this.desk.clock;
    const { state, askedAt, votes } = live.run.approvals[need]!;
    const isRepeat = votes.some((one) => one.person === by.name && one.decision === decision);
    const cast: CastVote = { need, by, decision, planHash, now, askedAt };
    await this.#as(run, async () => {
      // Counted by the rules before anything follows from it, and taken back where it was refused.
      const undo = rules.copy();
      const objection = rules.voted(cast);
      const refusal = await live.ask(
        { type: 'vote', need, decision, planHash },
        this.#actor(by),
        decision === 'reject' ? 'No' : undefined,
      );
      if (refusal || isRepeat) rules.restore(undo);
      if (refusal) this.counts.refused += 1;
      else if (decision === 'reject') this.counts.rejected += 1;
      if (!refusal && !isRepeat && objection !== null)
        this.#violations.push(`A vote on ${need} (${state}) was let in, though ${objection}`);
    });
  }

  /** Enough persons, who may, say yes to what is asked first; with nothing asked, to the plan. */
  async agree(run: PlayedRun): Promise<void> {
    const { approvals } = run.live.run;
    const need = Object.keys(ASKED).find((one) => approvals[one]?.state === 'open') ?? 'plan';
    const able = this.players.filter(
      ({ role, hasKey, name }) =>
        role === 'approver' && hasKey && name !== run.by.name && name !== 'author-1',
    );
    for (const by of able.slice(0, ASKED[need]))
      await this.vote(run, { need, by, decision: 'approve', isStale: false });
  }

  async ask(run: PlayedRun, what: 'stop' | 'resume' | 'rollBack'): Promise<void> {
    const { live, rules } = run;
    await this.#as(run, async () => {
      // What a request allows follows from it at once: told to the rules before, taken back where it was refused.
      const undo = rules.copy();
      if (what === 'stop') rules.isStopped = true;
      else if (what === 'resume') rules.isStopped = false;
      else rules.rollBackAsked();
      const refusal = await live.ask({ type: what }, this.#actor(this.#player('responder-1')));
      if (refusal) rules.restore(undo);
      if (refusal) this.counts.refused += 1;
      else this.counts[what === 'stop' ? 'stops' : what === 'resume' ? 'resumed' : 'rollBacks'] += 1;
    });
  }

  /** Something that happens between two acts of a worker. */
  async interfere(run: PlayedRun, what: 'revoke' | 'stop' | 'wait'): Promise<void> {
    this.counts.interfered += 1;
    if (what === 'stop') return this.ask(run, 'stop');
    if (what === 'revoke') return this.revoke('approver-1');
    this.desk.clock.now += 2 * 3_600_000;
  }

  async revoke(name: string): Promise<void> {
    await this.desk.dismiss(name);
    this.#stage.actors.delete(name);
    this.#player(name).hasKey = false;
  }

  async reinstate(name: string): Promise<void> {
    const player = this.#player(name);
    player.hasKey = true;
    const { actors } = this.#stage;
    if (!actors.has(name)) actors.set(name, await this.desk.person(name, player.role));
  }

  async pass(ms: number): Promise<void> {
    const [first, ...others] = this.runs;
    if (first) await this.#as(first, () => first.live.pass(ms));
    for (const run of others) await this.#as(run, () => run.live.pass(0));
  }

  /** What has to be so whenever nothing is under way. Looked at again only where something has happened since. */
  async check(): Promise<void> {
    const heard = [this.#heardOf, this.#violations.length, ...this.runs.map(({ live }) => live.run.sequence)];
    if (heard.join() === this.#checkedAt) return;
    this.#checkedAt = heard.join();
    const problems = [...this.#violations, ...(await this.#twice()), ...(await this.#leftBehind())];
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  /** Once for each run and each thing that it does to a host. */
  async #twice(): Promise<string[]> {
    const seen = new Set<string>();
    const { effects } = await this.#edr.journal();
    return effects.flatMap(({ id, what, on, key }) => {
      const owner = this.#owners.get(key ?? '');
      if (!owner) return `${id} ${what} ${on}: nobody asked for it`;
      const deed = `${owner.run.live.id} ${id} ${what} ${on}`;
      if (seen.has(deed)) return `twice: ${deed}`;
      seen.add(deed);
      return [];
    });
  }

  #effects(): { run: Run; host: string; name: string; state: string }[] {
    return this.runs.flatMap(({ live }) =>
      Object.values(live.run.effects).flatMap(({ name, key, state }) =>
        this.#hosts
          .filter((host) => key.includes(host))
          .map((host) => ({ run: live.run, host, name, state })),
      ),
    );
  }

  /** What stands at the EDR is told by a run, and what all runs call gone is gone. */
  async #leftBehind(): Promise<string[]> {
    const told = this.#effects();
    const isTold = (host: string, name: string, states: readonly string[]): boolean =>
      told.some((one) => one.host === host && one.name === name && states.includes(one.state));
    const STANDING = ['attempting', 'inForce', 'unknown', 'undoing', 'notUndone'];
    const hidden = (await this.#edr.inForce()).flatMap((place) => {
      const [, host, what] = place.split('/') as [string, string, keyof typeof DEEDS];
      return isTold(host, DEEDS[what], STANDING) ? [] : `${place} stands, and no run tells of it`;
    });
    const { effects } = await this.#edr.journal();
    const done = effects.flatMap(({ id, what, on }) =>
      on === null && !isTold(id, DEEDS['sessions-ended'], STANDING) ? `${what} of ${id} was done untold` : [],
    );
    return [...hidden, ...done, ...(await this.#register())];
  }

  /** The register has what the EDR has, where it is sure of it. */
  async #register(): Promise<string[]> {
    const ids = this.runs.map(({ live }) => live.id);
    const holds = await this.desk.database.$queryRaw<{ effect: string; targetKey: string; state: string }[]>`
      SELECT effect, target_key AS "targetKey", state FROM in_force WHERE run = ANY(${ids})`;
    const stands = new Set(await this.#edr.inForce());
    return Object.entries(DEEDS).flatMap(([what, name]) =>
      what === 'sessions-ended'
        ? []
        : this.#hosts.flatMap((host) => {
            const states = holds
              .filter(({ effect, targetKey }) => effect === name && targetKey.includes(host))
              .map(({ state }) => state);
            const isOn = stands.has(`hosts/${host}/${what}`);
            if (states.includes('held') && !isOn) return `${name} of ${host} is called held, and is off`;
            const isOpen = states.some((state) => state !== 'released');
            return isOn && !isOpen ? `${name} of ${host} is on, and the register has it not` : [];
          }),
    );
  }

  /** Everything comes to its end; what the journal says of it is what it is. */
  async finish(): Promise<void> {
    await this.pass(2 * 60_000);
    await this.pass(4 * 3_600_000);
    await this.check();
    const { effects } = await this.#edr.journal();
    this.counts.on += effects.filter(({ on }) => on === true).length;
    this.counts.off += effects.filter(({ on }) => on === false).length;
    this.counts.sessions += effects.filter(({ on }) => on === null).length;
    for (const { live } of this.runs) {
      this.counts.deaths += live.deaths;
      const events = await live.events();
      for (const event of events) {
        if (event.type === 'approvalLapsed' || event.type === 'approvalExpired') this.counts.lapsed += 1;
        if (event.type !== 'unitReported') continue;
        if (event.outcome === 'blocked') this.counts.blocked += 1;
        if (event.outcome === 'unknown') this.counts.unknown += 1;
      }
      const kind = runJournal(this.definitions);
      const refolded = events.reduce<Run | null>((run, event) => kind.evolve(run, event, live.id), null);
      const asText = (run: Run | null): string => JSON.stringify(run, sorted);
      if (asText(refolded) !== asText(live.run))
        throw new Error(`The journal of ${live.id} tells another run`);
    }
  }
}

const sorted = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/**
 * What may be done in the name of a run, told a second time from docs/approvals.md and docs/containment.md and not from
 * the code: a model to hold the code against. It knows what people did and whether they were heard, nothing of how a run
 * works.
 */
import { ASKED, RESPOND_WITHIN_MS, SESSIONS_STEP, VALID_FOR_MS } from './model-playbook.ts';

/** Somebody who may take part. */
export interface Player {
  name: string;
  role: 'responder' | 'approver' | 'lead';
  hasKey: boolean;
}

interface Question {
  /** When it was put, as the record has it: until then answers are kept and do not count yet. */
  askedAt: number | null;
  approving: Set<string>;
  /** When enough had said yes. */
  enoughAt: number | null;
  isRejected: boolean;
}

const newQuestion = (): Question => ({
  askedAt: null,
  approving: new Set(),
  enoughAt: null,
  isRejected: false,
});

type Questions = Readonly<Record<string, Question>>;

interface Memory {
  planHash: string;
  isStopped: boolean;
  isForwardOver: boolean;
  isRollBackAsked: boolean;
  questions: Questions;
}

/** A vote as the test cast it. */
export interface CastVote {
  need: string;
  by: Player;
  decision: 'approve' | 'reject';
  planHash: string;
  now: number;
  /** When the question was put, if it was. */
  askedAt: number | null;
}

export class RunRules {
  planHash: string;
  isStopped = false;
  /** Nothing new is brought about: it was rolled back. */
  isForwardOver = false;
  isRollBackAsked = false;
  readonly #excluded: Set<string>;
  #questions: Questions;

  constructor(planHash: string, excluded: readonly string[]) {
    this.planHash = planHash;
    this.#excluded = new Set(excluded);
    this.#questions = RunRules.#fresh();
  }

  static #fresh(): Record<string, Question> {
    return Object.fromEntries(Object.keys(ASKED).map((need) => [need, newQuestion()]));
  }

  /** To come back to, where a request turns out to be refused. */
  copy(): Memory {
    const { planHash, isStopped, isForwardOver, isRollBackAsked } = this;
    const questions = structuredClone(this.#questions);
    return { planHash, isStopped, isForwardOver, isRollBackAsked, questions };
  }

  restore({ questions, ...flags }: Memory): void {
    Object.assign(this, flags);
    this.#questions = questions;
  }

  /** Another plan: every answer was to another question. */
  edited(planHash: string, by: Player): void {
    this.planHash = planHash;
    this.#excluded.add(by.name);
    this.#questions = RunRules.#fresh();
  }

  rollBackAsked(): void {
    this.isForwardOver = true;
    this.isStopped = false;
    this.isRollBackAsked = true;
    // Asked again, maybe within the same millisecond: what was said to the first question is over.
    if (this.#questions['rollBack']!.isRejected)
      this.#questions = { ...this.#questions, rollBack: newQuestion() };
  }

  /** A vote that was let in; answers why it should not have been. */
  voted({ need, by, decision, planHash, now, askedAt }: CastVote): string | null {
    const before = this.#questions[need]!;
    const isAnew = before.askedAt !== null && before.askedAt !== askedAt;
    const question = isAnew ? newQuestion() : before;
    this.#questions = { ...this.#questions, [need]: { ...question, askedAt } };
    const asked = this.#questions[need]!;
    const mayDecide =
      by.role === 'approver' ||
      (by.role === 'lead' && askedAt !== null && now >= askedAt + RESPOND_WITHIN_MS);
    if (!by.hasKey) return `${by.name} has no key`;
    if (!mayDecide) return `${by.name} is not asked about ${need}`;
    if (this.#excluded.has(by.name)) return `${by.name} asked for it`;
    if (planHash !== this.planHash) return `${by.name} has read another plan`;
    if (decision === 'reject') asked.isRejected = true;
    else asked.approving.add(by.name);
    if (asked.approving.size >= ASKED[need]!) asked.enoughAt ??= now;
    return null;
  }

  /** Why this consent does not stand at this instant; null where it does. */
  #missing(need: string, now: number, { askedAt, players }: Moment): string | null {
    const { approving, enoughAt, isRejected, askedAt: answered } = this.#questions[need]!;
    const put = askedAt(need);
    if (put === null) return `${need} was not asked`;
    if (answered !== null && answered !== put) return `${need} was asked anew`;
    if (isRejected) return `${need} was rejected`;
    const carrying = players.filter(({ name, hasKey }) => hasKey && approving.has(name));
    if (enoughAt === null || carrying.length < ASKED[need]!)
      return `${need} has ${carrying.length} of ${ASKED[need]}`;
    const until = Math.max(enoughAt, put) + VALID_FOR_MS;
    return now <= until ? null : `approval of ${need} is over`;
  }

  /** Why this request may not leave at this instant; null where it may. */
  objection(method: string, what: string, moment: Moment): string | null {
    const { now } = moment;
    if (this.isStopped) return 'the run is stopped';
    if (method === 'DELETE') {
      if (!this.isRollBackAsked) return 'nobody asked to take it back';
      return what === 'isolated' ? this.#missing('rollBack', now, moment) : null;
    }
    if (this.isForwardOver) return 'the run is taken back';
    const plan = this.#missing('plan', now, moment);
    if (plan !== null || what !== 'sessions-ended') return plan;
    return this.#missing(`step/${SESSIONS_STEP}`, now, moment);
  }
}

export interface Moment {
  now: number;
  players: readonly Player[];
  /** When a question was put, as the record has it. */
  askedAt: (need: string) => number | null;
}

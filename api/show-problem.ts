/** How a problem is shown: its words joined in, its links, what it is waiting for. */
import type { TextReference } from '../domain/events.ts';
import type { ProblemRecord } from '../prisma/problems.ts';
import type { ApiDeps } from './deps.ts';
import { etagOf } from './headers.ts';
import type { Reply } from './route.ts';
import type { ProblemRecordView } from './schemas/problems.ts';

const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

type Words = Partial<Record<'title' | 'description' | 'rootCause' | 'workaround' | 'reason', string>>;

/** What one that opened by itself is called. */
const titleOf = ({ words, fingerprint }: ProblemRecord, said: Words): string | null =>
  words === null && fingerprint !== null ? `Recurrence of ${fingerprint}` : (said.title ?? null);

function viewOf(problem: ProblemRecord, wordsOf: (text: TextReference | null) => Words): ProblemRecordView {
  const { id, fix, recurrence } = problem;
  const self = `/v1/problems/${id}`;
  return {
    id,
    title: titleOf(problem, wordsOf(problem.words)),
    description: wordsOf(problem.words).description ?? null,
    state: problem.state,
    fingerprint: problem.fingerprint,
    owner: problem.owner,
    tickets: problem.tickets,
    recurrence: recurrence && {
      policy: recurrence.policy,
      count: recurrence.count,
      withinSeconds: recurrence.withinMs / 1000,
    },
    openedAt: iso(problem.openedAt),
    openedBy: problem.openedBy,
    rootCause: wordsOf(problem.rootCause).rootCause ?? null,
    workaround: wordsOf(problem.workaround).workaround ?? null,
    fix: fix && { owner: fix.owner, dueAt: iso(fix.dueAt), taskId: fix.task },
    change: problem.change,
    fixedAt: isoOrNull(problem.fixedAt),
    quietSeconds: problem.quietMs / 1000,
    quietUntil: isoOrNull(problem.quietUntil),
    recurrences: problem.recurrences,
    resolvedAt: isoOrNull(problem.resolvedAt),
    closedAt: isoOrNull(problem.closedAt),
    closingReason: wordsOf(problem.closing).reason ?? null,
    sequence: problem.sequence,
    links: {
      self,
      timeline: `${self}/timeline`,
      tickets: `${self}/tickets`,
      tasks: `/v1/tasks?subject=problem:${id}`,
    },
  };
}

export async function problemViews(
  { journals }: Pick<ApiDeps, 'journals'>,
  problems: readonly ProblemRecord[],
): Promise<ProblemRecordView[]> {
  const references = problems.flatMap(({ words, rootCause, workaround, closing }) =>
    [words, rootCause, workaround, closing].flatMap((text) => text?.id ?? []),
  );
  const texts = await journals.texts(references);
  return problems.map((problem) =>
    viewOf(problem, (text) => (texts.get(text?.id ?? '')?.body ?? {}) as Words),
  );
}

export async function showProblem(
  deps: Pick<ApiDeps, 'journals'>,
  problem: ProblemRecord,
  reply: Reply = {},
): Promise<Reply> {
  const [view] = await problemViews(deps, [problem]);
  return { ...reply, headers: { etag: etagOf(problem), ...reply.headers }, body: view };
}

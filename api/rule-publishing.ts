/** Publishing a version: foreseen, or stored with the change that brings it to the open tickets. */
import type { Sight } from '../domain/visibility.ts';
import { uuidv7 } from 'uuidv7';
import type { Actor } from '../domain/events.ts';
import type { ChangeKind } from '../domain/rule-change.ts';
import type { VersionRecord } from '../prisma/calendars.ts';
import type { NewVersion, OpenTicket, Proposal, RuleChangeRecord, Target } from '../prisma/rule-changes.ts';
import type { Policy } from '../domain/policy.ts';
import type { ApiDeps } from './deps.ts';
import { takeIn, type TakenIn } from './intake.ts';
import { Problem } from './problem.ts';
import type { Reply } from './route.ts';
import { forecastOf } from './rule-forecast.ts';
import { changeLocation, forecastView, showChange, versionView } from './rule-views.ts';

/** What somebody wants to be in force. */
export interface Candidate {
  kind: ChangeKind;
  name: string;
  /** Null: the version in force, for the tickets that it has left behind. */
  version: NewVersion | null;
  inForce: VersionRecord | null;
  target: Target;
  policyOf: (ticket: OpenTicket) => Promise<Policy>;
  /** What is legal and hardly meant; pointers are into the body of the request. */
  warnings: readonly RuleWarning[];
}

export interface RuleWarning {
  pointer: string;
  code: string;
  message: string;
}

export interface Asking {
  actor: Actor;
  sight: Sight;
  path: string;
  idempotencyKey: string | undefined;
  body: { reason: string; effectiveFrom?: number | undefined; actingFor?: string | undefined };
}

/** Clocks differ and posts take time: so much in the past is now. */
const PAST_TOLERANCE_MS = 2 * 60_000;

const nowOf = ({ now = Date.now }: ApiDeps): number => now();

function timing({ body: { effectiveFrom } }: Asking, now: number) {
  const retroactive = effectiveFrom !== undefined && effectiveFrom < now - PAST_TOLERANCE_MS;
  const isLater = effectiveFrom !== undefined && effectiveFrom > now;
  return { retroactive, effectiveFrom: retroactive || isLater ? effectiveFrom : null };
}

const actorOf = ({ actor, body: { actingFor } }: Asking): Actor =>
  actingFor ? { ...actor, actingFor } : actor;

const newChangeId = (): string => `chg_${uuidv7().replaceAll('-', '')}`;

/** What the change would do. */
export async function foreseeChange(deps: ApiDeps, candidate: Candidate, asking: Asking): Promise<Reply> {
  const now = nowOf(deps);
  const { retroactive, effectiveFrom } = timing(asking, now);
  const { kind, name, inForce, target, policyOf } = candidate;
  const change = {
    id: 'forecast',
    kind,
    actor: actorOf(asking),
    judgesAnewSince: retroactive ? effectiveFrom : null,
  };
  const forecast = await forecastOf(
    deps.ruleChanges,
    { change, target, policyOf },
    { now, sight: asking.sight },
  );
  const fromVersion = inForce?.version ?? null;
  return { body: forecastView(forecast, { kind, name, fromVersion, retroactive, now }) };
}

/** What its author should know of a version, beside what becomes of it. Nothing is said of one that was in force before. */
export function withWarnings(reply: Reply, warnings: readonly RuleWarning[]): Reply {
  if (reply.status !== 202 && !isForecast(reply.body)) return reply;
  const told = warnings.map(({ pointer, code, message }) => ({ pointer, code, message }));
  return { ...reply, body: { ...(reply.body as object), warnings: told } };
}

const isForecast = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'becomesBreached' in body;

/** Whether the change under way is what is asked for: then it is its answer. */
async function isSame(deps: ApiDeps, change: RuleChangeRecord, { version }: Candidate): Promise<boolean> {
  const { kind, name, toVersion } = change;
  const stored =
    kind === 'policy'
      ? await deps.policyStore.versionRecord(name, toVersion)
      : await deps.calendars.version(name, toVersion);
  return version !== null && stored?.hash === version.hash;
}

async function underWay(deps: ApiDeps, changeId: string, candidate: Candidate): Promise<RuleChangeRecord> {
  const change = (await deps.ruleChanges.get(changeId))!;
  if (await isSame(deps, change, candidate)) return change;
  throw new Problem(
    'change_in_progress',
    `Change ${changeId} of ${change.kind} ${change.name} is ${change.state}; wait for it, or cancel it`,
    { headers: { location: changeLocation(changeId) } },
  );
}

function proposalOf(id: string, { kind, name }: Candidate, asking: Asking, now: number): Proposal {
  const { reason } = asking.body;
  return { id, kind, name, requestedBy: actorOf(asking), reason, ...timing(asking, now) };
}

async function store(
  deps: ApiDeps,
  candidate: Candidate,
  asking: Asking,
  { ticketId: id }: TakenIn,
): Promise<RuleChangeRecord> {
  const proposal = proposalOf(id, candidate, asking, nowOf(deps));
  const answer = await deps.ruleChanges.propose(proposal, candidate.version);
  if ('inProgress' in answer) return underWay(deps, answer.inProgress, candidate);
  const change = (await deps.ruleChanges.get(answer.changeId))!;
  // The change is durable: should this process end here, the watchdog of a worker starts it.
  deps.forgetPolicies();
  if (change.state !== 'awaitingApproval') await deps.ruleChangeRunner.wake(change.id);
  return change;
}

const isInForce = ({ version, inForce }: Candidate): boolean =>
  version !== null && version.hash === inForce?.hash;

/**
 * Stores it, once for one idempotency key, and answers 202 with the change; 200 with the version in force where that
 * says the same.
 */
export async function startChange(deps: ApiDeps, candidate: Candidate, asking: Asking): Promise<Reply> {
  const { actor, path, idempotencyKey, body } = asking;
  // The receipt of the key holds the change's id as it does a ticket's.
  const taken = await takeIn(deps.intake, {
    actor,
    method: 'POST',
    path,
    idempotencyKey,
    ticketId: newChangeId(),
    body,
  });
  const earlier = taken.replayed ? await deps.ruleChanges.get(taken.ticketId) : null;
  if (!earlier && isInForce(candidate)) {
    await deps.intake.release(taken.messageId);
    return { body: versionView(candidate.kind, candidate.inForce!) };
  }
  try {
    const change = earlier ?? (await store(deps, candidate, asking, taken));
    const headers: Record<string, string> = taken.replayed ? { 'idempotency-replayed': 'true' } : {};
    return await showChange(deps, { change, sight: asking.sight }, { status: 202, headers });
  } catch (error) {
    if (error instanceof Problem && !taken.replayed) await deps.intake.release(taken.messageId);
    throw error;
  }
}

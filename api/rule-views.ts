/** Versions and changes of rules as the API shows them. */
import type { Sight } from '../domain/visibility.ts';
import type { z } from 'zod';
import {
  DIFFERENCES,
  type Difference,
  type DifferenceKind,
  type Forecast,
  type ClockChange,
} from '../domain/rule-change.ts';
import type { ChangeKind } from '../domain/rule-change.ts';
import type { VersionRecord } from '../prisma/calendars.ts';
import type { RuleChangeRecord, TicketChangeRecord } from '../prisma/rule-changes.ts';
import type { ApiDeps } from './deps.ts';
import type { Reply } from './route.ts';
import type {
  changedTicketView as changedTicketSchema,
  forecastView as forecastSchema,
  ruleChangeView as ruleChangeSchema,
} from './schemas/rule-changes.ts';

export const changeLocation = (changeId: string): string => `/v1/rule-changes/${changeId}`;

/** Where the versions of a kind are. */
export const FOLDERS = { policy: '/v1/policies', calendar: '/v1/calendars' } as const;

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
const isoDate = (at: Date | null): string | null => at?.toISOString() ?? null;

function mapKinds<T>(valueOf: (kind: DifferenceKind) => T): Record<DifferenceKind, T> {
  return Object.fromEntries(DIFFERENCES.map((kind) => [kind, valueOf(kind)])) as Record<DifferenceKind, T>;
}

const clockChangeView = <C extends ClockChange>(change: C) => ({
  ...change,
  deadlineBefore: iso(change.deadlineBefore),
  deadlineAfter: iso(change.deadlineAfter),
});

export function forecastView(
  { tickets, affected, unchanged, differences }: Forecast,
  about: { kind: ChangeKind; name: string; fromVersion: number | null; retroactive: boolean; now: number },
): z.input<typeof forecastSchema> {
  const { now, ...rest } = about;
  const lists = mapKinds((kind) => {
    const { count, shown } = differences[kind];
    return { count, data: shown.map(clockChangeView) };
  });
  return { ...rest, asOf: new Date(now).toISOString(), tickets, affected, unchanged, ...lists };
}

/** A version with its document under the name of its kind. */
export function versionView(kind: ChangeKind, { document, ...version }: VersionRecord) {
  const versions = `${FOLDERS[kind]}/${version.name}/versions`;
  return {
    ...version,
    effectiveFrom: version.effectiveFrom.toISOString(),
    createdAt: version.createdAt.toISOString(),
    [kind]: document,
    links: { self: `${versions}/${version.version}`, versions },
  };
}

async function ruleChangeView(
  { ruleChanges }: Pick<ApiDeps, 'ruleChanges'>,
  change: RuleChangeRecord,
  sight: Sight,
): Promise<z.input<typeof ruleChangeSchema>> {
  const [progress, outcome] = await Promise.all([
    ruleChanges.progress(change, sight),
    ruleChanges.outcomes(change.id, sight),
  ]);
  const { applied, skipped, failed, pending, behind } = progress;
  const remaining = change.state === 'cancelled' ? 0 : pending + behind;
  const { kind, name, toVersion, ...rest } = change;
  const self = changeLocation(change.id);
  return {
    ...rest,
    kind,
    name,
    toVersion,
    effectiveFrom: change.effectiveFrom.toISOString(),
    createdAt: change.createdAt.toISOString(),
    startedAt: isoDate(change.startedAt),
    finishedAt: isoDate(change.finishedAt),
    tickets: { total: applied + skipped + failed + remaining, applied, skipped, failed, remaining },
    outcome: mapKinds((one) => outcome[one] ?? 0),
    links: { self, tickets: `${self}/tickets`, version: `${FOLDERS[kind]}/${name}/versions/${toVersion}` },
  };
}

/** A change, with where it is. */
export async function showChange(
  deps: ApiDeps,
  { change, sight }: { change: RuleChangeRecord; sight: Sight },
  reply: Reply = {},
): Promise<Reply> {
  const headers = { location: changeLocation(change.id), ...reply.headers };
  return { ...reply, headers, body: await ruleChangeView(deps, change, sight) };
}

/** A page of changes. */
export const ruleChangeViews = (deps: ApiDeps, changes: readonly RuleChangeRecord[], sight: Sight) =>
  Promise.all(changes.map((change) => ruleChangeView(deps, change, sight)));

export function changedTicketView({
  ticketId,
  state,
  outcome,
  decidedAt,
}: TicketChangeRecord): z.input<typeof changedTicketSchema> {
  const { reason, ...difference } = (outcome ?? {}) as Partial<Difference> & { reason?: string };
  return {
    ticketId,
    state: state as 'pending',
    reason: reason ?? null,
    decidedAt: isoDate(decidedAt),
    ...mapKinds((kind) => (difference[kind] ?? []).map(clockChangeView)),
    links: { ticket: `/v1/tickets/${ticketId}` },
  };
}

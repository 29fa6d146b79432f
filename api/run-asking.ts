/**
 * Asking for a run: the playbook with all its parts, what it is given, and the plan of it. A dry run ends with the plan;
 * a run begins with the same, bound by its hash (docs/containment.md).
 */
import { excludedBy } from '../domain/approval.ts';
import {
  authorisationState,
  RATIFICATION,
  reasonNoBreakGlass,
  reasonNotAuthorised,
} from '../domain/authorisation.ts';
import type { Actor } from '../domain/events.ts';
import { planOf } from '../domain/plan-making.ts';
import { refusalOfPlan, type Fault } from '../domain/plan-faults.ts';
import { termsOfNeeds, type Plan } from '../domain/plan.ts';
import { sensitiveNames } from '../domain/plan-values.ts';
import { isRunbook, playbookExtensionOf, type Playbook, type PlaybookStep } from '../domain/playbook.ts';
import type { Licence, RunTerms } from '../domain/run.ts';
import type { Scope, ScopeVariable } from '../domain/unit.ts';
import { valueProblem } from '../domain/variables.ts';
import { closureOf, type Closure, type StoredPlaybook } from '../prisma/playbooks.ts';
import { planHashOf } from '../prisma/plans.ts';
import type { TicketRecord } from '../prisma/tickets.ts';
import type { ApiDeps } from './deps.ts';
import { invalid } from './input.ts';
import { Problem } from './problem.ts';

/** Agents run runbooks; what is for security alone is for responders and leads (docs/access.md). */
export function assertMayRun(
  { role }: Pick<Actor, 'role'>,
  { id, playbook }: Pick<StoredPlaybook, 'id' | 'playbook'>,
): void {
  if (role === 'agent' && !isRunbook(playbook))
    throw new Problem('forbidden', `The role agent runs runbooks alone; ${id} is none`);
}

/** What a variable is given: a value, or where in the vault it lies. */
export type Given = string | { vault: string };

export interface RunWish {
  playbook: { id: string; version?: string | undefined };
  variables: Readonly<Record<string, Given>>;
  breakGlass?: boolean | undefined;
  /** Somebody answers for running it before or after its time. */
  pastValidity?: boolean | undefined;
}

export interface Asking {
  stored: StoredPlaybook;
  closure: Closure;
  plan: Plan;
  planHash: string;
  faults: readonly Fault[];
}

/** The playbook that is asked for; 404 for none, 422 for one that cannot be carried out. */
async function findPlaybook(
  { playbooks }: ApiDeps,
  { id, version }: RunWish['playbook'],
): Promise<StoredPlaybook> {
  const stored = await playbooks.get(id, version);
  if (!stored) {
    const message = `There is no playbook ${id}${version === undefined ? '' : ` of ${version}`}`;
    throw invalid([{ pointer: '/playbook/id', code: 'playbook_unknown', message }]);
  }
  if (stored.verdict === 'executable') return stored;
  throw invalid([
    {
      pointer: '/playbook/id',
      code: 'playbook_not_executable',
      message: `Playbook ${id} is kept, and cannot be carried out: ${stored.findings.find(({ severity }) => severity === 'error')?.message ?? 'see its findings'}`,
    },
  ]);
}

interface Faulty {
  pointer: string;
  code: string;
  message: string;
}

/** A value for a variable, or what is wrong with it; a hidden one is sealed by `seal`. */
function givenProblem(name: string, given: Given, declared: ScopeVariable | undefined): Faulty | null {
  const pointer = `/variables/${name}`;
  if (!declared)
    return { pointer, code: 'variable_unknown', message: `${name} is not a variable of the playbook` };
  if (declared.constant) return { pointer, code: 'variable_constant', message: `${name} is constant` };
  if (!declared.external)
    return {
      pointer,
      code: 'variable_internal',
      message: `${name} is the playbook's own; only external ones are given`,
    };
  if (typeof given !== 'string') return null;
  const problem = valueProblem(declared.type, given);
  return problem === null ? null : { pointer, code: 'variable_invalid', message: `${name} ${problem}` };
}

async function variablesFor(
  deps: ApiDeps,
  playbook: Playbook,
  { given, ticket, isDryRun }: { given: RunWish['variables']; ticket: string; isDryRun: boolean },
): Promise<Scope> {
  const declared: Scope = playbook.playbook_variables ?? {};
  const faults = Object.entries(given).flatMap(
    ([name, value]) => givenProblem(name, value, declared[name]) ?? [],
  );
  const missing = Object.entries(declared).flatMap(([name, { external, value }]): Faulty[] => {
    const isKnown = name in given || (value !== undefined && value !== null);
    return external && !isKnown
      ? [{ pointer: `/variables/${name}`, code: 'variable_missing', message: `${name} has to be given` }]
      : [];
  });
  if (faults.length + missing.length > 0) throw invalid([...faults, ...missing]);
  const hidden = sensitiveNames(playbook);
  const scope: Record<string, ScopeVariable> = { ...declared };
  for (const [name, value] of Object.entries(given)) {
    const { value: _default, ...rest } = declared[name]!;
    if (typeof value !== 'string') scope[name] = { ...rest, vault: value.vault };
    else if (!hidden.has(name)) scope[name] = { ...rest, value };
    // A dry run carries nothing out, so that nothing is kept for it either.
    else scope[name] = { ...rest, sealed: isDryRun ? 'dry-run' : await deps.sealing.seal(value, { ticket }) };
  }
  return scope;
}

/** The digest that a step's playbook is pinned to. */
const digestIn =
  ({ playbooks }: Closure) =>
  ({
    playbook_id,
    playbook_version,
  }: Pick<PlaybookStep, 'playbook_id' | 'playbook_version'>): string | null =>
    playbooks.find(({ id, modified }) => id === playbook_id && (playbook_version ?? modified) === modified)
      ?.digest ?? null;

/** The plan of what is asked for, and what stands in its way. Nothing is done, and nothing but hidden values is kept. */
export async function planFor(
  deps: ApiDeps,
  ticket: TicketRecord,
  { wish, actor, isDryRun, now }: { wish: RunWish; actor: Actor; isDryRun: boolean; now: number },
): Promise<Asking> {
  const stored = await findPlaybook(deps, wish.playbook);
  assertMayRun(actor, stored);
  const closure = await closureOf(deps.playbooks, stored);
  if ('problem' in closure)
    throw invalid([{ pointer: '/playbook/id', code: 'playbook_part_missing', message: closure.problem }]);
  const variables = await variablesFor(deps, stored.playbook, {
    given: wish.variables,
    ticket: ticket.id,
    isDryRun,
  });
  const { plan, faults } = planOf({
    ticket: ticket.id,
    playbooks: Object.fromEntries(closure.playbooks.map(({ digest, playbook }) => [digest, playbook])),
    main: stored.digest,
    digestOf: digestIn(closure),
    variables,
    maxTargets: deps.maxTargets,
    protections: await deps.protectedAssets.all(),
    isUnderLegalHold: ticket.legalHold,
    connectors: deps.connectors,
    ...(wish.pastValidity && { isPastValidity: true }),
    now,
  });
  return { stored, closure, plan, planHash: planHashOf(plan), faults };
}

/** What lets it begin without being asked: an emergency, where that is possible, or two persons beforehand. */
async function licenceFor(
  deps: ApiDeps,
  { plan }: Asking,
  { breakGlass }: RunWish,
  now: number,
): Promise<Licence> {
  if (breakGlass) {
    const reason = reasonNoBreakGlass(plan);
    if (reason !== null) throw new Problem('break_glass_denied', `It cannot be begun unasked: ${reason}`);
    return { by: 'breakGlass' };
  }
  const asksSomebody = Object.keys(plan.needs).some((need) => need !== 'rollBack');
  if (!asksSomebody) return { by: 'approval' };
  const { digest } = plan.playbooks[0]!;
  const standing = await deps.authorisations.list({ digest }, { after: null, limit: 100 });
  const fits = standing.find(
    (one) => authorisationState(one, now) === 'valid' && reasonNotAuthorised(one, plan, now) === null,
  );
  return fits ? { by: 'authorisation', authorisation: fits.id } : { by: 'approval' };
}

/** What a run is asked for with; a problem where its plan is refused. The plan is kept by its hash. */
export async function termsFor(
  deps: ApiDeps,
  asking: Asking,
  { wish, actor, now }: { wish: RunWish; actor: Actor; now: number },
): Promise<RunTerms> {
  const { stored, closure, plan, planHash, faults } = asking;
  const refusal = refusalOfPlan(faults);
  if (refusal) throw new Problem('plan_refused', refusal.message, { errors: refusal.errors ?? [] });
  const licence = await licenceFor(deps, asking, wish, now);
  await deps.plans.put(plan);
  const { id, modified: version, digest, playbook } = stored;
  return {
    ticket: plan.ticket,
    playbook: { id, version, digest, name: playbook.name },
    pins: closure.pins,
    planHash,
    variables: plan.variables,
    licence,
    needs: { ...termsOfNeeds(plan), ...(licence.by === 'breakGlass' && { breakGlass: RATIFICATION }) },
    excluded: excludedBy([actor], [...new Set(closure.playbooks.map(({ importedBy }) => importedBy))]),
    rollsBackOnFailure: playbookExtensionOf(playbook).onFailure === 'rollBack',
  };
}

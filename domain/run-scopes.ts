/**
 * Variables of a run: scopes, each seen from within the ones it opened (CACAO v2.0 §3.4). A name is written where it is
 * owned. Branches that run side by side each see a copy, merged when all have ended.
 */
import type { Scope as Variables, ScopeVariable, UnitResult } from './unit.ts';

export interface Scope {
  /** Where a name is looked for next; null for a playbook's own variables. */
  parent: string | null;
  variables: Variables;
  /** Of a branch beside others: which names of outer scopes it wrote, into its own copies. */
  copied?: readonly string[];
}

export type Scopes = Readonly<Record<string, Scope>>;

/** What a step sees under a name. */
export function lookUp(scopes: Scopes, scope: string, name: string): ScopeVariable | undefined {
  for (let at: string | null = scope; at !== null; at = scopes[at]?.parent ?? null) {
    const found = scopes[at]?.variables[name];
    if (found) return found;
  }
  return undefined;
}

/** Everything that a step sees. */
export function visibleIn(scopes: Scopes, scope: string): Variables {
  const { parent, variables } = scopes[scope] ?? { parent: null, variables: {} };
  return parent === null ? variables : { ...visibleIn(scopes, parent), ...variables };
}

/** Why a name must not be written; null where it may. */
export function writeProblem(scopes: Scopes, scope: string, name: string): string | null {
  const variable = lookUp(scopes, scope, name);
  if (!variable) return `${name} is not declared`;
  return variable.constant ? `${name} is constant` : null;
}

function ownerOf(scopes: Scopes, scope: string, name: string): { owner: string; isCopy: boolean } | null {
  for (let at: string | null = scope; at !== null; at = scopes[at]?.parent ?? null) {
    const found = scopes[at];
    if (found?.variables[name]) return { owner: at, isCopy: false };
    if (found?.copied) return { owner: at, isCopy: true };
  }
  return null;
}

function holding(
  { value: _value, sealed: _sealed, vault: _vault, ...declared }: ScopeVariable,
  result: UnitResult,
): ScopeVariable {
  return { ...declared, ...result };
}

function resultOf({ value, sealed }: ScopeVariable): UnitResult {
  return sealed === undefined ? { value: value ?? '' } : { sealed };
}

/** The scopes with a value written where the name is owned; a name that nobody declared changes nothing. */
export function written(scopes: Scopes, scope: string, values: Readonly<Record<string, UnitResult>>): Scopes {
  return Object.entries(values).reduce((all, [name, value]) => {
    const variable = lookUp(all, scope, name);
    const place = ownerOf(all, scope, name);
    if (!variable || !place) return all;
    const owner = all[place.owner]!;
    const copied = place.isCopy ? { copied: [...(owner.copied ?? []), name] } : {};
    const variables = { ...owner.variables, [name]: holding(variable, value) };
    return { ...all, [place.owner]: { ...owner, variables, ...copied } };
  }, scopes);
}

/** The scopes after branches that ran side by side have joined: what each wrote is written outside. */
export function joined(scopes: Scopes, into: string, branches: readonly string[]): Scopes {
  return branches.reduce((all, branch) => {
    const { copied = [], variables }: Scope = all[branch] ?? { parent: null, variables: {} };
    const values = copied.map((name) => [name, resultOf(variables[name]!)] as const);
    return written(all, into, Object.fromEntries(values));
  }, scopes);
}

export function withoutScopes(scopes: Scopes, gone: ReadonlySet<string>): Scopes {
  return Object.fromEntries(Object.entries(scopes).filter(([id]) => !gone.has(id)));
}

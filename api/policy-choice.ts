/**
 * The policy that a body means: a stored one by its name, one of its versions, or one written out in the body, which
 * may name stored calendars.
 */
import { isDatabaseOutage } from '../prisma/outage.ts';
import type { Policy } from '../domain/policy.ts';
import type { ApiDeps } from './deps.ts';
import { Problem, type FieldError } from './problem.ts';
import type { PolicyChoice } from './schemas/evaluate.ts';
import { pointerOf } from '../domain/pointer.ts';
import { readPolicy } from './schemas/policies.ts';

export interface ChosenPolicy {
  policy: Policy;
  /** Null where it was written out in the body. */
  version: number | null;
}

const FAULTS_TOLD = 50;

function unknown(detail: string): Problem {
  return new Problem('policy_unknown', detail, {
    errors: [{ pointer: '/policy', code: 'policy_unknown', message: detail }],
  });
}

function refused(errors: readonly FieldError[]): Problem {
  const told = errors.slice(0, FAULTS_TOLD);
  return new Problem('invalid', told.map(({ pointer, message }) => `${pointer}: ${message}`).join('; '), {
    errors: told,
  });
}

async function written(deps: ApiDeps, document: object): Promise<ChosenPolicy> {
  const read = readPolicy(document, await deps.calendars.inForce());
  if ('policy' in read) return { policy: read.complete, version: null };
  throw refused(
    read.issues.map(({ path, code, message }) => ({
      pointer: pointerOf(['policy', ...path]),
      code,
      message,
    })),
  );
}

async function versionOf(deps: ApiDeps, name: string, version: number): Promise<ChosenPolicy> {
  const policy = await deps.policyVersion(name, version).catch((error: unknown) => {
    if (isDatabaseOutage(error)) throw error;
    throw unknown(`Policy ${name} has no version ${version}`);
  });
  return { policy, version };
}

/** `{name, version}` and nothing else is a reference; anything more is a policy written out. */
function isReference(choice: object): choice is { name: string; version: number } {
  const { name, version } = choice as { name?: unknown; version?: unknown };
  if (Object.keys(choice).length !== 2 || typeof name !== 'string') return false;
  return Number.isInteger(version) && (version as number) >= 1 && (version as number) <= 2_147_483_647;
}

/** Throws a 422 problem for a policy that there is not, or one written out with faults: each with its pointer. */
export async function chosenPolicy(deps: ApiDeps, choice: PolicyChoice): Promise<ChosenPolicy> {
  if (typeof choice !== 'string')
    return isReference(choice) ? versionOf(deps, choice.name, choice.version) : written(deps, choice);
  const policy = (await deps.policies()).find(({ name }) => name === choice);
  if (!policy) throw unknown(`There is no policy ${choice}`);
  return { policy, version: policy.version };
}

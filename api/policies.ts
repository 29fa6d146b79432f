/** Routes of policies: their versions, and publishing a new one. */
import { runExamples } from '../domain/examples.ts';
import { policyWarnings } from '../domain/policy-warnings.ts';
import type { Policy } from '../domain/policy.ts';
import { storedVersion } from '../prisma/policies.ts';
import type { ApiDeps } from './deps.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { foreseeChange, startChange, withWarnings, type Candidate } from './rule-publishing.ts';
import { pointerOf } from '../domain/pointer.ts';
import type { Issue } from './schemas/issues.ts';
import {
  policyParams,
  policyVersionPage,
  policyVersionView,
  publishPolicyBody,
  readPolicy,
  type ReadPolicy,
} from './schemas/policies.ts';
import { policyHash } from './schemas/policy.ts';
import { dryRunQuery, forecastView, ruleChangeView } from './schemas/rule-changes.ts';
import { POLICY_DOCUMENT_EXAMPLE } from './schemas/rule-examples.ts';
import { findInForce, versionRoutes, type Versions } from './version-routes.ts';

/** Nobody mends more at once. */
const FAULTS_TOLD = 50;
/** Newer than any version. */
const NEWEST = 2_147_483_647;

const versionsOf = ({ policyStore }: ApiDeps): Versions => ({
  get: (name) => policyStore.get(name),
  list: (page) => policyStore.list(page),
  versions: (name, page) => policyStore.versions(name, page),
  version: (name, version) => policyStore.versionRecord(name, version),
});

function problemIn(code: 'invalid' | 'examples_failed', issues: readonly Issue[]): Problem {
  const errors = issues.slice(0, FAULTS_TOLD).map(({ path, ...issue }) => ({
    pointer: pointerOf(['policy', ...path]),
    code: issue.code,
    message: issue.message,
  }));
  const words = errors.map(({ pointer, message }) => `${pointer}: ${message}`);
  const rest = issues.length - errors.length;
  return new Problem(code, [...words, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; '), { errors });
}

/** What the document stands for; a 422 problem with everything wrong, or with every example that it does not keep. */
function readDocument(document: unknown, name: string, stored: Parameters<typeof readPolicy>[1]): ReadPolicy {
  const read = readPolicy(document, stored);
  if ('issues' in read) throw problemIn('invalid', read.issues);
  if (read.policy.name !== name) {
    const message = `the policy is called ${read.policy.name}, the path says ${name}`;
    throw problemIn('invalid', [{ path: ['name'], code: 'name_differs', message }]);
  }
  const failures = runExamples(read.complete);
  if (failures.length === 0) return read;
  throw problemIn(
    'examples_failed',
    failures.map(({ path, example, message }) => ({
      path,
      code: 'example_failed',
      message: `${example}: ${message}`,
    })),
  );
}

/** What `tierline policy check` would warn of. */
const warningsOf = ({ now = Date.now }: ApiDeps, policy: Policy) =>
  policyWarnings(policy, now()).map(({ path, ...rest }) => ({
    ...rest,
    pointer: pointerOf(['policy', ...path]),
  }));

async function candidateOf(deps: ApiDeps, name: string, document: unknown): Promise<Candidate> {
  const { policy, complete } = readDocument(document, name, await deps.calendars.inForce());
  return {
    kind: 'policy',
    name,
    version: storedVersion({ policy, hash: policyHash(policy), source: document }),
    inForce: await deps.policyStore.get(name),
    target: { kind: 'policy', name, version: NEWEST },
    policyOf: async () => complete,
    warnings: warningsOf(deps, complete),
  };
}

/** The version in force as a candidate for the tickets that it has left behind; a 404 problem where there is none. */
export async function policyInForce(deps: ApiDeps, name: string): Promise<Candidate> {
  const kind = 'policy';
  const inForce = await findInForce(deps.policyStore, { kind, name, absent: 'policy_not_found' });
  const policy: Policy = await deps.policyStore.version(name, inForce.version);
  const target = { kind, name, version: inForce.version } as const;
  return { kind, name, version: null, inForce, target, policyOf: async () => policy, warnings: [] };
}

export function policyRoutes(deps: ApiDeps): Route[] {
  return [
    ...versionRoutes({
      kind: 'policy',
      words: { one: 'Policy', many: 'Policies' },
      versions: () => versionsOf(deps),
      view: policyVersionView,
      pageView: policyVersionPage,
      absent: 'policy_not_found',
    }),
    defineRoute({
      method: 'post',
      path: '/v1/policies/{name}/versions',
      operationId: 'publishPolicy',
      operation: 'rule.change',
      tag: 'policies',
      summary: 'Publish a version of a policy',
      description:
        'New tickets get it from `effectiveFrom` on, and a change of rules brings it to the open ones. Breaches that ' +
        'stand stay; only a retroactive version, which a second person has to approve, can withdraw them. A policy ' +
        'whose examples it does not keep is refused.',
      params: policyParams,
      query: dryRunQuery,
      body: publishPolicyBody,
      example: { policy: POLICY_DOCUMENT_EXAMPLE, reason: 'Contract renewed: P1 in four hours' },
      answers: {
        200: {
          description:
            'With `dryRun`: what would become of the open tickets. Else: the version in force says the same',
          schema: forecastView.or(policyVersionView),
        },
        202: {
          description: 'Stored; it is brought to the open tickets, now, at its time or when it is approved',
          schema: ruleChangeView,
          headers: { Location: 'Where the change is' },
        },
      },
      problems: ['examples_failed', 'change_in_progress', 'idempotency_key_reused'],
      async handle({ params: { name }, query, body, actor, sight, idempotencyKey }) {
        const candidate = await candidateOf(deps, name, body.policy);
        const asking = { actor, sight, path: `/v1/policies/${name}/versions`, idempotencyKey, body };
        const publish = query.dryRun ? foreseeChange : startChange;
        return withWarnings(await publish(deps, candidate, asking), candidate.warnings);
      },
    }),
  ];
}

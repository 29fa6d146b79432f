/** The last look before a changing command: whatever allowed it has to stand at that moment. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { AtTheGate, Gate } from '../../activities/actuate.ts';
import { createGate } from '../../activities/gate.ts';
import { openApproval, vote, type Approval } from '../../domain/approval.ts';
import type { Actor } from '../../domain/events.ts';
import type { GateLicence } from '../../domain/gate.ts';
import type { Plan, PlanInput } from '../../domain/plan.ts';
import type { Playbook } from '../../domain/playbook.ts';
import type { UnitOrder } from '../../domain/unit.ts';
import { createApiKeyStore } from '../../prisma/api-keys.ts';
import { createAuthority } from '../../prisma/authority.ts';
import { openDatabase, type Database } from '../../prisma/client.ts';
import { createGateReading } from '../../prisma/gate-reading.ts';
import { createAuthorisationStore } from '../../prisma/playbook-authorisations.ts';
import { createPlanStore } from '../../prisma/plans.ts';
import { createProtectedAssetStore } from '../../prisma/protected-assets.ts';
import { createTestDatabase } from '../support/database.ts';
import { action, DIGEST, planned, playbookOf } from '../support/plan-samples.ts';
import { putTicket } from '../support/queue-rows.ts';

let database: Database;
let gate: Gate;
let revoked: string[] = [];
let now = Date.now();
let count = 0;
const keys: Record<string, string> = {};

const BY: Actor = { subject: 'key:1', role: 'manager', person: 'manager-1' };

beforeAll(async () => {
  database = openDatabase(await createTestDatabase());
  gate = createGate({
    reading: createGateReading(database),
    plans: createPlanStore(database),
    authorisations: createAuthorisationStore(database),
    protectedAssets: createProtectedAssetStore(database),
    authority: createAuthority(database),
    isRevoked: (digest) => Promise.resolve(revoked.includes(digest)),
    now: () => now,
  });
});
beforeEach(async () => {
  revoked = [];
  now = Date.now();
  await database.$executeRaw`DELETE FROM api_keys`;
  await database.$executeRaw`DELETE FROM protected_assets`;
  const store = createApiKeyStore(database);
  for (const [person, role] of [
    ['lead-2', 'approver'],
    ['lead-3', 'approver'],
    ['manager-1', 'manager'],
  ] as const)
    keys[person] = (await store.create({ name: person, role, person })).id;
});
afterAll(() => database.$disconnect());

/** Needs the approval of its step and can be taken back. */
const ASKING = playbookOf({
  'action--isolate': action({ undo: 'action--release', undoRestoresAccess: true, approval: { required: 2 } }),
});
const IRREVERSIBLE = playbookOf({ 'action--isolate': action({ undo: 'irreversible', approval: {} }) });

interface Case {
  plan: Plan;
  hash: string;
  run: string;
  approvals: Record<string, Approval>;
}

/** A granted approval of everything that the plan needs. */
function granted(plan: Plan, planHash: string): Record<string, Approval> {
  const entries = Object.entries(plan.needs).map(([need, { terms }]) => {
    let approval = openApproval({ id: need, subject: 'step', need, planHash, terms, excluded: [] }, now);
    for (const person of ['lead-2', 'lead-3'].slice(0, terms.required)) {
      const actor: Actor = { subject: `key:${person}`, role: 'approver', person };
      const answer = vote(approval, { actor, decision: 'approve', planHash }, now);
      if ('approval' in answer) approval = answer.approval;
    }
    return [need, approval] as const;
  });
  return Object.fromEntries(entries);
}

async function begun(
  playbook: Playbook = ASKING,
  { licence = { by: 'approval' }, ...more }: Partial<PlanInput> & { licence?: GateLicence } = {},
): Promise<Case> {
  count += 1;
  const ticket = `tkt_${count}`;
  await putTicket(database, { id: ticket });
  const plan = planned(playbook, { ticket, ...more });
  const hash = await createPlanStore(database).put(plan);
  const one: Case = { plan, hash, run: `run_${count}`, approvals: granted(plan, hash) };
  await putRun(one, { licence, approvals: one.approvals });
  return one;
}

async function putRun({ plan, hash, run }: Case, body: object): Promise<void> {
  await database.$executeRaw`
    INSERT INTO containments (id, state, ticket_id, playbook_id, playbook_version, plan_hash, requested_by,
      requested_at, in_force, awaiting, body, sequence, recorded_at)
    VALUES (${run}, 'running', ${plan.ticket}, 'playbook--1', '1', ${hash}, 'agent-17', now(), 0, 0,
      ${JSON.stringify(body)}::jsonb, 1, now())
    ON CONFLICT (id) DO UPDATE SET body = excluded.body, plan_hash = excluded.plan_hash`;
}

function about(
  { plan, hash, run }: Case,
  {
    host = 'host-7.example',
    text = `PUT /v1/hosts/${host}/isolated HTTP/1.1`,
    ...more
  }: Partial<UnitOrder> & { host?: string; text?: string } = {},
): AtTheGate {
  const order: UnitOrder = {
    id: `${run}/1`,
    run,
    ticket: plan.ticket,
    playbook: DIGEST,
    step: 'action--isolate',
    commandIndex: 0,
    agent: 'http-api--edr',
    target: 'net-address--host',
    purpose: 'act',
    planHash: hash,
    variables: {},
    effect: null,
    timeoutMs: 1_000,
    repeatable: null,
    isChange: true,
    requiresApproval: true,
    ...more,
  };
  const target = { type: 'net-address', name: host, address: { dname: [host] } };
  return { order, command: { type: 'http-api', command: text, headers: {} }, target };
}

const UNDO = { step: 'action--release', purpose: 'undo' as const };
/** The code by which it is refused; null where it passes. */
async function refused(one: AtTheGate): Promise<string | null> {
  const answer = await gate(one);
  return answer.allowed ? null : answer.reason.split(':')[0]!;
}

test('what was approved passes, and so does taking it back', async () => {
  const one = await begun();
  expect([await refused(about(one)), await refused(about(one, UNDO))]).toEqual([null, null]);
});

test.each<[string, (one: Case) => Promise<unknown>, string]>([
  [
    'the run was stopped',
    (one) => putRun(one, { licence: { by: 'approval' }, approvals: one.approvals, halt: 'stop' }),
    'run_stopped',
  ],
  [
    'no approval was asked',
    (one) => putRun(one, { licence: { by: 'approval' }, approvals: {} }),
    'approval_missing',
  ],
  [
    'one of two has agreed',
    (one) =>
      putRun(one, {
        licence: { by: 'approval' },
        approvals: { 'step/action--isolate': { ...one.approvals['step/action--isolate'], state: 'open' } },
      }),
    'approval_missing',
  ],
  [
    'its time is over',
    (one) => Promise.resolve((now = one.approvals['step/action--isolate']!.validUntil! + 1)),
    'approval_missing',
  ],
  [
    'one who agreed has lost the role',
    () => createApiKeyStore(database).revoke(keys['lead-3']!),
    'role_lost',
  ],
  ['the playbook was revoked', () => Promise.resolve((revoked = [DIGEST])), 'playbook_revoked'],
  ['the target was protected since', () => protect('never'), 'target_protected'],
  [
    'the target was protected since, with consent that nobody gave',
    () => protect('approval'),
    'target_protected',
  ],
  [
    'the plan of the run is another',
    (one) => putRun({ ...one, hash: 'another' }, { licence: { by: 'approval' }, approvals: one.approvals }),
    'plan_changed',
  ],
])('does not pass where %s', async (_name, change, code) => {
  const one = await begun();
  expect(await refused(about(one))).toBeNull();
  await change(one);
  expect(await refused(about(one))).toBe(code);
});

async function protect(mode: 'never' | 'approval', pattern = 'HOST-7.example') {
  count += 1;
  const asset = {
    id: `pas_${count}`,
    kind: 'exact' as const,
    pattern,
    mode,
    reason: 'DC',
    until: null,
    addedBy: BY,
  };
  await createProtectedAssetStore(database).add(asset);
}

test('does not pass under an approval that is bound to another plan', async () => {
  const [one, other] = [await begun(), await begun()];
  await putRun(one, { licence: { by: 'approval' }, approvals: other.approvals });
  expect(await refused(about(one))).toBe('approval_missing');
});

test('does not pass where the plan has no such command, or another target', async () => {
  const one = await begun();
  expect(await refused(about(one, { commandIndex: 1 }))).toBe('not_planned');
  expect(await refused(about(one, { host: 'host-8.example' }))).toBe('not_planned');
  expect(await refused(about(one, { run: 'run_0' }))).toBe('not_planned');
});

test('what protects a host that only the command names is found', async () => {
  const one = await begun();
  await protect('never', 'dc-1');
  expect(await refused(about(one, { text: 'PUT /v1/hosts/DC-1/isolated HTTP/1.1' }))).toBe(
    'target_protected',
  );
});

test('giving back is not barred by what protects, and needs its own consent', async () => {
  const one = await begun();
  await protect('never');
  expect(await refused(about(one, UNDO))).toBeNull();
  const { rollBack: _rollBack, ...rest } = one.approvals;
  await putRun(one, { licence: { by: 'approval' }, approvals: rest });
  expect(await refused(about(one, UNDO))).toBe('approval_missing');
});

test('legal hold bars what cannot be taken back, and nothing else', async () => {
  const [soft, hard] = [await begun(), await begun(IRREVERSIBLE)];
  expect(await refused(about(hard))).toBeNull();
  for (const { plan } of [soft, hard])
    await database.$executeRaw`UPDATE tickets SET legal_hold = true WHERE id = ${plan.ticket}`;
  expect([await refused(about(soft)), await refused(about(hard))]).toEqual([null, 'legal_hold']);
});

test('a run changes as many targets as it may, also where it asks for all of them at once', async () => {
  const late = playbookOf({
    'action--isolate': action({ undo: 'action--release' }, { out_args: ['__host__'] }),
  });
  const one = await begun(late, { maxTargets: 2 });
  const hosts = ['host-1', 'host-2', 'host-3', 'host-4'];
  const answers = await Promise.all(hosts.map((host) => refused(about(one, { host }))));
  expect(answers.filter((answer) => answer === null)).toHaveLength(2);
  expect(answers.filter((answer) => answer === 'too_many_targets')).toHaveLength(2);
  const again = hosts[answers.indexOf(null)]!;
  expect(await refused(about(one, { host: again }))).toBeNull();
});

async function authorised(more: { digest?: string; confirm?: boolean } = {}): Promise<string> {
  const store = createAuthorisationStore(database);
  count += 1;
  const id = `aut_${count}`;
  const { digest = DIGEST, confirm = true } = more;
  const validUntil = now + 86_400_000;
  await store.grant(
    { id, playbookId: 'playbook--1', digest, maxTargets: 1, reason: 'Every night', validUntil },
    { person: 'manager-1', role: 'manager', by: BY, at: now },
  );
  if (confirm) await store.confirm(id, { person: 'lead-2', role: 'approver', by: BY, at: now });
  return id;
}

test('a run under an authorisation passes while that stands, and gives back with consent only', async () => {
  const id = await authorised();
  const one = await begun(ASKING, { licence: { by: 'authorisation', authorisation: id } });
  await putRun(one, { licence: { by: 'authorisation', authorisation: id }, approvals: {} });
  expect([await refused(about(one)), await refused(about(one, UNDO))]).toEqual([null, 'approval_missing']);
  await createApiKeyStore(database).revoke(keys['lead-2']!);
  expect(await refused(about(one))).toBe('role_lost');
});

test('an authorisation that is revoked, unconfirmed or for another version lets nothing pass', async () => {
  const store = createAuthorisationStore(database);
  const ids = [
    await authorised(),
    await authorised({ confirm: false }),
    await authorised({ digest: 'x' }),
    'aut_none',
  ];
  await store.revoke(ids[0]!, { by: BY, at: now });
  for (const authorisation of ids) {
    const one = await begun(ASKING, { licence: { by: 'authorisation', authorisation } });
    expect(await refused(about(one))).toBe('not_authorised');
  }
});

test('an emergency passes until it is rejected or nobody ratifies it, and only with what can be taken back', async () => {
  const licence: GateLicence = { by: 'breakGlass' };
  const one = await begun(ASKING, { licence });
  const asked = { ...Object.values(one.approvals)[0]!, need: 'breakGlass' };
  const stateIs = async (state: string) => {
    await putRun(one, { licence, approvals: { breakGlass: { ...asked, state } } });
    return refused(about(one));
  };
  expect([
    await stateIs('open'),
    await stateIs('granted'),
    await stateIs('rejected'),
    await stateIs('expired'),
  ]).toEqual([null, null, 'not_ratified', 'not_ratified']);
  const hard = await begun(IRREVERSIBLE, { licence });
  await putRun(hard, { licence, approvals: { breakGlass: { ...asked, state: 'open' } } });
  expect(await refused(about(hard))).toBe('not_ratified');
});

test('the database lets nobody confirm what they granted, nor for longer than ninety days', async () => {
  const id = await authorised({ confirm: false });
  const confirmedBy = (person: string) => database.$executeRaw`
    UPDATE playbook_authorisations SET confirmed_person = ${person}, confirmed_role = 'manager', confirmed_by = '{}',
      confirmed_at = now() WHERE id = ${id}`;
  await expect(confirmedBy(' Manager-1')).rejects.toThrow('two_persons');
  await confirmedBy('lead-2');
  const extended = database.$executeRaw`
    UPDATE playbook_authorisations SET valid_until = valid_until + interval '1 day' WHERE id = ${id}`;
  await expect(extended).rejects.toThrow('cannot be changed');
  const store = createAuthorisationStore(database);
  const terms = { id: 'aut_long', playbookId: 'p', digest: 'd', maxTargets: 1, reason: 'r' };
  const granting = store.grant(
    { ...terms, validUntil: now + 91 * 86_400_000 },
    { person: 'manager-1', role: 'manager', by: BY, at: now },
  );
  await expect(granting).rejects.toThrow('ninety_days');
});

test('a plan is what its hash says, and is never changed', async () => {
  const { hash } = await begun();
  const changed = database.$executeRaw`UPDATE plans SET body = '{}' WHERE hash = ${hash}`;
  await expect(changed).rejects.toThrow();
  const forged = database.$executeRaw`INSERT INTO plans (hash, ticket_id, body) VALUES ('abc', 'tkt_1', '{}')`;
  await expect(forged).rejects.toThrow('plans_hash_check');
});

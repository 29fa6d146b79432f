/** The playbooks and runbooks that ship, each run forward and back against real servers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { checkPlaybook } from '../../domain/playbook-check.ts';
import type { Actor } from '../../domain/events.ts';
import { effectsInForce } from '../../domain/run.ts';
import type { StoredPlaybook } from '../../prisma/playbooks.ts';
import { expectNowhere, foundIn } from '../support/canaries.ts';
import { HAS_DIRECTORY, HAS_SSH, openEstate, type Estate, type Service } from '../support/estate.ts';
import { openLiveDesk, type LiveDesk } from '../support/live-run.ts';
import { PHASES, type LiveRun } from '../support/live-worker.ts';
import type { Document } from '../support/playbooks.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string): Document => JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Document;
const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`);

/** One way through a playbook. */
interface Story {
  file: string;
  what: string;
  needs?: ('slapd' | 'sshd')[];
  variables: Record<string, string>;
  before?: [Service, string][];
  /** What people answer with, by name of the variable. */
  answers?: Record<string, string>;
  /** What stands afterwards, besides what stood before. */
  inForce: string[];
  locked?: string;
  /** Names of effects that stay when all is rolled back. */
  irreversible?: string[];
  /** How many people were asked to agree, each time. */
  asked: number[];
}

const SHA = 'ab'.repeat(32);
const STORIES: Story[] = [
  {
    file: 'account-compromise',
    what: 'an intruder',
    needs: ['slapd'],
    variables: { __account__: 'agent-17' },
    before: [['mail-gateway', 'mailboxes/agent-17/forwarding']],
    answers: { __owner_did_it__: 'false' },
    inForce: [
      'identity-provider accounts/agent-17/tokens-suspended',
      'mail-gateway mailboxes/agent-17/forwarding-stopped',
    ],
    locked: 'agent-17',
    irreversible: ['End all sessions'],
    asked: [1],
  },
  {
    file: 'account-compromise',
    what: 'a false alarm, without forwarding',
    needs: ['slapd'],
    variables: { __account__: 'agent-18' },
    answers: { __owner_did_it__: 'true' },
    inForce: ['identity-provider accounts/agent-18/tokens-suspended'],
    locked: 'agent-18',
    irreversible: ['End all sessions'],
    asked: [1],
  },
  {
    file: 'ransomware-host-isolation',
    what: 'that spreads',
    variables: {
      __host__: 'host-7.example.com',
      __control_address__: '203.0.113.7',
      __share__: 'finance',
    },
    answers: { __image_sha256__: SHA, __spreads__: 'true' },
    inForce: [
      'edr hosts/host-7.example.com/isolated',
      'firewall addresses/203.0.113.7/blocked',
      'storage shares/finance/read-only',
    ],
    asked: [2],
  },
  {
    file: 'phishing',
    what: 'where a password was given away',
    variables: {
      __message_id__: '<17/a b@mail.example.com>',
      __sender__: 'billing@example.com',
      __domain__: 'login.example.com',
      __account__: 'agent-17',
    },
    answers: { __mail_sha256__: SHA, __followed__: 'true' },
    inForce: [
      'identity-provider accounts/agent-17/new-password-required',
      'mail-gateway messages/<17/a b@mail.example.com>/quarantined',
      'mail-gateway senders/billing@example.com/blocked',
      'resolver domains/login.example.com/blocked',
    ],
    irreversible: ['Delete the mail from all mailboxes'],
    asked: [1],
  },
  {
    file: 'leaked-api-key',
    what: 'that somebody used',
    variables: {
      __key_id__: 'key-9',
      __source_address__: '203.0.113.9',
      __provider_token__: 'provider-token-canary-91c4',
    },
    before: [['provider', 'keys/key-9/used-elsewhere']],
    answers: { __replacement__: 'key-10' },
    inForce: ['firewall addresses/203.0.113.9/blocked', 'provider keys/key-9/suspended'],
    irreversible: ['Revoke the key'],
    asked: [1, 2],
  },
  {
    file: 'data-exfiltration',
    what: 'of personal data',
    variables: {
      __host__: 'host-8.example.com',
      __destination_address__: '203.0.113.8',
      __share__: 'customers',
    },
    answers: { __traffic_sha256__: SHA, __data_kind__: 'personal' },
    inForce: [
      'edr hosts/host-8.example.com/isolated',
      'firewall addresses/203.0.113.8/blocked',
      'storage shares/customers/links-closed',
    ],
    asked: [2],
  },
  {
    file: 'malware',
    what: 'on a host that ssh knows',
    needs: ['sshd'],
    variables: { __host__: 'localhost', __file_sha256__: SHA, __process_id__: '1' },
    answers: { __cleaned__: 'true' },
    inForce: [`edr files/${SHA}/barred`, 'edr hosts/localhost/isolated'],
    irreversible: ['Stop the process'],
    asked: [1, 1],
  },
  {
    file: 'insider',
    what: 'with counsel agreeing',
    needs: ['slapd'],
    variables: { __account__: 'agent-17' },
    answers: { __counsel_agrees__: 'true', __handed_in__: 'badge, laptop' },
    inForce: ['mail-gateway mailboxes/agent-17/preserved'],
    locked: 'agent-17',
    irreversible: ['End all sessions'],
    asked: [2],
  },
  {
    file: 'web-application-exploit',
    what: 'that goes on',
    needs: ['sshd'],
    variables: {
      __host__: 'localhost',
      __service__: 'shop',
      __rule__: '942100',
      __attacker_address__: '203.0.113.10',
    },
    answers: { __goes_on__: 'true' },
    inForce: [
      'firewall addresses/203.0.113.10/blocked',
      'waf rules/942100/enforced',
      'waf services/shop/maintenance',
    ],
    irreversible: ['End all sessions of the application'],
    asked: [1, 1, 2],
  },
];

const isPossible = ({ needs = [] }: Story): boolean =>
  (HAS_DIRECTORY || !needs.includes('slapd')) && (HAS_SSH || !needs.includes('sshd'));

let estate: Estate;
let desk: LiveDesk;
let responder: Actor;
let approvers: Actor[];
let lead: Actor;

beforeAll(async () => {
  estate = await openEstate();
  desk = await openLiveDesk({
    connectors: { sshKnownHosts: estate.knownHostsFile },
    secrets: estate.secrets,
  });
  responder = await desk.person('responder-1', 'responder');
  approvers = [await desk.person('approver-1', 'approver'), await desk.person('approver-2', 'approver')];
  lead = await desk.person('lead-1', 'lead');
});
afterEach(() => Promise.all(Object.values(estate.services).map((service) => service.setFaults({}))));
afterAll(async () => {
  await desk.close();
  await estate.close();
});

async function begin(file: string, variables: Record<string, string>): Promise<LiveRun> {
  const playbook: StoredPlaybook = await desk.store(read(file));
  const declared = playbook.playbook.playbook_variables ?? {};
  const known = { ...estate.addresses, ...variables };
  const given = Object.entries(known).filter(([name]) => declared[name]?.external);
  const run = await desk.ask({ playbook, by: responder, variables: Object.fromEntries(given) });
  await run.go();
  return run;
}

/** Everybody agrees, and does what they are asked, until nobody is asked any more. How many had to agree, each time. */
async function carryThrough(run: LiveRun, answers: Record<string, string> = {}): Promise<number[]> {
  const asked: number[] = [];
  for (;;) {
    const open = Object.values(run.run.approvals).find(({ state }) => state === 'open');
    const [manual] = run.waiting();
    if (open) {
      asked.push(open.terms.required);
      const voters = open.terms.role === 'lead' ? [lead] : approvers.slice(0, open.terms.required);
      for (const voter of voters) expect(await run.vote(open.need, voter)).toBeNull();
    } else if (manual) {
      const wanted = Object.keys(manual.manual!.answers).map((name) => [name, answers[name] ?? '']);
      const evidence = manual.manual!.needsEvidence ? ['evd_1'] : [];
      const done = { variables: Object.fromEntries(wanted) as Record<string, string>, evidence };
      expect(await run.complete(manual.unit, responder, done)).toBeNull();
    } else return asked;
  }
}

async function rollBack(run: LiveRun): Promise<void> {
  expect(await run.ask({ type: 'rollBack' }, responder)).toBeNull();
  await carryThrough(run);
}

test.each([...filesIn('playbooks'), ...filesIn('runbooks')])(
  '%s can be carried out, and nothing is to be said against it',
  (file) => {
    const { verdict, findings } = checkPlaybook(read(file), { now: Date.UTC(2026, 11, 1) });
    expect({ verdict, findings }).toEqual({ verdict: 'executable', findings: [] });
  },
);

test('eight playbooks ship, each told as a story here', () => {
  expect(
    filesIn('playbooks')
      .map((file) => file.replace(/^.*\/|\.json$/g, ''))
      .toSorted(),
  ).toEqual([...new Set(STORIES.map(({ file }) => file))].toSorted());
});

describe('forward and back', () => {
  for (const story of STORIES)
    (isPossible(story) ? test : test.skip)(`${story.file}: ${story.what}`, async () => {
      const { file, variables, before = [], answers, inForce, locked, irreversible = [], asked } = story;
      for (const [service, place] of before) await estate.put(service, place);
      const stood = await estate.inForce();
      const run = await begin(`playbooks/${file}.json`, variables);
      expect(await carryThrough(run, answers)).toEqual(asked);
      expect([run.run.result, run.run.reason]).toEqual(['succeeded', null]);
      expect(await estate.inForce()).toEqual([...stood, ...inForce].toSorted());
      if (locked !== undefined) expect(await estate.directory!.admits(locked)).toBe(false);
      const stands = effectsInForce(run.run);
      const reversible = stands.filter(({ isIrreversible }) => !isIrreversible);
      expect(reversible.map(({ isVerified }) => isVerified)).toEqual(reversible.map(() => true));
      expect(reversible).toHaveLength(inForce.length + (locked === undefined ? 0 : 1));

      await rollBack(run);
      expect(await estate.inForce()).toEqual(stood);
      if (locked !== undefined) expect(await estate.directory!.admits(locked)).toBe(true);
      const { outcomes } = run.run.rollBack!;
      const kept = outcomes.filter(({ outcome }) => outcome !== 'undone');
      expect(kept.map(({ effect, outcome }) => [run.run.effects[effect]!.name, outcome])).toEqual(
        irreversible.map((name) => [name, 'irreversible']),
      );
    });

  test('a mail gateway that sends back what it was sent gives away no secret', async () => {
    const { variables } = STORIES.find(({ file }) => file === 'phishing')!;
    await estate.services['mail-gateway'].setFaults({ rules: [{ fault: 'echo' }] });
    const run = await begin('playbooks/phishing.json', { ...variables, __message_id__: '<18@example.com>' });
    // It is looked at again for a minute.
    await run.pass(2 * 60_000);
    await carryThrough(run);
    // What it says makes no sense as an answer: people are told, and what may stand is listed.
    expect([run.run.result, effectsInForce(run.run).length]).toEqual(['failedHandled', 1]);
    await estate.services['mail-gateway'].setFaults({});
    await rollBack(run);
    expect(effectsInForce(run.run)).toEqual([]);
  });

  test('secrets of all these are nowhere', async () => {
    await expectNowhere(desk.database, estate.canaries);
    expect(foundIn(desk.lines.join('\n'), estate.canaries)).toEqual([]);
  });
});

const RANSOM = 'playbooks/ransomware-host-isolation.json';
const ransomOn = (host: string) => ({
  __host__: `${host}.example.com`,
  __control_address__: '203.0.113.99',
  __share__: host,
});
const CALM = { __image_sha256__: SHA, __spreads__: 'false' };

describe('where it does not go well', () => {
  test('nothing is done before two have agreed, and not by whoever asked', async () => {
    const run = await begin(RANSOM, ransomOn('host-20'));
    expect((await run.vote('plan', responder))?.code).toBe('approval_by_requester');
    expect(await run.vote('plan', approvers[0]!)).toBeNull();
    expect(await estate.inForce()).not.toContain('edr hosts/host-20.example.com/isolated');
    await run.vote('plan', approvers[1]!);
    expect(await estate.inForce()).toContain('edr hosts/host-20.example.com/isolated');
    await carryThrough(run, CALM);
    await rollBack(run);
  });

  test('an isolation that is refused is told to people, and what does stand is listed', async () => {
    await estate.services.edr.setFaults({ rules: [{ method: 'PUT', fault: { refused: 403 } }] });
    const run = await begin(RANSOM, ransomOn('host-21'));
    await carryThrough(run, CALM);
    expect(run.run.result).toBe('failedHandled');
    expect(effectsInForce(run.run).map(({ name }) => name)).toEqual(['addressBlocked']);
    await rollBack(run);
    expect(await estate.inForce()).not.toContain('firewall addresses/203.0.113.99/blocked');
  });

  test('an isolation whose answer is lost is looked at, and counts as done', async () => {
    await estate.services.edr.setFaults({ rules: [{ method: 'PUT', fault: 'doneThenCut' }] });
    const run = await begin(RANSOM, ransomOn('host-22'));
    await carryThrough(run, CALM);
    expect(run.run.result).toBe('succeeded');
    await rollBack(run);
    expect(effectsInForce(run.run)).toEqual([]);
  });

  test.each(PHASES)('a worker that dies at "%s" leaves each effect once', async (phase) => {
    const host = `host-${phase}`;
    const run = await begin(RANSOM, ransomOn(host));
    await run.vote('plan', approvers[0]!);
    run.at(phase, 'die');
    await run.vote('plan', approvers[1]!);
    await carryThrough(run, { ...CALM, __spreads__: 'true' });
    expect([run.deaths, run.run.result]).toEqual([1, 'succeeded']);
    await rollBack(run);
    const journals = await Promise.all(
      (['edr', 'storage'] as const).map((name) => estate.services[name].journal()),
    );
    const told = journals.flatMap(({ effects }) => effects).filter(({ id }) => id.startsWith(host));
    expect(told.map(({ what, on }) => [what, on])).toEqual([
      ['isolated', true],
      ['isolated', false],
      ['read-only', true],
      ['read-only', false],
    ]);
  });

  (HAS_DIRECTORY ? test : test.skip)('who was locked before is not unlocked by a roll back', async () => {
    const first = await begin('playbooks/account-compromise.json', { __account__: 'agent-18' });
    await carryThrough(first, { __owner_did_it__: 'false' });
    const second = await begin('playbooks/insider.json', { __account__: 'agent-18' });
    await carryThrough(second, { __counsel_agrees__: 'true', __handed_in__: 'badge' });
    await rollBack(second);
    expect(await estate.directory!.admits('agent-18')).toBe(false);
    await rollBack(first);
    expect(await estate.directory!.admits('agent-18')).toBe(true);
  });

  (HAS_DIRECTORY ? test : test.skip)('without counsel an insider is left alone', async () => {
    const before = await estate.inForce();
    const run = await begin('playbooks/insider.json', { __account__: 'agent-17' });
    expect(await carryThrough(run, { __counsel_agrees__: 'false' })).toEqual([2]);
    expect(run.run.result).toBe('succeeded');
    expect(await estate.inForce()).toEqual(before);
    expect(await estate.directory!.admits('agent-17')).toBe(true);
  });

  (HAS_SSH ? test : test.skip)('a blocked address is unblocked by itself after a week', async () => {
    const address = '203.0.113.30';
    const run = await begin('playbooks/web-application-exploit.json', {
      __host__: 'localhost',
      __service__: 'shop',
      __rule__: '942200',
      __attacker_address__: address,
    });
    await carryThrough(run, { __goes_on__: 'false' });
    const blocked = `firewall addresses/${address}/blocked`;
    expect(await estate.inForce()).toContain(blocked);
    await run.pass(8 * 24 * 3_600_000);
    expect(await estate.inForce()).not.toContain(blocked);
    expect(await estate.inForce()).toContain('waf rules/942200/enforced');
  });
});

(HAS_SSH ? describe : describe.skip)('runbooks', () => {
  test('a service is restarted, once, and seen to run', async () => {
    estate.setServiceState('failed');
    const run = await begin('runbooks/restart-service.json', {
      __host__: 'localhost',
      __service__: 'shop.service',
    });
    expect(await carryThrough(run)).toEqual([1]);
    expect(run.run.result).toBe('succeeded');
    const asked = estate.askedOfHost();
    expect(asked.filter((line) => line.startsWith('restart'))).toEqual(['restart -- shop.service']);
    expect(asked.at(-1)).toBe('show --property=ActiveState --value -- shop.service');
  });

  test('diagnostics are kept, and nobody is asked', async () => {
    const run = await begin('runbooks/collect-diagnostics.json', {
      __host__: 'localhost',
      __service__: 'shop.service',
    });
    expect(run.run.result).toBe('succeeded');
    const kept = (await run.events()).flatMap((event) =>
      event.type === 'unitReported' ? [event.outcome, typeof event.answerHash] : [],
    );
    expect(kept).toEqual(Array(4).fill(['succeeded', 'string']).flat());
  });
});

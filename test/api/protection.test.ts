/** Protected assets and authorisations of playbooks, as people say them; and what a dry run shows. */
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { dryRunView } from '../../api/plan-views.ts';
import { AUTHORISE_EXAMPLE, planView } from '../../api/schemas/plans.ts';
import { planOf } from '../../domain/plan-making.ts';
import { action, inputOf, playbookOf } from '../support/plan-samples.ts';
import type { Caller } from './front-door.ts';
import { setUpOffice } from './office.ts';

const office = setUpOffice({ worker: false });
const DAY = 86_400_000;
const inDays = (days: number): string => new Date(Date.now() + days * DAY).toISOString();

let manager: Caller;
let approver: Caller;
let responder: Caller;
let lead: Caller;
beforeAll(async () => {
  manager = await office.caller('manager', 'manager-1');
  approver = await office.caller('approver', 'lead-2');
  responder = await office.caller('responder', 'agent-17');
  lead = await office.caller('lead');
});

describe('protected assets', () => {
  const asset = { kind: 'cidr', pattern: '10.1.0.0/16', mode: 'never', reason: 'The plant' };

  test('are added, listed, and taken away by somebody else than responders', async () => {
    const added = await responder.post('/v1/protected-assets', asset);
    expect([added.status, added.body]).toEqual([
      201,
      expect.objectContaining({
        ...asset,
        until: null,
        addedBy: expect.objectContaining({ person: 'agent-17' }),
      }),
    ]);
    const path = `/v1/protected-assets/${added.body.id as string}`;
    expect((await approver.get('/v1/protected-assets?limit=200')).body.data).toContainEqual(added.body);
    expect((await responder.send('delete', path)).body.code).toBe('forbidden');
    expect((await lead.send('delete', path)).status).toBe(204);
    expect((await lead.send('delete', path)).body.code).toBe('protected_asset_not_found');
    expect((await approver.get(path)).body.code).toBe('protected_asset_not_found');
    const kept = await office.desk.database.protectedAsset.findUniqueOrThrow({
      where: { id: added.body.id },
    });
    expect(kept.removedAt).not.toBeNull();
  });

  test('with a pattern that protects nothing, or everything, are refused', async () => {
    for (const wrong of [
      { pattern: 'host-7' },
      { kind: 'glob', pattern: '*' },
      { kind: 'dn', pattern: 'people' },
    ]) {
      const { status, body } = await responder.post('/v1/protected-assets', { ...asset, ...wrong });
      expect([status, body.errors[0]]).toEqual([422, expect.objectContaining({ pointer: '/pattern' })]);
    }
  });

  test('are added once for one idempotency key', async () => {
    const headers = { 'Idempotency-Key': randomUUID() };
    const body = JSON.stringify({ ...asset, pattern: '10.2.0.0/16' });
    const [first, second] = [
      await lead.send('post', '/v1/protected-assets', { body, headers }),
      await lead.send('post', '/v1/protected-assets', { body, headers }),
    ];
    expect(second.body.id).toBe(first.body.id);
  });
});

describe('authorisations', () => {
  const grant = async (more: object = {}, by = manager) =>
    by.post('/v1/playbook-authorisations', { ...AUTHORISE_EXAMPLE, validUntil: inDays(30), ...more });
  const decide = (id: string, what: 'confirm' | 'revoke', by: Caller) =>
    by.post(`/v1/playbook-authorisations/${id}/${what}`, {});

  test('take two persons, and end when one revokes them', async () => {
    const granted = await grant();
    expect([granted.status, granted.body.state]).toEqual([201, 'awaitingConfirmation']);
    const id = granted.body.id as string;
    expect((await decide(id, 'confirm', manager)).body.code).toBe('approval_by_requester');
    expect((await decide(id, 'confirm', approver)).body.state).toBe('valid');
    expect((await decide(id, 'confirm', approver)).body.state).toBe('valid');
    const other = await office.caller('approver', 'lead-3');
    expect((await decide(id, 'confirm', other)).body.code).toBe('authorisation_not_open');
    expect((await decide(id, 'revoke', approver)).body.state).toBe('revoked');
    expect((await decide(id, 'confirm', approver)).body.code).toBe('authorisation_not_open');
    expect((await lead.get('/v1/playbook-authorisations?limit=200')).body.data).toContainEqual(
      expect.objectContaining({ id, state: 'revoked' }),
    );
  });

  test('are granted for no more than ninety days, and not for the past', async () => {
    for (const validUntil of [inDays(91), inDays(-1)])
      expect((await grant({ validUntil })).body.errors[0]).toMatchObject({ pointer: '/validUntil' });
  });

  test('are granted by persons only, of the roles that may', async () => {
    const shared = await office.caller('manager');
    expect((await grant({}, shared)).body.code).toBe('personal_credentials_missing');
    expect((await grant({}, responder)).body.code).toBe('forbidden');
    expect((await decide('aut_none', 'confirm', approver)).body.code).toBe('authorisation_not_found');
  });
});

test('a dry run lists every target and step, whose consent it takes, and what cannot be undone', () => {
  const playbook = playbookOf({
    'action--isolate': action(
      { undo: 'action--release', undoRestoresAccess: true, on_completion: '' } as never,
      {
        on_completion: 'action--wipe',
      },
    ),
    'action--wipe': action({ undo: 'irreversible' }, { name: 'Wipe it' }),
  });
  const view = dryRunView(planOf(inputOf(playbook, { isUnderLegalHold: true })));
  expect(planView.parse(view)).toEqual(view);
  expect(view).toMatchObject({
    refused: false,
    targets: ['host-7.example'],
    irreversible: ['action--wipe'],
    runsUnasked: 'it has steps that cannot be taken back',
    faults: [{ weight: 'blocked', code: 'legal_hold' }],
  });
  expect(view.approvals.map(({ need, reasons }) => [need, reasons])).toEqual([
    ['step/action--wipe', ['irreversible']],
    ['rollBack', ['restoresAccess']],
  ]);
  expect(
    view.units.map(({ purpose, step, approvals, faults }) => [purpose, step, approvals, faults]),
  ).toEqual([
    ['act', 'action--isolate', [], []],
    ['undo', 'action--release', ['rollBack'], []],
    ['act', 'action--wipe', ['step/action--wipe'], ['legal_hold']],
  ]);
});

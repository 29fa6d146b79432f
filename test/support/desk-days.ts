/** Random days at the desk: facts as front ends send them, sensible and senseless, some in the same instant. */
import { PARTICIPATIONS } from '../../domain/collaborators.ts';
import fc from 'fast-check';
import {
  AUTHORS,
  PROMISES,
  TASK_CLOCKS,
  VISIBILITIES,
  type DeskBody,
  type Fact,
} from '../../domain/events.ts';
import { HOLD_REASONS, PRIORITIES, type Policy } from '../../domain/policy.ts';
import { EPOCH } from './arbitraries.ts';
import { deskPolicy, type DeskPolicy } from './desk-policy.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** Everything but the end of a ticket: after closing, facts are kept and change nothing. */
export const bodies: fc.Arbitrary<DeskBody> = fc.oneof(
  { weight: 4, arbitrary: messages() },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('held' as const), reason: fc.constantFrom(...HOLD_REASONS) }),
  },
  { weight: 2, arbitrary: fc.constant<DeskBody>({ type: 'resumed' }) },
  { weight: 1, arbitrary: fc.constant<DeskBody>({ type: 'vendorReturned' }) },
  { weight: 1, arbitrary: fc.constant<DeskBody>({ type: 'acknowledged' }) },
  { weight: 1, arbitrary: assignments() },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('prioritised' as const),
      priority: fc.constantFrom(...PRIORITIES),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('handoffOffered' as const),
      toTier: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant<DeskBody>({ type: 'handoffAccepted' }) },
  { weight: 2, arbitrary: fc.constant<DeskBody>({ type: 'resolved' }) },
  { weight: 1, arbitrary: fc.constant<DeskBody>({ type: 'reopened' }) },
);

/** What only some clocks are about: tasks, consults, vendors, promises and marks, a few names of each. */
const names = fc.constantFrom('a', 'b');
const clockBodies: fc.Arbitrary<DeskBody> = fc.oneof(
  fc.record({ type: fc.constant('consultAsked' as const), consult: names }),
  fc.record({ type: fc.constant('consultAnswered' as const), consult: names }),
  fc.record({ type: fc.constant('vendorEngaged' as const), engagement: names }),
  fc.record({ type: fc.constant('vendorReturned' as const), engagement: names }),
  fc.record({ type: fc.constant('vendorAsked' as const), engagement: names }),
  fc.record({ type: fc.constant('consultWithdrawn' as const), consult: names }),
  fc.constantFrom<DeskBody>(
    { type: 'handoffReturned', missing: ['environment'] },
    { type: 'handoffWithdrawn' },
    { type: 'packetWritten', items: ['symptoms'] },
    { type: 'majorDeclared' },
    { type: 'rated', score: 4, outOf: 5 },
  ),
  fc.record({ type: fc.constant('joined' as const), agent: names, as: fc.constantFrom(...PARTICIPATIONS) }),
  fc.record({ type: fc.constant('left' as const), agent: names }),
  fc.record({
    type: fc.constantFrom('linked' as const, 'unlinked' as const),
    relation: fc.constantFrom('change' as const, 'child' as const),
    reference: names,
  }),
  fc.record({ type: fc.constant('updateDrafted' as const), draft: names }),
  fc.record({
    type: fc.constant('taskCreated' as const),
    task: names,
    clock: fc.constantFrom(...TASK_CLOCKS),
  }),
  fc.record({ type: fc.constant('taskDone' as const), task: names }),
  fc.record({ type: fc.constant('marked' as const), mark: fc.constantFrom('aware', 'warned', 'reported') }),
  fc.record({
    type: fc.constant('committed' as const),
    dueAt: instants(96),
    to: fc.constantFrom(...PROMISES),
  }),
  fc.constant<DeskBody>({ type: 'restored' }),
  fc.constant<DeskBody>({ type: 'handoffReturned' }),
);

/** Whatever starts, stands or ends any clock. */
export const anyBodies: fc.Arbitrary<DeskBody> = fc.oneof(
  { weight: 5, arbitrary: bodies },
  { weight: 3, arbitrary: clockBodies },
);

function messages(): fc.Arbitrary<DeskBody> {
  return fc.record({
    type: fc.constant('messageAdded' as const),
    author: fc.constantFrom(...AUTHORS),
    visibility: fc.constantFrom(...VISIBILITIES),
  });
}

function assignments(): fc.Arbitrary<DeskBody> {
  return fc.record({
    type: fc.constant('assigned' as const),
    assignee: fc.constantFrom('agent-1', 'agent-2', null),
    team: fc.constantFrom('mail', 'network', 'database'),
  });
}

/** Instants on a grid of minutes, so that many of them coincide. */
function instants(hours: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: hours * 60 }).map((minutes) => EPOCH + minutes * MINUTE);
}

/** Facts of up to `hours`, in the order of their ids; each id once. */
export function deskDays({
  hours = 72,
  most = 40,
  of = bodies,
}: { hours?: number; most?: number; of?: fc.Arbitrary<DeskBody> } = {}): fc.Arbitrary<Fact[]> {
  return fc.array(fc.tuple(of, instants(hours), fc.boolean()), { maxLength: most }).map((told) =>
    told.map(([body, occurredAt, imported], i) => {
      return { id: `f${i}`, occurredAt, ...body, ...(imported && { imported: true as const }) };
    }),
  );
}

const officeHours = [['09:00', '12:30'] as const, ['13:15', '17:00'] as const];

/** P1 counts round the clock, the others in office hours; first response has its own calendar. */
export function mixedPolicy(changes: Partial<Policy> = {}): DeskPolicy {
  const policy = deskPolicy();
  const { firstResponse, resolution } = policy.clocks;
  const office = (hours: number) => ({ ms: hours * HOUR, calendar: 'office' });
  const always = (hours: number) => ({ ms: hours * HOUR, calendar: 'always' });
  const mixed: Policy = {
    ...policy,
    calendars: {
      office: {
        timezone: 'Europe/Berlin',
        hours: { mon: officeHours, tue: officeHours, wed: officeHours, thu: officeHours, fri: officeHours },
        holidays: ['2026-01-14'],
        exceptions: {},
      },
    },
    clocks: {
      firstResponse: {
        ...firstResponse,
        targets: { P1: always(1), P2: office(2), P3: office(4), P4: office(8) },
      },
      resolution: {
        ...resolution,
        targets: { P1: always(4), P2: office(8), P3: office(12), P4: office(24) },
      },
    },
    ...changes,
  };
  return mixed as DeskPolicy;
}

/** What a ladder can do, and who is told where nobody is there. Its clock runs from hour 0 to hour 10, round the clock. */
import { describe, expect, test } from '@jest/globals';
import { nextDecision } from '../../domain/escalation.ts';
import type { ClockRule, LadderAction, LadderStep, NobodyRule, Policy } from '../../domain/policy.ts';
import { clockIn, DAYTIME } from '../support/desk-clocks.ts';
import { deskPolicy } from '../support/desk-policy.ts';
import { at, hourOf, MS, PaperDesk, type PaperOptions } from '../support/paper-desk.ts';

const HOUR = 3_600_000;

const step = (id: string, percent: number, more: Partial<LadderStep> = {}): LadderStep => ({
  id,
  percent,
  offsetMs: 0,
  actions: [{ notify: 'lead' }],
  ...more,
});

function policyOf(
  ladder: readonly LadderStep[],
  more: Partial<Policy> = {},
  clocks: Record<string, ClockRule> = {},
) {
  return deskPolicy({
    clocks: { resolution: clockIn(10, { ladder, pausedBy: ['vendor'] }), ...clocks },
    ...more,
  });
}

const deskWith = (ladder: readonly LadderStep[], more: Partial<Policy> = {}, options: PaperOptions = {}) =>
  new PaperDesk({ policy: policyOf(ladder, more), ...options });

/** What every step came to, in order: `breach 10`, `breach~1 skipped acknowledged 11`, with the hour it was due. */
const stepsOf = ({ ledger }: PaperDesk): string[] =>
  ledger.flatMap((event) => {
    if (event.type === 'stepReached') return [`${event.step} ${Math.floor(hourOf(event.dueAt)! * 2) / 2}`];
    if (event.type !== 'stepSkipped') return [];
    return [`${event.step} skipped ${event.supersededBy} ${Math.floor(hourOf(event.dueAt)! * 2) / 2}`];
  });

/** The engine looks every half hour, and one millisecond after it. */
function watched(desk: PaperDesk, from: number, to: number): PaperDesk {
  for (let hour = from; hour <= to; hour += 0.5) {
    desk.wait(hour);
    desk.wait(hour + MS);
  }
  return desk;
}

const hourly = (times: number) => ({ repeat: { everyMs: HOUR, times } });

describe('a step that repeats', () => {
  test('falls due so many times more, and no more', () => {
    const desk = watched(deskWith([step('breach', 100, hourly(3))]), 9, 20);
    expect(stepsOf(desk)).toEqual(['breach 10', 'breach~1 11', 'breach~2 12', 'breach~3 13']);
    expect(desk.told()).toHaveLength(4);
  });

  test('does what it does each time', () => {
    const desk = watched(
      deskWith([step('breach', 100, { ...hourly(3), actions: [{ handOff: 'next' }] })]),
      9,
      20,
    );
    expect(desk.all('handedOff').map(({ toTier }) => toTier)).toEqual([2, 3]);
  });

  test('stands while the clock stands', () => {
    const desk = watched(deskWith([step('warn', 50, hourly(2))]), 4, 5.5);
    desk.tell(5.5, { type: 'held', reason: 'vendor' });
    watched(desk, 6, 8.5);
    desk.tell(8.5, { type: 'resumed' });
    expect(stepsOf(watched(desk, 8.5, 12))).toEqual(['warn 5', 'warn~1 9', 'warn~2 10']);
  });

  test('ends with its clock', () => {
    const desk = watched(deskWith([step('breach', 100, hourly(3))]), 9, 11);
    desk.ask(11.5, { type: 'resolve' });
    expect(stepsOf(watched(desk, 12, 20))).toEqual(['breach 10', 'breach~1 11']);
  });

  test('is told once where nobody looked for long', () => {
    const desk = deskWith([step('breach', 100, hourly(3))]);
    desk.wait(30);
    expect(stepsOf(desk)).toEqual([
      'breach skipped breach~3 10',
      'breach~1 skipped breach~3 11',
      'breach~2 skipped breach~3 12',
      'breach~3 13',
    ]);
    expect(desk.told()).toEqual(['lead at 1']);
  });
});

describe('an acknowledgement', () => {
  test('stops the repetitions of a step that has fired', () => {
    const desk = watched(deskWith([step('breach', 100, hourly(3))]), 9, 11);
    desk.ask(11.5, { type: 'acknowledge' });
    expect(stepsOf(watched(desk, 12, 20))).toEqual([
      'breach 10',
      'breach~1 11',
      'breach~2 skipped acknowledged 12',
      'breach~3 skipped acknowledged 13',
    ]);
  });

  test('in the millisecond of a step stops its repetitions: the step is settled first', () => {
    const desk = deskWith([step('breach', 100, hourly(1))]);
    desk.ask(10 + MS, { type: 'acknowledge' });
    expect(stepsOf(watched(desk, 11, 12))).toEqual(['breach 10', 'breach~1 skipped acknowledged 11']);
  });

  test('stops no later step, and not the repetitions of one', () => {
    const desk = watched(deskWith([step('warn', 50, hourly(2)), step('breach', 100, hourly(2))]), 4, 5.5);
    desk.ask(5.5, { type: 'acknowledge' });
    expect(stepsOf(watched(desk, 6, 20))).toEqual([
      'warn 5',
      'warn~1 skipped acknowledged 6',
      'warn~2 skipped acknowledged 7',
      'breach 10',
      'breach~1 11',
      'breach~2 12',
    ]);
  });

  test('lapses after a while, and what repeats goes on', () => {
    const desk = watched(deskWith([step('breach', 100, hourly(4))], { ackTimeoutMs: 2 * HOUR }), 9, 10);
    desk.ask(10.5, { type: 'acknowledge' });
    expect(stepsOf(watched(desk, 11, 20))).toEqual([
      'breach 10',
      'breach~1 skipped acknowledged 11',
      'breach~2 skipped acknowledged 12',
      'breach~3 13',
      'breach~4 14',
    ]);
  });

  test('counts no more at the instant it lapses, and may be given again then', () => {
    const desk = watched(deskWith([step('breach', 100, hourly(3))], { ackTimeoutMs: 2 * HOUR }), 9, 11);
    desk.ask(11, { type: 'acknowledge' });
    expect(desk.ask(12.5, { type: 'acknowledge' })).toBe('already_acknowledged');
    desk.wait(13);
    expect(stepsOf(desk).toSorted()).toEqual([
      'breach 10',
      'breach~1 11',
      'breach~2 skipped acknowledged 12',
      'breach~3 13',
    ]);
    expect(desk.ask(13, { type: 'acknowledge' })).toBeNull();
  });

  test('is of one tier: a handoff ends it', () => {
    const desk = watched(deskWith([step('breach', 100, hourly(2))]), 9, 10);
    desk.ask(10.2, { type: 'acknowledge' });
    desk.handOn(10.5, 2);
    expect(stepsOf(watched(desk, 11, 20))).toEqual(['breach 10', 'breach~1 11', 'breach~2 12']);
  });

  test('is never an answer: nothing is met by it, and the breach still falls', () => {
    const desk = deskWith([step('breach', 100)]);
    desk.ask(1, { type: 'acknowledge' });
    desk.wait(11);
    expect(desk.verdicts()).toEqual(['resolution/1 breached 10']);
  });

  test('given while a step waits for the tier to open does not stop what it repeats', () => {
    const tiers = [{ tier: 1, name: 'Desk', calendar: 'office' }];
    const ladder = [step('warn', 50, { ...hourly(5), ifNobody: 'wait' })];
    const desk = deskWith(ladder, { tiers, calendars: DAYTIME });
    desk.wait(5.5);
    desk.ask(6, { type: 'acknowledge' });
    // Due at 5, with repetitions at 6 to 10; it fires at 9, when the desk opens, and goes on at 10.
    expect(stepsOf(watched(desk, 6.5, 11)).slice(-2)).toEqual(['warn~4 9', 'warn~5 10']);
  });
});

describe('a step on a calendar of its own', () => {
  const own = (offset: number, opened: number) =>
    deskWith(
      [step('own', 100, { offsetMs: offset * HOUR, calendar: 'office' })],
      { calendars: DAYTIME },
      { opened },
    );

  test.each<[fact: string, offset: number, opened: number, due: number]>([
    ['after the deadline, within its hours', 2, 0, 12],
    ['after the deadline, over the night', 2, 6, 24 + 10],
    ['after the deadline, from its opening on', 2, 14, 24 + 11],
    ['before the deadline, within its hours', -2, 2, 10],
    ['before the deadline, from its closing back', -2, 9, 15],
  ])('is due %s', (_fact, offset, opened, due) => {
    const desk = own(offset, opened);
    const expected = Math.max(opened, due);
    expect(hourOf(nextDecision(desk.ticket)!.at)).toBe(Math.min(expected, opened + 10 + MS));
    desk.wait(200);
    expect(desk.all('stepReached').map(({ dueAt }) => hourOf(dueAt))).toEqual([expected]);
  });

  test.each([
    ['on the day before', -2, 24],
    ['before the hours are known', -40, 0],
  ])('that would be due %s is due when its clock starts', (_when, offset, opened) => {
    const desk = own(offset, opened);
    expect(desk.all('stepReached')).toMatchObject([{ step: 'own', dueAt: at(opened) }]);
  });

  test('goes on by that calendar when it repeats', () => {
    const desk = deskWith(
      [step('late', 100, { ...hourly(2), calendar: 'office' })],
      { calendars: DAYTIME },
      { opened: 6 },
    );
    expect(stepsOf(watched(desk, 15, 40))).toEqual(['late 16', 'late~1 17', 'late~2 34']);
  });

  test('waits as long as the clock stands', () => {
    const desk = own(2, 0);
    desk.wait(10.5);
    desk.tell(11, { type: 'held', reason: 'vendor' });
    desk.tell(13, { type: 'resumed' });
    watched(desk, 13, 16);
    expect(stepsOf(desk)).toEqual(['own 14']);
  });
});

describe('where a step finds nobody', () => {
  const tiers = [{ tier: 1, name: 'Desk', calendar: 'office' }];
  const notified = (ifNobody: NobodyRule | undefined, action: LadderAction, more: Partial<Policy> = {}) =>
    deskWith([step('warn', 50, { actions: [action], ...(ifNobody && { ifNobody }) })], more);
  const night = { tiers, calendars: DAYTIME };

  test.each<
    [fact: string, rule: NobodyRule | undefined, action: LadderAction, more: Partial<Policy>, told: string[]]
  >([
    ['the next audience is told', undefined, { notify: 'assignee' }, {}, ['team']],
    ['the next audience is told where the policy says so', 'next', { notify: 'assignee' }, {}, ['team']],
    ['the manager is, at night', 'next', { notify: 'team' }, night, ['manager']],
    ['nobody is told', 'skip', { notify: 'assignee' }, {}, []],
    ['nobody is told at night', 'skip', { notify: 'lead' }, night, []],
    ['the manager always is there', 'skip', { notify: 'manager' }, night, ['manager']],
    ['a page goes to the next one too', 'next', { page: 'lead' }, night, ['manager']],
    ['nobody is paged', 'skip', { page: 'lead' }, night, []],
  ])('%s (%s)', (_fact, rule, action, more, told) => {
    const desk = notified(rule, action, more);
    desk.wait(5);
    expect(desk.all('notificationRequested').map(({ audience }) => audience)).toEqual(told);
    const wanted = 'notify' in action ? action.notify : 'page' in action ? action.page : '';
    const isMissing = told[0] !== wanted;
    expect(desk.all('stepReached')[0]!.nobody).toEqual(isMissing ? [wanted] : undefined);
  });

  test('it waits for the tier to open', () => {
    const desk = notified('wait', { notify: 'lead' }, night);
    desk.wait(8.5);
    expect(stepsOf(desk)).toEqual([]);
    expect(hourOf(nextDecision(desk.ticket)!.at)).toBe(9);
    desk.wait(9);
    expect(stepsOf(desk)).toEqual(['warn 9']);
    expect(desk.told()).toEqual(['lead at 1']);
  });

  test('it does not wait for what is done to nobody', () => {
    const desk = notified(
      'wait',
      { handOff: 'next' },
      { ...night, tiers: [...tiers, { tier: 2, name: 'Night' }] },
    );
    desk.wait(5);
    expect(desk.ticket.situation.tier).toBe(2);
  });

  test('an open tier without an assignee does not keep it waiting', () => {
    const desk = notified('wait', { notify: 'assignee' });
    desk.wait(5);
    expect(desk.told()).toEqual(['team at 1']);
  });

  test('a tier that is open tells its own lead', () => {
    const desk = new PaperDesk({ policy: policyOf([step('warn', 50)], night), opened: 9 });
    desk.wait(14);
    expect(desk.told()).toEqual(['lead at 1']);
  });
});

describe('a page', () => {
  test('says that it must wake somebody', () => {
    const desk = deskWith([step('breach', 100, { actions: [{ page: 'lead' }, { notify: 'manager' }] })]);
    desk.wait(11);
    expect(desk.all('notificationRequested').map(({ audience, page }) => [audience, page])).toEqual([
      ['lead', true],
      ['manager', undefined],
    ]);
  });

  test('and a notice to one audience are one page', () => {
    const desk = deskWith([step('breach', 100, { actions: [{ notify: 'lead' }, { page: 'lead' }] })]);
    desk.wait(11);
    expect(desk.all('notificationRequested')).toMatchObject([{ audience: 'lead', page: true }]);
  });
});

describe('a step that raises the priority', () => {
  const { clocks } = deskPolicy();
  /** Resolution in 4, 8, 16 or 32 hours, by priority. */
  const raising = (to: 'next' | 'P1' | 'P3', options: PaperOptions = {}) => {
    const ladder = [step('half', 50, { actions: [{ raisePriority: to }] })];
    return new PaperDesk({
      policy: deskPolicy({ clocks: { resolution: { ...clocks.resolution, ladder } } }),
      ...options,
    });
  };

  test('promises the earlier of the old deadline and what is promised from then on', () => {
    const desk = raising('P1');
    desk.wait(8);
    expect(desk.ticket.situation.priority).toBe('P1');
    expect(desk.deadline('resolution')).toBe(12);
  });

  test('by one step raises it by one', () => {
    const desk = raising('next', { priority: 'P4' });
    desk.wait(16);
    expect(desk.all('priorityRaised')).toMatchObject([{ priority: 'P3', automatic: true, step: 'half' }]);
  });

  test.each([
    ['to the next from the highest', 'next', 'P1'],
    ['to one it has', 'P3', 'P3'],
    ['to a lower one', 'P3', 'P2'],
  ] as const)('does nothing %s', (_fact, to, priority) => {
    const desk = raising(to, { priority });
    desk.wait(8);
    expect(desk.all('stepReached')).not.toEqual([]);
    expect(desk.all('priorityRaised')).toEqual([]);
  });
});

describe('other actions', () => {
  const acting = (actions: readonly LadderAction[], options: PaperOptions = {}) => {
    const policy = policyOf([step('breach', 100, { actions })], {}, { reviewTask: clockIn(48) });
    const desk = new PaperDesk({ policy, ...options });
    desk.wait(11);
    return desk;
  };

  test('open a task of the review, and its clock with it', () => {
    const desk = acting([{ openReviewTask: 'Why so late?' }]);
    expect(desk.all('reviewTaskOpened')).toMatchObject([
      { title: 'Why so late?', task: 'resolution/1/breach/0' },
    ]);
    expect(desk.clock('reviewTask')).toMatchObject({ subject: 'resolution/1/breach/0', startedAt: at(11) });
    expect(desk.deadline('reviewTask')).toBe(59);
  });

  test('open each task of several', () => {
    const desk = acting([{ openReviewTask: 'Why?' }, { openReviewTask: 'How?' }]);
    expect(desk.all('reviewTaskOpened').map(({ title }) => title)).toEqual(['Why?', 'How?']);
    desk.tell(12, { type: 'taskDone', task: 'resolution/1/breach/1' });
    expect(desk.clock('reviewTask', 1)!.metAt).toBeNull();
    expect(desk.clock('reviewTask', 2)!.metAt).toBe(at(12));
  });

  test('tell an endpoint, each once', () => {
    const desk = acting([{ webhook: 'status-page' }, { webhook: 'chat' }, { webhook: 'chat' }]);
    expect(desk.all('webhookRequested').map(({ endpoint }) => endpoint)).toEqual(['status-page', 'chat']);
  });

  test('are left out while only looking on', () => {
    const desk = acting(
      [
        { openReviewTask: 'Why?' },
        { webhook: 'chat' },
        { page: 'lead' },
        { raisePriority: 'next' },
        { handOff: 'next' },
      ],
      { mode: 'observe' },
    );
    expect(desk.ledger.map(({ type }) => type)).toEqual(['opened', 'breached', 'stepReached']);
  });
});

describe('steps that are overdue together', () => {
  const ladder = [
    step('warn', 50, {
      actions: [{ notify: 'assignee' }, { raisePriority: 'next' }, { openReviewTask: 'Early?' }],
    }),
    step('breach', 100, { actions: [{ notify: 'lead' }, { handOff: 'next' }, { webhook: 'chat' }] }),
    step('late', 100, { offsetMs: HOUR, actions: [{ notify: 'manager' }, { openReviewTask: 'Late?' }] }),
  ];
  const desk = new PaperDesk({ policy: policyOf(ladder, {}, { reviewTask: clockIn(48) }) });
  desk.wait(20);

  test('tell only what the highest tells', () => {
    expect(desk.told()).toEqual(['manager at 2']);
    expect(desk.all('webhookRequested')).toEqual([]);
  });

  test('do once what lasts', () => {
    expect(desk.all('priorityRaised').map(({ priority }) => priority)).toEqual(['P2']);
    expect(desk.all('handedOff').map(({ toTier }) => toTier)).toEqual([2]);
    expect(desk.all('reviewTaskOpened').map(({ title }) => title)).toEqual(['Early?', 'Late?']);
  });

  test('do it no second time', () => {
    const events = desk.ledger.length;
    desk.wait(21);
    expect(desk.ledger).toHaveLength(events);
  });
});

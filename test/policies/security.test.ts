/** What a policy's block about security is read as: its defaults, and its obligations beside those that ship. */
import { describe, expect, test } from '@jest/globals';
import { parsePolicy, policyHash } from '../../api/schemas/policy.ts';
import { SEC_CALENDAR, SHIPPED_OBLIGATIONS } from '../../domain/obligations.ts';

const HOUR = 3_600_000;

/** The least of a policy. */
const PLAIN = {
  name: 'gold',
  precedence: 1,
  priorityMatrix: Object.fromEntries(
    ['high', 'medium', 'low'].map((impact) => [impact, { high: 'P1', medium: 'P2', low: 'P3' }]),
  ),
  tiers: [{ tier: 1, name: 'Desk' }],
  clocks: { resolution: { calendar: 'always', targets: { P1: '4h' } } },
};

function read(security: object, more: Record<string, unknown> = {}) {
  const result = parsePolicy({ ...PLAIN, security, ...more });
  if ('issues' in result) throw new Error(JSON.stringify(result.issues));
  return result.policy;
}

const obligationsOf = (obligations: object[], more?: Record<string, unknown>) =>
  read({ obligations }, more).security!.obligations;
const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);

const OWN = {
  id: 'bank-first',
  regime: 'bank',
  title: 'Tell the supervisor',
  citation: 'Circular 12',
  anchor: { fact: 'major' },
  target: '4h',
};

const calendars = {
  [SEC_CALENDAR]: { timezone: 'America/New_York', hours: { mon: [['09:00', '17:00']] } },
};

describe('a policy that speaks of security', () => {
  test('has the label of a careful house, and nothing that is an incident by itself, unless it says so', () => {
    expect(read({}).security).toMatchObject({ tlp: 'TLP:AMBER+STRICT', types: [], regimes: [], named: [] });
  });

  test('has the shipped obligations, the American one only where it can be counted', () => {
    const countable = SHIPPED_OBLIGATIONS.filter(({ regime }) => regime !== 'sec');
    expect(obligationsOf([])).toEqual(countable);
    expect(ids(obligationsOf([], { calendars }))).toEqual(ids(SHIPPED_OBLIGATIONS));
  });

  test('adds obligations of its own, round the clock unless it names a calendar', () => {
    const own = obligationsOf([
      { ...OWN, notLaterThan: { fact: 'aware', after: '24h' } },
      { ...OWN, id: 'bank-next', anchor: { reportOf: 'bank-first' }, target: '1 month', isRepeated: true },
    ]).filter(({ regime }) => regime === 'bank');
    expect(own).toEqual([
      {
        ...OWN,
        target: { ms: 4 * HOUR, calendar: 'always' },
        notLaterThan: { fact: 'aware', ms: 24 * HOUR },
      },
      {
        ...OWN,
        id: 'bank-next',
        anchor: { reportOf: 'bank-first' },
        target: { ms: 0, calendar: 'always', period: { unit: 'months', count: 1 } },
        isRepeated: true,
      },
    ]);
  });

  test('replaces a shipped obligation by one of the same id', () => {
    const stricter = { ...OWN, id: 'gdpr-authority', regime: 'gdpr', target: '48h' };
    const found = obligationsOf([stricter]).filter(({ regime }) => regime === 'gdpr');
    expect(found).toMatchObject([{ title: 'Tell the supervisor', target: { ms: 48 * HOUR } }]);
  });

  test('is another version with another obligation', () => {
    expect(policyHash(read({ obligations: [OWN] }))).not.toBe(policyHash(read({})));
    expect(policyHash(read({ obligations: [OWN] }))).toBe(policyHash(read({ obligations: [OWN] })));
  });
});

/** Hours that run short are expanded further ahead by the calendars that the ticket knows. */
import { expect, test } from '@jest/globals';
import { createRules } from '../../activities/rules.ts';
import { calendarVersion, type Calendar } from '../../domain/calendar.ts';
import { resolveRules } from '../../domain/rules.ts';
import { deskPolicy } from '../support/desk-policy.ts';

const calendar = (from: string, to: string): Calendar => ({
  timezone: 'UTC',
  hours: { mon: [[from, to]] },
  holidays: [],
  exceptions: {},
});
const older = calendar('09:00', '17:00');
const newer = calendar('08:00', '18:00');
const when = { openedAt: Date.parse('2026-01-12T10:00Z'), now: Date.parse('2026-04-01T10:00Z') };

const rules = createRules({
  policies: {
    version: async (name, version) => deskPolicy({ name, version, calendars: { office: newer } }),
    current: async () => [],
  },
  calendars: {
    byHash: async (name, hash) => (name === 'office' && hash === calendarVersion(older) ? older : null),
  },
});
const load = (calendars?: Record<string, string>) =>
  rules.loadLongerHours({ policy: 'desk', version: 1, ...when, ...(calendars && { calendars }) });
const expanded = (one: Calendar) => resolveRules(deskPolicy({ calendars: { office: one } }), when).hours;

test('a calendar that has a newer version is expanded as the ticket knows it', async () => {
  expect(await load({ always: 'always', office: calendarVersion(older) })).toEqual(expanded(older));
});

test('the version in force is taken where the ticket has it, does not say, or has one that was never stored', async () => {
  expect(await load({ office: calendarVersion(newer) })).toEqual(expanded(newer));
  expect(await load()).toEqual(expanded(newer));
  expect(await load({ office: 'of-a-file' })).toEqual(expanded(newer));
});

/** Routes of stored calendars: their versions, and publishing a new one. */
import { calendarVersion, droppedWindows, type Calendar } from '../domain/calendar.ts';
import type { Policy } from '../domain/policy.ts';
import type { OpenTicket } from '../prisma/rule-changes.ts';
import type { ApiDeps } from './deps.ts';
import { defineRoute, type Route } from './route.ts';
import { foreseeChange, startChange, withWarnings, type Candidate } from './rule-publishing.ts';
import {
  calendarParams,
  calendarVersionPage,
  calendarVersionView,
  publishCalendarBody,
} from './schemas/policies.ts';
import { dryRunQuery, forecastView, ruleChangeView } from './schemas/rule-changes.ts';
import { CALENDAR_EXAMPLE } from './schemas/rule-examples.ts';
import { findInForce, versionRoutes } from './version-routes.ts';

/** A ticket's own policy, with this calendar in it. */
function policyWith({ policyStore }: ApiDeps, name: string, calendar: Calendar) {
  const known = new Map<string, Promise<Policy>>();
  const load = async (policy: string, version: number): Promise<Policy> => {
    const found = await policyStore.version(policy, version);
    return { ...found, calendars: { ...found.calendars, [name]: calendar } };
  };
  return ({ policy, policyVersion }: OpenTicket): Promise<Policy> => {
    const key = `${policy}@${policyVersion}`;
    const found = known.get(key) ?? load(policy, policyVersion);
    known.set(key, found);
    return found;
  };
}

async function candidateOf(deps: ApiDeps, name: string, calendar: Calendar): Promise<Candidate> {
  const hash = calendarVersion(calendar);
  return {
    kind: 'calendar',
    name,
    version: { hash, body: calendar },
    inForce: await deps.calendars.get(name),
    target: { kind: 'calendar', name, hash },
    policyOf: policyWith(deps, name, calendar),
    warnings: calendarWarnings(calendar),
  };
}

/** The version in force as a candidate for the tickets that it has left behind; a 404 problem where there is none. */
export async function calendarInForce(deps: ApiDeps, name: string): Promise<Candidate> {
  const kind = 'calendar';
  const inForce = await findInForce(deps.calendars, { kind, name, absent: 'calendar_not_found' });
  const candidate = await candidateOf(deps, name, inForce.document as Calendar);
  return { ...candidate, version: null };
}

/** Saving a calendar warns of windows that a clock change drops in the years to come (docs/rules.md §3). */
const calendarWarnings = (calendar: Calendar) =>
  droppedWindows(calendar, Date.now()).map(({ pointer, ...rest }) => ({
    ...rest,
    pointer: `/calendar${pointer}`,
  }));

export function storedCalendarRoutes(deps: ApiDeps): Route[] {
  return [
    ...versionRoutes({
      kind: 'calendar',
      words: { one: 'Calendar', many: 'Calendars' },
      versions: () => deps.calendars,
      view: calendarVersionView,
      pageView: calendarVersionPage,
      absent: 'calendar_not_found',
    }),
    defineRoute({
      method: 'post',
      path: '/v1/calendars/{name}/versions',
      operationId: 'publishCalendar',
      operation: 'rule.change',
      tag: 'calendars',
      summary: 'Publish a version of a calendar',
      description:
        'Policies refer to it by name. New tickets count on it from `effectiveFrom` on, and a change of rules brings ' +
        'it to the open ones, whatever version of their policy they have.',
      params: calendarParams,
      query: dryRunQuery,
      body: publishCalendarBody,
      example: { calendar: CALENDAR_EXAMPLE, reason: 'Closed on Christmas Day' },
      answers: {
        200: {
          description:
            'With `dryRun`: what would become of the open tickets. Else: the version in force says the same',
          schema: forecastView.or(calendarVersionView),
        },
        202: {
          description: 'Stored; it is brought to the open tickets, now, at its time or when it is approved',
          schema: ruleChangeView,
          headers: { Location: 'Where the change is' },
        },
      },
      problems: ['change_in_progress', 'idempotency_key_reused'],
      async handle({ params: { name }, query, body, actor, sight, idempotencyKey }) {
        const candidate = await candidateOf(deps, name, body.calendar);
        const asking = { actor, sight, path: `/v1/calendars/${name}/versions`, idempotencyKey, body };
        const publish = query.dryRun ? foreseeChange : startChange;
        return withWarnings(await publish(deps, candidate, asking), candidate.warnings);
      },
    }),
  ];
}

/** Routes of teams. */
import type { TeamRecord } from '../prisma/people.ts';
import type { z } from 'zod';
import type { ApiDeps } from './deps.ts';
import { checkReferences, pageByName, pathTo, PUT_ANSWERS, putReply } from './directory.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { putTeamBody, teamPage, teamParams, teamQuery, teamView } from './schemas/people.ts';
import { PUT_TEAM_EXAMPLE } from './schemas/people-examples.ts';

const viewOf = ({ updatedAt, ...team }: TeamRecord): z.input<typeof teamView> => ({
  ...team,
  updatedAt: updatedAt.toISOString(),
  links: { self: pathTo('teams', team.name), agents: `/v1/agents?team=${encodeURIComponent(team.name)}` },
});

async function findTeam({ people }: ApiDeps, name: string): Promise<TeamRecord> {
  const team = await people.team(name);
  if (team) return team;
  throw new Problem('team_not_found', `There is no team ${name}`);
}

export function teamRoutes(deps: ApiDeps): Route[] {
  const shared = { tag: 'people', params: teamParams } as const;
  const path = '/v1/teams/{team}';
  return [
    defineRoute({
      method: 'get',
      path: '/v1/teams',
      operationId: 'listTeams',
      operation: 'people.read',
      tag: 'people',
      summary: 'Teams, by name',
      query: teamQuery,
      answers: { 200: { description: 'One page', schema: teamPage } },
      problems: ['cursor_invalid'],
      handle: ({ query: { limit, cursor, ...filters } }) =>
        pageByName({ limit, cursor, filters }, (page) => deps.people.teams(filters, page), {
          nameOf: ({ name }) => name,
          view: viewOf,
        }),
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path,
      operationId: 'getTeam',
      operation: 'people.read',
      summary: 'A team',
      answers: { 200: { description: 'The team', schema: teamView } },
      problems: ['team_not_found'],
      handle: async ({ params }) => ({ body: viewOf(await findTeam(deps, params.team)) }),
    }),
    defineRoute({
      ...shared,
      method: 'put',
      path,
      operationId: 'putTeam',
      operation: 'people.change',
      summary: 'Say what a team is',
      description:
        'Makes it, changes it, or puts it into service again. The same body twice is the same as once. Lead and ' +
        'manager are agents, so that a new team gets its own lead after the lead was put into it.',
      body: putTeamBody,
      example: PUT_TEAM_EXAMPLE,
      answers: {
        200: { description: PUT_ANSWERS.stored, schema: teamView, headers: PUT_ANSWERS.headers },
        201: { description: PUT_ANSWERS.created, schema: teamView, headers: PUT_ANSWERS.headers },
      },
      problems: [],
      async handle({ params: { team: name }, body }) {
        await checkReferences(deps, [
          { pointer: '/calendar', kind: 'calendar', name: body.calendar },
          { pointer: '/lead', kind: 'agent', name: body.lead },
          { pointer: '/manager', kind: 'agent', name: body.manager },
        ]);
        const stored = await deps.people.putTeam({ name, ...body });
        return putReply(stored, viewOf(await findTeam(deps, name)));
      },
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      path,
      operationId: 'deactivateTeam',
      operation: 'people.change',
      summary: 'Take a team out of service',
      description:
        'What it did stays readable. A PUT puts it into service again. Doing it twice is the same as once.',
      answers: { 200: { description: 'Out of service', schema: teamView } },
      problems: ['team_not_found', 'team_occupied'],
      async handle({ params: { team: name } }) {
        if ((await deps.people.deactivateTeam(name)) === 'occupied')
          throw new Problem(
            'team_occupied',
            `Active agents are in team ${name}; put them into another first`,
          );
        return { body: viewOf(await findTeam(deps, name)) };
      },
    }),
  ];
}

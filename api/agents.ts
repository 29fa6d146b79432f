/** Routes of agents. */
import type { z } from 'zod';
import type { Actor } from '../domain/events.ts';
import type { AgentRecord } from '../prisma/people.ts';
import type { ApiDeps } from './deps.ts';
import {
  checkReferences,
  pageByName,
  pathTo,
  PUT_ANSWERS,
  putReply,
  shownContact,
  unknownReference,
} from './directory.ts';
import { invalid } from './input.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import { agentPage, agentParams, agentQuery, agentView, putAgentBody } from './schemas/people.ts';
import { PUT_AGENT_EXAMPLE } from './schemas/people-examples.ts';

const viewFor =
  (actor: Actor) =>
  ({ contact, absentUntil, updatedAt, skills, ...agent }: AgentRecord): z.input<typeof agentView> => ({
    ...agent,
    skills: [...skills],
    ...shownContact(actor, contact),
    absentUntil: absentUntil === null ? null : new Date(absentUntil).toISOString(),
    updatedAt: updatedAt.toISOString(),
    links: { self: pathTo('agents', agent.id), team: pathTo('teams', agent.team) },
  });

async function findAgent({ people }: ApiDeps, id: string): Promise<AgentRecord> {
  const agent = await people.agent(id);
  if (agent) return agent;
  throw new Problem('agent_not_found', `There is no agent ${id}`);
}

/** The team that the agent is put into; one who has left may stay in a team that is out of service. */
async function checkTeam({ people }: ApiDeps, name: string, active: boolean) {
  const team = await people.team(name);
  if (team && (team.active || !active)) return team;
  throw invalid([unknownReference({ pointer: '/team', kind: 'team', name }, name)]);
}

export function agentRoutes(deps: ApiDeps): Route[] {
  const shared = { tag: 'people', params: agentParams } as const;
  const path = '/v1/agents/{agent}';
  return [
    defineRoute({
      method: 'get',
      path: '/v1/agents',
      operationId: 'listAgents',
      operation: 'people.read',
      tag: 'people',
      summary: 'Agents, by id',
      query: agentQuery,
      answers: { 200: { description: 'One page', schema: agentPage } },
      problems: ['cursor_invalid'],
      handle: ({ query: { limit, cursor, ...filters }, actor }) =>
        pageByName({ limit, cursor, filters }, (page) => deps.people.agents(filters, page), {
          nameOf: ({ id }) => id,
          view: viewFor(actor),
        }),
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path,
      operationId: 'getAgent',
      operation: 'people.read',
      summary: 'An agent',
      answers: { 200: { description: 'The agent', schema: agentView } },
      problems: ['agent_not_found'],
      handle: async ({ params, actor }) => ({ body: viewFor(actor)(await findAgent(deps, params.agent)) }),
    }),
    defineRoute({
      ...shared,
      method: 'put',
      path,
      operationId: 'putAgent',
      operation: 'people.change',
      summary: 'Say who an agent is',
      description:
        'Makes it or changes it; `active: false` for somebody who has left. The same body twice is the same as once. ' +
        'The id is the word by which tickets name an assignee.',
      body: putAgentBody,
      example: PUT_AGENT_EXAMPLE,
      answers: {
        200: { description: PUT_ANSWERS.stored, schema: agentView, headers: PUT_ANSWERS.headers },
        201: { description: PUT_ANSWERS.created, schema: agentView, headers: PUT_ANSWERS.headers },
      },
      problems: [],
      async handle({ params: { agent: id }, body, actor }) {
        const team = await checkTeam(deps, body.team, body.active);
        await checkReferences(deps, [{ pointer: '/calendar', kind: 'calendar', name: body.calendar }]);
        const stored = await deps.people.putAgent({ id, ...body, tier: body.tier ?? team.tier });
        // Taken out of service since it was looked at.
        if (stored === 'noTeam')
          throw invalid([unknownReference({ pointer: '/team', kind: 'team', name: body.team }, body.team)]);
        return putReply(stored, viewFor(actor)(await findAgent(deps, id)));
      },
    }),
  ];
}

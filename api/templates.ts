/** Routes of customer updates: how they are worded, and what became of those that were sent. */
import type { Sight } from '../domain/visibility.ts';
import type { z } from 'zod';
import { readerOf, templateValues, type Requester } from '../domain/customer-update.ts';
import { renderTemplate } from '../domain/template.ts';
import { rebuild } from '../domain/ticket.ts';
import type { DeliveryRecord } from '../prisma/deliveries.ts';
import type { TemplateRecord } from '../prisma/templates.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { ApiDeps } from './deps.ts';
import { pageByName, pathTo, putReply, PUT_ANSWERS } from './directory.ts';
import { findTicket } from './lookup.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import {
  deliveryMark,
  deliveryPage,
  deliveryQuery,
  previewBody,
  putTemplateBody,
  renderedView,
  templatePage,
  templateParams,
  templateQuery,
  templateVersionQuery,
  templateView,
  type deliveryView,
} from './schemas/templates.ts';
import { ticketParams } from './schemas/tickets.ts';
import { PREVIEW_EXAMPLE, PUT_TEMPLATE_EXAMPLE } from './schemas/update-examples.ts';

const viewOf = ({ name, body, createdAt, ...row }: TemplateRecord): z.input<typeof templateView> => ({
  name,
  ...row,
  language: body.language ?? 'en',
  subject: body.subject,
  text: body.text,
  languages: { ...body.languages },
  createdAt: createdAt.toISOString(),
  links: { self: pathTo('templates', name) },
});

async function findTemplate({ templates }: ApiDeps, name: string, version?: number): Promise<TemplateRecord> {
  const found = await templates.get(name, version);
  if (found) return found;
  const what = version === undefined ? `template ${name}` : `version ${version} of template ${name}`;
  throw new Problem('template_not_found', `There is no ${what}`);
}

const isoOrNull = (at: Date | null): string | null => at && at.toISOString();

const deliveryViewOf = (row: DeliveryRecord): z.input<typeof deliveryView> => ({
  id: row.eventId,
  purpose: row.purpose,
  channel: row.channel,
  recipient: row.recipient,
  state: row.state as z.input<typeof deliveryView>['state'],
  attempts: row.attempts,
  lastError: row.lastError,
  mayHaveArrivedTwice: row.uncertain,
  createdAt: row.createdAt.toISOString(),
  nextAttemptAt: row.state === 'pending' ? isoOrNull(row.nextAttemptAt) : null,
  deliveredAt: isoOrNull(row.deliveredAt),
});

/** As `updates` of a policy and `sendUpdate` of a ladder would word it now, for its customer. */
async function preview(
  deps: ApiDeps,
  name: string,
  { sight, ...asked }: z.output<typeof previewBody> & { sight: Sight },
): Promise<z.input<typeof renderedView>> {
  // One after the other, so that where both are missing the answer is always the same.
  const template = await findTemplate(deps, name);
  const ticket = await findTicket(deps, asked.ticketId, sight);
  const [events, openings, customer] = await Promise.all([
    deps.ledger.events(ticket.id),
    deps.tickets.openingTexts([ticket.id]),
    ticket.customer === null ? null : deps.reference.customer(ticket.customer),
  ]);
  const opening = (openings.get(ticket.id)?.body ?? {}) as { subject?: string; requester?: Requester };
  const known = readerOf(opening.requester ?? {}, customer);
  const reader = { language: asked.language ?? known.language, timezone: asked.timezone ?? known.timezone };
  const at = (deps.now ?? Date.now)();
  const values = templateValues(rebuild(ticket.id, events), {
    subject: opening.subject,
    author: 'agent',
    at,
  });
  return {
    template: name,
    version: template.version,
    ...reader,
    ...renderTemplate(template.body, values, reader),
  };
}

function writingRoutes(deps: ApiDeps): Route[] {
  const shared = { tag: 'customer updates', params: templateParams } as const;
  return [
    defineRoute({
      ...shared,
      method: 'put',
      path: '/v1/templates/{name}',
      operationId: 'putTemplate',
      operation: 'rule.change',
      summary: 'Say how a customer update is worded',
      description:
        'Stores the next version, which is used from then on; where nothing differs there is no new one. Versions are ' +
        'kept for good. Policies and ladders name templates.',
      body: putTemplateBody,
      example: PUT_TEMPLATE_EXAMPLE,
      answers: {
        200: { description: 'The version in use now', schema: templateView, headers: PUT_ANSWERS.headers },
        201: { description: PUT_ANSWERS.created, schema: templateView, headers: PUT_ANSWERS.headers },
      },
      problems: [],
      async handle({ params: { name }, body, actor }) {
        const { version, stored } = await deps.templates.put(name, body, actor);
        const view = viewOf(await findTemplate(deps, name, version));
        return putReply({ created: stored && version === 1 }, view);
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: '/v1/templates/{name}/preview',
      operationId: 'previewTemplate',
      operation: 'rule.read',
      summary: 'How a template reads for a ticket now; nothing is sent',
      body: previewBody,
      example: PREVIEW_EXAMPLE,
      answers: { 200: { description: 'The words', schema: renderedView } },
      problems: ['template_not_found', 'ticket_not_found', 'ticket_not_opened_yet'],
      handle: async ({ params: { name }, body, sight }) => ({
        body: await preview(deps, name, { ...body, sight }),
      }),
    }),
  ];
}

/** Templates: their versions, and how they read. */
export function templateRoutes(deps: ApiDeps): Route[] {
  const shared = { method: 'get', operation: 'rule.read', tag: 'customer updates' } as const;
  return [
    defineRoute({
      ...shared,
      path: '/v1/templates',
      operationId: 'listTemplates',
      summary: 'Templates of customer updates, by name',
      query: templateQuery,
      answers: { 200: { description: 'One page', schema: templatePage } },
      problems: ['cursor_invalid'],
      handle: ({ query }) =>
        pageByName(
          { ...query, cursor: query.cursor, filters: 'templates' },
          (page) => deps.templates.list(page),
          { nameOf: ({ name }) => name, view: viewOf },
        ),
    }),
    defineRoute({
      ...shared,
      path: '/v1/templates/{name}',
      operationId: 'getTemplate',
      summary: 'A template, in the version in use or in another',
      params: templateParams,
      query: templateVersionQuery,
      answers: { 200: { description: 'The template', schema: templateView } },
      problems: ['template_not_found'],
      handle: async ({ params: { name }, query: { version } }) => ({
        body: viewOf(await findTemplate(deps, name, version)),
      }),
    }),
    ...writingRoutes(deps),
  ];
}

/** What was sent for a ticket. */
export function deliveryRoutes(deps: ApiDeps): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/tickets/{ticketId}/deliveries',
      operationId: 'listDeliveries',
      operation: 'ticket.read',
      tag: 'customer updates',
      summary: 'Everything that was sent for a ticket, or waits to be, in order',
      description:
        'Updates for its customer, notifications and messages to endpoints, each with how that went.',
      params: ticketParams,
      query: deliveryQuery,
      answers: { 200: { description: 'One page', schema: deliveryPage } },
      problems: ['ticket_not_found', 'ticket_not_opened_yet', 'cursor_invalid'],
      async handle({ params, query: { limit, cursor }, sight }) {
        const { id } = await findTicket(deps, params.ticketId, sight);
        const filters = { deliveries: id };
        const after = BigInt(decodeCursor(cursor, { filters, mark: deliveryMark }) ?? '0');
        const found = await deps.deliveries.list(id, { after, limit: limit + 1 });
        const { rows, page } = pageOf(found, { limit, filters, markOf: ({ position }) => String(position) });
        return { body: { data: rows.map(deliveryViewOf), page } };
      },
    }),
  ];
}

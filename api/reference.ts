/** Routes of reference data: the customers and services that tickets name. */
import type { z } from 'zod';
import type { Actor } from '../domain/events.ts';
import type { CustomerRecord, ServiceRecord } from '../prisma/reference.ts';
import type { ApiDeps } from './deps.ts';
import { checkReferences, pageByName, pathTo, PUT_ANSWERS, putReply, shownContact } from './directory.ts';
import { Problem } from './problem.ts';
import { defineRoute, type Route } from './route.ts';
import {
  customerPage,
  customerParams,
  customerView,
  putCustomerBody,
  putServiceBody,
  referenceQuery,
  servicePage,
  serviceParams,
  serviceView,
} from './schemas/reference.ts';
import { PUT_CUSTOMER_EXAMPLE, PUT_SERVICE_EXAMPLE } from './schemas/people-examples.ts';

const customerViewFor =
  (actor: Actor) =>
  ({ contact, updatedAt, ...customer }: CustomerRecord): z.input<typeof customerView> => ({
    ...customer,
    ...shownContact(actor, contact),
    updatedAt: updatedAt.toISOString(),
    links: { self: pathTo('customers', customer.name) },
  });

const serviceViewOf = ({ updatedAt, ...service }: ServiceRecord): z.input<typeof serviceView> => ({
  ...service,
  updatedAt: updatedAt.toISOString(),
  links: { self: pathTo('services', service.name) },
});

async function findCustomer({ reference }: ApiDeps, name: string): Promise<CustomerRecord> {
  const customer = await reference.customer(name);
  if (customer) return customer;
  throw new Problem('customer_not_found', `Nothing is kept of a customer ${name}`);
}

async function findService({ reference }: ApiDeps, name: string): Promise<ServiceRecord> {
  const service = await reference.service(name);
  if (service) return service;
  throw new Problem('service_not_found', `Nothing is kept of a service ${name}`);
}

const nameOf = ({ name }: { name: string }): string => name;

function customerRoutes(deps: ApiDeps): Route[] {
  const shared = { tag: 'reference', params: customerParams, path: '/v1/customers/{name}' } as const;
  return [
    defineRoute({
      method: 'get',
      path: '/v1/customers',
      operationId: 'listCustomers',
      operation: 'people.read',
      tag: 'reference',
      summary: 'Customers, by name',
      query: referenceQuery,
      answers: { 200: { description: 'One page', schema: customerPage } },
      problems: ['cursor_invalid'],
      handle: ({ query, actor }) =>
        pageByName(
          { ...query, cursor: query.cursor, filters: 'customers' },
          (page) => deps.reference.customers(page),
          {
            nameOf,
            view: customerViewFor(actor),
          },
        ),
    }),
    defineRoute({
      ...shared,
      method: 'get',
      operationId: 'getCustomer',
      operation: 'people.read',
      summary: 'A customer',
      answers: { 200: { description: 'The customer', schema: customerView } },
      problems: ['customer_not_found'],
      handle: async ({ params, actor }) => ({
        body: customerViewFor(actor)(await findCustomer(deps, params.name)),
      }),
    }),
    defineRoute({
      ...shared,
      method: 'put',
      operationId: 'putCustomer',
      operation: 'people.change',
      summary: 'Say what is known of a customer',
      description: 'By the name that tickets give. Tickets of customers that nothing is kept of are as good.',
      body: putCustomerBody,
      example: PUT_CUSTOMER_EXAMPLE,
      answers: {
        200: { description: PUT_ANSWERS.stored, schema: customerView, headers: PUT_ANSWERS.headers },
        201: { description: PUT_ANSWERS.created, schema: customerView, headers: PUT_ANSWERS.headers },
      },
      problems: [],
      async handle({ params: { name }, body, actor }) {
        const stored = await deps.reference.putCustomer({ name, ...body });
        return putReply(stored, customerViewFor(actor)(await findCustomer(deps, name)));
      },
    }),
  ];
}

function serviceRoutes(deps: ApiDeps): Route[] {
  const shared = { tag: 'reference', params: serviceParams, path: '/v1/services/{name}' } as const;
  return [
    defineRoute({
      method: 'get',
      path: '/v1/services',
      operationId: 'listServices',
      operation: 'people.read',
      tag: 'reference',
      summary: 'Services, by name',
      query: referenceQuery,
      answers: { 200: { description: 'One page', schema: servicePage } },
      problems: ['cursor_invalid'],
      handle: ({ query }) =>
        pageByName(
          { ...query, cursor: query.cursor, filters: 'services' },
          (page) => deps.reference.services(page),
          {
            nameOf,
            view: serviceViewOf,
          },
        ),
    }),
    defineRoute({
      ...shared,
      method: 'get',
      operationId: 'getService',
      operation: 'people.read',
      summary: 'A service',
      answers: { 200: { description: 'The service', schema: serviceView } },
      problems: ['service_not_found'],
      handle: async ({ params }) => ({ body: serviceViewOf(await findService(deps, params.name)) }),
    }),
    defineRoute({
      ...shared,
      method: 'put',
      operationId: 'putService',
      operation: 'people.change',
      summary: 'Say what is known of a service',
      description: 'By the name that tickets give. Tickets of services that nothing is kept of are as good.',
      body: putServiceBody,
      example: PUT_SERVICE_EXAMPLE,
      answers: {
        200: { description: PUT_ANSWERS.stored, schema: serviceView, headers: PUT_ANSWERS.headers },
        201: { description: PUT_ANSWERS.created, schema: serviceView, headers: PUT_ANSWERS.headers },
      },
      problems: [],
      async handle({ params: { name }, body }) {
        await checkReferences(deps, [
          { pointer: '/team', kind: 'team', name: body.team },
          { pointer: '/owner', kind: 'agent', name: body.owner },
        ]);
        const stored = await deps.reference.putService({ name, ...body });
        return putReply(stored, serviceViewOf(await findService(deps, name)));
      },
    }),
  ];
}

/** Customers and services: what is kept of them beside their tickets. */
export const referenceRoutes = (deps: ApiDeps): Route[] => [...customerRoutes(deps), ...serviceRoutes(deps)];

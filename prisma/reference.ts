/** Reference data: the customers and services that tickets name. */
import type { Contact } from '../domain/people.ts';
import type { Database } from './client.ts';
import type { Customer as CustomerRow, Service as ServiceRow } from './generated/client.ts';
import type { NamePage } from './people.ts';

export interface Customer {
  name: string;
  timezone: string | null;
  language: string | null;
  contact: Contact | null;
  /** How this customer wants to hear from us, in fields of the desk's own. */
  updates: Record<string, string | number | boolean> | null;
}
export interface CustomerRecord extends Customer {
  updatedAt: Date;
}

export type ServiceRecord = ServiceRow;
export type Service = Omit<ServiceRow, 'updatedAt'>;

export interface ReferenceStore {
  customer(name: string): Promise<CustomerRecord | null>;
  customers(page: NamePage): Promise<CustomerRecord[]>;
  /** Stores it in place of what was said before; answers whether it is new. */
  putCustomer(customer: Customer): Promise<{ created: boolean }>;
  service(name: string): Promise<ServiceRecord | null>;
  services(page: NamePage): Promise<ServiceRecord[]>;
  /** As `putCustomer`. */
  putService(service: Service): Promise<{ created: boolean }>;
}

const customerOf = ({ contact, updates, ...row }: CustomerRow): CustomerRecord => ({
  ...row,
  contact: contact as Contact | null,
  updates: updates as Customer['updates'],
});

const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));
const byName = ({ after, limit }: NamePage) => ({
  ...(after !== null && { where: { name: { gt: after } } }),
  orderBy: { name: 'asc' as const },
  take: limit,
});

export function createReferenceStore(database: Database): ReferenceStore {
  return {
    async customer(name) {
      const row = await database.customer.findUnique({ where: { name } });
      return row && customerOf(row);
    },
    async customers(page) {
      return (await database.customer.findMany(byName(page))).map(customerOf);
    },
    async putCustomer({ name, timezone, language, contact, updates }) {
      const [row] = await database.$queryRaw<{ created: boolean }[]>`
        INSERT INTO customers (name, timezone, language, contact, updates, updated_at)
        VALUES (${name}, ${timezone}, ${language}, ${json(contact)}::jsonb, ${json(updates)}::jsonb, clock_timestamp())
        ON CONFLICT (name) DO UPDATE SET
          timezone = excluded.timezone, language = excluded.language, contact = excluded.contact,
          updates = excluded.updates, updated_at = excluded.updated_at
        RETURNING xmax = 0 AS created`;
      return row!;
    },
    service: (name) => database.service.findUnique({ where: { name } }),
    services: (page) => database.service.findMany(byName(page)),
    async putService({ name, team, owner, criticality }) {
      const [row] = await database.$queryRaw<{ created: boolean }[]>`
        INSERT INTO services (name, team, owner, criticality, updated_at)
        VALUES (${name}, ${team}, ${owner}, ${criticality}, clock_timestamp())
        ON CONFLICT (name) DO UPDATE SET
          team = excluded.team, owner = excluded.owner, criticality = excluded.criticality,
          updated_at = excluded.updated_at
        RETURNING xmax = 0 AS created`;
      return row!;
    },
  };
}

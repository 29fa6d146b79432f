/** Conditions of a query that count only where something is asked for. */
import { Prisma } from './generated/client.ts';

const YES = Prisma.sql`true`;

/** The column has this value, where one is given. */
export const given = (value: string | undefined, column: Prisma.Sql): Prisma.Sql =>
  value === undefined ? YES : Prisma.sql`${column} = ${value}`;

/** The column has one of these values, where any are given. */
export const among = (values: readonly string[] | undefined, column: Prisma.Sql): Prisma.Sql =>
  values ? Prisma.sql`${column} = ANY(${[...values]}::text[])` : YES;

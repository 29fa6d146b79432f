/** Which rule of the database a write went against. */

/** SQLSTATE of the guards that a caller can be told about. */
const STATES = { unique: '23505', overlap: '23P01' } as const;
export type Guard = keyof typeof STATES;

interface Failure {
  code?: string;
  meta?: { driverAdapterError?: { cause?: { originalCode?: string } } };
}

/** Whether a query failed because of this kind of guard: a unique key, or spans that must not overlap. */
export function violates(error: unknown, guard: Guard): boolean {
  const { meta } = error as Failure;
  return meta?.driverAdapterError?.cause?.originalCode === STATES[guard];
}

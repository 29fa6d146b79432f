/** Where the test run's own PostgreSQL and Temporal are; set by global-setup, read by every engine test. */
export interface Rig {
  /** URL of the server's own database: `databaseUrl` makes others from it. */
  postgres: string;
  /** A migrated database that is copied for each test file. */
  template: string;
  temporal: string;
  /** File with the compiled workflows. */
  bundle: string;
}

export function rig(): Rig {
  const text = process.env['TIERLINE_TEST_RIG'];
  if (!text)
    throw new Error('Engine tests need the set-up of test/support/global-setup.ts: run them with npm test');
  return JSON.parse(text) as Rig;
}

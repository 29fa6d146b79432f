/** Two projects: `pure` needs nothing; `engine` gets a real PostgreSQL and a real Temporal server of its own. */
const shared = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};

const PURE = ['domain', 'policies', 'histories', 'architecture'];
const ENGINE = ['prisma', 'activities', 'workflows', 'replay', 'api', 'bin', 'console', 'playbooks'];
const tests = (folders) => folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`);

export default {
  projects: [
    { ...shared, displayName: 'pure', testMatch: tests(PURE) },
    {
      ...shared,
      displayName: 'engine',
      testMatch: tests(ENGINE),
      globalSetup: '<rootDir>/test/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/support/global-teardown.ts',
    },
  ],
  // A limit for what hangs, not for what is slow: machines stand still for a minute now and then.
  testTimeout: 240_000,
  maxWorkers: 2,
};

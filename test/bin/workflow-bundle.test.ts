import { expect, test } from '@jest/globals';
import { bundleWorkflows } from '../../bin/workflow-bundle.ts';

test('the workflows are compiled once and then taken from what was kept', async () => {
  const { code } = await bundleWorkflows();
  const before = performance.now();
  expect((await bundleWorkflows()).code).toBe(code);
  expect(performance.now() - before).toBeLessThan(500);
  expect(code).toContain('sourceMappingURL');
});

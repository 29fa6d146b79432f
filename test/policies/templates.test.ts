/** The policies that ship find the templates they name. */
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { loadPolicyFiles } from '../../api/schemas/policy.ts';
import { projectRoot } from '../../bin/config.ts';
import { DEFAULT_TEMPLATES } from '../../domain/default-templates.ts';
import type { LadderAction, Policy } from '../../domain/policy.ts';

const templateOf = (action: LadderAction): string[] => {
  if ('sendUpdate' in action) return [action.sendUpdate];
  return 'draftUpdate' in action ? [action.draftUpdate] : [];
};

const templatesOf = ({ updates = [], clocks }: Policy): string[] => [
  ...updates.map(({ template }) => template),
  ...Object.values(clocks).flatMap(({ ladder }) =>
    ladder.flatMap(({ actions }) => actions.flatMap((action) => templateOf(action))),
  ),
];

test('every template that a shipped policy names ships with it', async () => {
  const files = await loadPolicyFiles(join(projectRoot, 'policies'));
  const named = files.flatMap(({ policy }) => templatesOf(policy));
  expect(named).toContain('resolved');
  expect(named.filter((name) => !(name in DEFAULT_TEMPLATES))).toEqual([]);
});

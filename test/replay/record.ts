/**
 * Records the histories that replay.test.ts plays: `npm run record:histories [NAME…]`. Run it for a new story;
 * an old recording is replaced only when what it guards no longer runs anywhere.
 */
import { existsSync, writeFileSync } from 'node:fs';
import proto from '@temporalio/proto';
import { ticketWorkflowId } from '../../workflows/messages.ts';
import { createDesk } from '../support/desk.ts';
import setUp from '../support/global-setup.ts';
import tearDown from '../support/global-teardown.ts';
import { STORY_SECRETS } from '../support/security-stories.ts';
import { STORIES, WORKFLOW_STORIES } from '../support/stories.ts';

const fileOf = (name: string): URL => new URL(`./histories/${name}.pb`, import.meta.url);
const named = process.argv.slice(2);
const all = [...Object.keys(STORIES), ...Object.keys(WORKFLOW_STORIES)];
const wanted = named.length > 0 ? named : all.filter((name) => !existsSync(fileOf(name)));

await setUp();
const desk = await createDesk({ secrets: STORY_SECRETS });
const workflowOf = async (name: string): Promise<string> =>
  name in STORIES ? ticketWorkflowId(await STORIES[name]!(desk)) : WORKFLOW_STORIES[name]!(desk);
try {
  for (const name of wanted) {
    const history = await desk.client.workflow.getHandle(await workflowOf(name)).fetchHistory();
    writeFileSync(fileOf(name), proto.temporal.api.history.v1.History.encode(history).finish());
    process.stderr.write(`${name}: ${history.events!.length} events\n`);
  }
} finally {
  await desk.close();
  await tearDown();
}

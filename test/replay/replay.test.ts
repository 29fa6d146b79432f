/**
 * Histories of real runs, one per path of the story: what the code decides today must be what it decided then.
 * When this fails, running tickets would stop; introduce the change with `patched` (docs/operations.md).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from '@jest/globals';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import proto from '@temporalio/proto';
import { rig } from '../support/rig.ts';
import { STORY_SECRETS } from '../support/security-stories.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR' } } });
afterAll(() => Runtime.instance().shutdown());

const folder = new URL('./histories/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.pb'));

const { History } = proto.temporal.api.history.v1;
type History = ReturnType<typeof History.decode>;
const read = (name: string): History => History.decode(readFileSync(new URL(name, folder)));

const replay = (history: History) =>
  Worker.runReplayHistory({ workflowBundle: { codePath: rig().bundle } }, history);

describe('recorded histories', () => {
  test('there are some of every path', () => {
    expect(names.length).toBeGreaterThanOrEqual(5);
  });

  test.each(names)('%s replays', async (name) => {
    await expect(replay(read(name))).resolves.toBeUndefined();
  });

  test.each(names)('%s has no secret, and nothing of the machine that it was recorded on', (name) => {
    const bytes = readFileSync(new URL(name, folder), 'latin1');
    for (const secret of Object.values(STORY_SECRETS)) expect(bytes).not.toContain(secret);
    expect(bytes).not.toMatch(/\/(?:home|root|tmp|work|Users)\//);
    // Who asked and who worked are a process and its host, unless told otherwise.
    expect(JSON.stringify(read(name))).not.toMatch(/"\d+@/);
  });

  test('a history that this code cannot have made is refused', async () => {
    const history = read(names[0]!);
    const timer = history.events.find(({ timerStartedEventAttributes }) => timerStartedEventAttributes);
    timer!.eventType = proto.temporal.api.enums.v1.EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED;
    timer!.timerStartedEventAttributes = null;
    timer!.activityTaskScheduledEventAttributes =
      proto.temporal.api.history.v1.ActivityTaskScheduledEventAttributes.create({
        activityId: '1',
        activityType: { name: 'another' },
      });
    await expect(replay(history)).rejects.toThrow();
  });
});

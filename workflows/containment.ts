/**
 * A containment run from asked for to over, and beyond while something of it may expire: waits for approvals, carries out
 * one unit after the other, takes back. Its course is in domain/run-course.ts; a unit is carried out in activities/actuate.ts.
 */
import { continueAsNew } from '@temporalio/workflow';
import { TIERLINE } from '../domain/events.ts';
import type { Playbook } from '../domain/playbook.ts';
import { runJournal } from '../domain/run-journal.ts';
import { orderOf } from '../domain/run-orders.ts';
import type { RunCommand } from '../domain/run-requests.ts';
import { unitsOnTheirWay, type Run } from '../domain/run.ts';
import { keepJournal, type Work } from './journal.ts';
import { runUpdates, type JournalInput } from './messages.ts';
import { actuate, loadPlaybooks } from './proxies.ts';

export async function containmentWorkflow(input: JournalInput<Run>): Promise<void> {
  // What is asked before they are read is decided; what falls due waits for them.
  const definitions: Record<string, Playbook> = {};
  const prepare = async () => void Object.assign(definitions, await loadPlaybooks({ run: input.id }));
  const work: Work<Run, RunCommand> = {
    wanted: (run) => unitsOnTheirWay(run).map(({ unit }) => unit),
    async carryOut(run, unit) {
      const report = await actuate(orderOf(run, definitions, unit));
      return { id: `report/${unit}`, command: { type: 'report', report }, actor: TIERLINE };
    },
  };
  const next = await keepJournal(runJournal(definitions), {
    input,
    updates: runUpdates,
    work,
    prepare,
  });
  if (next) await continueAsNew<typeof containmentWorkflow>(next);
}

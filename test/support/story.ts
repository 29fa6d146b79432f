/** What stories are told with: asking, and waiting until something is recorded. */
import { randomUUID } from 'node:crypto';
import type { Actor } from '../../domain/events.ts';
import type { JournalName } from '../../domain/journal.ts';
import type { ProblemCommand } from '../../domain/problem.ts';
import type { ReviewCommand } from '../../domain/review-journal.ts';
import type { TaskCommand } from '../../domain/task.ts';
import { eventually, type Desk } from './desk.ts';

/** Plays the story and answers the ticket, or the workflow, whose history it is. */
export type Story = (desk: Desk) => Promise<string>;

export const SECOND = 1_000;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

const LEAD: Actor = { subject: 'key:lead', role: 'lead' };

export const untilType = (desk: Desk, ticketId: string, type: string) =>
  desk.timeline(ticketId, (events) => events.some((event) => event.type === type));

export const untilJournalHas = (desk: Desk, [kind, id]: readonly [JournalName, string], type: string) =>
  eventually(
    () => desk.journals.events(kind, id),
    (events) => events.some((event) => event.type === type),
  );

export const askJournal = (
  desk: Desk,
  [kind, id]: readonly [JournalName, string],
  command: TaskCommand | ProblemCommand | ReviewCommand,
  actor: Actor = LEAD,
) => {
  const message = randomUUID();
  return desk.journalRunner.ask(kind, id, {
    id: message,
    command,
    actor,
    text: { id: `txt_${message}`, digest: 'recorded' },
  });
};

/** Activities as the workflows call them: time-outs and retries per kind of effect. */
import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';

/** One write to the ledger, or one look into the spool, inside the workflow task. Bounded, so that a database outage cannot grow the history. */
export const { record: recordLocally, spooledFacts } = proxyLocalActivities<
  Pick<Activities, 'record' | 'spooledFacts'>
>({
  startToCloseTimeout: '1s',
  retry: { maximumAttempts: 3, initialInterval: '50ms' },
});

/** The same write as a normal activity, tried until the database is back. */
export const { record: recordDurably } = proxyActivities<Pick<Activities, 'record'>>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' },
});

export const { loadLongerHours, matchRules } = proxyActivities<
  Pick<Activities, 'loadLongerHours' | 'matchRules'>
>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
});

/** Follows the ledger for minutes; a lost worker is noticed by its missing heartbeat. */
export const { followLedger } = proxyActivities<Pick<Activities, 'followLedger'>>({
  startToCloseTimeout: '15m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

/** Sends for minutes; a lost worker is noticed by its missing heartbeat, and what it was sending is sent again. */
export const { sendDeliveries } = proxyActivities<Pick<Activities, 'sendDeliveries'>>({
  startToCloseTimeout: '15m',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

/** Opens a ticket whose time has come; tried until it is open. */
export const { openScheduledTicket } = proxyActivities<Pick<Activities, 'openScheduledTicket'>>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '1m' },
});

/** Works on a change of rules, a page of tickets at a time; a ticket that does not answer is asked again, later and later. */
export const { workOnRuleChange } = proxyActivities<Pick<Activities, 'workOnRuleChange'>>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

/** One write to a journal, inside the workflow task; bounded as a ticket's. */
export const { recordJournal: recordJournalLocally } = proxyLocalActivities<
  Pick<Activities, 'recordJournal'>
>({
  startToCloseTimeout: '1s',
  retry: { maximumAttempts: 3, initialInterval: '50ms' },
});

/** The same as normal activities, tried until the database is back. */
export const { recordJournal: recordJournalDurably, readJournal } = proxyActivities<
  Pick<Activities, 'recordJournal' | 'readJournal'>
>({
  startToCloseTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' },
});

/**
 * Carries out a unit of a run; asked again it tells the same, so that it is asked until it has been told. A stop reaches it
 * through the row of its run. Cancelled, it still tells what came of what was under way.
 */
export const { actuate } = proxyActivities<Pick<Activities, 'actuate'>>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '15s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
});

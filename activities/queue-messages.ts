/** What is told of queues: one that grew too long or has shrunk again, and a ticket that nobody has the skill for. */
import type { QueueAlertRecord, QueueAlertStore } from '../prisma/queue-alerts.ts';
import type { ServedTeam } from '../prisma/queues.ts';
import { createDispatch, type DispatchDeps } from './dispatch.ts';

export interface QueueMessengerDeps extends DispatchDeps {
  alerts: Pick<QueueAlertStore, 'claimUntold' | 'noteTold'>;
}

export interface QueueMessenger {
  /** Tells of every alert that was raised or cleared and not told yet. */
  tellAlerts(): Promise<void>;
  /** Tells the lead once, for each time that the ticket waits, that nobody of the team has what it asks for. */
  tellSkillMissing(
    ticket: { ticketId: string; queuedAt: Date; skills: readonly string[] },
    team: Pick<ServedTeam, 'tier' | 'team'>,
  ): Promise<void>;
}

type AlertNews = 'raised' | 'cleared';
const TYPES = { raised: 'queue.overloaded', cleared: 'queue.relieved' } as const;

const queuePath = (tier: number, team: string | null): string =>
  `/v1/queues/${tier}${team === null ? '' : `?team=${encodeURIComponent(team)}`}`;

function alertMessage(alert: QueueAlertRecord, news: AlertNews) {
  const { id, tier, team, notify, threshold, clearAt, raiseTo, policy } = alert;
  const at = news === 'raised' ? alert.raisedAt : alert.clearedAt!;
  return {
    type: TYPES[news],
    timestamp: at.toISOString(),
    data: {
      alertId: id,
      tier,
      team,
      audience: notify,
      depth: news === 'raised' ? alert.depth : alert.clearedDepth!,
      threshold,
      clearAt,
      raisedTo: raiseTo,
      policy,
      links: { queue: queuePath(tier, team) },
    },
  };
}

/** What is yet to be told of an alert, in the order it happened. */
const newsOf = ({ raisedToldAt, clearedAt, clearedToldAt }: QueueAlertRecord): AlertNews[] => [
  ...(raisedToldAt === null ? (['raised'] as const) : []),
  ...(clearedAt !== null && clearedToldAt === null ? (['cleared'] as const) : []),
];

const queueWords = ({ tier, team }: QueueAlertRecord): string =>
  `the queue of tier ${tier}${team === null ? '' : `, team ${team}`}`;

/** What was logged already need not be logged at every look; forgotten now and then, so that it does not grow. */
const LOGGED_KEPT = 10_000;

export function createQueueMessenger({ alerts, log, ...deps }: QueueMessengerDeps): QueueMessenger {
  const dispatch = createDispatch(deps);
  const logged = new Set<string>();

  const tell = async (alert: QueueAlertRecord, news: AlertNews): Promise<void> => {
    const message = alertMessage(alert, news);
    const words = `${message.type}: ${message.data.depth} wait in ${queueWords(alert)}`;
    log.warn(message.data, words);
    await dispatch({
      about: alert.id,
      event: { id: news, sequence: news === 'raised' ? 1 : 2 },
      message,
      words,
    });
    await alerts.noteTold(alert.id, news);
  };

  return {
    async tellAlerts() {
      for (const alert of await alerts.claimUntold())
        for (const news of newsOf(alert)) await tell(alert, news);
    },
    async tellSkillMissing({ ticketId, queuedAt, skills }, { tier, team }) {
      const event = { id: `queue/skill-missing/${queuedAt.getTime()}`, sequence: queuedAt.getTime() };
      if (logged.has(`${ticketId}/${event.id}`)) return;
      const links = { ticket: `/v1/tickets/${ticketId}` };
      const data = { ticketId, tier, team, audience: 'lead', skills, links };
      const words = `queue.skillMissing: nobody of ${team} has ${skills.join(', ')}, for ${ticketId}`;
      log.warn(data, words);
      const message = { type: 'queue.skillMissing', timestamp: queuedAt.toISOString(), data };
      await dispatch({ about: ticketId, event, message, words });
      if (logged.size > LOGGED_KEPT) logged.clear();
      logged.add(`${ticketId}/${event.id}`);
    },
  };
}

/** A chat room of the desk's people, by an incoming webhook of Slack or Teams. */
import { SendFault, type Channel } from './channels.ts';
import { postJson } from './webhook.ts';

export const CHAT_FORMATS = ['slack', 'teams'] as const;
export type ChatFormat = (typeof CHAT_FORMATS)[number];

/** Slack reads `<…>` and `&…;` as commands; nothing of ours is one. */
const escapedForSlack = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Teams reads a part of Markdown in a card; a backslash takes its meaning from each mark. */
const escapedForTeams = (text: string): string => text.replaceAll(/[\\`*_[\]()#~>]/g, '\\$&');

const BODIES: Record<ChatFormat, (text: string) => object> = {
  slack: (text) => ({ text: escapedForSlack(text) }),
  teams: (text) => ({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [{ type: 'TextBlock', text: escapedForTeams(text), wrap: true }],
        },
      },
    ],
  }),
};

/** A chat room. Its rooms know no ids, so that what is sent twice is shown twice. */
export function createChatChannel({
  url,
  format,
  timeoutMs,
}: {
  url: string;
  format: ChatFormat;
  timeoutMs?: number;
}): Channel {
  return {
    async send({ id, body }) {
      const { text } = body as { text?: string };
      if (text === undefined) throw new SendFault('There are no words for a chat', { permanent: true });
      const message = JSON.stringify(BODIES[format](text));
      await postJson(url, { body: message, ...(timeoutMs !== undefined && { timeoutMs }) });
      return { id };
    },
  };
}

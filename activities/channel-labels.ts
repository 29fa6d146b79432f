/** The highest label of the Traffic Light Protocol that a channel carries in full (domain/redaction.ts). */
import { TLPS, type Tlp } from '../domain/incident.ts';
import { CHANNELS, type ChannelName } from './channels.ts';

export type ChannelLabels = Partial<Record<ChannelName, Tlp>>;

/** TLP:RED is for the people who are named, and no channel knows who reads it. */
const LABELS = TLPS.filter((label) => label !== 'TLP:RED');

const isChannel = (name: string): name is ChannelName => (CHANNELS as readonly string[]).includes(name);

const labelNamed = (name: string): Tlp | undefined =>
  LABELS.find((label) => label === `TLP:${name.toUpperCase().replace(/^TLP:/, '')}`);

/**
 * Reads `email=GREEN,chat=AMBER+STRICT`; a channel that is not in it keeps what it has. Throws an error that names the
 * channel and what is wrong with it.
 */
export function channelLabelsIn(text: string): ChannelLabels {
  const labels: ChannelLabels = {};
  for (const pair of text.split(',')) {
    const [channel = '', named = ''] = pair.split('=').map((part) => part.trim());
    if (!isChannel(channel))
      throw new Error(`names ${channel || 'no channel'}; there are ${CHANNELS.join(', ')}`);
    if (labels[channel] !== undefined) throw new Error(`names ${channel} twice`);
    const label = labelNamed(named);
    if (!label)
      throw new Error(
        `gives ${channel} the label ${named || 'nothing'}; a channel may carry ${LABELS.map((one) => one.slice(4)).join(', ')}`,
      );
    labels[channel] = label;
  }
  return labels;
}

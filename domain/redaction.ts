/** What may leave of a security incident: the one place that decides it (docs/incidents.md). */
import { isAbove, type Tlp } from './incident.ts';

/** What an outward channel may carry in full, where nobody says otherwise. */
export const CHANNEL_TLP: Tlp = 'TLP:AMBER';

/** Whose words are about to leave. */
export interface Labelled {
  tlp: Tlp | null;
  codename: string | null;
}

/** What is told in place of the words: the codename, and where those who may can look. */
export interface Masked {
  codename: string;
  link: string;
  text: string;
}

/**
 * What is told instead where the label is above what a channel may carry (its highest TLP); null where the words may leave
 * as they are. `link` is the path of the ticket, which answers only those who may see it.
 */
export function maskedFor({ tlp, codename }: Labelled, link: string, highest: Tlp): Masked | null {
  if (!isAbove(tlp, highest)) return null;
  const name = codename ?? 'incident';
  return { codename: name, link, text: `${name}: there is news at ${link}` };
}

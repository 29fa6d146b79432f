/**
 * Who sees which ticket (docs/access.md). A security ticket carries a label of the Traffic Light Protocol; everybody whom
 * it leaves out is answered as if there were no such ticket. What is made from a ticket (tasks, deliveries, counts,
 * reports, …) is seen by whoever sees the ticket.
 */

/** Labels that the whole desk may read. */
const OPEN = ['TLP:CLEAR', 'TLP:GREEN'];
/** Labels for those who handle security incidents, and for whoever has the ticket. */
export const LIMITED: readonly string[] = ['TLP:AMBER', 'TLP:AMBER+STRICT'];
const HANDLERS = ['lead', 'responder', 'approver', 'manager', 'auditor'];

/** Who is looking. Only a personal key has a person; whom a caller says it acts for does not count. */
export interface Viewer {
  role: string;
  person: string | null;
  /** Where the directory has the person. */
  team: string | null;
}

/** What a viewer sees; null: everything, as the engine does. */
export type Sight = {
  /** Labels that the role sees whatever the ticket. */
  labels: readonly string[];
  person: string | null;
  team: string | null;
} | null;

/** The engine's own, which is no way out. */
export const SEES_ALL: Sight = null;

/** Admins run the system and see no security ticket, named or not. */
export function sightOf({ role, person, team }: Viewer): Sight {
  if (role === 'admin') return { labels: [], person: null, team: null };
  return { labels: HANDLERS.includes(role) ? [...OPEN, ...LIMITED] : OPEN, person, team };
}

/** What of a ticket decides who sees it; `tlp` is null where it is no security ticket. */
export interface Guarded {
  tlp: string | null;
  /** People who see it whatever the label. */
  named: readonly string[];
  assignee: string | null;
  team: string | null;
}

export function isVisible({ tlp, named, assignee, team }: Guarded, sight: Sight): boolean {
  if (sight === null || tlp === null || sight.labels.includes(tlp)) return true;
  const { person } = sight;
  if (person === null) return false;
  if (named.includes(person)) return true;
  return LIMITED.includes(tlp) && (assignee === person || (team !== null && team === sight.team));
}

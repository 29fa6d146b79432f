/**
 * What happens between the owner of a ticket and everybody beside it: consulted tiers, people who joined, engaged vendors,
 * linked records. Ownership stays with the tier throughout; nothing here moves a ticket.
 */
import {
  ALONE,
  type Checklist,
  type Collaboration,
  type Consult,
  type Engagement,
  type Link,
  type Participant,
} from './collaborators.ts';
import type { DeskBody, LedgerEvent } from './events.ts';
import type { Situation } from './situation.ts';

/** A ticket carried by an earlier version has none yet. */
export const collaborationOf = ({ collaboration }: Situation): Collaboration => collaboration ?? ALONE;

/** Entries of one kind that are carried. */
const CARRIED = 50;

const newest = <T>(entries: readonly T[]): readonly T[] => entries.slice(-CARRIED);

export const openConsults = (situation: Situation): Consult[] =>
  collaborationOf(situation).consults.filter(({ answeredAt }) => answeredAt === null);

export const openEngagements = (situation: Situation): Engagement[] =>
  collaborationOf(situation).engagements.filter(({ returnedAt }) => returnedAt === null);

export const engagementOf = (situation: Situation, id: string | undefined): Engagement | undefined =>
  collaborationOf(situation).engagements.findLast((one) => one.id === id);

/** Who leads the major incident. */
export const commanderOf = (situation: Situation): string | undefined =>
  collaborationOf(situation).people.find(({ as }) => as === 'commander')?.agent;

/** The ticket that this one is part of, in a major incident. */
export const parentOf = (situation: Situation): string | undefined =>
  collaborationOf(situation).links.find(({ relation }) => relation === 'parent')?.reference;

export const childrenOf = (situation: Situation): string[] =>
  collaborationOf(situation).links.flatMap(({ relation, reference }) =>
    relation === 'child' ? [reference] : [],
  );

export const isLinked = (situation: Situation, { relation, reference }: Omit<Link, 'url'>): boolean =>
  collaborationOf(situation).links.some((one) => one.relation === relation && one.reference === reference);

/** The checklist of a procedure with this item on it, if the item is still to do. */
export const checklistWith = (situation: Situation, item: string): Checklist | undefined =>
  collaborationOf(situation).checklists.find(
    ({ items, done }) => items.includes(item) && !done.includes(item),
  );

type Told<T extends DeskBody['type']> = LedgerEvent<Extract<DeskBody, { type: T }>>;

/** The events that only change who else is there and what is linked. */
export type CollaborationEvent = Told<
  | 'consultAsked'
  | 'consultAnswered'
  | 'consultWithdrawn'
  | 'joined'
  | 'left'
  | 'vendorEngaged'
  | 'vendorAsked'
  | 'linked'
  | 'unlinked'
  | 'reproduced'
  | 'rated'
  | 'updateDrafted'
  | 'checklistAttached'
  | 'checklistItemDone'
>;

type Change = Partial<Collaboration> | { moot: string };

const moot = (reason: string): Change => ({ moot: reason });

function consultAsked({ consults }: Collaboration, event: Told<'consultAsked'>): Change {
  const { consult: id, toTier, team, agent, occurredAt } = event;
  if (consults.some((one) => one.id === id)) return moot('consult_known');
  const asked: Consult = {
    id,
    ...(toTier !== undefined && { toTier }),
    ...(team !== undefined && { team }),
    ...(agent !== undefined && { agent }),
    askedAt: occurredAt,
    answeredAt: null,
  };
  return { consults: newest([...consults, asked]) };
}

function consultEnded({ consults }: Collaboration, id: string, end: Partial<Consult>): Change {
  const isMeant = (one: Consult) => one.id === id && one.answeredAt === null;
  if (!consults.some(isMeant)) return moot('consult_not_open');
  return { consults: consults.map((one) => (isMeant(one) ? { ...one, ...end } : one)) };
}

/** With one more; there is one commander at a time. */
function withParticipant(people: readonly Participant[], more: Participant): readonly Participant[] {
  const others = more.as === 'commander' ? people.filter((one) => one.as !== 'commander') : people;
  return newest([...others, more]);
}

function joined({ people }: Collaboration, { agent, as, skills, occurredAt }: Told<'joined'>): Change {
  if (people.some((one) => one.agent === agent && one.as === as)) return moot('already_joined');
  return { people: withParticipant(people, { agent, as, ...(skills && { skills }), since: occurredAt }) };
}

function left({ people }: Collaboration, { agent, as }: Told<'left'>): Change {
  const goes = (one: Participant) => one.agent === agent && (as === undefined || one.as === as);
  return people.some(goes) ? { people: people.filter((one) => !goes(one)) } : moot('not_joined');
}

function vendorEngaged({ engagements }: Collaboration, event: Told<'vendorEngaged'>): Change {
  const { engagement: id, vendor, kind = 'vendor', reference, occurredAt } = event;
  if (engagements.some((one) => one.id === id && one.returnedAt === null)) return moot('already_engaged');
  const engaged: Engagement = {
    id,
    kind,
    ...(vendor !== undefined && { vendor }),
    ...(reference !== undefined && { reference }),
    engagedAt: occurredAt,
    asked: 0,
    returnedAt: null,
  };
  return { engagements: newest([...engagements, engaged]) };
}

function vendorAsked({ engagements }: Collaboration, { engagement, reference }: Told<'vendorAsked'>): Change {
  const isMeant = (one: Engagement) => one.id === engagement && one.returnedAt === null;
  if (!engagements.some(isMeant)) return moot('engagement_not_open');
  return {
    engagements: engagements.map((one) =>
      isMeant(one) ? { ...one, asked: one.asked + 1, ...(reference !== undefined && { reference }) } : one,
    ),
  };
}

function linked({ links }: Collaboration, { relation, reference, url }: Told<'linked'>): Change {
  if (links.some((one) => one.relation === relation && one.reference === reference))
    return moot('already_linked');
  // A ticket is part of one major incident at a time.
  const others = relation === 'parent' ? links.filter((one) => one.relation !== 'parent') : links;
  return { links: newest([...others, { relation, reference, ...(url && { url }) }]) };
}

function unlinked({ links }: Collaboration, { relation, reference }: Told<'unlinked'>): Change {
  const goes = (one: Link) => one.relation === relation && one.reference === reference;
  return links.some(goes) ? { links: links.filter((one) => !goes(one)) } : moot('not_linked');
}

function checklistAttached({ checklists }: Collaboration, event: Told<'checklistAttached'>): Change {
  const { procedure, version, items } = event;
  if (checklists.some((one) => one.procedure === procedure && one.version === version))
    return moot('already_attached');
  return { checklists: newest([...checklists, { procedure, version, items, done: [] }]) };
}

function checklistItemDone({ checklists }: Collaboration, { item }: Told<'checklistItemDone'>): Change {
  const meant = checklists.find(({ items, done }) => items.includes(item) && !done.includes(item));
  if (!meant) return moot('item_not_open');
  return {
    checklists: checklists.map((one) => (one === meant ? { ...one, done: [...one.done, item] } : one)),
  };
}

function changed(now: Collaboration, event: CollaborationEvent): Change {
  const at = event.occurredAt;
  switch (event.type) {
    case 'consultAsked':
      return consultAsked(now, event);
    case 'consultAnswered': {
      const { solved } = event;
      return consultEnded(now, event.consult, { answeredAt: at, ...(solved !== undefined && { solved }) });
    }
    case 'consultWithdrawn':
      return consultEnded(now, event.consult, { answeredAt: at, withdrawn: true });
    case 'joined':
      return joined(now, event);
    case 'left':
      return left(now, event);
    case 'vendorEngaged':
      return vendorEngaged(now, event);
    case 'vendorAsked':
      return vendorAsked(now, event);
    case 'linked':
      return linked(now, event);
    case 'unlinked':
      return unlinked(now, event);
    case 'reproduced':
      return { reproducedIn: newest([...new Set([...now.reproducedIn, event.environment])]) };
    case 'rated':
      return { rating: { score: event.score, outOf: event.outOf } };
    case 'updateDrafted': {
      const { draft, template } = event;
      return { drafts: newest([...now.drafts, { draft, ...(template && { template }), since: at }]) };
    }
    case 'checklistAttached':
      return checklistAttached(now, event);
    case 'checklistItemDone':
      return checklistItemDone(now, event);
  }
}

/** The situation after one such event, or why it changes nothing where it falls. */
export function collaborated(
  situation: Situation,
  event: CollaborationEvent,
): { situation: Situation } | { moot: string } {
  const now = collaborationOf(situation);
  const change = changed(now, event);
  return 'moot' in change ? change : { situation: { ...situation, collaboration: { ...now, ...change } } };
}

/** Whoever declared a major incident may name who leads it. */
export function withCommander(situation: Situation, agent: string, since: number): Situation {
  const now = collaborationOf(situation);
  const people = withParticipant(now.people, { agent, as: 'commander', since });
  return { ...situation, collaboration: { ...now, people } };
}

/** Engagements that end: one of them, or all where none is named. */
export function withoutEngagement(situation: Situation, id: string | undefined, at: number): Situation {
  const now = collaborationOf(situation);
  if (now.engagements.length === 0) return situation;
  const engagements = now.engagements.map((one) =>
    one.returnedAt === null && (id ?? one.id) === one.id ? { ...one, returnedAt: at } : one,
  );
  return { ...situation, collaboration: { ...now, engagements } };
}

/** One more update went to the customer. */
export function withUpdateSent(situation: Situation): Situation {
  const now = collaborationOf(situation);
  return { ...situation, collaboration: { ...now, updatesSent: (now.updatesSent ?? 0) + 1 } };
}

/** The draft was sent, or another word to the customer made it stale. */
export function withoutDrafts(situation: Situation): Situation {
  const now = collaborationOf(situation);
  return now.drafts.length === 0 ? situation : { ...situation, collaboration: { ...now, drafts: [] } };
}

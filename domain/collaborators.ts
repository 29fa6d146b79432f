/** Everybody beside the owner of a ticket, as it carries them: consults, people, engagements, links, checklists, drafts. */

/** A question to another tier, team or agent, without giving the ticket away. */
export interface Consult {
  id: string;
  toTier?: number;
  team?: string;
  agent?: string;
  askedAt: number;
  answeredAt: number | null;
  /** Whether the asker could go on with the answer. */
  solved?: boolean;
  withdrawn?: true;
}

export const PARTICIPATIONS = ['swarm', 'shadow', 'commander'] as const;
/** `swarm` works on it too; `shadow` learns from it and owns nothing; `commander` leads a major incident. */
export type Participation = (typeof PARTICIPATIONS)[number];

export interface Participant {
  agent: string;
  as: Participation;
  skills?: readonly string[];
  since: number;
}

export const ENGAGEMENTS = ['vendor', 'development'] as const;
export type EngagementKind = (typeof ENGAGEMENTS)[number];

/** A vendor, or our own development, at work on the ticket. */
export interface Engagement {
  id: string;
  kind: EngagementKind;
  vendor?: string;
  /** Their own number for it. */
  reference?: string;
  engagedAt: number;
  /** How often something was asked after the engagement. */
  asked: number;
  returnedAt: number | null;
}

export const RELATIONS = [
  'related',
  'duplicate',
  'parent',
  'child',
  'problem',
  'change',
  'knownError',
  'suggestion',
  'article',
] as const;
/** `change` is the record of the change that fixes it; `parent` and `child` are tickets of one major incident. */
export type Relation = (typeof RELATIONS)[number];

export interface Link {
  relation: Relation;
  reference: string;
  url?: string;
}

/** What a procedure asks to be done, and what of it is. */
export interface Checklist {
  procedure: string;
  version: number;
  items: readonly string[];
  done: readonly string[];
}

/** A customer update that waits for somebody to send it. */
export interface UpdateDraft {
  draft: string;
  template?: string;
  since: number;
}

export interface MajorIncident {
  since: number;
  /** Declared by a rule of the policy. */
  automatic?: true;
}

/** What a ticket carries of all this; each list is bounded, older entries stand in the ledger. */
export interface Collaboration {
  consults: readonly Consult[];
  people: readonly Participant[];
  engagements: readonly Engagement[];
  links: readonly Link[];
  checklists: readonly Checklist[];
  drafts: readonly UpdateDraft[];
  /** Names of the environments in which the fault was reproduced. */
  reproducedIn: readonly string[];
  rating?: { score: number; outOf: number };
  /** Public messages that were meant as the customer's update. */
  updatesSent?: number;
}

export const ALONE: Collaboration = {
  consults: [],
  people: [],
  engagements: [],
  links: [],
  checklists: [],
  drafts: [],
  reproducedIn: [],
};

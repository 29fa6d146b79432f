/** The words of a security incident: what a ticket carries of it, what can be asked, what can happen. */

/** The Traffic Light Protocol of FIRST, version 2.0, from the widest circle to the narrowest. */
export const TLPS = ['TLP:CLEAR', 'TLP:GREEN', 'TLP:AMBER', 'TLP:AMBER+STRICT', 'TLP:RED'] as const;
export type Tlp = (typeof TLPS)[number];

/** Whether `a` may be told to fewer people than `b`. */
export const isStricter = (a: Tlp, b: Tlp): boolean => TLPS.indexOf(a) > TLPS.indexOf(b);

export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What is done once an incident is found, by NIST SP 800-61r3; they may overlap and come again. */
export const PHASES = ['detect', 'respond', 'recover', 'improve'] as const;
export type Phase = (typeof PHASES)[number];

/** What responding consists of, where somebody says so: CSF 2.0, RS.AN and RS.MI. */
export const ACTIVITIES = ['analysis', 'containment', 'eradication'] as const;
export type Activity = (typeof ACTIVITIES)[number];

/** Who decided something: as the actor of an event, kept in its body because the folded story has no actors. */
export interface Decider {
  subject: string;
  role: string;
  person?: string;
  actingFor?: string;
}

/** Whom an actor stands for: whose personal key it was, else the person that a front end names, else the key itself. */
export const personOf = ({ subject, person, actingFor }: Decider): string => person ?? actingFor ?? subject;

/** Who is named beside those who were asked for, so that nobody locks themselves out; a key that many use is nobody. */
export function namedFor(by: Decider | null): string[] {
  const who = by?.person ?? by?.actingFor;
  return who === undefined ? [] : [who];
}

/** What an obligation counts from: a fact that was established, or the newest report of another obligation. */
export type Anchor = { fact: string } | { reportOf: string };

/** One duty to report, as data. Its `id` is the name of its clock, and has a hyphen. */
export interface ObligationRule {
  id: string;
  regime: string;
  title: string;
  /** Where the law says so. */
  citation: string;
  anchor: Anchor;
  /** Counts only where that other obligation was met by a progress report. */
  afterProgressOf?: string;
  /** So long after the anchor: open time of a calendar, or a period of its days (docs/rules.md §3). */
  target: {
    ms: number;
    calendar: string;
    period?: { unit: 'businessDays' | 'months'; count: number };
  };
  /** And not later than so long after another fact, unless the anchor itself lies beyond that. */
  notLaterThan?: { fact: string; ms: number };
  /** Reported again when there is more to say; what counts from it counts from the newest report. */
  isRepeated?: true;
}

/** What a policy says of security incidents. */
export interface SecurityRule {
  /** What a declared incident has unless the declarer says otherwise. */
  tlp: Tlp;
  /** Types of ticket that are security incidents from the start. */
  types: readonly string[];
  /** Regimes that are in play unless the declarer names others. */
  regimes: readonly string[];
  /** Named from the start where a rule declares the incident. */
  named: readonly string[];
  /** Every obligation that may come into play. */
  obligations: readonly ObligationRule[];
}

/** A fact about the incident, with the instant it counts from and the one at which it became known here. */
export interface EstablishedFact {
  at: number;
  becameKnownAt: number;
  by: Decider;
}

export interface ObligationReport {
  reportedAt: number;
  reference?: string;
  /** The incident goes on: this is how it stands, the final report is still owed. */
  isProgress?: true;
  by: Decider;
}

/** What is known of one obligation in play. */
export interface ObligationRecord {
  startAt?: number;
  deadlineAt?: number;
  reports: readonly ObligationReport[];
  /** Somebody judged that it does not apply; a later fact may revoke that. */
  notApplicable?: { at: number; by: Decider };
}

export interface PhaseSpan {
  phase: Phase;
  activity?: Activity;
  since: number;
  by: Decider | null;
}

export interface ContainmentDelay {
  since: number;
  until: number;
  /** Who of legal agreed: letting an attacker go on is not for the responders alone to decide. */
  consentedBy: string;
  by: Decider;
  /** Its end is told; not so where it was decided before ends were. */
  isReminded?: true;
}

/** What a ticket carries of being a security incident. */
export interface SecurityIncident {
  declaredAt: number;
  /** null where a rule declared it. */
  declaredBy: Decider | null;
  severity: Severity;
  tlp: Tlp;
  codename: string;
  /** Ids of the people who may see it under TLP:RED. */
  named: readonly string[];
  regimes: readonly string[];
  /** As the policy had them at declaration: another policy takes no duty away. */
  obligations: readonly ObligationRule[];
  facts: Readonly<Record<string, EstablishedFact>>;
  /** By obligation. */
  records: Readonly<Record<string, ObligationRecord>>;
  /** In order; the last one holds. */
  phases: readonly PhaseSpan[];
  legalHold: { since: number; by: Decider } | null;
  /** The newest. */
  delay: ContainmentDelay | null;
}

export type SecurityCommand =
  | {
      type: 'declareSecurityIncident';
      severity: Severity;
      tlp?: Tlp;
      codename?: string;
      named?: string[];
      regimes?: string[];
    }
  | { type: 'rateSeverity'; severity: Severity }
  | { type: 'changeTlp'; tlp: Tlp }
  | { type: 'namePeople'; people: string[] }
  | { type: 'unnamePeople'; people: string[] }
  | { type: 'addRegimes'; regimes: string[] }
  | { type: 'placeLegalHold' }
  | { type: 'liftLegalHold' }
  | { type: 'enterPhase'; phase: Phase; activity?: Activity }
  /** `isForgotten`: in a run of the time before its end was told, which replays as it was. */
  | { type: 'delayContainment'; until: number; consentedBy: string; isForgotten?: true }
  | { type: 'establishFact'; fact: string; at: number; isReasoned?: boolean }
  | {
      type: 'reportObligation';
      obligation: string;
      reportedAt: number;
      reference?: string;
      isProgress?: true;
      isReasoned?: boolean;
    }
  | { type: 'judgeNotApplicable'; obligation: string };
export type SecurityCommandType = SecurityCommand['type'];

/** Decisions only: nobody posts these as facts. `by` is the actor, who is not in the folded story. */
export type SecurityBody =
  | {
      type: 'securityDeclared';
      severity: Severity;
      tlp: Tlp;
      codename: string;
      named: readonly string[];
      regimes: readonly string[];
      obligations: readonly ObligationRule[];
      by: Decider | null;
      automatic?: true;
    }
  | { type: 'severityRated'; severity: Severity; from: Severity }
  | { type: 'tlpChanged'; tlp: Tlp; from: Tlp }
  | { type: 'peopleNamed'; people: readonly string[] }
  | { type: 'peopleUnnamed'; people: readonly string[] }
  | { type: 'regimesAdded'; regimes: readonly string[]; obligations: readonly ObligationRule[] }
  | { type: 'legalHoldPlaced'; by: Decider }
  | { type: 'legalHoldLifted'; by: Decider }
  | { type: 'phaseEntered'; phase: Phase; activity?: Activity; by: Decider }
  | { type: 'containmentDelayed'; until: number; consentedBy: string; isReminded?: true; by: Decider }
  | { type: 'factEstablished'; fact: string; factAt: number; by: Decider }
  /** The clock of an obligation starts, or counts from another instant than before. */
  | { type: 'obligationStarted'; obligation: string; startAt: number; deadlineAt: number }
  | {
      type: 'obligationReported';
      obligation: string;
      reportedAt: number;
      reference?: string;
      isProgress?: true;
      by: Decider;
    }
  | { type: 'obligationNotApplicable'; obligation: string; by: Decider };
export type SecurityEventType = SecurityBody['type'];

/** Every type of them, so that the compiler tells of a new one. */
export const SECURITY_EVENTS = {
  securityDeclared: true,
  severityRated: true,
  tlpChanged: true,
  peopleNamed: true,
  peopleUnnamed: true,
  regimesAdded: true,
  legalHoldPlaced: true,
  legalHoldLifted: true,
  phaseEntered: true,
  containmentDelayed: true,
  factEstablished: true,
  obligationStarted: true,
  obligationReported: true,
  obligationNotApplicable: true,
} satisfies Record<SecurityEventType, true>;

export const isSecurityEvent = <E extends { type: string }>(
  event: E,
): event is Extract<E, { type: SecurityEventType }> => Object.hasOwn(SECURITY_EVENTS, event.type);

const SECURITY_COMMANDS = {
  declareSecurityIncident: true,
  rateSeverity: true,
  changeTlp: true,
  namePeople: true,
  unnamePeople: true,
  addRegimes: true,
  placeLegalHold: true,
  liftLegalHold: true,
  enterPhase: true,
  delayContainment: true,
  establishFact: true,
  reportObligation: true,
  judgeNotApplicable: true,
} satisfies Record<SecurityCommandType, true>;

export const isSecurityCommand = <C extends { type: string }>(
  command: C,
): command is Extract<C, { type: SecurityCommandType }> => Object.hasOwn(SECURITY_COMMANDS, command.type);

/** The highest circle that a channel may carry in full; above it only codename and link leave (docs/rules.md §7). */
export const isAbove = (tlp: Tlp | null, highest: Tlp): boolean => tlp !== null && isStricter(tlp, highest);

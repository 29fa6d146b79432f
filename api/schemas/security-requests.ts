/** Requests about a security incident: who may know of it, what the law asks, what holds its traces. */
import { z } from 'zod';
import { ACTIVITIES, PHASES, SEVERITIES, TLPS } from '../../domain/incident.ts';
import { freeText, instantMs, word } from './common.ts';
import { comment, common, spec } from './request-spec.ts';

const people = z
  .array(word)
  .min(1)
  .max(100)
  .openapi({ description: 'Ids of people; under TLP:RED nobody else sees the ticket' });
const regimes = z
  .array(word)
  .max(20)
  .openapi({ description: '`gdpr`, `nis2`, `dora`, `sec`, or the policy’s own' });
const severity = z.enum(SEVERITIES);
const tlp = z.enum(TLPS);
const reason = freeText;

const phaseBody = z
  .strictObject({ phase: z.enum(PHASES), activity: z.enum(ACTIVITIES).optional(), comment, ...common })
  .refine(({ phase, activity }) => activity === undefined || phase === 'respond', {
    error: 'only responding consists of activities',
    path: ['activity'],
  });

export const SECURITY_REQUESTS = {
  declareSecurityIncident: spec({
    path: 'declare-security-incident',
    summary: 'Declare a security incident: from then on its TLP says who sees it',
    operation: 'incident.declare',
    body: z.strictObject({
      severity,
      tlp: tlp.optional().openapi({ description: 'The policy’s, else TLP:AMBER+STRICT' }),
      codename: word.optional().openapi({ description: 'An innocuous name; one is given if absent' }),
      named: people.optional(),
      regimes: regimes.optional(),
      comment,
      ...common,
    }),
    example: { severity: 'high', tlp: 'TLP:AMBER', named: ['agent-17'], regimes: ['gdpr', 'nis2'] },
    refusals: ['already_security', 'ticket_resolved', 'regime_unknown', 'nobody_named'],
    command: ({ severity: how, tlp: circle, codename, named, regimes: laws }) => ({
      type: 'declareSecurityIncident',
      severity: how,
      ...(circle && { tlp: circle }),
      ...(codename && { codename }),
      ...(named && { named }),
      ...(laws && { regimes: laws }),
    }),
  }),
  rateSeverity: spec({
    path: 'rate-severity',
    summary: 'Say how bad the security incident is after all',
    operation: 'incident.work',
    body: z.strictObject({ severity, comment, ...common }),
    example: { severity: 'critical' },
    refusals: ['not_security', 'nothing_changed'],
    command: ({ severity: how }) => ({ type: 'rateSeverity', severity: how }),
  }),
  changeTlp: spec({
    path: 'change-tlp',
    summary: 'Widen or narrow the circle that may know of it (TLP 2.0)',
    operation: 'incident.work',
    body: z.strictObject({ tlp, reason: reason.optional(), ...common }),
    example: { tlp: 'TLP:RED', reason: 'An insider may be involved.' },
    refusals: ['not_security', 'nothing_changed', 'nobody_named'],
    command: ({ tlp: circle }) => ({ type: 'changeTlp', tlp: circle }),
  }),
  namePeople: spec({
    path: 'name-people',
    summary: 'Name people who may see it under TLP:RED',
    operation: 'incident.work',
    body: z.strictObject({ people, comment, ...common }),
    example: { people: ['responder-4'] },
    refusals: ['not_security', 'already_named'],
    command: ({ people: named }) => ({ type: 'namePeople', people: named }),
  }),
  unnamePeople: spec({
    path: 'unname-people',
    summary: 'Take people off the list; under TLP:RED never the last one',
    operation: 'incident.work',
    body: z.strictObject({ people, comment, ...common }),
    example: { people: ['responder-4'] },
    refusals: ['not_security', 'not_named', 'nobody_named'],
    command: ({ people: named }) => ({ type: 'unnamePeople', people: named }),
  }),
  addRegimes: spec({
    path: 'add-regimes',
    summary: 'Bring more laws into play; facts that are established already count at once',
    operation: 'incident.work',
    body: z.strictObject({ regimes: regimes.min(1), comment, ...common }),
    example: { regimes: ['dora'] },
    refusals: ['not_security', 'nothing_changed', 'regime_unknown'],
    command: ({ regimes: laws }) => ({ type: 'addRegimes', regimes: laws }),
  }),
  placeLegalHold: spec({
    path: 'place-legal-hold',
    summary: 'Keep every trace: nothing is disposed of, and no destructive step is taken, until it is lifted',
    operation: 'legalHold.change',
    body: z.strictObject({ reason, ...common }),
    example: { reason: 'Proceedings are expected.' },
    refusals: ['not_security', 'already_held'],
    command: () => ({ type: 'placeLegalHold' }),
  }),
  liftLegalHold: spec({
    path: 'lift-legal-hold',
    summary: 'Lift the legal hold; another lead or manager than whoever placed it',
    operation: 'legalHold.change',
    body: z.strictObject({ reason, ...common }),
    example: { reason: 'Counsel has released the material.' },
    refusals: ['not_security', 'not_held', 'override_not_allowed', 'lifted_by_placer'],
    command: () => ({ type: 'liftLegalHold' }),
  }),
  enterPhase: spec({
    path: 'enter-phase',
    summary: 'Say which phase it is in (NIST SP 800-61r3); phases may come again',
    operation: 'incident.work',
    body: phaseBody,
    example: { phase: 'respond', activity: 'containment' },
    refusals: ['not_security', 'nothing_changed'],
    command: ({ phase, activity }) => ({ type: 'enterPhase', phase, ...(activity && { activity }) }),
  }),
  delayContainment: spec({
    path: 'delay-containment',
    summary:
      'Record the decision to let an attacker go on for a while, with the consent of legal; a lead is paged at its end',
    operation: 'incident.work',
    body: z.strictObject({
      until: instantMs,
      consentedBy: word.openapi({ description: 'Who of legal agreed; not whoever asks' }),
      reason,
      ...common,
    }),
    example: { until: '2099-02-03T16:00:00Z', consentedBy: 'counsel-1', reason: 'To see where it leads.' },
    refusals: ['not_security', 'promise_in_past', 'consent_by_requester'],
    command: ({ until, consentedBy }) => ({ type: 'delayContainment', until, consentedBy }),
  }),
  establishFact: spec({
    path: 'establish-fact',
    summary: 'Say since when a fact holds that the law counts from',
    operation: 'incident.work',
    body: z.strictObject({
      fact: word.openapi({
        description:
          '`aware`, `personalData`, `significant`, `major`, `material`, `handled`, or what an obligation of the policy asks for',
      }),
      at: instantMs.openapi({ description: 'When it became so, however long ago' }),
      reason: reason
        .optional()
        .openapi({ description: 'Needed where something is overdue from the start, and for a correction' }),
      ...common,
    }),
    example: { fact: 'personalData', at: '2026-01-30T08:15:00Z', reason: 'Found in the logs only today.' },
    refusals: [
      'not_security',
      'fact_unknown',
      'fact_in_future',
      'fact_out_of_reach',
      'nothing_changed',
      'reason_missing',
    ],
    command: ({ fact, at, reason: why }) => ({
      type: 'establishFact',
      fact,
      at,
      ...(why !== undefined && { isReasoned: true }),
    }),
  }),
  reportObligation: spec({
    path: 'report-obligation',
    summary: 'Say that an obligation was met: when it was reported, and under which reference',
    operation: 'incident.work',
    body: z.strictObject({
      obligation: word,
      reportedAt: instantMs,
      reference: word.optional(),
      isProgress: z
        .literal(true)
        .optional()
        .openapi({ description: 'The incident goes on: a progress report instead of the final one' }),
      reason: reason.optional().openapi({ description: 'Needed where it was late' }),
      ...common,
    }),
    example: { obligation: 'gdpr-authority', reportedAt: '2026-01-30T10:40:00Z', reference: 'DPA-2026-118' },
    refusals: [
      'not_security',
      'obligation_unknown',
      'obligation_not_running',
      'obligation_not_applicable',
      'already_reported',
      'report_in_future',
      'report_before_anchor',
      'reason_missing',
    ],
    command: ({ obligation, reportedAt, reference, isProgress, reason: why }) => ({
      type: 'reportObligation',
      obligation,
      reportedAt,
      ...(reference && { reference }),
      ...(isProgress && { isProgress }),
      ...(why !== undefined && { isReasoned: true }),
    }),
  }),
  judgeNotApplicable: spec({
    path: 'judge-not-applicable',
    summary: 'Judge that an obligation does not apply; a fact that is established later revokes it',
    operation: 'obligation.judge',
    body: z.strictObject({ obligation: word, reason, ...common }),
    example: { obligation: 'gdpr-authority', reason: 'No personal data were on the host.' },
    refusals: ['not_security', 'obligation_unknown', 'already_reported', 'nothing_changed'],
    command: ({ obligation }) => ({ type: 'judgeNotApplicable', obligation }),
  }),
};

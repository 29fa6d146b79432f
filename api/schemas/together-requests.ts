/** Requests about everybody beside the owner: consulted tiers, people, vendors, the customer, and what it is linked to. */
import { z } from 'zod';
import { ENGAGEMENTS, PARTICIPATIONS, RELATIONS } from '../../domain/collaborators.ts';
import { PROMISES } from '../../domain/events.ts';
import { freeText, instantMs, link, tierNumber, word } from './common.ts';
import { comment, common, spec } from './request-spec.ts';

const consultBody = z
  .strictObject({
    toTier: tierNumber.optional(),
    team: word.optional(),
    agent: word.optional(),
    text: freeText.openapi({ description: 'The question' }),
    ...common,
  })
  .refine(({ toTier, team, agent }) => toTier !== undefined || team !== undefined || agent !== undefined, {
    error: 'say whom: toTier, team or agent',
    path: ['toTier'],
  });

const updateBody = z
  .strictObject({ text: freeText.optional(), draft: word.optional(), ...common })
  .refine(({ text, draft }) => text !== undefined || draft !== undefined, {
    error: 'send text, or the draft to send as it is',
    path: ['text'],
  });

const linkBody = z.strictObject({
  relation: z.enum(RELATIONS),
  reference: word.openapi({ description: 'Their id; of a ticket, ours or `system:id`' }),
  url: link.optional(),
  comment,
  ...common,
});

const ratingBody = z
  .strictObject({ score: z.number().min(0), outOf: z.number().positive().default(5), comment, ...common })
  .refine(({ score, outOf }) => score <= outOf, { error: 'is more than outOf', path: ['score'] });

export const TOGETHER_REQUESTS = {
  consult: spec({
    path: 'consult',
    summary: 'Ask another tier, team or agent without giving the ticket away; it has its own clock',
    body: consultBody,
    example: { toTier: 3, text: 'Is it safe to restart the route server by day?' },
    refusals: ['ticket_resolved', 'tier_unknown'],
    command: ({ toTier, team, agent }) => ({
      type: 'consult',
      ...(toTier !== undefined && { toTier }),
      ...(team && { team }),
      ...(agent && { agent }),
    }),
  }),
  answerConsult: spec({
    path: 'answer-consult',
    summary: 'Answer a consult; `solved` when nothing more is needed from whoever was asked',
    body: z.strictObject({ consult: word, text: freeText, solved: z.boolean().optional(), ...common }),
    example: { consult: 'cns_5b0d1c', text: 'Yes, after announcing it.', solved: true },
    refusals: ['consult_not_open'],
    command: ({ consult, solved }) => ({
      type: 'answerConsult',
      consult,
      ...(solved !== undefined && { solved }),
    }),
  }),
  withdrawConsult: spec({
    path: 'withdraw-consult',
    summary: 'A consult is not needed any more',
    body: z.strictObject({ consult: word, comment, ...common }),
    example: { consult: 'cns_5b0d1c' },
    refusals: ['consult_not_open'],
    command: ({ consult }) => ({ type: 'withdrawConsult', consult }),
  }),
  swarm: spec({
    path: 'swarm',
    summary: 'Bring in people with skills; the ticket stays with its owner',
    body: z.strictObject({
      people: z
        .array(z.strictObject({ agent: word, skills: z.array(word).max(20).optional() }))
        .min(1)
        .max(20),
      comment,
      ...common,
    }),
    example: { people: [{ agent: 'agent-31', skills: ['bgp'] }] },
    refusals: ['ticket_resolved', 'already_joined'],
    command: ({ people }) => ({
      type: 'swarm',
      people: people.map(({ agent, skills }) => ({ agent, ...(skills && { skills }) })),
    }),
  }),
  shadow: spec({
    path: 'shadow',
    summary: 'Let somebody learn from it: they see all and own nothing',
    body: z.strictObject({ agent: word, comment, ...common }),
    example: { agent: 'agent-40' },
    refusals: ['ticket_resolved', 'already_joined'],
    command: ({ agent }) => ({ type: 'shadow', agent }),
  }),
  leave: spec({
    path: 'leave',
    summary: 'Somebody who joined goes again',
    body: z.strictObject({ agent: word, as: z.enum(PARTICIPATIONS).optional(), comment, ...common }),
    example: { agent: 'agent-31' },
    refusals: ['not_joined'],
    command: ({ agent, as }) => ({ type: 'leave', agent, ...(as && { as }) }),
  }),
  engageVendor: spec({
    path: 'engage-vendor',
    summary:
      'Engage a vendor, or our own development; whether that pauses the customer’s clock, the policy says',
    body: z.strictObject({
      vendor: word.optional(),
      kind: z.enum(ENGAGEMENTS).optional(),
      reference: word.optional().openapi({ description: 'Their own number for it' }),
      text: freeText.openapi({ description: 'What they are asked for' }),
      ...common,
    }),
    example: { vendor: 'acme', reference: 'ACME-4711', text: 'Please replace the line card.' },
    refusals: ['ticket_resolved'],
    command: ({ vendor, kind, reference }) => ({
      type: 'engageVendor',
      ...(vendor && { vendor }),
      ...(kind && { kind }),
      ...(reference && { reference }),
    }),
  }),
  askVendor: spec({
    path: 'ask-vendor',
    summary: 'Ask more within an engagement',
    body: z.strictObject({ engagement: word, reference: word.optional(), text: freeText, ...common }),
    example: { engagement: 'eng_5b0d1c', text: 'When will the engineer arrive?' },
    refusals: ['engagement_not_open'],
    command: ({ engagement, reference }) => ({
      type: 'askVendor',
      engagement,
      ...(reference && { reference }),
    }),
  }),
  vendorReturned: spec({
    path: 'vendor-returned',
    summary: 'They are done; ends the hold for the vendor. Without an engagement: all of them',
    body: z.strictObject({ engagement: word.optional(), outcome: word.optional(), comment, ...common }),
    example: { engagement: 'eng_5b0d1c', outcome: 'replaced' },
    refusals: ['engagement_not_open'],
    command: ({ engagement, outcome }) => ({
      type: 'vendorReturned',
      ...(engagement && { engagement }),
      ...(outcome && { outcome }),
    }),
  }),
  sendUpdate: spec({
    path: 'send-update',
    summary: 'Tell the customer how things stand: your own words, or a draft as it is',
    body: updateBody,
    example: { text: 'The vendor replaces the card at 14:00.' },
    refusals: ['draft_not_open'],
    command: ({ draft }) => ({ type: 'sendUpdate', ...(draft && { draft }) }),
  }),
  link: spec({
    path: 'link',
    summary: 'Link it to a change, a problem, a parent ticket, …',
    body: linkBody,
    example: { relation: 'change', reference: 'CHG-1042' },
    refusals: ['already_linked'],
    command: ({ relation, reference, url }) => ({ type: 'link', relation, reference, ...(url && { url }) }),
  }),
  unlink: spec({
    path: 'unlink',
    summary: 'Take a link away',
    body: z.strictObject({ relation: z.enum(RELATIONS), reference: word, comment, ...common }),
    example: { relation: 'change', reference: 'CHG-1042' },
    refusals: ['not_linked'],
    command: ({ relation, reference }) => ({ type: 'unlink', relation, reference }),
  }),
  reproduce: spec({
    path: 'reproduce',
    summary: 'Say in which environment the fault was reproduced, and how',
    body: z.strictObject({ environment: word, text: freeText, ...common }),
    example: { environment: 'staging', text: 'Restart twice within a minute.' },
    refusals: [],
    command: ({ environment }) => ({ type: 'reproduce', environment }),
  }),
  restore: spec({
    path: 'restore',
    summary: 'The service works again, by a workaround if need be; stops the restore clock',
    body: z.strictObject({ comment, ...common }),
    example: { comment: 'Traffic goes over the second line.' },
    refusals: ['already_restored'],
    command: () => ({ type: 'restore' }),
  }),
  commit: spec({
    path: 'commit',
    summary: 'Note a time that the customer was promised; it has its own clock',
    body: z.strictObject({ dueAt: instantMs, to: z.enum(PROMISES).optional(), comment, ...common }),
    example: { dueAt: '2099-02-03T16:00:00Z', to: 'update' },
    refusals: ['ticket_resolved', 'promise_in_past'],
    command: ({ dueAt, to }) => ({ type: 'commit', dueAt, ...(to && { to }) }),
  }),
  rate: spec({
    path: 'rate',
    summary: 'How content the customer is; after closing, post it as a fact',
    body: ratingBody,
    example: { score: 4, outOf: 5 },
    refusals: [],
    command: ({ score, outOf }) => ({ type: 'rate', score, outOf }),
  }),
  completeItem: spec({
    path: 'complete-item',
    summary: 'Tick an item of a checklist off',
    body: z.strictObject({ item: word, comment, ...common }),
    example: { item: 'backup-verified' },
    refusals: ['item_not_open'],
    command: ({ item }) => ({ type: 'completeItem', item }),
  }),
  declareMajor: spec({
    path: 'declare-major',
    summary: 'Declare a major incident; its clocks, and with them its emergency ladder, begin',
    body: z.strictObject({ commander: word.optional(), comment, ...common }),
    example: { commander: 'lead-2', comment: 'All of the northern sites.' },
    refusals: ['ticket_resolved', 'already_major'],
    command: ({ commander }) => ({ type: 'declareMajor', ...(commander && { commander }) }),
  }),
};

/** Requests by which a ticket goes from one tier to another. */
import { z } from 'zod';
import { freeText, tierNumber, word } from './common.ts';
import { packetFacts, packetItem, packetSchema } from './packet.ts';
import { common, spec } from './request-spec.ts';

export const HANDOFF_REQUESTS = {
  offerHandoff: spec({
    path: 'offer-handoff',
    summary: 'Offer it to another tier, with what that tier has to know; ours until it is accepted',
    body: z.strictObject({
      toTier: tierNumber,
      team: word.optional(),
      reason: freeText,
      packet: packetSchema.optional().openapi({
        description: 'Added to what was written down before; the policy says what each tier requires',
      }),
      override: z.literal(true).optional().openapi({
        description: 'A lead lets an incomplete packet pass; the reason says why',
      }),
      ...common,
    }),
    example: {
      toTier: 2,
      reason: 'Needs access to the core routers.',
      packet: {
        question: 'Why does the route flap?',
        symptoms: 'Drops every ten minutes.',
        stepsTried: [{ step: 'Replaced the cable', result: 'No change' }],
      },
    },
    refusals: [
      'ticket_resolved',
      'tier_unknown',
      'same_tier',
      'already_offered',
      'reason_missing',
      'handoff_incomplete',
      'override_not_allowed',
    ],
    command: ({ toTier, team, packet, override }) => ({
      type: 'offerHandoff',
      toTier,
      ...(team && { team }),
      ...packetFacts(packet),
      isReasoned: true,
      ...(override && { override }),
    }),
  }),
  acceptHandoff: spec({
    path: 'accept-handoff',
    summary: 'Take it on: from here the time is the receiving tier’s',
    body: z.strictObject({ assignee: word.optional(), comment: freeText.optional(), ...common }),
    example: { assignee: 'agent-21' },
    refusals: ['nothing_offered'],
    command: ({ assignee }) => ({ type: 'acceptHandoff', ...(assignee && { assignee }) }),
  }),
  returnHandoff: spec({
    path: 'return-handoff',
    summary: 'Give it back with what is missing; one that the ladder handed on goes to a lead',
    body: z.strictObject({ reason: freeText, missing: z.array(packetItem).min(1).optional(), ...common }),
    example: { reason: 'Which firmware is it?', missing: ['environment'] },
    refusals: ['nothing_offered'],
    command: ({ missing }) => ({ type: 'returnHandoff', ...(missing && { missing }) }),
  }),
  withdrawHandoff: spec({
    path: 'withdraw-handoff',
    summary: 'Take an offer back that nobody has accepted yet',
    body: z.strictObject({ reason: freeText.optional(), ...common }),
    example: { reason: 'Solved meanwhile.' },
    refusals: ['nothing_offered'],
    command: () => ({ type: 'withdrawHandoff' }),
  }),
  writePacket: spec({
    path: 'packet',
    summary: 'Write down what a later handoff will have to say',
    body: z.strictObject({ packet: packetSchema, ...common }),
    example: { packet: { symptoms: 'Drops every ten minutes.', onset: 'Since the change of Monday.' } },
    refusals: [],
    command: ({ packet }) => ({ type: 'writePacket', ...packetFacts(packet) }),
  }),
};

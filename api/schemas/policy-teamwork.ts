/** What a policy says of the tiers' work together: handoffs, vendors, updates, recurrence, surges, major incidents. */
import { z } from 'zod';
import { PACKET_ITEMS } from '../../domain/packet.ts';
import {
  AUDIENCES,
  RESOLUTION_PARTS,
  UPDATE_OCCASIONS,
  type RecurrenceRule,
  type SurgeRule,
  type UpdateRule,
  type VendorRule,
} from '../../domain/policy.ts';
import { fault } from './issues.ts';
import {
  agreedTargets,
  ALWAYS_CALENDAR,
  beside,
  calendarName,
  durationSchema,
  templateName,
  type Known,
} from './policy-clocks.ts';

import { reviewsSchema } from './policy-reviews.ts';

const name = z.string().trim().min(1).max(200);

/** What a tier says besides its name and hours. */
export const tierTeamwork = (known: Known) => ({
  onCall: z.strictObject({ calendar: calendarName(known).default(ALWAYS_CALENDAR) }).exactOptional(),
  requires: z.array(z.enum(PACKET_ITEMS)).exactOptional(),
  rate: z
    .strictObject({
      perHour: z.number().min(0),
      currency: z.string().regex(/^[A-Z]{3}$/, 'a currency is three capital letters (ISO 4217)'),
    })
    .exactOptional(),
});

function vendorSchema(known: Known) {
  return z
    .strictObject({
      contract: agreedTargets(known).optional(),
      hold: z.boolean().exactOptional(),
      manager: name.exactOptional(),
    })
    .transform(({ contract, ...rest }): VendorRule => ({ ...(contract && { targets: contract }), ...rest }));
}

const recurrenceSchema = z
  .strictObject({
    count: z.int().min(2, 'what happened once has not come back'),
    within: durationSchema,
    by: z
      .array(z.enum(['category', 'service', 'configurationItem', 'symptom', 'customer', 'site']))
      .min(1)
      .exactOptional(),
    quiet: durationSchema.optional(),
  })
  .transform(({ within, quiet, ...rest }): RecurrenceRule => ({
    ...rest,
    withinMs: within,
    ...(quiet !== undefined && { quietMs: quiet }),
  }));

function surgeSchema(known: Known) {
  const tier = z.int().superRefine((one, context) => {
    if (!known.tiers.has(one))
      fault(context, 'tier_unknown', `there is no tier ${one}; known are ${[...known.tiers].join(', ')}`);
  });
  return z
    .strictObject({
      tier,
      depth: z.int().min(1),
      clearAt: z.int().min(0).exactOptional(),
      notify: z.enum(AUDIENCES).default('lead'),
      raiseTo: tier.exactOptional(),
    })
    .superRefine(({ depth, clearAt }, context) => {
      if (clearAt !== undefined && clearAt >= depth)
        fault(context, 'clear_above_depth', `a queue of ${clearAt} is crowded by the same rule`, ['clearAt']);
    }, beside)
    .transform((rule): SurgeRule => rule);
}

const updateSchema = z
  .strictObject({
    on: z.enum(UPDATE_OCCASIONS),
    send: templateName.optional(),
    draft: templateName.optional(),
  })
  .transform(({ on, send, draft }, context): UpdateRule => {
    if ((send === undefined) === (draft === undefined)) {
      fault(
        context,
        'update_ambiguous',
        'an update is either sent or drafted: send or draft, with a template',
      );
      return z.NEVER;
    }
    return { on, template: (send ?? draft)!, send: send !== undefined };
  });

/** The parts of a policy about working together, each optional. */
export const policyTeamwork = (known: Known) => ({
  handoffs: z.strictObject({ returnsBeforeLead: z.int().min(1).exactOptional() }).exactOptional(),
  vendors: z.record(name, vendorSchema(known)).exactOptional(),
  resolving: z
    .strictObject({
      requires: z.array(z.enum(RESOLUTION_PARTS)).default([]),
      causeCodes: z.array(name).min(1).exactOptional(),
    })
    .exactOptional(),
  knowledge: z
    .strictObject({
      articleTask: z
        .strictObject({ within: durationSchema, calendar: calendarName(known).default(ALWAYS_CALENDAR) })
        .transform(({ within, calendar }) => ({ ms: within, calendar })),
    })
    .exactOptional(),
  recurrence: recurrenceSchema.exactOptional(),
  surge: z.array(surgeSchema(known)).exactOptional(),
  updates: z.array(updateSchema).exactOptional(),
  reviews: reviewsSchema(known).exactOptional(),
  major: z
    .strictObject({ affectedUsers: z.int().min(1).exactOptional(), children: z.int().min(1).exactOptional() })
    .exactOptional(),
  onCallFallback: name.exactOptional(),
});

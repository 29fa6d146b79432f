/**
 * Examples that a policy carries: the story of a ticket, and what its clocks must then say. They are the policy's
 * own tests (docs/policies.md); domain/examples.ts plays them.
 */
import { z } from 'zod';
import { CLOCK_STATES, STATES, type ExampleEvent, type PolicyExample } from '../../domain/examples.ts';
import { CHANNELS } from '../../domain/events.ts';
import { SEVERITIES, TLPS } from '../../domain/incident.ts';
import { instantMs, level, priority, tierNumber, word } from './common.ts';
import { factBody } from './facts.ts';
import { fault } from './issues.ts';

/** Up to the minutes, and what follows them: seconds may be left out. */
const TO_THE_MINUTE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(Z|[+-]\d\d:\d\d)$/;

const CLOCK = /^[A-Za-z][A-Za-z0-9-]{0,62}$/;
/** A repetition of a step is written `breach~2`. */
const STEP = /^([A-Za-z][A-Za-z0-9-]*)\/([a-z0-9][a-z0-9.-]*(?:~\d+)?)$/;

/** An instant as people write it in a file, read as epoch milliseconds. */
export const writtenInstant = z.string().transform((text, context) => {
  const read = instantMs.safeParse(text.replace(TO_THE_MINUTE, '$1:00$2'));
  if (read.success) return read.data;
  fault(
    context,
    'instant_malformed',
    `${text.slice(0, 60)} is not a time with an offset, such as 2026-01-30T16:00+01:00`,
  );
  return z.NEVER;
});

/** The facts of POST /v1/tickets/{id}/events, with `at` for `occurredAt`; who told them and what was written is left out. */
function eventSchema(): z.ZodType<ExampleEvent> {
  const told = { id: true, occurredAt: true, actor: true, comment: true, text: true } as const;
  const options = factBody.options.map((option) => {
    const shape = option.shape as Record<string, z.ZodType>;
    const kept = Object.entries(shape).filter(([name]) => !(name in told));
    return z.strictObject({ at: writtenInstant, ...Object.fromEntries(kept) });
  });
  // The compiler cannot follow a union built in a loop; its types are those of the facts.
  return z.discriminatedUnion('type', options as never) as unknown as z.ZodType<ExampleEvent>;
}

/** Which clocks there are, the policy says; one that it does not know is found when the example is played. */
const clockName = z.string().regex(CLOCK, 'a clock is named as in the policy');

const clockExpectation = (duration: z.ZodType<number>) =>
  z.strictObject({
    cycle: z.int().min(1).exactOptional(),
    state: z.enum(CLOCK_STATES).exactOptional(),
    breached: z.boolean().exactOptional(),
    startedAt: writtenInstant.exactOptional(),
    deadlineAt: writtenInstant.nullable().exactOptional(),
    metAt: writtenInstant.nullable().exactOptional(),
    breachedAt: writtenInstant.nullable().exactOptional(),
    cancelledAt: writtenInstant.nullable().exactOptional(),
    elapsed: duration.exactOptional(),
  });

const stepExpectation = z.union([
  z
    .string()
    .regex(STEP, 'a step is written clock/step, such as resolution/breach')
    .transform((text) => {
      const [, clock, step] = STEP.exec(text) as unknown as [string, string, string];
      return { clock, step };
    }),
  z.strictObject({
    clock: clockName,
    step: word,
    cycle: z.int().min(1).exactOptional(),
    at: writtenInstant.exactOptional(),
  }),
]);

const expectSchema = (duration: z.ZodType<number>) => {
  const one = clockExpectation(duration);
  return z.strictObject({
    clocks: z.record(clockName, z.union([one, z.array(one)])).exactOptional(),
    steps: z.array(stepExpectation).exactOptional(),
    tier: tierNumber.exactOptional(),
    priority: priority.exactOptional(),
    state: z.enum(STATES).exactOptional(),
    severity: z.enum(SEVERITIES).nullable().exactOptional(),
    tlp: z.enum(TLPS).nullable().exactOptional(),
  });
};

const attributes = {
  type: word.default('incident'),
  channel: z.enum(CHANNELS).default('email'),
  impact: level.exactOptional(),
  urgency: level.exactOptional(),
  customer: word.exactOptional(),
  contract: word.exactOptional(),
  service: word.exactOptional(),
  configurationItem: word.exactOptional(),
  site: word.exactOptional(),
  category: word.exactOptional(),
};

/** More would make every start of the server wait for them. */
const MOST_EXAMPLES = 100;
const MOST_EVENTS = 200;

function exampleSchema(duration: z.ZodType<number>) {
  return z
    .strictObject({
      name: word,
      opened: writtenInstant,
      priority: priority.exactOptional(),
      tier: tierNumber.exactOptional(),
      ...attributes,
      events: z.array(eventSchema()).max(MOST_EVENTS).default([]),
      until: writtenInstant.exactOptional(),
      expect: expectSchema(duration),
    })
    .superRefine((example, context) => {
      const { opened, until = Number.POSITIVE_INFINITY, events, impact, urgency } = example;
      if (example.priority === undefined && (impact === undefined || urgency === undefined))
        fault(context, 'priority_missing', 'say the priority, or impact and urgency');
      if (until < opened) fault(context, 'until_too_early', 'until lies before opened', ['until']);
      events.forEach(({ at }, i) => {
        if (at < opened) fault(context, 'before_opening', 'the event lies before opened', ['events', i]);
        if (at > until) fault(context, 'after_until', 'the event lies after until', ['events', i]);
      });
    })
    .transform(({ opened, priority: given, tier, events, until, expect, name, ...rest }): PolicyExample => {
      const { impact = 'medium', urgency = 'medium', ...others } = rest;
      return {
        name,
        openedAt: opened,
        ...(given !== undefined && { priority: given }),
        ...(tier !== undefined && { tier }),
        attributes: { ...others, impact, urgency },
        events,
        ...(until !== undefined && { until }),
        expect: expect as PolicyExample['expect'],
      };
    });
}

/** The key `examples` of a policy. `duration` reads a duration in words as milliseconds. */
export function examplesSchema(duration: z.ZodType<number>) {
  return z
    .array(exampleSchema(duration))
    .max(MOST_EXAMPLES)
    .superRefine((examples, context) => {
      const names = examples.map((example) => (example as PolicyExample | undefined)?.name);
      names.forEach((name, i) => {
        if (name !== undefined && names.indexOf(name) < i)
          fault(context, 'example_repeated', `there is an example ${name} already`, [i, 'name']);
      });
    });
}

/** What a policy says of security incidents: labels, types, and the duties of law that may come into play. */
import { z } from 'zod';
import { TLPS, type ObligationRule, type SecurityRule } from '../../domain/incident.ts';
import { SHIPPED_OBLIGATIONS } from '../../domain/obligations.ts';
import { fault } from './issues.ts';
import {
  ALWAYS_CALENDAR,
  beside,
  calendarName,
  durationSchema,
  promisedSchema,
  type Known,
} from './policy-clocks.ts';

const name = z.string().trim().min(1).max(200);

/** The name of a clock of law, which has a hyphen as every clock that is not a standard one. */
const obligationId = z
  .string()
  .regex(
    /^[a-z][a-z0-9]*(-[a-z0-9]+)+$/,
    'an obligation is named in lower case, with a hyphen: gdpr-authority',
  );

const anchorSchema = z.union([z.strictObject({ fact: name }), z.strictObject({ reportOf: obligationId })]);

function obligationSchema(known: Known) {
  return z
    .strictObject({
      id: obligationId,
      regime: name,
      title: name,
      citation: name,
      anchor: anchorSchema,
      afterProgressOf: obligationId.exactOptional(),
      target: promisedSchema,
      calendar: calendarName(known).default(ALWAYS_CALENDAR),
      notLaterThan: z
        .strictObject({ fact: name, after: durationSchema })
        .transform(({ fact, after }) => ({ fact, ms: after }))
        .exactOptional(),
      isRepeated: z.literal(true).exactOptional(),
    })
    .transform(({ target, calendar, ...rule }): ObligationRule => ({
      ...rule,
      target: { ...target, calendar },
    }));
}

/** Shipped obligations whose calendars the policy has; the policy's own, by the same id, replace them. */
function withShipped(own: readonly ObligationRule[], { calendars }: Known): ObligationRule[] {
  const countable = SHIPPED_OBLIGATIONS.filter(({ target }) => calendars.has(target.calendar));
  return [...countable.filter(({ id }) => !own.some((one) => one.id === id)), ...own];
}

/** Everything that an obligation refers to is one of the obligations itself. */
const referredTo = ({ anchor, afterProgressOf }: ObligationRule): string[] => [
  ...('reportOf' in anchor ? [anchor.reportOf] : []),
  ...(afterProgressOf === undefined ? [] : [afterProgressOf]),
];

/** The obligations of a policy's own; each is a clock of that name. */
const ownObligations = (known: Known) =>
  z.array(obligationSchema(known)).superRefine((obligations, context) => {
    obligations.forEach(({ id }, i) => {
      if (obligations.findIndex((one) => one.id === id) < i)
        fault(context, 'obligation_repeated', `the obligation ${id} is listed twice`, [i, 'id']);
    });
  });

/** The part of a policy about security. */
export const policySecurity = (known: Known) => ({
  security: z
    .strictObject({
      tlp: z.enum(TLPS).default('TLP:AMBER+STRICT'),
      types: z.array(name).default([]),
      regimes: z.array(name).default([]),
      named: z.array(name).default([]),
      obligations: ownObligations(known).default([]),
    })
    .transform(({ obligations, ...rule }): SecurityRule => ({
      ...rule,
      obligations: withShipped(obligations, known),
    }))
    .superRefine(({ tlp, named, types, regimes, obligations }, context) => {
      if (tlp === 'TLP:RED' && types.length > 0 && named.length === 0)
        fault(context, 'nobody_named', 'what is TLP:RED from the start needs somebody named', ['named']);
      const laws = new Set(obligations.map(({ regime }) => regime));
      regimes.forEach((regime, i) => {
        if (!laws.has(regime)) fault(context, 'regime_unknown', unknownRegime(regime, laws), ['regimes', i]);
      });
      const ids = new Set(obligations.map(({ id }) => id));
      for (const rule of obligations)
        for (const other of referredTo(rule))
          if (!ids.has(other))
            fault(context, 'obligation_unknown', `${rule.id} counts from ${other}, which is no obligation`, [
              'obligations',
            ]);
    }, beside)
    .exactOptional(),
});

const unknownRegime = (regime: string, known: ReadonlySet<string>): string => {
  const shipped = SHIPPED_OBLIGATIONS.find((one) => one.regime === regime);
  return shipped
    ? `regime ${regime} is counted on calendar ${shipped.target.calendar}, which the policy does not have`
    : `there is no regime ${regime}; known are ${[...known].join(', ')}`;
};

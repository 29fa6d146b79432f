/** A security incident as its ticket shows it. */
import { z } from 'zod';
import { ACTIVITIES, PHASES, SEVERITIES, TLPS } from '../../domain/incident.ts';
import { instant } from './common.ts';

const by = z.string().openapi({ description: 'The person, or the key where nobody is named' });

export const securityView = z
  .object({
    severity: z.enum(SEVERITIES),
    tlp: z.enum(TLPS),
    codename: z.string().openapi({ description: 'What it is called where the ticket may not be shown' }),
    named: z.array(z.string()).openapi({ description: 'Who may see it under TLP:RED' }),
    declaredAt: instant,
    declaredBy: by.nullable().openapi({ description: 'Null where the policy declared it by its type' }),
    regimes: z.array(z.string()),
    phase: z.object({ phase: z.enum(PHASES), activity: z.enum(ACTIVITIES).optional(), since: instant }),
    facts: z
      .array(z.object({ fact: z.string(), at: instant, becameKnownAt: instant, by }))
      .openapi({ description: 'What the law counts from' }),
    legalHold: z.object({ since: instant, by }).nullable(),
    containmentDelay: z
      .object({ since: instant, until: instant, consentedBy: z.string(), by })
      .nullable()
      .openapi({ description: 'The newest decision to let an attacker go on' }),
  })
  .openapi('SecurityIncident');
export type SecurityView = z.input<typeof securityView>;

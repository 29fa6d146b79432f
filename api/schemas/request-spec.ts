/** What a request on a ticket is: its body, its words for the documentation, and the command it stands for. */
import type { z } from 'zod';
import type { Command } from '../../domain/commands.ts';
import type { AppliedPolicy } from '../../domain/policy.ts';
import type { RefusalCode } from '../../domain/refusals.ts';
import type { Operation } from '../roles.ts';
import { actingFor, freeText } from './common.ts';

export const comment = freeText.optional();
export const common = { actingFor };

/** Body, wording for the documentation, and the command. Free text goes to the erasable store, not to the engine. */
export interface RequestSpec<S extends z.ZodType = z.ZodType> {
  /** `post` unless said otherwise. */
  method?: 'patch';
  /** Beyond the ticket's own. */
  path: string;
  summary: string;
  /** `ticket.work` unless said otherwise. */
  operation?: Operation;
  description?: string;
  body: S;
  example: z.input<S>;
  /** Why it may be refused, besides what refuses every request. */
  refusals: readonly RefusalCode[];
  command(body: z.output<S>, policy: AppliedPolicy): Command;
}

export const spec = <S extends z.ZodType>(one: RequestSpec<S>): RequestSpec => one as unknown as RequestSpec;

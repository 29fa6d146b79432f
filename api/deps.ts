/** What the routes need; bin/server.ts brings the real ones. */
import type { Policy } from '../domain/policy.ts';
import type { ApiKeyStore } from '../prisma/api-keys.ts';
import type { BreachStore } from '../prisma/breaches.ts';
import type { IntakeStore } from '../prisma/intake.ts';
import type { Ledger } from '../prisma/ledger.ts';
import type { HistoryStore } from '../prisma/histories.ts';
import type { TicketStore } from '../prisma/tickets.ts';
import type { Engine } from './engine.ts';

export interface ApiDeps {
  tickets: TicketStore;
  breaches: BreachStore;
  ledger: Pick<Ledger, 'events' | 'sequenceOf'>;
  intake: IntakeStore;
  histories: HistoryStore;
  engine: Engine;
  apiKeys: Pick<ApiKeyStore, 'find'>;
  /** The current version of every policy. */
  policies(): Promise<Policy[]>;
  policyVersion(name: string, version: number): Promise<Policy>;
  /** Throws a 503 problem, saying what does not answer, while the process cannot serve. */
  checkReady(): Promise<void>;
  onBug(error: unknown, requestId: string): void;
  now?: () => number;
}

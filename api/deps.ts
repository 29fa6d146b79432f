/** What the routes need; bin/server.ts brings the real ones. */
import type { KeyObject } from 'node:crypto';
import type { Policy } from '../domain/policy.ts';
import type { ApiKeyStore } from '../prisma/api-keys.ts';
import type { ArticleStore } from '../prisma/articles.ts';
import type { ArtifactStore } from '../prisma/artifacts.ts';
import type { BreachStore } from '../prisma/breaches.ts';
import type { CalendarStore } from '../prisma/calendars.ts';
import type { ContainmentStore } from '../prisma/containments.ts';
import type { DeliveryStore } from '../prisma/deliveries.ts';
import type { HistoryStore } from '../prisma/histories.ts';
import type { InForceStore } from '../prisma/in-force.ts';
import type { IntakeStore } from '../prisma/intake.ts';
import type { JournalStore } from '../prisma/journals.ts';
import type { EvidenceStore } from '../prisma/evidence.ts';
import type { Ledger } from '../prisma/ledger.ts';
import type { PeopleStore } from '../prisma/people.ts';
import type { PlanStore } from '../prisma/plans.ts';
import type { PlaybookStore } from '../prisma/playbooks.ts';
import type { PolicyStore } from '../prisma/policies.ts';
import type { ProblemStore } from '../prisma/problems.ts';
import type { ReferenceStore } from '../prisma/reference.ts';
import type { RotaStore } from '../prisma/rotas.ts';
import type { QueueAlertStore } from '../prisma/queue-alerts.ts';
import type { ReviewStore } from '../prisma/reviews.ts';
import type { PaceStore } from '../prisma/paces.ts';
import type { QueueStore } from '../prisma/queues.ts';
import type { ProcedureStore } from '../prisma/procedures.ts';
import type { ScheduleStore } from '../prisma/schedules.ts';
import type { SuggestionStore } from '../prisma/suggestions.ts';
import type { ReportStore } from '../prisma/reports.ts';
import type { AuthorisationStore } from '../prisma/playbook-authorisations.ts';
import type { ProtectedAssetStore } from '../prisma/protected-assets.ts';
import type { RuleChangeStore } from '../prisma/rule-changes.ts';
import type { TaskStore } from '../prisma/tasks.ts';
import type { TemplateStore } from '../prisma/templates.ts';
import type { TicketStore } from '../prisma/tickets.ts';
import type { UnitStore } from '../prisma/units.ts';
import type { Engine } from './engine.ts';
import type { JournalRunner } from './journal-runner.ts';
import type { ScheduleMirror } from './schedule-mirror.ts';
import type { RuleChangeRunner } from './rule-change-runner.ts';

export interface ApiDeps {
  tickets: TicketStore;
  breaches: BreachStore;
  articles: ArticleStore;
  procedures: ProcedureStore;
  schedules: ScheduleStore;
  scheduleMirror: ScheduleMirror;
  suggestions: SuggestionStore;
  ledger: Pick<Ledger, 'events' | 'sequenceOf'>;
  intake: IntakeStore;
  histories: HistoryStore;
  engine: Engine;
  apiKeys: ApiKeyStore;
  /** The current version of every policy. */
  policies(): Promise<Policy[]>;
  policyVersion(name: string, version: number): Promise<Policy>;
  /** Asks again which policies are in force, the next time; this process has just changed it. */
  forgetPolicies(): void;
  policyStore: PolicyStore;
  calendars: CalendarStore;
  queues: Pick<QueueStore, 'reserve' | 'release' | 'list' | 'summaries'>;
  queueAlerts: Pick<QueueAlertStore, 'open'>;
  paces: PaceStore;
  reports: ReportStore;
  ruleChanges: RuleChangeStore;
  ruleChangeRunner: RuleChangeRunner;
  people: PeopleStore;
  rotas: RotaStore;
  reference: ReferenceStore;
  templates: TemplateStore;
  deliveries: Pick<DeliveryStore, 'list'>;
  journals: JournalStore;
  journalRunner: JournalRunner;
  evidence: EvidenceStore;
  tasks: TaskStore;
  inForce: InForceStore;
  problems: ProblemStore;
  playbooks: PlaybookStore;
  /** Whose signatures on playbooks are trusted. */
  playbookKeys: readonly KeyObject[];
  reviews: ReviewStore;
  protectedAssets: ProtectedAssetStore;
  authorisations: AuthorisationStore;
  containments: ContainmentStore;
  plans: PlanStore;
  units: Pick<UnitStore, 'ofRun' | 'hasArtifact'>;
  artifacts: Pick<ArtifactStore, 'get'>;
  /** Hides what is given for variables that nobody may see. */
  sealing: { seal(value: string, about: { ticket: string }): Promise<string> };
  /** Types of commands that connectors here carry out. */
  connectors: readonly string[];
  /** Most targets that one run may change, where its playbook does not say. */
  maxTargets: number;
  /** Throws a 503 problem, saying what does not answer, while the process cannot serve. */
  checkReady(): Promise<void>;
  onBug(error: unknown, requestId: string): void;
  now?: () => number;
}

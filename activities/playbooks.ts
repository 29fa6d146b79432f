/** The playbooks of a run, as its workflow follows them. */
import type { Definitions } from '../domain/run-units.ts';

export interface PlaybookLoading {
  /** By digest: the playbook of the run, and every one that it may run from within. */
  loadPlaybooks(wanted: { run: string }): Promise<Definitions>;
}

/** The playbooks of a run, as its workflow follows them. */
import { ApplicationFailure } from '@temporalio/common';
import type { Playbook } from '../domain/playbook.ts';
import type { Definitions } from '../domain/run-units.ts';
import { SEES_ALL } from '../domain/visibility.ts';
import type { ContainmentStore } from '../prisma/containments.ts';
import type { PlaybookStore } from '../prisma/playbooks.ts';

export interface PlaybookLoading {
  /** By digest: the playbook of the run, and every one that it may run from within. */
  loadPlaybooks(wanted: { run: string }): Promise<Definitions>;
}

export interface PlaybookLoadingDeps {
  containments: Pick<ContainmentStore, 'get'>;
  playbooks: Pick<PlaybookStore, 'byDigest'>;
}

export function createPlaybookLoading({ containments, playbooks }: PlaybookLoadingDeps): PlaybookLoading {
  return {
    async loadPlaybooks({ run: id }) {
      const run = await containments.get(id, SEES_ALL);
      if (!run) throw ApplicationFailure.nonRetryable(`There is no containment ${id}`, 'Unknown');
      const digests = [
        run.playbook.digest,
        ...Object.values(run.pins).flatMap((steps) => Object.values(steps)),
      ];
      const found: Record<string, Playbook> = {};
      for (const digest of new Set(digests)) {
        const stored = await playbooks.byDigest(digest);
        // A run never begins without all its parts; they are never taken away.
        if (!stored) throw new Error(`Playbook ${digest} of run ${id} is not stored`);
        found[digest] = stored.playbook;
      }
      return found;
    },
  };
}

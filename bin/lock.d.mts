export interface LockHolder {
  /** A file name that tells this holder apart from every other. */
  token: string;
  /** Is the process behind a token still running? */
  isAlive: (token: string) => boolean;
}

export type LockAttempt =
  | { acquired: true; release: () => void }
  /** heldBy: the living holder's token; null while it is not known yet (ask again). */
  | { acquired: false; heldBy: string | null };

export function tryLock(folder: string, holder: LockHolder): LockAttempt;
export function lockHolder(folder: string): string | null;

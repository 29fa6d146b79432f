/** What a check finds in a playbook, and what follows from it. */
import { pointerOf } from './pointer.ts';

export interface Finding {
  severity: 'error' | 'warning';
  /** JSON pointer (RFC 6901) into the playbook. */
  pointer: string;
  /** Stable; docs/playbooks.md lists them. */
  code: string;
  /** The fact, and what to do about it. */
  message: string;
}

/** `invalid`: no playbook. `importable`: one, that cannot be carried out here. */
export type PlaybookVerdict = 'executable' | 'importable' | 'invalid';

export type Path = readonly (string | number)[];

/** So many are told; somebody who has mended these asks again. */
const MOST_FINDINGS = 500;

/** Collects findings; the worst of them is the verdict. */
export class Findings {
  readonly list: Finding[] = [];
  private worst: PlaybookVerdict = 'executable';

  get verdict(): PlaybookVerdict {
    return this.worst;
  }

  /** It is no playbook because of this. */
  invalid(path: Path, code: string, message: string): void {
    this.worst = 'invalid';
    this.add('error', path, code, message);
  }

  /** It cannot be carried out because of this. */
  blocking(path: Path, code: string, message: string): void {
    if (this.worst === 'executable') this.worst = 'importable';
    this.add('error', path, code, message);
  }

  /** It works, but somebody should look at it. */
  doubt(path: Path, code: string, message: string): void {
    this.add('warning', path, code, message);
  }

  private add(severity: Finding['severity'], path: Path, code: string, message: string): void {
    const pointer = pointerOf(path);
    const isKnown = this.list.some(
      (one) => one.pointer === pointer && one.code === code && one.message === message,
    );
    if (!isKnown && this.list.length < MOST_FINDINGS) this.list.push({ severity, pointer, code, message });
  }
}

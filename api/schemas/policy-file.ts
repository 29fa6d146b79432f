/** A policy file as its editor sees it: YAML text whose every fault is told with line, column and field. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { pointerOf } from '../../domain/pointer.ts';
import type { Issue } from './issues.ts';

/** One fault of a file, for the person who will mend it. */
export interface Finding {
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  /** JSON pointer to the field; empty for the whole file. */
  pointer: string;
  code: string;
  message: string;
}

/** Everything wrong with the files that were read, at once. */
export class PolicyFileError extends Error {
  override readonly name = 'PolicyFileError';
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map(describe).join('\n'));
    this.findings = findings;
  }
}

function describe({ file, line, column, pointer, message }: Finding): string {
  return `${file}:${line}:${column} ${pointer ? `${pointer}: ` : ''}${message}`;
}

export interface PolicyFile {
  file: string;
  /** What the text says, as plain data; undefined where it is not YAML. */
  value: unknown;
  /** Faults of the YAML itself. */
  findings: readonly Finding[];
  /** Finds an issue's place in the text. */
  locate(issue: Issue): Finding;
}

/** The node of `key` within `parent`: the value of a list's item, the key of a map's pair beside its value. */
function childOf(parent: Node, key: PropertyKey): { named: Node | undefined; value: Node | undefined } {
  if (isSeq(parent)) {
    const item = parent.items[Number(key)] as Node | undefined;
    return { named: item, value: item };
  }
  if (!isMap(parent)) return { named: undefined, value: undefined };
  const pair = parent.items.find((one) => isScalar(one.key) && String(one.key.value) === String(key));
  return { named: pair?.key as Node | undefined, value: (pair?.value ?? undefined) as Node | undefined };
}

/** Offset of the field at `path`, or of the nearest field around it where it is absent. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  let offset = document.contents?.range?.[0] ?? 0;
  let node: Node | undefined = document.contents ?? undefined;
  for (const key of path) {
    const { named, value } = childOf(
      (isAlias(node) ? node.resolve(document) : node) ?? document.createNode(null),
      key,
    );
    if (!named?.range) break;
    offset = named.range[0];
    node = value;
  }
  return offset;
}

/** Reads the text of one policy file; nothing is judged yet but the YAML. */
export function readPolicyFile(file: string, text: string): PolicyFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const placed = (offset: number, { path, code, message }: Issue): Finding => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, pointer: pointerOf(path), code, message };
  };
  const findings = document.errors.map(({ message, pos }) =>
    // The first line of a YAML error says it all; the rest draws the place, which we name.
    placed(pos[0], { path: [], code: 'yaml_malformed', message: message.split(/ at line \d+/)[0]! }),
  );
  return {
    file,
    value: findings.length === 0 ? document.toJS() : undefined,
    findings,
    locate: (issue) => placed(offsetOf(document, issue.path), issue),
  };
}

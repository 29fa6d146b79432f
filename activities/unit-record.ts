/** What is kept of a unit: its row, and what was sent for it (docs/containment.md, "What is kept of it"). */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { UnitOrder } from '../domain/unit.ts';
import type { UnitKey } from '../prisma/units.ts';
import type { ReadyUnit } from './ready-unit.ts';

/** The row of a unit with so many commands in its step. */
export const unitKeyOf = (order: UnitOrder, commands: number): UnitKey => {
  const {
    id,
    run,
    ticket,
    playbook,
    step,
    commandIndex,
    agent,
    target,
    purpose,
    planHash,
    effect,
    isChange,
  } = order;
  const orderHash = createHash('sha256').update(canonicalJson(order)).digest('hex');
  const isFirst = commandIndex === 0;
  const isLast = commandIndex >= commands - 1;
  const place = { id, run, ticket, playbook, step, commandIndex, agent, target, purpose, planHash };
  return { ...place, effect, isChange, isFirst, isLast, orderHash };
};

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The body as text where it is one; else in base64. */
function shownBody(content: Uint8Array): string | { base64: string } {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return { base64: Buffer.from(content).toString('base64') };
  }
}

/** What is kept of a request. Its login is named by kind only. */
export function shownRequest({ command, target, credentials, idempotencyKey }: ReadyUnit['request']): string {
  const { content, ...rest } = command;
  const body = content === undefined ? {} : { content: shownBody(content) };
  const login = credentials ? { authentication: credentials.type } : {};
  return canonicalJson({ command: { ...rest, ...body }, target, idempotencyKey, ...login });
}

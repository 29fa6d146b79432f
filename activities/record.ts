/** Recording a turn of a ticket's loop: the one write of the engine. */
import type { Ledger, LedgerAnswer, LedgerTurn } from '../prisma/ledger.ts';

export interface Recording {
  /**
   * Appends the turn's events and writes the ticket, its clocks and breaches with them, or nothing at all:
   * when the ledger's head is not `head` any more, it answers what lies beyond (docs/rules.md §1). Safe to repeat.
   */
  record(turn: LedgerTurn): Promise<LedgerAnswer>;
}

export function createRecording({ ledger }: { ledger: Pick<Ledger, 'record'> }): Recording {
  return {
    record: ({ ticketId, head, events, projection }) => ledger.record({ ticketId, head, events, projection }),
  };
}

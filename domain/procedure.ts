/** Procedures: what has to be done, as a list to tick off. */

export interface ProcedureItem {
  /** Names the item on every ticket that has the checklist; unique within the procedure. */
  id: string;
  text: string;
  required: boolean;
}

export interface Procedure {
  title: string;
  items: readonly ProcedureItem[];
}

/** What a connector is: one kind of command, carried out once, with an answer that says what is known of its effect. */
import type { AgentTarget } from '../domain/playbook.ts';

/** A command with every variable put in; secrets are in here, so it is never stored, logged or shown. */
export interface ReadyCommand {
  type: string;
  /** Start line, script, JSON; as `domain/playbook.ts` has it for the type. */
  command: string;
  headers: Readonly<Record<string, readonly string[]>>;
  content?: Uint8Array;
}

/** What the other side is told that we are. */
export interface Credentials {
  type: string;
  username?: string;
  password?: string;
  /** The value of the `Authorization` header, where the scheme is not basic. */
  header?: string;
  /** For ssh, in place of a password: PEM or OpenSSH's own format. */
  privateKey?: string;
  /** Of the private key. */
  passphrase?: string;
}

export interface ConnectorRequest {
  command: ReadyCommand;
  /** What it acts on, or the agent itself; with every variable put in. */
  target: AgentTarget;
  credentials: Credentials | null;
  /** From run, step and target: the same at every attempt. */
  idempotencyKey: string;
  /** Ends the attempt: the time is over, or the run was stopped. */
  signal: AbortSignal;
}

export type ConnectorAnswer =
  /** It was done, and said so. */
  | { outcome: 'succeeded'; output: string }
  /** It was not done: nothing was sent, or the other side refused. */
  | { outcome: 'failed'; reason: string; output?: string }
  /** It may have been done: sent, and no answer that settles it. */
  | { outcome: 'unknown'; reason: string; output?: string };

export interface Connector {
  /** Whether doing this command twice is as doing it once: by its verb (RFC 9110 §9.2.2), or because it sets a state. */
  isRepeatable(command: ReadyCommand): boolean;
  /** Whether it changes anything at the other side. */
  isChange(command: ReadyCommand): boolean;
  /** Never throws for what the other side does. `signal` aborted after sending is `unknown`. */
  carryOut(request: ConnectorRequest): Promise<ConnectorAnswer>;
}

/** By type of command. */
export type Connectors = Readonly<Record<string, Connector>>;

import type { VetoAnswer, VetoQuestion } from '../model/veto.js';

/** A program of the operator that may say no to an action. Never throws. */
export interface VetoPort {
  /** After so long a question without an answer is answered with silence. */
  readonly deadlineMs: number;
  /** Connects, with TLS where the address has it, and sends nothing: why that cannot be done, or null. */
  reach(): Promise<string | null>;
  ask(question: VetoQuestion): Promise<VetoAnswer>;
  close(): void;
}

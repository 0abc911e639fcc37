import type { VetoAnswer, VetoQuestion } from '../model/veto.js';

/** A program of the operator that may say no to an action. Never throws. */
export interface VetoPort {
  /** After so long a question without an answer is answered with silence. */
  readonly deadlineMs: number;
  ask(question: VetoQuestion): Promise<VetoAnswer>;
  close(): void;
}

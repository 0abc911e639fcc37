import type { Block, GateName } from '../model/decision.js';
import type { Candidate } from './candidate.js';
import type { Situation } from '../model/situation.js';

export type No = Omit<Block, 'gate'>;

/** One gate: a question whose "no" has a reason, a way out and, where it is a matter of time, a time. */
export interface Gate {
  readonly name: GateName;
  /** The line of the documentation. */
  readonly doc: string;
  /** It asks about us and not about the action: it is asked again before every later step. */
  readonly isOfAuthority?: true;
  /** Asked only where no other gate holds it: its answer is bought with time. */
  readonly asksLast?: true;
  /** It looks at permits itself, since it asks more than what they let through. */
  readonly asksPermit?: true;
  readonly check: (input: Situation, candidate: Candidate) => No | null;
}

export const no = (because: string, unblock: string, retryAtMs: number | null = null): No => ({
  because,
  unblock,
  retryAtMs,
});

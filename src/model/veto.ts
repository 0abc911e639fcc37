import type { Plan } from './plan.js';

/** What the veto hook was asked about one plan, and what it said. */
export interface VetoRow {
  readonly id: string;
  readonly fingerprint: string;
  readonly askedAtMs: number;
  /** `silent`: it gave no answer that counts, by its deadline or at all. */
  readonly answer: 'asked' | 'go' | 'veto' | 'silent';
  /** Its words, or why there is no answer. */
  readonly because: string;
  /** So long the answer counts; then it is asked anew. Of `asked`: its deadline. */
  readonly untilMs: number;
}

/** A row, whose own end is by the wall clock as it was, with its end by the monotonic clock of the process that asked. */
export interface KeptVeto {
  readonly row: VetoRow;
  readonly untilMonotonicMs: number;
}

/** What is known of the hook in this pass. It is asked by this process alone and lives in no ledger: after a crash it is asked anew. */
export interface VetoFacts {
  readonly rows: readonly VetoRow[];
}

/** The question, as it goes out. Plain values. */
export interface VetoQuestion {
  readonly id: string;
  readonly scope: string;
  readonly plan: Plan;
  /** What the plan answers, in words. */
  readonly why: string;
  /** The exact requests, in order. */
  readonly requests: readonly string[];
  readonly askedAtMs: number;
}

/** `forMs` of a veto: how long it counts, where the hook says so. */
export type VetoAnswer =
  | { readonly kind: 'go'; readonly because: string }
  | { readonly kind: 'veto'; readonly because: string; readonly forMs: number | null }
  | { readonly kind: 'silent'; readonly because: string };

import type { z } from 'zod';
import type { ActionInput } from '../actions/action.js';
import type { RunRequest, Stage } from '../model/procedure-run.js';
import type { StagedName } from '../model/staged.js';

/** What a procedure may look at. */
export interface ProcedureInput extends ActionInput {
  readonly nowMs: number;
  /** Keys of the questions that a person has answered. */
  readonly confirmed: readonly string[];
}

/** What a person asked for. */
export type Ask = Pick<RunRequest, 'member' | 'candidate' | 'back' | 'parameters'>;

export type Goal<G> = { readonly kind: 'goal'; readonly goal: G } | { readonly kind: 'refused'; readonly why: string };

/**
 * A procedure of several stages: a pure generator of what is left to do, computed from what the cluster shows now. A crash, another holder of tenure, a
 * new version and a person who does a stage by hand all mean the same: it is computed again. Each stage passes the same gates, looks,
 * journal and verification as what is started alone; the procedure adds only the order.
 */
export interface ProcedureRecord<G> {
  readonly name: StagedName;
  /** What a run is bound to; checked when it comes back from a ledger. */
  readonly shape: z.ZodType<G>;
  /** Parameters of PostgreSQL that must be read before it can be bound. Absent: none. */
  settings?(ask: Ask): readonly string[];
  goal(input: ProcedureInput, ask: Ask): Goal<G>;
  /** Asked before each stage: why it must wait; null: go on. */
  refuse(input: ProcedureInput, goal: G): string | null;
  /** All that is left, in order; empty: done. */
  remaining(input: ProcedureInput, goal: G): Generator<Stage>;
  /** Stages, by their key, without which what comes after them can be done: one that fails, or cannot begin, holds the run only in the end. */
  isSpare?(key: string): boolean;
  /** What is typed for one of its members alone, where another one holds the run back; null: nothing does its work. Absent: there is no such way. */
  alone?(input: ProcedureInput, goal: G, member: string): string | null;
  /** What stays as it is where a run is ended before its end. */
  leaves(input: ProcedureInput, goal: G): string;
  /** How a person goes on with what is left then: what is typed, and what that does again. */
  onward(input: ProcedureInput, goal: G): string;
}

/** A procedure as the registry has it, whatever it is bound to. */
export type StagedProcedure = ProcedureRecord<Record<string, unknown>>;

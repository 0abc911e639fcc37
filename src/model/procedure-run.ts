import type { Json } from './plan.js';
import type { ProcedureName } from './procedure.js';

/** Procedures of several stages. Each stage is a procedure of one action, through the same gates. */
export const STAGED_NAMES = ['rolling-restart'] as const;
export type StagedName = (typeof STAGED_NAMES)[number];

/** What each is to people; what it does is in `src/procedures`. */
export const STAGED_ROWS: Readonly<
  Record<StagedName, { readonly usage: string; readonly summary: string; readonly runbook: string }>
> = {
  'rolling-restart': {
    usage: 'rolling-restart [--back] [--plan]',
    summary:
      'restart PostgreSQL on all members: replicas, the one furthest behind first, then a switchover, then the former leader',
    runbook: 'Maintenance Operations > Rolling Restart',
  },
};

export const isStaged = (name: string): name is StagedName => (STAGED_NAMES as readonly string[]).includes(name);

/** One action of a procedure, as it is left to do. */
export interface Stage {
  /** The same stage has the same key in every pass. */
  readonly key: string;
  readonly action: ProcedureName;
  readonly target: string | null;
  /** Who shall lead; null: the best candidate at that moment. */
  readonly candidate: string | null;
  /** Who must lead when it is sent; null: whoever does. */
  readonly leader: string | null;
  readonly text: string;
}

/**
 * `held`: a stage did not succeed, or what is left is not what was agreed: a person looks. `paused`: by a person. `aborting`: over as soon as the
 * stage that is under way has ended.
 */
export type RunPhase = 'running' | 'held' | 'paused' | 'aborting' | 'aborted' | 'succeeded';

/**
 * A procedure under way: what it is for and what a person agreed to. No position: what is left is computed anew, and what was sent for it stands in
 * the remediations, each with the run and its stage.
 */
export interface ProcedureRun {
  readonly id: string;
  readonly name: StagedName;
  /** Bound once, at the start; its shape is the procedure's own. */
  readonly goal: Readonly<Record<string, Json>>;
  readonly by: string;
  readonly reason: string;
  readonly phase: RunPhase;
  /** Keys of the stages, in order, that a person saw and agreed to. */
  readonly agreed: readonly string[];
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** Why it is as it is, for people. */
  readonly detail: string;
  /** A stage that failed before this is tried again: a person continued the run. */
  readonly continuedAtMs: number;
}

/** What happened to a run, as the journal has it. */
export type RunStep = 'started' | 'stage' | 'held' | 'paused' | 'continued' | 'aborting' | 'aborted' | 'succeeded';

export const isOver = ({ phase }: ProcedureRun): boolean => phase === 'aborted' || phase === 'succeeded';

/** The one that is not over; two at once are refused. */
export const openRun = (runs: readonly ProcedureRun[] | undefined): ProcedureRun | null =>
  runs?.find((run) => !isOver(run)) ?? null;

/** As a person asks for it. */
export interface RunRequest {
  readonly name: StagedName;
  /** Hand leadership back in the end to who led in the beginning. */
  readonly back: boolean;
  readonly reason: string;
  /** Show every stage and send nothing. */
  readonly dryRun: boolean;
}

export const RUN_CHANGES = ['pause', 'continue', 'abort'] as const;
export type RunChange = (typeof RUN_CHANGES)[number];

export const isRunChange = (text: string): text is RunChange => (RUN_CHANGES as readonly string[]).includes(text);

/** A stage as it would be now: the exact requests of it, and what holds it; both empty where that depends on the stages before it. */
export interface PlannedStage {
  readonly key: string;
  readonly text: string;
  readonly requests: readonly string[];
  readonly held: readonly string[];
}

export type RunAnswer =
  | { readonly kind: 'started'; readonly id: string; readonly stages: readonly PlannedStage[] }
  /** Asked for with `dryRun`, or the policy is in dry-run: nothing is sent, and no run is kept. */
  | { readonly kind: 'planned'; readonly stages: readonly PlannedStage[] }
  | { readonly kind: 'refused'; readonly status: 400 | 404 | 409; readonly text: string };

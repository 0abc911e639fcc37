import type { Conflict } from './conflict.js';
import type { Json } from './plan.js';
import type { ProblemCode } from './problem.js';
import type { AcceptedLoss, ProcedureName } from './procedure.js';
import { STAGED_ROWS, type StagedName, type StagedRow } from './staged.js';

interface StageBase {
  /** The same stage has the same key in every pass. */
  readonly key: string;
  readonly text: string;
}

/** One action, as it is left to do. */
export interface ActionStage extends StageBase {
  readonly kind: 'action';
  readonly action: ProcedureName;
  readonly target: string | null;
  /** Who shall lead; null: the best candidate at that moment. */
  readonly candidate: string | null;
  /** Who must lead when it is sent; null: whoever does. */
  readonly leader: string | null;
  /** What its action is bound to beyond that: `Wish.parameters`. */
  readonly parameters?: Readonly<Record<string, Json>>;
  /** What a person gave up when the run began; absent: nothing. */
  readonly acceptLoss?: AcceptedLoss;
  /** Only where it is needed by then: the run begins although the policy would hold it. Absent: it is needed. */
  readonly mayFallAway?: true;
}

/** Something that comes about by itself. It is left until it is seen; after `withinMs` the run is held. */
export interface WaitStage extends StageBase {
  readonly kind: 'wait';
  readonly withinMs: number;
  /** How far it is; null: nobody can tell. */
  readonly progress: StageProgress | null;
  /** It was begun anew after a failure: where that has stood for `forMs` the run is held. Absent: nothing says so. */
  readonly failing?: { readonly forMs: number };
  /** Members that are away, or do not stream, until it is over. Absent: nobody is. */
  readonly awaits?: readonly string[];
}

/** A question to a person: the run is held with it, and goes on when it is continued. `text` is the question. */
export interface ConfirmStage extends StageBase {
  readonly kind: 'confirm';
}

/** What is left to do, one by one. */
export type Stage = ActionStage | WaitStage | ConfirmStage;

/** Of a copy: bytes that are there, bytes that are to come in all, bytes a second. */
export interface StageProgress {
  readonly doneBytes: number;
  readonly totalBytes: number | null;
  readonly bytesPerSecond: number | null;
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
  /** The wait at which it stands, since when, and since when it is failing. */
  readonly waiting?: { readonly key: string; readonly sinceMs: number; readonly failingSinceMs?: number } | null;
  /** Since when its next stage cannot begin, or nobody can tell which it is. Absent or null: since its last stage ended, or it goes on. */
  readonly stalledSinceMs?: number | null;
  /** The question for which it is held. */
  readonly asking?: string | null;
  /** When it was last written where it is kept while etcd cannot hold it. */
  readonly keptAtMs?: number;
  /** Questions that a person answered by continuing it. */
  readonly confirmed?: readonly string[];
  /** A recovery that was begun while etcd was lost took its place; nobody ended it. */
  readonly displaced?: boolean;
  /** The problem for which it was proposed or begun; absent: a person asked for it. */
  readonly proposed?: Proposed;
}

/** `asked`: nobody has agreed to it yet. `accepted`: by a person, or by the policy. `gone`: what called for it has cleared. */
export interface Proposed {
  readonly code: ProblemCode;
  readonly subject: string;
  readonly word: 'asked' | 'accepted' | 'gone';
}

/** Proposed and not begun: nothing of it was sent, and it stands in nobody's way. */
export const isOffer = ({ phase, proposed }: ProcedureRun): boolean => phase === 'held' && proposed?.word === 'asked';

/** What happened to a run, as the journal has it. */
export type RunStep =
  'proposed' | 'started' | 'stage' | 'held' | 'paused' | 'continued' | 'aborting' | 'aborted' | 'succeeded';

export const isOver = ({ phase }: ProcedureRun): boolean => phase === 'aborted' || phase === 'succeeded';

/**
 * The one that is not over; two at once are refused. What was begun while etcd was lost stands beside what the ledger had, until that can be
 * ended: the one that began last is under way, and the other must not keep it.
 */
export const openRun = (runs: readonly ProcedureRun[] = []): ProcedureRun | null =>
  runs
    .filter((run) => !isOver(run))
    .reduce<ProcedureRun | null>(
      (last, run) => (last !== null && last.startedAtMs >= run.startedAtMs ? last : run),
      null,
    );

/** It goes on, and the last that it waited for is the copy of this member (`copy NAME`): from then on the member's Patroni is to answer. */
export const hasWaitedForCopy = ({ phase, waiting }: ProcedureRun, member: string): boolean =>
  phase === 'running' && waiting?.key === `copy ${member}`;

/** Names a list of what is left, so that a word on one is never taken for a word on another. */
export function markOf(keys: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const character of keys.join('\n')) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Parameters of PostgreSQL that it is about, by its goal: they are read as long as it is not over. */
export function settingsOfRun(run: ProcedureRun | null): readonly string[] {
  const names = run?.goal['settings'];
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** As a person asks for it. */
export interface RunRequest {
  readonly name: StagedName;
  readonly member: string | null;
  readonly candidate: string | null;
  /** Further parameters, as they were written. */
  readonly parameters: Readonly<Record<string, string>>;
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
  /** What it waits for, breaks off or costs, as things stand; absent: nothing that is known. */
  readonly told?: readonly string[];
}

export type RunAnswer =
  | { readonly kind: 'started'; readonly id: string; readonly stages: readonly PlannedStage[] }
  /** Asked for with `dryRun`, or the policy is in dry-run: nothing is sent, and no run is kept. */
  | { readonly kind: 'planned'; readonly stages: readonly PlannedStage[] }
  | { readonly kind: 'refused'; readonly status: 400 | 404 | 409; readonly text: string; readonly conflict?: Conflict };

/** What is wrong with it as it is written: named but not taken, or taken and not named; null: it fits. */
export function misfitOf(
  { name, member, candidate, back, parameters }: RunRequest,
  { takes }: Pick<StagedRow, 'takes'> = STAGED_ROWS[name],
): string | null {
  const given = { member, candidate, back: back ? '--back' : null };
  const words = { member: 'member', candidate: 'candidate', back: '--back' };
  for (const what of ['member', 'candidate', 'back'] as const) {
    if (takes[what] === 'needed' && given[what] === null) return `${name} needs a ${words[what]}`;
    if (takes[what] === 'no' && given[what] !== null) return `${name} takes no ${words[what]}`;
  }
  if (takes.parameters === 'any') return null;
  const allowed = Object.keys(takes.parameters);
  const unknown = Object.keys(parameters).find((key) => !allowed.includes(key));
  return unknown === undefined
    ? null
    : `${name} takes no parameter ${unknown}; it takes ${allowed.join(', ') || 'none'}`;
}

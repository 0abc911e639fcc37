import type { Conflict } from './conflict.js';
import type { Block } from './decision.js';
import type { ActionName, Json, Plan } from './plan.js';

/** What a person may start by name. Each is one action of the registry, under its own mode in the policy. */
export const PROCEDURE_NAMES = [
  'switchover',
  'cancel-switchover',
  'failover',
  'restart-member',
  'start-member',
  'stop-member',
  'reinitialize-replica',
  'drain-replica',
  'undrain-replica',
  'cancel-blocking-queries',
  'terminate-blocking-queries',
  'resume-replay',
  'fence-member',
  'move-aside',
  'remove-aside',
  'begin-copy',
  'close-servers',
  'open-servers',
  'pause-pooler',
  'resume-pooler',
  'pause-cluster',
  'resume-cluster',
  'patch-config',
  'restart-leader',
  'start-store',
  'stop-without-etcd',
  'move-store-aside',
  'defragment-store',
  'disarm-store',
  'start-first',
] as const satisfies readonly ActionName[];
export type ProcedureName = (typeof PROCEDURE_NAMES)[number];

/** Bytes that may be lost, or `any`, which also covers a loss that nobody can count. */
export type AcceptedLoss = number | 'any';

/** As a person asks for it; what is absent is null. */
export interface ProcedureRequest {
  readonly name: ProcedureName;
  /** The member that it works on, for procedures of one member. */
  readonly target: string | null;
  /** Who shall lead. */
  readonly candidate: string | null;
  /** Who leads in the eyes of the person: if another one does by now, nothing is sent. */
  readonly leader: string | null;
  /** ISO 8601 with an offset; Patroni keeps the appointment, not we. */
  readonly scheduledAt: string | null;
  readonly acceptLoss: AcceptedLoss | null;
  readonly reason: string;
  /** Plan it and ask every gate; send nothing, whatever the mode. */
  readonly dryRun: boolean;
  /** It is a stage of this run of a procedure. */
  readonly run?: string;
  readonly stage?: string;
  /** What a stage binds its action to beyond what a person can name. */
  readonly parameters?: Readonly<Record<string, Json>>;
}

/**
 * What became of a request at once. Nothing of it is kept to be tried again: what is held now is asked for again by the person, or not at
 * all.
 */
export type ProcedureAnswer =
  /** The request is out (`started`) or was written down (`rehearsed`, in dry-run); the verdict comes later under `id`. */
  | {
      readonly kind: 'started' | 'rehearsed';
      readonly id: string;
      readonly plan: Plan;
      readonly why: string;
      readonly steps: readonly string[];
    }
  /** Asked for with `dryRun`; `blocks` empty: it would have been sent. */
  | ({ readonly kind: 'planned' } & Gated)
  | ({ readonly kind: 'held' } & Gated)
  /** 400: it makes no sense as it is written; 404: no such cluster; 409: not as things stand. */
  | { readonly kind: 'refused'; readonly status: 400 | 404 | 409; readonly text: string; readonly conflict?: Conflict };

interface Gated {
  readonly plan: Plan;
  readonly why: string;
  readonly steps: readonly string[];
  readonly blocks: readonly Block[];
}

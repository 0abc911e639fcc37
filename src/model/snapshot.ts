import type { Conflict } from './conflict.js';
import type { CheckRequest } from './data-check.js';
import type { Decision } from './decision.js';
import type { ApiChange, EntryKind, JournalEntry } from './entry.js';
import type { JournalReport } from './journal-report.js';
import type { KillSwitch, Ledger } from './ledger.js';
import type { ProcedureAnswer, ProcedureRequest } from './procedure.js';
import type { RunAnswer, RunChange, RunRequest } from './procedure-run.js';
import type { ChannelHealth } from './notify-health.js';
import type { Policy, WindowFacts } from './policy.js';
import type { States } from './states.js';
import type { ClusterView } from './view.js';

/** Everything that the API, the dashboard and the CLI show of one cluster; replaced as a whole after each pass. */
export interface ClusterSnapshot {
  readonly scope: string;
  readonly version: string;
  readonly instance: string;
  /** The simulated cluster of `ekimi demo`. */
  readonly demo?: true;
  /** null: of a past moment, whose start is no longer in the journal. */
  readonly startedAtMs: number | null;
  readonly atMs: number;
  readonly tick: number;
  /** Mean and last length of a pass, milliseconds. null: of a past moment, since the journal does not keep it. */
  readonly passMs: { readonly last: number; readonly mean: number } | null;
  readonly tenure: {
    readonly state: 'held' | 'other' | 'unknown' | 'not-needed';
    readonly owner: string | null;
    readonly epoch: string | null;
  };
  readonly policy: Policy;
  readonly policyHash: string;
  /** The last reload that was refused, until one succeeds. */
  readonly policyError: string | null;
  /** Why it is not known, or not ours, what was begun on this machine while etcd was lost. Absent: nothing is in the way. */
  readonly recoveryFault?: string;
  readonly windows: WindowFacts;
  readonly view: ClusterView | null;
  readonly states: States | null;
  readonly decisions: readonly Decision[];
  /** The ledger in force: the shadow one in dry-run. */
  readonly ledger: Ledger;
  /** One sentence on this pass. */
  readonly sentence: string;
  /** The channels to persons. Absent: none is configured. */
  readonly notifications?: readonly ChannelHealth[];
  /** What stops us from working at all (journal full, ledger unreadable); empty when nothing does. */
  readonly impaired: readonly string[];
}

export type ControllerEvent =
  | { readonly kind: 'snapshot'; readonly snapshot: ClusterSnapshot }
  | { readonly kind: 'entry'; readonly entry: JournalEntry };

export type Change =
  /** `startedMs`: of a check that was begun, by which it is told from the one before. */
  | { readonly ok: true; readonly text: string; readonly startedMs?: number }
  | {
      readonly ok: false;
      readonly status: 403 | 404 | 409;
      readonly text: string;
      readonly lacks?: 'configuration';
      readonly conflict?: Conflict;
    };

/** Oldest first; `more`: there are older ones that fit the question. */
export interface JournalPage {
  readonly entries: readonly JournalEntry[];
  readonly more: boolean;
}

/** What the API may ask of the running controller. A GET never reaches the second half. */
export interface ControllerPort {
  scopes(): readonly string[];
  snapshot(scope: string): ClusterSnapshot | null;
  journal(options: {
    readonly scope?: string;
    readonly sinceMs?: number;
    readonly untilMs?: number;
    readonly kinds?: readonly EntryKind[];
    readonly beforeSeq?: number;
    readonly limit: number;
    readonly maxBytes?: number;
  }): Promise<JournalPage>;
  /** Entries of one cluster, oldest first, one at a time, however many there are; what cannot be read is left out. */
  entries(
    scope: string,
    options: {
      readonly sinceMs?: number;
      readonly untilMs?: number;
      readonly kinds?: readonly EntryKind[];
      readonly afterSeq?: number;
    },
  ): AsyncIterable<JournalEntry>;
  /** Is the journal of that cluster whole? Reads all of it. */
  verifyJournal(scope: string): Promise<JournalReport>;
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
  onEvent(listener: (event: ControllerEvent) => void): () => void;

  /** Writes down who asked for a change, from where, and what they were told; between two passes, waited for by nobody. */
  audit(scope: string, change: ApiChange): void;
  approve(scope: string, id: string, by: string, reason: string): Promise<Change>;
  reject(scope: string, id: string, by: string, reason: string): Promise<Change>;
  pause(scope: string, killSwitch: KillSwitch, by: string): Promise<Change>;
  /** A person looks after an incident, or what a page goes by: nobody else is called for it. */
  acknowledge(scope: string, id: string, by: string, reason: string): Promise<Change>;
  resume(scope: string, subject: string, by: string): Promise<Change>;
  /** A person has the data of a member checked: it has begun, or why not. */
  checkData(scope: string, request: CheckRequest, by: string): Promise<Change>;
  /** A person starts a procedure: answered from the next pass. The answer says what was sent or every gate that holds it. */
  runProcedure(scope: string, request: ProcedureRequest, by: string): Promise<ProcedureAnswer>;
  /** A person starts a procedure of several stages, or has it shown. */
  startRun(scope: string, request: RunRequest, by: string): Promise<RunAnswer>;
  /** A person pauses, continues or ends it. `seen`: `markOf` what they saw left of it. */
  changeRun(
    scope: string,
    id: string,
    change: RunChange,
    by: string,
    reason: string,
    seen?: string | null,
  ): Promise<Change>;
}

import type { CheckRequest, DataCheck } from '../model/data-check.js';
import type { CronWindow } from '../model/policy.js';

/** Reads the data of a member for what is wrong in it, one member at a time. Nothing is ever repaired. */
export interface CheckPort {
  /** When checks begin by themselves; null: never. */
  readonly schedule: CronWindow | null;
  /** Of each member the check that goes on, else the last that was made here or adopted. */
  checks(): Readonly<Record<string, DataCheck>>;
  /**
   * Begins one; false: another one goes on. `asked`: places that the member's log named (paths below its data directory, names of relations), of which one
   * that finds nothing tells whether it has read them.
   */
  begin(request: CheckRequest, by: string, asked?: readonly string[]): boolean;
  /** What an earlier session or another instance knows of a member: it stands until the next check. */
  adopt(member: string, check: DataCheck): void;
  /** Our wall clock was set back by so much: when each began and ended is moved with it, also of the one that goes on. */
  setBack(ms: number): void;
  /** Whether the program can be run here; `version` as it says. Reads nothing of any member. */
  probe(): Promise<CheckProbe>;
  /** Ends the one that goes on; what it had found by then counts. */
  stop(why: string): void;
  close(): Promise<void>;
}

export type CheckProbe =
  | { readonly ok: true; readonly version: string }
  | { readonly ok: false; readonly why: string; readonly remedy: string };

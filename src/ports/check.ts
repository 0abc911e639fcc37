import type { CheckRequest, DataCheck } from '../model/data-check.js';
import type { CronWindow } from '../model/policy.js';

/** Reads the data of a member for what is wrong in it, one member at a time. Nothing is ever repaired. */
export interface CheckPort {
  /** When checks begin by themselves; null: never. */
  readonly schedule: CronWindow | null;
  /** Of each member that was checked since the start: the check that goes on, else the last. */
  checks(): Readonly<Record<string, DataCheck>>;
  /** Begins one; false: another one goes on. */
  begin(request: CheckRequest, by: string): boolean;
  /** Ends the one that goes on; what it had found by then counts. */
  stop(why: string): void;
  close(): Promise<void>;
}

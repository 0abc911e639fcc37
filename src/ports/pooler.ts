import type { Reply } from '../model/plan.js';
import type { PoolerReport } from '../model/pooler.js';
import type { Reading } from '../model/reading.js';
import type { RightSeen } from '../model/rights.js';

/** How long a pause may take and last, in milliseconds, both from when it is sent. */
export interface PauseTimes {
  /** Transactions have so long to end; else it is given up, and nothing stays paused. */
  readonly withinMs: number;
  /** Whatever becomes of us meanwhile, it ends then. */
  readonly forMs: number;
}

/** A pooler in front of the cluster: clients wait in it while a leader changes. */
export interface PoolerPort {
  status(): Promise<Reading<PoolerReport>>;
  /**
   * Holds clients between two transactions. Ends by itself after `forMs`, as long as this process lives: no pass has to come for that.
   * `done`: every server connection is closed. `none`: nothing is paused by us, also where it was given up and taken back.
   */
  pause(times: PauseTimes): Promise<Reply>;
  /** `done` also where nothing was paused. */
  resume(): Promise<Reply>;
  /** What the console lets us do, asked without doing it. For the doctor alone. */
  rights(): Promise<readonly RightSeen[]>;
  /** Ends a pause that is ours before it closes. */
  close(): Promise<void>;
}

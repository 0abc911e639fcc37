import type { Reply } from './plan.js';

/** What became of a data directory that was to be renamed beside itself. */
export interface Aside extends Reply {
  /** Where it is now; null: where it was, or nobody knows (`maybe`). */
  readonly to: string | null;
}

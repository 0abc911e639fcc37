import type { Ledger } from '../model/ledger.js';
import type { Policy, WindowFacts } from '../model/policy.js';
import type { States } from '../model/states.js';
import type { ClusterView } from '../model/view.js';

/** Our own right to act, as of this pass. `not-needed`: dry-run and observe send nothing, so they take no tenure. */
export interface TenureFacts {
  readonly state: 'held' | 'other' | 'unknown' | 'not-needed';
  readonly owner: string | null;
  readonly epoch: string | null;
}

/** Everything that a decision depends on. The same input gives the same decisions, now or when it is replayed. */
export interface DecideInput {
  readonly view: ClusterView;
  readonly states: States;
  readonly ledger: Ledger;
  readonly policy: Policy;
  readonly windows: WindowFacts;
  readonly tenure: TenureFacts;
  readonly nowMs: number;
  /** Parts of ourselves that cannot be relied on: journal, ledger, policy. Empty when all is well. */
  readonly impaired: readonly string[];
}

import type { Ledger } from './ledger.js';
import type { Policy, WindowFacts } from './policy.js';
import type { States } from './states.js';
import type { VetoFacts } from './veto.js';
import type { ClusterView } from './view.js';

/** Our own right to act, as of this pass. `not-needed`: dry-run and observe send nothing, so they take no tenure. */
export interface TenureFacts {
  readonly state: 'held' | 'other' | 'unknown' | 'not-needed';
  readonly owner: string | null;
  readonly epoch: string | null;
}

/** Everything that a decision depends on, and all that it may depend on: the same situation gives the same decisions, now and in a replay. */
export interface Situation {
  readonly nowMs: number;
  readonly view: ClusterView;
  readonly states: States;
  readonly ledger: Ledger;
  readonly policy: Policy;
  readonly windows: WindowFacts;
  readonly tenure: TenureFacts;
  /** Parts of ourselves that cannot be relied on: journal, ledger, policy. Empty when all is well. */
  readonly impaired: readonly string[];
  /** Which of these is that etcd does not have our ledger: what acts without it is not held by that one. Absent in older journals. */
  readonly unshared?: string | null;
  /** Absent: no veto hook is configured. */
  readonly veto?: VetoFacts;
}

/** What the journal keeps of a situation beside view and states. The policy is in the entry `start` or `policy` of this hash. */
export type Circumstances = Omit<Situation, 'view' | 'states' | 'policy'> & { readonly policyHash: string };

/** A situation as the journal keeps it. */
export interface KeptSituation {
  readonly view: ClusterView;
  readonly states: States;
  readonly circumstances: Circumstances;
}

export const keptSituation = ({ view, states, policy: _, ...rest }: Situation, policyHash: string): KeptSituation => ({
  view,
  states,
  circumstances: { ...rest, policyHash },
});

/** Field by field: a journal is replayed through here a thousand times a second, and what this version does not know decides nothing. */
export const situationFrom = ({ view, states, circumstances }: KeptSituation, policy: Policy): Situation => {
  const { nowMs, ledger, windows, tenure, impaired, unshared, veto } = circumstances;
  return {
    nowMs,
    view,
    states,
    ledger,
    policy,
    windows,
    tenure,
    impaired,
    ...(unshared == null ? {} : { unshared }),
    ...(veto === undefined ? {} : { veto }),
  };
};

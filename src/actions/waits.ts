import { waitsOf } from '../assess/leader.js';
import type { Policy } from '../model/policy.js';
import type { ProxySeen } from '../model/proxy.js';
import type { ClusterView } from '../model/view.js';

/** The cluster's own times, milliseconds; Patroni's defaults while its configuration has not been read. */
export interface RequestWaits {
  readonly ttlMs: number;
  readonly loopWaitMs: number;
  readonly retryTimeoutMs: number;
}

/** How long Patroni may take to answer or to obey follows from its own settings: a cluster with slow loops is not one that fails. */
function requestWaitsOf(view: ClusterView): RequestWaits {
  const retryTimeoutMs = view.config.kind === 'unknown' ? 10_000 : view.config.value.retryTimeoutMs;
  return { ...waitsOf(view), retryTimeoutMs };
}

/** Proxies as the steps of an action need them: their names and pools, whatever they say now. */
export type Routing = readonly Pick<ProxySeen, 'name' | 'pools'>[];

/** What the steps of an action follow from, besides its plan. */
export interface StepInput {
  readonly policy: Policy;
  readonly routing: Routing;
  readonly waits: RequestWaits;
}

export const stepInput = ({ policy, view }: { readonly policy: Policy; readonly view: ClusterView }): StepInput => ({
  policy,
  routing: view.proxies,
  waits: requestWaitsOf(view),
});

/** The way there and back, and a busy member. */
const SLACK_MS = 5_000;

/** An answer for which Patroni reads or writes the DCS once, which it tries for `retry_timeout`. [patroni.md section 12] */
export const dcsAnswerMs = ({ retryTimeoutMs }: RequestWaits): number => retryTimeoutMs + SLACK_MS;

/**
 * An answer to `/failover` or `/switchover`: Patroni polls twice max(10 s, loop_wait) for the new leader, after and before it reads and
 * writes the DCS. [patroni.md section 12]
 */
export const handOverAnswerMs = ({ loopWaitMs, retryTimeoutMs }: RequestWaits): number =>
  2 * Math.max(10_000, loopWaitMs) + 2 * retryTimeoutMs;

/** Patroni rereads its file in its next loop, and a loop may be late by `retry_timeout`: two of them, and one for its own word of it. */
export const rereadMs = ({ loopWaitMs, retryTimeoutMs }: RequestWaits): number =>
  3 * loopWaitMs + retryTimeoutMs + SLACK_MS;

import type { Channel } from '../model/channel.js';
import type { ActionName } from '../model/plan.js';
import type { Grace, Policy } from '../model/policy.js';
import type { Finding, ProblemCode, ProblemLevel } from '../model/problem.js';

/** The cluster's own waits, from `/config`; every grace that leaves time to Patroni derives from them. */
export interface Waits {
  readonly ttlMs: number;
  readonly loopWaitMs: number;
}

/** One rung: what to try, and how many independent channels must agree before it may be. */
export interface Rung {
  readonly action: ActionName;
  readonly minChannels: number;
  /** One of these must be among them. */
  readonly oneOf: readonly Channel[];
}

export interface Milder extends Pick<ProblemRow, 'level' | 'grace'> {
  readonly when: (facts: Finding['facts']) => boolean;
  /** Absent: as the row pages. */
  readonly page?: ProblemRow['page'];
  /** What is not proven yet: no override of the policy hastens it. */
  readonly isUnproven?: boolean;
}

/** One problem of the catalogue. A row without a ladder pages: it has a name, evidence and a documented next step for a person. */
export interface ProblemRow {
  readonly code: ProblemCode;
  readonly level: ProblemLevel;
  /** Higher goes first when two problems ask for an action in one pass. */
  readonly rank: number;
  readonly seenBy: string;
  readonly grace: (policy: Policy, waits: Waits) => Grace;
  /** The same in a milder form, which its facts tell: seen in time, it is no emergency yet. */
  readonly milder?: Milder;
  readonly ladder: readonly Rung[];
  /** Page a person when it becomes active (or when its ladder is exhausted). */
  readonly page: 'at-once' | 'when-exhausted' | 'never';
  readonly meaning: string;
  /** For the runbook pages: what a person should do. */
  readonly advice: string;
}

export const fixed = (forMs: number, samples: number, clearForMs: number) => (): Grace => ({
  forMs,
  samples,
  clearForMs,
});

export const lagGrace = (policy: Policy): Grace => ({
  forMs: policy.lag.forMs,
  samples: 3,
  clearForMs: policy.lag.forMs,
});

/** What a crash, a restart or a promotion shows for some seconds is seen off by one loop of Patroni. */
export const afterALoop = (_policy: Policy, waits: Waits): Grace => ({
  forMs: waits.loopWaitMs,
  samples: 3,
  clearForMs: 0,
});

/** What Patroni heals by itself gets `ttl + loop_wait` first. [design: Never fight Patroni] */
export const patroniFirst =
  (samples: number) =>
  (_policy: Policy, waits: Waits): Grace => ({
    forMs: waits.ttlMs + waits.loopWaitMs,
    samples,
    clearForMs: waits.loopWaitMs,
  });

export const rung = (
  action: ActionName,
  minChannels: number,
  oneOf: readonly Channel[] = ['api', 'sql', 'peers'],
): Rung => ({
  action,
  minChannels,
  oneOf,
});

export const REBUILD: readonly Rung[] = [rung('restart-member', 2), rung('reinitialize-replica', 2)];

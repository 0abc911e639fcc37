import type { Channel, Evidence } from './channel.js';

/** Stable and documented: an operator greps for these, and a policy may name them. */
export const PROBLEM_CODES = [
  'replica-lagging',
  'replica-lag-critical',
  'replica-lag-emergency',
  'replica-recovered',
  'replay-blocked',
  'replica-not-streaming',
  'wal-missing',
  'timeline-diverged',
  'replica-start-failed',
  'replica-crash-loop',
  'creating-replica-stuck',
  'member-down',
  'patroni-down',
  'member-unreachable',
  'replica-cut-off',
  'disk-full',
  'disk-filling',
  'copy-fails',
  'rewind-failed',
  'leader-down',
  'leader-frozen',
  'member-fenced',
  'member-rejoined',
  'proxy-behind',
  'leaderless',
  'no-failover-candidate',
  'split-brain-suspected',
  'split-brain-confirmed',
  'failover-flapping',
  'dcs-member-down',
  'dcs-quorum-lost',
  'dcs-alarm',
  'cluster-down',
  'cluster-paused',
  'standby-cluster',
  'data-corruption',
  'data-unchecked',
  'aside-overdue',
  'too-few-replicas',
  'connections-high',
  'pending-restart',
  'leader-unrouted',
  'proxy-mismatch',
  'proxy-names',
  'sessions-stay',
  'slot-retains-wal',
  'scope-mismatch',
  'member-unknown',
  'observer-impaired',
  'procedure-held',
  'leader-not-serving',
  'primary-without-key',
  'keys-missing',
  'commits-wait',
  'leader-read-only',
  'failsafe-active',
  'member-starting',
  'leader-api-silent',
  'leader-flapping',
  'member-not-configured',
  'all-replicas-affected',
  'standby-cluster-stale',
  'archiving-failed',
  'replay-paused',
  'wrong-upstream',
  'timeline-foreign',
  'member-rewinding',
  'rewind-interrupted',
  'slot-lost',
  'slot-at-risk',
  'as-intended',
  'channels-contradict',
  'channel-silent',
  'site-lost',
  'watchdog-failed',
  'failsafe-incomplete',
  'restart-scheduled',
  'member-doubled',
  'dcs-slow',
  'dcs-electing',
  'dcs-nearly-full',
  'dcs-membership-differs',
  'versions-differ',
  'leader-cannot-write',
  'certificate-ends',
  'certificate-unusable',
  'notify-failed',
  'drain-left-over',
  'leader-unreachable',
  'leader-hung',
  'pooler-held',
  'pooler-paused',
  'pooler-waits',
] as const;
export type ProblemCode = (typeof PROBLEM_CODES)[number];

export type ProblemLevel = 'info' | 'warning' | 'critical';

/**
 * What one pass says of one (code, subject). `unknown` is said out loud: it neither advances nor clears a problem.
 * A pair that no finding names was looked for and is not there.
 */
export interface Finding {
  readonly code: ProblemCode;
  /** A member, an etcd endpoint, or the cluster's scope. */
  readonly subject: string;
  readonly verdict: 'seen' | 'unknown';
  /** The independent channels that agree in this pass. */
  readonly channels: readonly Channel[];
  readonly evidence: readonly Evidence[];
  /** Figures that actions and messages need (lagBytes, pids, ...). */
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** A finding with its history: what the problem machine made of it. */
export interface Problem {
  readonly code: ProblemCode;
  readonly subject: string;
  readonly level: ProblemLevel;
  readonly phase: 'suspect' | 'active' | 'recovering';
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly activeSinceMs: number | null;
  /** Since when it has not been seen any more; only while recovering. */
  readonly clearSinceMs: number | null;
  /** When it will be (or was) actionable: first seen plus grace. Known only while suspect or active. */
  readonly actionableAtMs: number;
  readonly samples: number;
  readonly channels: readonly Channel[];
  readonly evidence: readonly Evidence[];
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** Only informs: nothing is wrong by it. It is shown beside what is, never among it. */
export const isNote = ({ level }: Pick<Problem, 'level'>): boolean => level === 'info';

export const problemKey = (problem: { readonly code: string; readonly subject: string }): string =>
  `${problem.code}/${problem.subject}`;

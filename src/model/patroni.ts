import type { Lsn, MemberName } from './names.js';

/** PostgreSQL's role by the member's own `GET /patroni`. Patroni before 4.0 says `master` for `primary`. */
export type Role = 'primary' | 'replica' | 'standby-leader' | 'demoted' | 'promoted' | 'uninitialized' | 'other';

/**
 * Patroni's states, matched by prefix because 4.0 and older join two (`restart failed (start failed)`).
 * `unknown` is Patroni's own word: the process is there, the SQL query failed. [patroni.md section 2.3]
 */
export type PostgresState =
  | 'running'
  | 'streaming'
  | 'in-archive-recovery'
  | 'starting'
  | 'start-failed'
  | 'restarting'
  | 'restart-failed'
  | 'stopping'
  | 'stopped'
  | 'stop-failed'
  | 'crashed'
  | 'creating-replica'
  | 'initializing'
  | 'initdb-failed'
  | 'custom-bootstrap'
  | 'custom-bootstrap-failed'
  | 'unknown'
  | 'other';

export interface Tags {
  readonly noloadbalance: boolean;
  readonly nofailover: boolean;
  readonly nosync: boolean;
  readonly clonefrom: boolean;
  /** Every tag as Patroni printed it, for the ones that we do not know. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** The status document, `GET /patroni`: 200 whatever the role. Absent fields are null, never a default. */
export interface PatroniStatus {
  readonly state: PostgresState;
  readonly stateText: string;
  readonly role: Role;
  readonly timeline: number | null;
  readonly xlog: Xlog | null;
  /** Who streams from this member, by application_name. */
  readonly replication: readonly {
    readonly applicationName: string;
    readonly state: string;
    readonly syncState: string;
  }[];
  /** 3.0.4 and newer; null on older ones and where nothing is received. */
  readonly replicationState: string | null;
  readonly paused: boolean;
  readonly clusterUnlocked: boolean;
  readonly failsafeActive: boolean;
  readonly pendingRestart: boolean;
  /** Parameters for which, in lower case. 3.3.0 and newer; absent on older ones, and where no restart is pending. */
  readonly pendingRestartFor?: readonly string[];
  readonly syncStandby: boolean;
  readonly tags: Tags;
  readonly systemIdentifier: string | null;
  readonly scope: string;
  readonly version: string;
  /** 3.2.0 and newer. */
  readonly name: string | null;
  readonly serverVersion: number | null;
  readonly dcsLastSeenMs: number | null;
  /** When its postmaster began; null while none runs. Absent in older journals. */
  readonly postmasterStartedAtMs?: number | null;
  /** Its watchdog could not be opened: where it is required, the member may not lead. Absent in older journals. */
  readonly watchdogFailed?: boolean;
  /** A restart that somebody has scheduled, with its time as Patroni writes it. Absent in older journals. */
  readonly scheduledRestart?: { readonly at: string } | null;
}

export interface Xlog {
  /** Primary: current position. */
  readonly location: Lsn | null;
  readonly receivedLocation: Lsn | null;
  readonly replayedLocation: Lsn | null;
  readonly replayedAtMs: number | null;
  readonly replayPaused: boolean;
}

/** One row of `GET /cluster`: from DCS keys, up to two loops old, and blind to a split brain. [patroni.md fact 3] */
export interface ClusterRow {
  readonly name: MemberName;
  readonly role: 'leader' | 'standby-leader' | 'sync-standby' | 'quorum-standby' | 'replica' | 'other';
  readonly state: PostgresState;
  readonly stateText: string;
  readonly timeline: number | null;
  /** null: Patroni said "unknown", or the row is the leader's. */
  readonly lagBytes: number | null;
  readonly tags: Tags;
  readonly pendingRestart: boolean;
}

export interface ClusterReport {
  readonly rows: readonly ClusterRow[];
  readonly paused: boolean;
  readonly scheduledSwitchover: {
    readonly at: string;
    readonly from: string | null;
    readonly to: string | null;
  } | null;
}

/** `GET /config`: what all waits derive from. Defaults are Patroni's own where a key is absent. */
export interface DynamicConfig {
  readonly ttlMs: number;
  readonly loopWaitMs: number;
  readonly retryTimeoutMs: number;
  readonly maximumLagOnFailoverBytes: number;
  readonly primaryStartTimeoutMs: number;
  readonly synchronousMode: 'off' | 'on' | 'quorum';
  /** No standby, no commit. Absent in older journals. */
  readonly synchronousModeStrict?: boolean;
  /** How many standbys confirm a commit. Absent in older journals: 1. */
  readonly synchronousNodeCount?: number;
  readonly failsafeMode: boolean;
  readonly paused: boolean;
  readonly checkTimeline: boolean;
  readonly usePgRewind: boolean;
  /** Some `postgresql.before_stop` is set for all members; what each has in a file of its own nobody tells. Absent in older journals. */
  readonly beforeStop?: boolean;
  /** `standby_cluster` names a primary elsewhere that this cluster follows. Absent in older journals. */
  readonly standbyCluster?: boolean;
}

/** One row of `GET /history`: the timeline that ended, where it ended and who led afterwards. */
export interface HistoryRow {
  readonly timeline: number;
  readonly lsn: Lsn;
  readonly reason: string;
  readonly at: string | null;
  readonly newLeader: string | null;
}

/** The figures of `GET /metrics` that we use, by name without labels; names differ by version. [patroni.md section 5.2] */
export interface PatroniMetrics {
  readonly values: Readonly<Record<string, number>>;
}

/** What a member said last of our password. */
export interface LoginAnswer {
  readonly askedAtMs: number;
  /** null: it has not said so far. */
  readonly isRefused: boolean | null;
  /** Its words. */
  readonly why: string;
}

/** By member; who was not asked yet is absent. */
export type WriteAccess = Readonly<Record<string, LoginAnswer>>;

import type { MemberName } from '../model/names.js';

export interface Blocker {
  readonly pid: number;
  readonly backendStart: string;
  readonly query: string;
  readonly user: string;
  readonly application: string;
  readonly sinceMs: number;
  /** Ignores a cancel, as a backend in uninterruptible work does; only terminate ends it. */
  readonly stubborn: boolean;
}

/**
 * What outlives Patroni's next loop: `no`: it resumes `pg_wal_replay_pause()`; `hand`: it does not (PostgreSQL 13 and older); `setting`: one of
 * the primary's that this server lacks, and to resume shuts it down.
 */
export type PauseKept = 'no' | 'hand' | 'setting';

/** Where a timeline ended and the next began; decides who must rewind. */
export interface Fork {
  readonly timeline: number;
  readonly lsn: number;
  /** Of the history that ended: two that were promoted apart may have one number and are not the same. */
  readonly branch: number;
}

export interface PostgresSim {
  process: 'up' | 'starting' | 'down';
  readyAtMs: number;
  startedAtMs: number;
  frozen: boolean;
  inRecovery: boolean;
  promotedAtMs: number | null;
  timeline: number;
  /** One number for each promotion that ever was: what tells timelines of one number apart. */
  branch: number;
  forks: readonly Fork[];
  /** Positions in bytes; a primary's two are the same. */
  receiveLsn: number;
  replayLsn: number;
  upstream: MemberName | null;
  streaming: boolean;
  /** The sender of the stream that stands; a new connection must be let in, one that stands must not. */
  connectedTo: MemberName | null;
  /** As sender: pg_hba.conf, a password or a certificate turns new replication connections away. */
  refusesReplication: boolean;
  /** max_wal_senders: streams and base backups together. */
  maxWalSenders: number;
  /** Has been level since it connected: until then pg_stat_replication says `catchup`, afterwards `streaming` however far it lags. */
  caughtUp: boolean;
  lastMessageMs: number;
  lastReplayMs: number;
  broken: boolean;
  walGap: boolean;
  rewindFails: boolean;
  receiveLimit: number | null;
  replayStopped: boolean;
  replayPaused: boolean;
  pauseKept: PauseKept;
  /** Parameters as they are in force, and those of the primary as it last heard of them. */
  running: Readonly<Record<string, string>>;
  primarySettings: Readonly<Record<string, string>>;
  /** recovery_min_apply_delay. */
  applyDelayMs: number;
  /** So many bytes a second can be replayed; null: as many as come. */
  replayLimit: number | null;
  /** Whom a hand outside Patroni makes it follow. */
  upstreamSet: MemberName | null;
  blockers: readonly Blocker[];
  checksumFailures: number;
  connections: number;
  baseBackups: number;
  /** As replica: up to here its sender knows that it has the WAL on disk. */
  ackedLsn: number;
  /** As replica: connected, and neither receives nor acknowledges: a disk that hangs, a stopped process. */
  mute: boolean;
  /** synchronous_standby_names as Patroni has set it; null: commits wait for nobody. */
  syncNames: SyncNames | null;
  /** As primary: since when commits wait for a standby; null: none waits. */
  syncWaitSinceMs: number | null;
  /** As primary: who says that nothing may be written: `default_transaction_read_only`, or a file system mounted so. */
  readOnly: 'setting' | 'file-system' | null;
  /** `empty`: Patroni removed it, and copies anew in each loop while there is a leader. `torn`: a copy or a rewind was cut off half-way. */
  directory: 'whole' | 'empty' | 'torn';
  copy: CopySim | null;
  disk: DiskSim;
  /** What pg_waldump would find in WAL that only this server has: a commit for each kilobyte, none, or no program to look with. */
  surplus: 'commits' | 'nothing' | 'no-program';
  /** No room for data to grow: what would make them grow is refused. */
  dataFull: boolean;
  /** PostgreSQL's log and that of the tools around it, oldest first, bounded. */
  log: readonly LogLine[];
}

export interface SyncNames {
  readonly kind: 'first' | 'any';
  readonly count: number;
  /** `*`: strict, and nobody is there: commits wait for whoever comes. */
  readonly names: readonly MemberName[] | '*';
}

export interface LogLine {
  readonly atMs: number;
  readonly text: string;
}

/** One run of Patroni's base backup into this member's directory. */
export interface CopySim {
  stage: 'waiting' | 'connecting' | 'copying';
  source: MemberName | null;
  copiedBytes: number;
  /** Tries of this run that have failed. */
  failures: number;
  /** `waiting`: until then. Else since when nothing has come. */
  sinceMs: number;
  /** When the base backup that runs began. */
  beganMs: number;
}

/** Volumes of one member, bytes. `ballast`: what something else has filled. */
export interface DiskSim {
  dataTotal: number;
  /** null: pg_wal lies on the data volume. */
  walTotal: number | null;
  ballast: { readonly data: number; readonly wal: number };
  /** Data directories that were moved aside, on the data volume. */
  asides: readonly { readonly name: string; readonly path: string; readonly bytes: number }[];
  /** What pg_wal cannot be rid of beyond replication: WAL that the archive lacks, or a forgotten slot, counted from this position on. */
  held: number | null;
  /** What kind of slot that is, and whether somebody uses it. */
  heldBy: 'physical' | 'logical';
  heldActive: boolean;
}

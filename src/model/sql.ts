import type { Lsn } from './names.js';

/** What a hot standby needs at least as high as its primary has it; below, PostgreSQL 14 and newer pauses replay. [Hot Standby, administrator's overview] */
export const STANDBY_SETTINGS = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
] as const;
export type StandbySetting = (typeof STANDBY_SETTINGS)[number];

/** What PostgreSQL itself says, asked on the member directly: the channel that Patroni's death does not close. */
export interface SqlStatus {
  readonly inRecovery: boolean;
  readonly serverVersion: number;
  readonly systemIdentifier: string;
  /** The name by which its Patroni lets it stream; null where it has none or we may not see it. Absent in older journals. */
  readonly ownName?: string | null;
  /** When its postmaster began. Absent in older journals. */
  readonly startedAtMs?: number | null;
  readonly timeline: number;
  /** Primary: pg_current_wal_lsn. Replica: null. */
  readonly currentLsn: Lsn | null;
  readonly receiveLsn: Lsn | null;
  readonly replayLsn: Lsn | null;
  /** Seconds since the last replayed commit; grows on an idle primary, so never a trigger on its own. */
  readonly replayLagSeconds: number | null;
  readonly replayPaused: boolean;
  readonly walReceiver: WalReceiver | null;
  /** One row per connected replica, on a primary and on a replica that others follow. A missing row is "not connected", never "no lag". */
  readonly replicas: readonly ReplicaOfPrimary[];
  readonly blockers: readonly ReplayBlocker[];
  readonly slots: readonly Slot[];
  readonly connections: Connections;
  readonly checksumFailures: number | null;
  readonly baseBackups: number;
  /** How far each of them is, while there is one. Absent: none, PostgreSQL 12, and in older journals. */
  readonly backups?: readonly BackupSeen[];
  /** Absent in older journals. */
  readonly syncWaits?: SyncWaits;
  /** Absent in older journals. */
  readonly readOnly?: ReadOnly;
  /** `max_wal_senders`, and how many are taken by streams and base backups. Absent in older journals. */
  readonly walSenders?: { readonly max: number; readonly used: number };
  /** null: archiving is off here. Absent in older journals. */
  readonly archiver?: Archiver | null;
  /** recovery_min_apply_delay: so far behind it is meant to be. 0: it is not. Absent in older journals. */
  readonly applyDelayMs?: number;
  /** Where recovery is told to stop, as `recovery_target_lsn = 0/5000000`; null: nowhere. Absent in older journals. */
  readonly recoveryTarget?: string | null;
  /** Absent in older journals. */
  readonly standbySettings?: Readonly<Record<StandbySetting, number>>;
  /** null: no row that we may read, or none that names its server. Absent in older journals, and where it is not read. */
  readonly beat?: SeenBeat | null;
  /** Sessions that read files of this member as pg_rewind does: somebody is being rewound from it. Absent in older journals. */
  readonly rewinds?: readonly { readonly client: string | null; readonly sinceMs: number | null }[];
}

/** The row of the heartbeat (`postgres.heartbeat`) that a server shows, by clocks of servers alone. */
export interface SeenBeat {
  /** The member on which it was written, and whose clock `atMs` is. */
  readonly by: string;
  readonly atMs: number;
  /** How old it is by the clock of the server that was asked. */
  readonly agoMs: number;
}

/** A base backup by `pg_stat_progress_basebackup`. Null: not told (our role may not see it, or the size is not estimated). */
export interface BackupSeen {
  readonly client: string | null;
  readonly forMs: number | null;
  readonly streamedBytes: number | null;
  readonly totalBytes: number | null;
}

/** Backends whose commit waits for a synchronous standby (wait event SyncRep). */
export interface SyncWaits {
  readonly count: number;
  /** Since the statement of the longest waiting one began: the most that it can have waited. */
  readonly oldestMs: number | null;
  /** `synchronous_standby_names`: for whom they wait. */
  readonly standbyNames: string;
}

/** Where `default_transaction_read_only` is on. */
export interface ReadOnly {
  /** For everybody, by the server's own configuration; null: a setting of our own role or database hides it. */
  readonly server: boolean | null;
  /** Databases for which ALTER DATABASE set it. */
  readonly databases: readonly string[];
}

/** `pg_stat_archiver`, with ages by the server's own clock. */
export interface Archiver {
  /** Since the last failure; null: none since the statistics were reset. */
  readonly failedAgoMs: number | null;
  readonly failedWal: string | null;
  readonly archivedAgoMs: number | null;
  /** The last WAL file that was archived; its name tells the position up to which all is safe. */
  readonly archivedWal: string | null;
}

/** What PostgreSQL holds on its disk; read seldom, since it looks at every file. */
export interface SqlSizes {
  readonly databaseBytes: number;
  /** `pg_wal`; null: our user may not look there (pg_monitor). */
  readonly walBytes: number | null;
}

/** One parameter of a server as `pg_settings` has it. */
export interface SettingRow {
  /** In force, in `unit`. */
  readonly setting: string;
  readonly unit: string | null;
  readonly type: 'bool' | 'integer' | 'real' | 'enum' | 'string';
  /** When a change of it takes effect: `postmaster` at a restart, `internal` never. */
  readonly context: string;
  readonly min: string | null;
  readonly max: string | null;
  readonly values: readonly string[] | null;
}

/** By name; one that the server does not know is null. */
export type SqlSettings = Readonly<Record<string, SettingRow | null>>;

/** What our own SQL user may do. A superuser may do all. */
export interface SqlRights {
  readonly user: string;
  /** Member of pg_monitor: sees the sessions, queries and positions of others. */
  readonly monitor: boolean;
  /** Member of pg_signal_backend: cancels and terminates what is no superuser's. */
  readonly signalBackend: boolean;
  /** EXECUTE on pg_wal_replay_resume(), which nobody but a superuser has unless it is granted. */
  readonly resumeReplay: boolean;
  /** Attribute REPLICATION, or superuser: may drop a replication slot. Absent: not told. */
  readonly dropSlots?: boolean;
  /** Role pg_checkpoint, which there is from PostgreSQL 15 on, or superuser. Absent: not told, or there is no such role. */
  readonly checkpoint?: boolean;
  /** EXECUTE on what pg_amcheck calls, in postgres.database. Null: it has no amcheck. Absent: not told. */
  readonly checkData?: boolean | null;
}

export interface WalReceiver {
  readonly status: string;
  readonly senderHost: string | null;
  /** Absent in older journals. */
  readonly senderPort?: number | null;
  readonly receivedTimeline: number | null;
  readonly latestEndLsn: Lsn | null;
  /** Age of the last word from the sender; a hung receiver shows here and nowhere else. */
  readonly latestEndAgeMs: number | null;
}

export interface ReplicaOfPrimary {
  readonly applicationName: string;
  readonly state: string;
  readonly syncState: string;
  readonly sentLsn: Lsn | null;
  readonly replayLsn: Lsn | null;
  /** From the primary's current position, so unsent WAL counts. [patroni.md section 1.1] */
  readonly lagBytes: number | null;
}

/** A backend on a replica that holds a snapshot or lock which recovery waits for. */
export interface ReplayBlocker {
  readonly pid: number;
  /** backend_start as text: with the pid the backend's identity, so that a reused pid is never cancelled. */
  readonly backendStart: string;
  readonly user: string;
  readonly database: string;
  readonly application: string;
  readonly state: string;
  readonly xactAgeMs: number;
  readonly query: string;
  /** True when PostgreSQL itself says that recovery waits for it; else it is the oldest candidate. */
  readonly confirmed: boolean;
}

export interface Slot {
  readonly name: string;
  readonly active: boolean;
  readonly retainedBytes: number | null;
  readonly walStatus: string | null;
  /** Absent in older journals, and `null` where PostgreSQL does not tell. */
  readonly kind?: 'physical' | 'logical' | null;
  /** WAL that may still be written before the slot is in danger (max_slot_wal_keep_size); null: without limit, or not told. */
  readonly safeBytes?: number | null;
  /** From where on it keeps WAL. Absent in older journals, null where it keeps none. */
  readonly restartLsn?: string | null;
}

export interface Connections {
  readonly max: number;
  readonly total: number;
  readonly byDatabase: readonly {
    readonly database: string;
    readonly total: number;
    readonly active: number;
    readonly idle: number;
    readonly idleInTransaction: number;
  }[];
}

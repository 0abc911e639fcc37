import type { DamageMemory } from './damage.js';
import type { DcsMembership } from './dcs.js';
import type { Problem } from './problem.js';

export type ClusterState =
  | 'unknown'
  | 'healthy'
  /** Healthy but for what is seen and within its grace. */
  | 'suspect'
  | 'degraded'
  | 'lagging'
  | 'leaderless'
  | 'leader-down'
  | 'leader-frozen'
  | 'leader-not-serving'
  | 'split-brain-suspected'
  | 'split-brain'
  | 'paused'
  | 'failing-over'
  | 'down';

export type MemberState =
  | 'unknown'
  | 'leader'
  | 'healthy'
  | 'lagging'
  | 'blocked'
  | 'not-streaming'
  | 'start-failed'
  | 'rebuilding'
  | 'starting'
  | 'diverged'
  | 'down'
  | 'rogue';

export type DcsState = 'unknown' | 'healthy' | 'degraded' | 'quorum-lost' | 'alarm';
export type ProxyState = 'unknown' | 'not-configured' | 'healthy' | 'mismatch';

/** What several passes tell of who leads. Times are of our own clock; a jump of it begins them anew. */
export interface LeadershipMemory {
  /** Who held the key in the last pass that could read it. */
  readonly holder: string | null;
  /** Since which pass its API has been silent; null: it answered, or nobody holds the key. */
  readonly silentSinceMs: number | null;
  /** When its lease ends, the latest that was read; null: not read yet. */
  readonly leaseEndMs: number | null;
  /** When it renewed its lease, the latest that is proven; null: no renewal was seen. */
  readonly renewedMs: number | null;
  /** Since which pass no member takes writes under the key; null: one does, or nobody can tell. */
  readonly idleSinceMs: number | null;
  /** Who led before that; null: nobody idles, or it is not known. */
  readonly idleLeader: string | null;
  /** What began it was asked for: a restart, a switchover, a pause. */
  readonly idleWished: boolean;
  /** Times without a writer in which the leader remained the same, newest last; those of the last minutes. */
  readonly episodes: readonly { readonly leader: string; readonly fromMs: number; readonly toMs: number }[];
  readonly pausedSinceMs: number | null;
  /** false: it was paused already when we first looked, so it may have been for longer. */
  readonly pauseSeen: boolean;
  /** Members by etcd that our configuration lacks, as last read. */
  readonly strangers: readonly string[];
  /** Who held the key of late, and in which pass each was last seen with it. Absent in older journals. */
  readonly heldMs?: Readonly<Record<string, number>>;
}

/** A request in Patroni's key `failover`. */
export interface LeaderWish {
  /** Who shall cease to lead. */
  readonly from: string;
  /** null: whoever can. */
  readonly to: string | null;
  /** When it was seen last; one for later: its appointment. */
  readonly dueMs: number;
}

/** What the machines made of the passes so far; a plain value, stored and replayed. */
export interface States {
  readonly cluster: { readonly state: ClusterState; readonly sinceMs: number };
  readonly members: Readonly<Record<string, { readonly state: MemberState; readonly sinceMs: number }>>;
  readonly dcs: { readonly state: DcsState; readonly sinceMs: number };
  readonly proxy: { readonly state: ProxyState; readonly sinceMs: number };
  readonly problems: readonly Problem[];
  /** Memory that no single view holds. */
  readonly memory: Memory;
}

/** Free MiB of the data volume and, where it has one of its own, of that of pg_wal. */
export type RoomSample = readonly [dataMib: number, walMib?: number];

export interface Memory {
  /** The cluster's system identifier as etcd told it last: what was seen of another one proves nothing of this one. Absent: never told. */
  readonly systemIdentifier?: string;
  /** Absent in older journals. */
  readonly leadership?: LeadershipMemory;
  /** When our passes became clean after a start, takeover, clock jump or un-pause; null while they are not. */
  readonly cleanPasses: number;
  readonly cleanSinceMs: number | null;
  readonly graceReason: string;
  readonly lastLeader: string | null;
  /** Who held the key before `lastLeader`; absent until a change was seen. */
  readonly formerLeader?: string | null;
  readonly lastLeaderChangeMs: number | null;
  /** The last change was asked for, as far as it was seen. Absent until a change was seen, and in older journals. */
  readonly lastLeaderChangeAsked?: boolean;
  /** Who was asked to lead instead of whom, until it has happened or was taken back. Absent in older journals. */
  readonly leaderWish?: LeaderWish | null;
  readonly lastLeaderModRevision: string | null;
  readonly wasPaused: boolean;
  /** Per member: postmaster starts or start failures seen, for the crash loop. */
  readonly startFailures: Readonly<Record<string, readonly number[]>>;
  readonly lastStateText: Readonly<Record<string, string>>;
  /** Per member: replay position of the previous pass, to tell progress from a stall. */
  readonly replay: Readonly<Record<string, { readonly lsn: string; readonly changedAtMs: number }>>;
  /** Per member: since when it has been in `creating replica`. */
  readonly creatingSinceMs: Readonly<Record<string, number>>;
  /** Per base backup that a server tells of: from whom, how much it has sent, and since when that much. Absent: none, or an older journal. */
  readonly copies?: Readonly<
    Record<string, { readonly source: string; readonly bytes: number; readonly changedAtMs: number }>
  >;
  /** Per member: the last position that it was seen at, and whether it was then in recovery: what a broken copy can at most hold. */
  readonly positions: Readonly<
    Record<
      string,
      {
        readonly timeline: number;
        readonly lsn: string;
        readonly inRecovery: boolean;
        readonly atMs: number;
        /** false: it was never seen streaming on that timeline, and what it says of itself proves nothing. Absent in older journals: true. */
        readonly isSure?: boolean;
      }
    >
  >;
  /** Per member: when a pass last saw it and who holds the leader key. Absent in older journals: when its position was seen. */
  readonly watchedMs?: Readonly<Record<string, number>>;
  /**
   * Per member: it was at its last position, and then nobody watched it for longer than ttl. Until it streams again, or the leader is found
   * on `timeline`, it may have led meanwhile. `timeline` null: only a stream proves that it did not.
   */
  readonly unwatched?: Readonly<
    Record<
      string,
      { readonly timeline: number | null; readonly fromMs: number; readonly toMs: number; readonly why: string }
    >
  >;
  /**
   * Per member: the furthest position at which it was seen as a primary, until it streams from a leader or is copied anew. What lies past the
   * point where the leader's history left that timeline is on this member alone, whatever it says of itself later.
   */
  readonly lastPrimary?: Readonly<
    Record<string, { readonly timeline: number; readonly lsn: string; readonly atMs: number }>
  >;
  /** Per member: since when its PostgreSQL says that it takes no connections (57P03). Absent in older journals. */
  readonly startingMs?: Readonly<Record<string, number>>;
  /**
   * Per member: the last time in which its Patroni did not call its PostgreSQL running, from the first pass that said so; `toMs` null: it lasts.
   * Absent in older journals.
   */
  readonly stops?: Readonly<Record<string, { readonly fromMs: number; readonly toMs: number | null }>>;
  /** Per member: when it was last seen failing to start; Patroni flips between `starting` and `start failed` once a loop. */
  readonly lastFailingMs: Readonly<Record<string, number>>;
  /** WAL rate on the leader, bytes per second, from two positions. */
  readonly walRate: { readonly lsn: string; readonly atMs: number; readonly bytesPerSecond: number | null } | null;
  /** Positions of the leader and when each was first seen, oldest first, thinner with age. Absent in older journals. */
  readonly leaderTrail?: readonly { readonly lsn: string; readonly atMs: number }[];
  /** The unbroken run of beats that the leader was seen to show, by the clock of that leader. Absent: none, or an older journal. */
  readonly beatRun?: { readonly member: string; readonly firstMs: number; readonly lastMs: number };
  /** Per member: since when its replay is paused, as far as it was seen. Absent in older journals. */
  readonly replayPausedSinceMs?: Readonly<Record<string, number>>;
  /** etcd members beside whose data older data was seen to lie: it is looked for until it is gone. Absent: none. */
  readonly storesAside?: readonly string[];
  /** Absent in older journals. */
  readonly etcd?: {
    readonly term: string | null;
    /** When a new term was seen, those of the last hour, oldest first. */
    readonly elections: readonly number[];
    /** Per endpoint: as which member of etcd it answered last. */
    readonly ids: Readonly<Record<string, string>>;
    /** As etcd listed them last. Absent: not yet, and in older journals. */
    readonly members?: DcsMembership['members'];
  };
  /** Per member: its PostgreSQL version as last told. Absent in older journals. */
  readonly serverVersions?: Readonly<Record<string, number>>;
  /** Per member: since when it was seen being rewound; until it streams again. Absent in older journals. */
  readonly rewindingSinceMs?: Readonly<Record<string, number>>;
  /**
   * Per member and five minutes of the clock (`floor(ms / 300000)`): the most that was free on its volumes. The last half hour.
   * Absent in older journals.
   */
  readonly room?: Readonly<Record<string, Readonly<Record<string, RoomSample>>>>;
  /** Per member: pages that could not be read, until it is copied anew. Absent: none was told, or an older journal. */
  readonly damage?: Readonly<Record<string, DamageMemory>>;
  /** Per member key in etcd: where it says that the member is, every place of late, and when that changed. Absent in older journals. */
  readonly addresses?: Readonly<
    Record<string, { readonly last: string; readonly known: readonly string[]; readonly changesMs: readonly number[] }>
  >;
}

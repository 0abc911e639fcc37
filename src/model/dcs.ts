import type { KillSwitch } from './ledger.js';
import type { Lsn, MemberName } from './names.js';
import type { DynamicConfig } from './patroni.js';
import type { ConfigDocument } from './plan.js';

/** Patroni's leader key by a linearizable read: the authority on who may be primary. [patroni.md section 6] */
export interface LeaderKey {
  /** null: the key is absent, which is known, unlike a failed read. */
  readonly holder: MemberName | null;
  readonly leaseId: string | null;
  /** Remaining life of the lease at the time of the read; null when it could not be asked. */
  readonly leaseTtlMs: number | null;
  readonly modRevision: string | null;
  readonly createRevision: string | null;
}

/** `members/NAME`: shows a second primary that `/cluster` hides. */
export interface DcsMember {
  readonly name: MemberName;
  readonly role: string;
  readonly state: string;
  readonly timeline: number | null;
  readonly xlogLocation: Lsn | null;
  readonly apiUrl: string | null;
  /** Where its PostgreSQL listens by `conn_url`, without what else that holds. Absent in older journals. */
  readonly conn?: { readonly host: string; readonly port: number } | null;
}

/**
 * The key `config` as etcd holds it: the original of what members answer to `GET /config` from the copy of their last loop. `known: false`
 * (no such key, or no JSON object in it) says nothing, least of all that nobody paused the cluster. [patroni.md section 6]
 */
export type DcsConfig =
  | {
      readonly known: true;
      readonly value: DynamicConfig;
      /** Word for word, but for what may be a secret. Absent in older journals. */
      readonly document?: ConfigDocument;
    }
  | { readonly known: false; readonly why: string };

/** Everything under `/service/SCOPE/`, read in one linearizable transaction. */
export interface DcsKeys {
  readonly leader: LeaderKey;
  readonly members: readonly DcsMember[];
  /** Who asked for a failover or switchover that has not happened yet; null when absent or `{}`. */
  readonly failover: {
    readonly leader: string | null;
    readonly member: string | null;
    readonly scheduledAt: string | null;
  } | null;
  /** Mod revision of the key `failover`, which Patroni writes and never deletes; null: there is none. Absent in older journals. */
  readonly failoverRevision?: string | null;
  readonly sync: {
    readonly leader: string | null;
    /** In quorum mode the voters. */
    readonly standbys: readonly string[];
    /** Quorum mode (Patroni 4): so many other voters must be seen by a voter that wants to lead. Absent in older journals. */
    readonly quorum?: number | null;
  } | null;
  readonly optimeLsn: Lsn | null;
  readonly systemIdentifier: string | null;
  /** The key `failsafe`: who has to agree before a leader goes on without etcd; null: there is none. Absent in older journals. */
  readonly failsafe?: readonly string[] | null;
  /** Absent in older journals. */
  readonly config?: DcsConfig;
  /** Mod revision of the key `config`; null: there is none. Absent in older journals. */
  readonly configRevision?: string | null;
  /** Kill switches under our own prefix, read in the same transaction. null: etcd does not let us read them. Absent in older journals. */
  readonly switches?: readonly KillSwitch[] | null;
  readonly revision: string;
  /** How long the linearizable read took, by our monotonic clock. Absent in older journals. */
  readonly tookMs?: number;
}

export interface DcsEndpoint {
  readonly name: string;
  readonly url: string;
  readonly healthy: boolean;
  /** False also where etcd keeps it to root, as it does then with its size and its version. */
  readonly isLeader: boolean;
  readonly raftTerm: string | null;
  readonly dbSizeBytes: number | null;
  /** Of these, what its keys and their history take: the rest goes by a defragmentation. Absent in older journals. */
  readonly usedBytes?: number;
  readonly version: string | null;
  /** As in the list of members. Absent in older journals. */
  readonly memberId?: string;
  /** At this size it refuses writes, as our configuration tells (`--quota-backend-bytes`). Absent in older journals. */
  readonly quotaBytes?: number;
}

export interface DcsMembership {
  readonly members: readonly {
    readonly id: string;
    /** Empty: added and not started yet. */
    readonly name: string;
    readonly clientUrls: readonly string[];
    /** It receives and has no vote. Absent in older journals. */
    readonly isLearner?: boolean;
  }[];
  /** What our configuration lists. Absent in older journals. */
  readonly listed?: readonly { readonly name: string; readonly url: string }[];
}

export interface DcsAlarm {
  readonly memberId: string;
  readonly alarm: string;
}

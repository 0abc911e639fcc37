import type { AsideReadings } from './aside.js';
import type { AddressCheck, KnownNames } from './address.js';
import type { CertificateEnd, PemState } from './certificate.js';
import type { ControlReadings } from './control.js';
import type { DamageLog } from './damage.js';
import type { Checking, DataCheck } from './data-check.js';
import type { DcsAlarm, DcsEndpoint, DcsKeys, DcsMembership } from './dcs.js';
import type { DiskStatus } from './disk.js';
import type { Heartbeat } from './heartbeat.js';
import type { HostStatus } from './host.js';
import type { MemberLog } from './log-sign.js';
import type { Intention } from './intention.js';
import type { MemberName } from './names.js';
import type {
  ClusterReport,
  DynamicConfig,
  HistoryRow,
  PatroniMetrics,
  PatroniStatus,
  WriteAccess,
} from './patroni.js';
import type { FailingChannel } from './notify-health.js';
import type { PoolerSeen } from './pooler.js';
import type { PowerStatus } from './power.js';
import type { ProxySeen } from './proxy.js';
import type { Reading } from './reading.js';
import type { SqlSettings, SqlSizes, SqlStatus } from './sql.js';
import type { StoreDataReadings } from './store-data.js';
import type { SurplusWal } from './surplus.js';

/** All that one pass saw, frozen. Everything after this is computed from it, so it is also what the journal keeps. */
export interface ClusterView {
  readonly scope: string;
  readonly tick: number;
  readonly atMs: number;
  /** Our own inventory, in the order of the configuration, never inferred from `/cluster`. */
  readonly members: readonly MemberView[];
  /** etcd's own copy where this pass read it, else what a member answered to `GET /config`, now or earlier. */
  readonly config: Reading<DynamicConfig>;
  readonly history: Reading<readonly HistoryRow[]>;
  readonly dcs: DcsView;
  /** In the order of the configuration; empty: none is configured. */
  readonly proxies: readonly ProxySeen[];
  /** In the order of the configuration. Absent in older journals, and where there is none. */
  readonly poolers?: readonly PoolerSeen[];
  /** Which actuators are configured at all; a missing one disables the actions that need it. */
  readonly actuators: Actuators;
  readonly observer: ObserverView;
  /** The site of members and etcd endpoints, by name. Absent in older journals, and where no sites are configured. */
  readonly sites?: Readonly<Record<string, string>>;
  /** Etcd endpoints that lose their power with a member, by its name. Absent in older journals, and where nothing cuts power. */
  readonly sharesPower?: Readonly<Record<string, readonly string[]>>;
  /** What the operator declares of members. Absent in older journals, and where nothing is declared. */
  readonly intentions?: Readonly<Record<string, readonly Intention[]>>;
  /** The last row that we wrote on the leader. Absent in older journals, and where there is no heartbeat. */
  readonly heartbeat?: Reading<Heartbeat>;
  /** Absent in older journals, and where there is no TLS. */
  readonly certificates?: Reading<readonly CertificateEnd[]>;
  /** Our own PEM files. Absent in older journals, and where there are none. */
  readonly pemFiles?: Reading<readonly PemState[]>;
  /** Channels to persons that take no message. Absent in older journals, and where none is configured. */
  readonly notifications?: Reading<readonly FailingChannel[]>;
  /** When the data is checked by itself. Absent in older journals, and where it is not. */
  readonly checking?: Checking;
  /** Whether Patroni lets us change anything. Absent in older journals, where no password is configured, and in mode observe. */
  readonly writeAccess?: Reading<WriteAccess>;
  /** What the WAL holds that only a former leader has, by its name. Absent: nobody's is in question, and in older journals. */
  readonly surplus?: Readonly<Record<string, Reading<SurplusWal>>>;
  /** What lies aside of each member's data directory. Absent in older journals, and where the host driver cannot tell. */
  readonly asides?: AsideReadings;
  /** The same of etcd members, where some is known to lie or a run of ours may have moved it. Absent: of none. */
  readonly storeAsides?: AsideReadings;
  /** Control files of the members' data directories. Absent in older journals, and unless nothing runs on any of them. */
  readonly control?: ControlReadings;
  /** What the data directories of etcd hold. Absent in older journals, and unless most of its members are stopped and none answers. */
  readonly storeData?: StoreDataReadings;
  /** The host driver does what it is asked for under tenure alone, which needs etcd. Absent in older journals, and where it needs none. */
  readonly hostNeedsTenure?: true;
  /** What the names of addresses resolve to where we stand. Absent in older journals, and where all are written as addresses. */
  readonly names?: Reading<KnownNames>;
  /** How our addresses of the members compare to those in etcd. Absent in older journals, and while etcd does not answer. */
  readonly addresses?: readonly AddressCheck[];
}

export interface MemberView {
  readonly name: MemberName;
  readonly api: Reading<PatroniStatus>;
  readonly cluster: Reading<ClusterReport>;
  readonly metrics: Reading<PatroniMetrics>;
  /** `GET /replica` as the proxy would ask it: the HTTP status. Read only where someone needs to know. */
  readonly replicaCheck: Reading<number>;
  readonly sql: Reading<SqlStatus>;
  readonly host: Reading<HostStatus>;
  /** `tags.noloadbalance` in the member's own file, if there is a tag driver. */
  readonly fileTag: Reading<boolean>;
  /** What the end of its log says of its trouble; the leader's always, a replica's while it does not stream. Absent in older journals. */
  readonly log?: Reading<MemberLog>;
  /** What the end of its log says of pages that cannot be read. Absent in older journals. */
  readonly damage?: Reading<DamageLog>;
  /** The check of its data that goes on, or the last that is known. Absent: none, and in older journals. */
  readonly check?: Reading<DataCheck>;
  /** Whether its machine has power. Absent in older journals, and where nothing can cut it. */
  readonly power?: Reading<PowerStatus>;
  /** Its volumes by the host driver. Absent in older journals. */
  readonly disk?: Reading<DiskStatus>;
  /** What PostgreSQL says that it holds there. Absent in older journals. */
  readonly sizes?: Reading<SqlSizes>;
  /** Parameters that a procedure under way is about. Absent in older journals, and while there is none. */
  readonly settings?: Reading<SqlSettings>;
}

export interface DcsView {
  /** Linearizable; unknown when there is no quorum. */
  readonly keys: Reading<DcsKeys>;
  readonly endpoints: readonly {
    readonly name: string;
    readonly status: Reading<DcsEndpoint>;
    readonly host: Reading<HostStatus>;
  }[];
  readonly membership: Reading<DcsMembership>;
  readonly alarms: Reading<readonly DcsAlarm[]>;
}

export interface Actuators {
  readonly proxy: boolean;
  readonly tags: boolean;
  readonly sql: boolean;
  readonly host: boolean;
}

/** Facts about ourselves that forbid trust in what we saw. */
export interface ObserverView {
  /** Wall clock against monotonic clock since the last pass; a jump means that we slept or the clock was set. */
  readonly clockJumpMs: number;
  /** Monotonic length of the gap since the previous pass began; null in the first one. */
  readonly sinceLastPassMs: number | null;
  readonly passTookMs: number;
}

export const memberOf = (view: ClusterView, name: string): MemberView | null =>
  view.members.find((member) => member.name === name) ?? null;

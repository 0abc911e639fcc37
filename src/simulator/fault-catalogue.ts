import type { ConfigDocument, Step } from '../model/plan.js';
import type { ChangeFaults, ControllerFaults, PlaceFaults } from './fault-catalogue-platform.js';
import type { PoolerFaults } from './pooler-faults.js';
import type { SendFault } from './wire.js';
import type { Channel } from './parts.js';
import type { PauseKept } from './postgres-state.js';
import type { CutFrom, TagSet } from './state.js';

interface BlockOptions {
  readonly user?: string;
  readonly application?: string;
  /** How long the query has been running already. */
  readonly forMs?: number;
  readonly stubborn?: boolean;
}

/** Everything that can be broken, and its repair. Members by name; an unknown name throws. */
export interface Faults extends PlaceFaults, ControllerFaults, ChangeFaults, PoolerFaults {
  /** Limits what the member receives to so many bytes per second, or stops its replay (its startup process) altogether. */
  lag(member: string, how: number | 'stop-replay'): void;
  healLag(member: string): void;
  /** A reader on the replica conflicts with replay. Returns its pid. */
  blockReplay(member: string, query: string, options?: BlockOptions): number;
  /** pg_control is gone and the postmaster was killed: PostgreSQL never starts again from this directory. */
  breakData(member: string): void;
  /** Kills the postmaster; the data are intact, so Patroni starts it again. */
  stopPostgres(member: string): void;
  freezePostgres(member: string): void;
  freezePatroni(member: string): void;
  /** Ends `freezePostgres` and `freezePatroni`. */
  thaw(member: string): void;
  /** Patroni dies, PostgreSQL lives on. */
  killPatroni(member: string): void;
  startPatroni(member: string): void;
  killContainer(member: string): void;
  stopContainer(member: string): void;
  startContainer(member: string): void;
  pauseContainer(member: string): void;
  /**
   * Nothing passes between these two parts: members and etcd endpoints by name, `proxy`, `controller`, `host-driver`, `elsewhere` (the
   * primary that a standby cluster follows).
   */
  cutLink(one: string, other: string): void;
  /** `from` can open no connection to `to`, or not to one of its services; what `to` opens to `from` still works: a firewall, a route. */
  cutOneWay(from: string, to: string, channel?: Channel): void;
  /** Undoes every `cutLink` and `cutOneWay` between the two. */
  healLink(one: string, other: string): void;
  /** Cuts all links of a member to a kind of thing. */
  partition(member: string, from: CutFrom | 'all'): void;
  /** Undoes the partitions of this member; a link that was cut by itself stays cut. */
  heal(member: string): void;
  /** pg_hba.conf, a password or a certificate of this server turns new replication connections away; what streams goes on. */
  refuseReplication(member: string, on?: boolean): void;
  /** max_wal_senders of this server: streams and base backups share them; what streams goes on. */
  setWalSenders(member: string, max: number): void;
  /** Sizes of a member's volumes; `walBytes` null: pg_wal lies on the data volume. */
  setVolumes(member: string, volumes: { readonly dataBytes: number; readonly walBytes: number | null }): void;
  /** Size of the database on every member, without pg_wal. */
  setDatabaseBytes(bytes: number): void;
  /** Something else fills a volume until so many bytes are left (0). `wal` where pg_wal has a volume of its own. */
  fillDisk(member: string, volume: 'data' | 'wal', leaveBytes?: number): void;
  /** Takes away what `fillDisk` has put there. */
  freeDisk(member: string): void;
  /** A slot that nobody reads: pg_wal of this server keeps all that is written from now on. */
  holdWal(member: string, slot?: { readonly kind?: 'physical' | 'logical'; readonly active?: boolean }): void;
  releaseWal(member: string): void;
  /** What pg_waldump finds in WAL that only this server has; at first: a commit for each kilobyte. */
  setSurplus(member: string, what: 'commits' | 'nothing' | 'no-program'): void;
  /** The leader removed WAL that this replica still needs. */
  walGap(member: string): void;
  breakRewind(member: string): void;
  pause(): void;
  resume(): void;
  /** Somebody changes Patroni's dynamic configuration, as PATCH /config does. */
  patchConfig(patch: ConfigDocument): void;
  /** Somebody wrote nonsense into the key `config`; the leader puts its copy back in its next loop. */
  breakConfig(): void;
  /** `pg_ctl promote` behind Patroni's back. */
  roguePromote(member: string): void;
  setLoad(walBytesPerSecond: number): void;
  slowApi(member: string, ms: number): void;
  garbageApi(member: string, on?: boolean): void;
  wrongScope(member: string, on?: boolean): void;
  /** restapi.authentication has another password than ours. */
  refuseLogin(member: string, on?: boolean): void;
  operatorDrain(member: string): void;
  operatorUndrain(member: string): void;
  operatorTag(member: string, tags?: Partial<TagSet>): void;
  setSynchronousMode(on: boolean | 'quorum'): void;
  setSynchronousRules(rules: { readonly nodeCount?: number; readonly strict?: boolean }): void;
  /** The standby stays connected, and neither receives nor acknowledges anything. */
  muteStandby(member: string, on?: boolean): void;
  /** A running primary refuses writes: `default_transaction_read_only`, or its file system is mounted read-only. null: it takes them. */
  setReadOnly(member: string, how: 'setting' | 'file-system' | null): void;
  /** So many bytes a second can be replayed, whatever comes; null: as many as come. */
  limitReplay(member: string, bytesPerSecond: number | null): void;
  /** `pg_wal_replay_pause()`, or a setting of the primary that this server lacks; what is not `kept` is undone in Patroni's next loop. */
  pauseReplay(member: string, kept?: PauseKept): void;
  resumeReplay(member: string): void;
  /** recovery_min_apply_delay; 0: none. */
  applyDelay(member: string, ms: number): void;
  /** Somebody makes it follow another member than Patroni names, and it stays so until null. */
  wrongUpstream(member: string, to: string | null): void;
  /** It was promoted somewhere out of sight and is a replica again, with WAL that the leader never had. */
  foreignTimeline(member: string): void;
  /** archive_command of the primary: pg_wal keeps what it fails to archive. */
  setArchiving(how: 'off' | 'works' | 'fails'): void;
  /** An application that commits through HAProxy's primary backend, one commit after the other, and tries again where one fails. */
  startClient(name: string, everyMs?: number): void;
  stopClient(name: string): void;
  setFailsafeMode(on: boolean): void;
  corrupt(member: string, checksumFailures?: number): void;
  setConnections(member: string, total: number): void;
  setPendingRestart(member: string): void;
  baseBackup(running: boolean): void;
  /** Patroni refuses one without a candidate, and every scheduled one, while the cluster is paused. */
  switchover(candidate: string | null): void;
  scheduleSwitchover(atMs: number, candidate: string | null): void;
  /** Deletes Patroni's leader key if its mod revision is still this one. */
  deleteLeaderKey(ifModRevision: string): boolean;
  /** Loses the next send to this port (null: to any). */
  failSend(fault: SendFault, port?: Step['port'] | null): void;
}

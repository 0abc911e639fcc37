import type { AsideDirectory } from '../model/aside.js';
import type { ConfigDocument } from '../model/plan.js';
import type { DcsMembership } from '../model/dcs.js';
import type { KillSwitch } from '../model/ledger.js';
import { memberName, type MemberName } from '../model/names.js';
import type { VirtualTime } from './clock.js';
import type { ArchiveSim } from './parts.js';
import type { ClientsSim } from './parts.js';
import type { Links } from './parts.js';
import type { ObserverSim } from './parts.js';
import type { PoolerSim } from './parts.js';
import type { PostgresSim } from './postgres-state.js';
import type { RaftSim } from './parts.js';
import type { WalTimes } from './parts.js';

export type { PostgresSim } from './postgres-state.js';

/** What a run can be told in advance; every field has a default, see `createCluster`. Times in milliseconds. */
export interface ClusterOptions {
  readonly scope: string;
  readonly members: readonly string[];
  readonly dcs: readonly string[];
  readonly seed: number;
  /** Begins as a standby cluster: all in recovery, the first member follows a primary elsewhere. */
  readonly standbyCluster: boolean;
  readonly startMs: number;
  readonly patroniVersion: string;
  readonly ttlMs: number;
  readonly loopWaitMs: number;
  readonly retryTimeoutMs: number;
  readonly maximumLagOnFailoverBytes: number;
  readonly primaryStartTimeoutMs: number;
  /** How long a base backup of the whole database takes. */
  readonly cloneMs: number;
  /** Size of the database without pg_wal, bytes. */
  readonly databaseBytes: number;
  /** Size of each member's data volume and, where pg_wal has one of its own, of that. */
  readonly volumes: { readonly dataBytes: number; readonly walBytes: number | null };
  readonly rewindMs: number;
  /** Clients' WAL on the primary, bytes per second. */
  readonly walBytesPerSecond: number;
  /** How fast a replica receives and replays when it is behind, bytes per second. */
  readonly catchUpBytesPerSecond: number;
  readonly haproxy: {
    readonly interMs: number;
    readonly fall: number;
    readonly rise: number;
    /** Its servers lack `on-marked-down shutdown-sessions`. */
    readonly keepsSessions?: boolean;
  };
  readonly primaryBackend: string;
  readonly replicaBackend: string;
  /** After how long the controller's own calls give up. 0: a call that would hang answers at once that it timed out. */
  readonly deadlineMs: number;
  /** Poolers that all clients come through, by name; none by default. */
  readonly poolers: readonly string[];
  /** The operator has made the heartbeat's table and configured it. */
  readonly heartbeat: boolean;
  /** Parts that are lost or cut off together, by name (members, etcd members, `proxy`, controllers): a host with both, a rack, a site. */
  readonly sites: Readonly<Record<string, readonly string[]>>;
  /** Above it etcd raises NOSPACE and refuses whatever writes. */
  readonly etcdQuotaBytes: number;
}

export type CutFrom = 'dcs' | 'peers' | 'proxy' | 'observer';

export interface TagSet {
  readonly noloadbalance: boolean;
  readonly nofailover: boolean;
  /** The member that it is to follow in place of the leader. */
  readonly replicatefrom?: string;
  /** Patroni 3.2 and newer: among equal positions the higher leads, 0 never. */
  readonly failover_priority?: number;
}

/** Work of Patroni's own background thread: a list of states to pass through. */
export interface Task {
  readonly kind: 'reinitialize' | 'bootstrap' | 'restart' | 'rewind' | 'demote';
  readonly phases: readonly TaskPhase[];
  phase: number;
  untilMs: number;
}

export interface TaskPhase {
  readonly state: string;
  readonly role: PatroniSim['role'] | null;
  /** Infinity: until `poll` ends it. */
  readonly forMs: number;
  readonly end: (() => void) | null;
  /** Called in each step of the phase: stays in it, ends it, or ends the task without waking the loop. */
  readonly poll?: () => 'stay' | 'end' | 'failed';
}

export interface PatroniSim {
  process: 'up' | 'starting' | 'down';
  readyAtMs: number;
  frozen: boolean;
  thawed: boolean;
  nextLoopMs: number;
  /** Patroni's own words for PostgreSQL's state; what SQL says wins while SQL answers. */
  state: string;
  role: 'primary' | 'replica' | 'standby-leader' | 'demoted' | 'uninitialized';
  /** Believes to hold the leader key, by its own clock, until then. */
  leaderUntilMs: number;
  believesLeader: boolean;
  paused: boolean;
  /** The configuration as its last loop read it: what `GET /config` answers. */
  config: DynamicConfigSim;
  unlocked: boolean;
  dcsFailingSinceMs: number | null;
  lastDcsMs: number;
  /** The etcd member that it asks first. */
  etcdVia: string | null;
  /** The present loop waits for etcd until then. */
  etcdWaitUntilMs: number | null;
  /** Of this process; members of one cluster differ during an upgrade. */
  version: string;
  /** What becomes of its next promotions. */
  promotion: 'works' | 'fails' | 'hangs';
  /** Its watchdog cannot be opened, and `watchdog.mode` is `required`: it may not lead. */
  watchdogFailed: boolean;
  /** A restart that an operator has scheduled. */
  scheduledRestart: { readonly atMs: number; readonly onlyIfPending: boolean } | null;
  task: Task | null;
  startingSinceMs: number | null;
  downSinceMs: number | null;
  rewindTried: boolean;
  fileTags: TagSet;
  tags: TagSet;
  reloadAsked: boolean;
  pendingRestart: boolean;
  failsafeActive: boolean;
  apiSlowMs: number;
  apiGarbage: boolean;
  wrongScope: boolean;
  /** Its REST API takes another password than ours; what only reads needs none. */
  refusesUs: boolean;
  /** Bytes by which the next published position is too low: seen on replicas that were just created. */
  understateBytes: number;
  /** The appointment that it sleeps towards, within loop_wait of its time: carried out even if it is taken back by then. */
  sleepsFor: FailoverKey | null;
}

export interface HostSim {
  state: 'running' | 'stopped' | 'paused';
  id: string;
  startedAtMs: number;
  finishedAtMs: number | null;
  exitCode: number | null;
  restartCount: number;
}

export interface MemberSim {
  readonly name: MemberName;
  readonly postgres: PostgresSim;
  readonly patroni: PatroniSim;
  readonly host: HostSim;
}

export interface PublishedMember {
  readonly name: MemberName;
  readonly role: string;
  readonly state: string;
  readonly timeline: number | null;
  readonly xlogLocation: number | null;
  readonly replicationState: string | null;
  readonly tags: TagSet;
  readonly pendingRestart: boolean;
}

export interface FailoverKey {
  readonly leader: string | null;
  readonly member: string | null;
  readonly scheduledAt: string | null;
}

/** The part of Patroni's dynamic configuration that a run can change; the rest is in `ClusterOptions`. */
export interface DynamicConfigSim {
  readonly paused: boolean;
  readonly synchronousMode: 'off' | 'on' | 'quorum';
  readonly synchronousNodeCount: number;
  readonly synchronousModeStrict: boolean;
  readonly failsafeMode: boolean;
  /** The cluster follows a primary elsewhere, `REMOTE`. */
  readonly standbyCluster: boolean;
  /** All else that somebody wrote into it, word for word. What it says of times changes the document, not the world's own clockwork. */
  readonly rest: ConfigDocument;
}

export interface EtcdSim {
  readonly endpoints: Map<string, HostSim>;
  readonly raft: RaftSim;
  revision: number;
  leader: { readonly holder: MemberName; readonly modRevision: number; readonly createRevision: number } | null;
  /** Session leases by member: a member's key and, if it leads, the leader key hang on it. */
  readonly leases: Map<MemberName, { readonly id: string; expiresMs: number }>;
  readonly members: Map<MemberName, PublishedMember>;
  failover: FailoverKey | null;
  /** etcd revision of the last write of that key; null: there is none. */
  failoverRevision: number | null;
  sync: { readonly leader: string | null; readonly standbys: readonly string[]; readonly quorum?: number } | null;
  optime: number | null;
  history: { timeline: number; lsn: number; reason: string; at: string; newLeader: string }[];
  config: DynamicConfigSim;
  /** Why the key `config` cannot be read, as our adapter would say it; null while it can. */
  configBroken: string | null;
  configRevision: number;
  /** The key `failsafe`: who has to agree before a leader goes on without etcd; null while the mode is off. */
  failsafe: readonly string[] | null;
  tenure: { readonly process: object; readonly owner: string; readonly epoch: string; expiresMs: number } | null;
  ledger: string | null;
  /** etcd revision of its last write; 0 while there is none. */
  ledgerRevision: number;
  /** Ekimi's kill switches by id. */
  switches: Map<string, KillSwitch>;
  alarms: { readonly memberId: string; readonly alarm: string }[];
  dbSizeBytes: number;
  /** Of these, what keys hold now; the rest is history. */
  liveBytes: number;
  /** The history is compacted: all but `liveBytes` is free. */
  isCompacted: boolean;
  /** Bytes of the file of each member that was defragmented since. */
  readonly defragmented: Map<string, number>;
  /** etcd's own list of members where it is not that of the configuration. */
  memberList: DcsMembership['members'] | null;
  /** Which etcd the data directory of each member is of; 0: it is empty. `now`: which one holds these keys. */
  readonly data: {
    now: number;
    readonly of: Map<string, number>;
    readonly joined: Set<string>;
    /** The etcd whose version its members have agreed on: below 3.4 until each of them was seen, and Patroni uses none that old. */
    decided: number;
    /** What was moved aside of each and not deleted. */
    readonly asides: Map<string, readonly AsideDirectory[]>;
  };
  /** Nobody has led in it yet, so that it has neither the system identifier nor Patroni's configuration. */
  isUninitialized: boolean;
  /** Versions of etcd members that run another one. */
  readonly versions: Map<string, string>;
  readonly wakes: Set<() => void>;
}

export interface ServerSim {
  readonly backend: string;
  readonly member: MemberName;
  nextCheckMs: number;
  /** The present check has had no answer yet; it fails when its own timeout is over. */
  hanging: boolean;
  /** 0 .. rise + fall - 1; from `rise` on the server is up. */
  health: number;
  /** Told `health stopping`: sessions stay, nothing new comes, until a check passes. */
  stopping: boolean;
  adminDrain: boolean;
  adminMaint: boolean;
  unresolvedSinceMs: number | null;
  resolution: boolean;
  sessions: number;
  changedMs: number;
  checkStatus: string;
}

/** Everything that the simulated cluster is. The step functions of the other files change it; nobody else does. */
export interface World {
  readonly options: ClusterOptions;
  readonly time: VirtualTime;
  readonly random: () => number;
  readonly systemIdentifier: string;
  /** Who is there now; members are added, removed and renamed while the cluster runs. */
  readonly members: MemberSim[];
  /** Removed for good: their containers do not come back, and whoever still asks for them is refused. */
  readonly gone: MemberSim[];
  /** Whom a configuration reaches under a name that is not that member's own: an old name, or the address of another. */
  readonly aliases: Map<string, MemberName>;
  readonly etcd: EtcdSim;
  readonly servers: ServerSim[];
  readonly poolers: readonly PoolerSim[];
  readonly links: Links;
  /** Controllers by name, each with what it sees and its own clock. */
  readonly observers: Map<string, ObserverSim>;
  /** Members whose machine has no power: nobody starts them. */
  readonly unpowered: Set<MemberName>;
  readonly hostWakes: Set<(what: string) => void>;
  /** What happened, in words: for narration, for calibration and for the hash of a history. */
  readonly events: { readonly atMs: number; readonly text: string }[];
  walBytesPerSecond: number;
  /** Where the primary is that a standby cluster follows. */
  remoteLsn: number;
  nextPid: number;
  baseBackup: boolean;
  /** Rows of the heartbeat that were written. */
  readonly beats: {
    readonly atMs: number;
    readonly member: MemberName;
    readonly lsn: number;
    readonly branch: number;
  }[];
  /** Every promotion so far; its place, counted from 1, is the branch that began with it. */
  readonly promotions: { readonly atMs: number; readonly member: MemberName }[];
  readonly clients: ClientsSim;
  readonly archive: ArchiveSim;
  readonly walTimes: WalTimes;
  foreignBranches: number;
  databaseBytes: number;
  /** Calls to make when their time comes: a script's rows. */
  readonly planned: { readonly atMs: number; readonly call: () => void }[];
}

/** The primary of another cluster, which a standby cluster follows. */
export const REMOTE = memberName('elsewhere');

export const note = (world: World, text: string): void => {
  world.events.push({ atMs: world.time.nowMs, text });
};

export function memberSim(world: World, name: string): MemberSim {
  const found =
    world.members.find((member) => member.name === name) ??
    world.gone.find((member) => member.name === name) ??
    world.members.find((member) => member.name === world.aliases.get(name));
  if (found === undefined) {
    throw new Error(
      `no member ${name} in the simulated cluster; it has ${world.members.map((m) => m.name).join(', ')}`,
    );
  }
  return found;
}

export const isOldPatroni = ({ patroni }: MemberSim): boolean => patroni.version.startsWith('3.0');

/** Who answers where a configuration looks for `name`: after a mistake with addresses, another one. */
export const memberAt = (world: World, name: string): MemberSim => memberSim(world, world.aliases.get(name) ?? name);

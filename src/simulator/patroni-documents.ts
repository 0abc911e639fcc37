import type { ConfigDocument } from '../model/plan.js';
import { lsnFromNumber, type Lsn } from '../model/names.js';
import type {
  ClusterReport,
  ClusterRow,
  DynamicConfig,
  HistoryRow,
  PatroniMetrics,
  PatroniStatus,
  PostgresState,
  Tags,
} from '../model/patroni.js';
import { isUp } from './postgres-facts.js';
import { streamsFrom, walSenderState } from './replication.js';
import {
  isOldPatroni,
  type DynamicConfigSim,
  type MemberSim,
  type PublishedMember,
  type TagSet,
  type World,
} from './state.js';

const lsn = (bytes: number): Lsn => lsnFromNumber(Math.max(0, Math.round(bytes)));

const STATES: Readonly<Record<string, PostgresState>> = {
  running: 'running',
  streaming: 'streaming',
  starting: 'starting',
  'start failed': 'start-failed',
  restarting: 'restarting',
  stopping: 'stopping',
  stopped: 'stopped',
  crashed: 'crashed',
  'creating replica': 'creating-replica',
  unknown: 'unknown',
};

/** Patroni's own word for PostgreSQL's state. `unknown`: it believed `running`, but SQL does not answer. */
export function stateText(member: MemberSim): string {
  const { patroni, postgres } = member;
  if (patroni.task !== null) return patroni.state;
  if (isUp(member)) return postgres.frozen ? 'unknown' : 'running';
  return patroni.state === 'running' ? 'unknown' : patroni.state;
}

/** While SQL answers it decides; that a member in recovery leads a standby cluster only Patroni knows. */
export function roleOf({ patroni, postgres }: MemberSim, up: boolean): MemberSim['patroni']['role'] {
  if (!up) return patroni.role;
  if (!postgres.inRecovery) return 'primary';
  return patroni.role === 'standby-leader' ? 'standby-leader' : 'replica';
}

function tagsOf(tags: TagSet): Tags {
  const raw = Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== false && value !== undefined));
  const { noloadbalance, nofailover } = tags;
  return { noloadbalance, nofailover, nosync: false, clonefrom: false, raw };
}

const answers = (member: MemberSim): boolean => stateText(member) === 'running';

/** After a failed pg_rewind Patroni follows as if nothing were, and names the leader's timeline from its cache. [lab: rewind-failed] */
function toldTimeline(world: World, { postgres, patroni }: MemberSim): number {
  if (!postgres.inRecovery || postgres.streaming || !patroni.rewindTried) return postgres.timeline;
  const leader = world.members.find((other) => other.name === world.etcd.leader?.holder);
  return leader?.postgres.timeline ?? postgres.timeline;
}

/** `GET /patroni` on this member. */
export function statusDocument(world: World, member: MemberSim): PatroniStatus {
  const { patroni, postgres } = member;
  const text = stateText(member);
  const up = answers(member);
  return {
    state: STATES[text] ?? 'other',
    stateText: text,
    role: roleOf(member, up),
    timeline: up ? toldTimeline(world, member) : null,
    xlog: up ? xlogOf(member) : null,
    replication: up
      ? streamsFrom(world, member.name).map((other) => ({
          applicationName: other.name,
          state: walSenderState(other),
          syncState: world.etcd.sync?.standbys.includes(other.name) === true ? 'sync' : 'async',
        }))
      : [],
    replicationState: up && postgres.inRecovery && postgres.streaming && !isOldPatroni(member) ? 'streaming' : null,
    paused: patroni.paused,
    clusterUnlocked: patroni.unlocked,
    failsafeActive: patroni.failsafeActive,
    pendingRestart: patroni.pendingRestart,
    syncStandby: up && world.etcd.sync?.standbys.includes(member.name) === true,
    tags: tagsOf(patroni.tags),
    systemIdentifier: patroni.role === 'uninitialized' ? null : world.systemIdentifier,
    scope: patroni.wrongScope ? 'another-cluster' : world.options.scope,
    version: patroni.version,
    name: isOldPatroni(member) ? null : member.name,
    serverVersion: up ? 150018 : null,
    postmasterStartedAtMs: up ? postgres.startedAtMs : null,
    // Keeps advancing even without quorum: Patroni counts a cached answer as contact.
    dcsLastSeenMs: Math.floor(patroni.lastDcsMs / 1000) * 1000,
    watchdogFailed: patroni.watchdogFailed,
    scheduledRestart:
      patroni.scheduledRestart === null ? null : { at: new Date(patroni.scheduledRestart.atMs).toISOString() },
  };
}

function xlogOf({ postgres }: MemberSim): PatroniStatus['xlog'] {
  const none = {
    location: null,
    receivedLocation: null,
    replayedLocation: null,
    replayedAtMs: null,
    replayPaused: false,
  };
  if (!postgres.inRecovery) return { ...none, location: lsn(postgres.replayLsn) };
  return {
    ...none,
    receivedLocation: lsn(postgres.receiveLsn),
    replayedLocation: lsn(postgres.replayLsn),
    replayedAtMs: postgres.lastReplayMs,
    replayPaused: postgres.replayPaused,
  };
}

/** `GET /cluster`: the DCS keys, not PostgreSQL. Without quorum it repeats what it saw last. */
export function clusterDocument(world: World): ClusterReport {
  const { etcd } = world;
  const wish = etcd.failover;
  return {
    rows: [...etcd.members.values()]
      .sort((a, b) => a.name.localeCompare(b.name, 'en'))
      .map((row) => clusterRow(world, row)),
    paused: etcd.config.paused,
    scheduledSwitchover:
      wish?.scheduledAt == null ? null : { at: wish.scheduledAt, from: wish.leader, to: wish.member },
  };
}

function clusterRow(world: World, row: PublishedMember): ClusterRow {
  const { etcd } = world;
  const isLeader = etcd.leader?.holder === row.name;
  const text = row.replicationState !== null && row.state === 'running' && !isLeader ? row.replicationState : row.state;
  const sync = etcd.sync?.standbys.includes(row.name) === true;
  const syncRole = etcd.sync?.quorum === undefined ? 'sync-standby' : 'quorum-standby';
  // Patroni's `lag` counts from the greater of received and replayed: a replica that receives but does not replay shows 0.
  const position = row.xlogLocation;
  return {
    name: row.name,
    role: isLeader ? (row.role === 'standby_leader' ? 'standby-leader' : 'leader') : sync ? syncRole : 'replica',
    state: STATES[text] ?? 'other',
    stateText: text,
    timeline: row.timeline,
    lagBytes:
      isLeader || position === null || etcd.optime === null ? null : Math.max(0, Math.round(etcd.optime - position)),
    tags: tagsOf(row.tags),
    pendingRestart: row.pendingRestart,
  };
}

/** The document behind the key `config`: etcd's own, or the copy that a member took in its last loop. */
export function configDocument({ options }: World, config: DynamicConfigSim): DynamicConfig {
  const { rest: _rest, ...known } = config;
  return {
    ttlMs: options.ttlMs,
    loopWaitMs: options.loopWaitMs,
    retryTimeoutMs: options.retryTimeoutMs,
    maximumLagOnFailoverBytes: options.maximumLagOnFailoverBytes,
    primaryStartTimeoutMs: options.primaryStartTimeoutMs,
    ...known,
    checkTimeline: false,
    usePgRewind: true,
  };
}

/** The same, as the key spells it. */
export function documentOf({ options }: World, { paused, rest }: DynamicConfigSim): ConfigDocument {
  return {
    ttl: options.ttlMs / 1000,
    loop_wait: options.loopWaitMs / 1000,
    retry_timeout: options.retryTimeoutMs / 1000,
    maximum_lag_on_failover: options.maximumLagOnFailoverBytes,
    ...(paused ? { pause: true } : {}),
    ...rest,
  };
}

export const historyDocument = (world: World): readonly HistoryRow[] =>
  world.etcd.history.map((row) => ({ ...row, lsn: lsn(row.lsn) }));

export function metricsDocument(world: World, member: MemberSim): PatroniMetrics {
  const { patroni, postgres } = member;
  const up = answers(member);
  const primary = up ? !postgres.inRecovery : patroni.role === 'primary';
  const flag = (value: boolean): number => (value ? 1 : 0);
  return {
    values: {
      patroni_postgres_running: flag(up),
      patroni_postmaster_start_time: up ? postgres.startedAtMs / 1000 : 0,
      ...(isOldPatroni(member) ? { patroni_master: flag(primary) } : {}),
      patroni_primary: flag(primary),
      patroni_replica: flag(!primary),
      patroni_xlog_location: up && primary ? Math.round(postgres.replayLsn) : 0,
      patroni_xlog_received_location: up && !primary ? Math.round(postgres.receiveLsn) : 0,
      patroni_xlog_replayed_location: up && !primary ? Math.round(postgres.replayLsn) : 0,
      patroni_cluster_unlocked: flag(patroni.unlocked),
      patroni_postgres_timeline: up ? postgres.timeline : 0,
      patroni_pending_restart: flag(patroni.pendingRestart),
      patroni_is_paused: flag(patroni.paused),
      ...(isOldPatroni(member) ? {} : { patroni_postgres_streaming: flag(up && postgres.streaming) }),
    },
  };
}

/** `GET /replica`: a running replica without `noloadbalance`; says nothing of streaming. */
export const replicaStatus = (member: MemberSim): 200 | 503 =>
  answers(member) && roleOf(member, true) === 'replica' && !member.patroni.tags.noloadbalance ? 200 : 503;

/** `GET /primary`: primary, and holder of the leader key by its own clock. */
export const primaryStatus = (world: World, member: MemberSim): 200 | 503 =>
  answers(member) && !member.postgres.inRecovery && member.patroni.leaderUntilMs > world.time.nowMs ? 200 : 503;

import { lsnFromNumber, type Lsn } from '../model/names.js';
import type { ReplicaOfPrimary, SeenBeat, SqlStatus } from '../model/sql.js';
import { backupsFrom } from './copies.js';
import { archiverOf } from './archive.js';
import { sendersInUse, streamsFrom, walSenderState } from './replication.js';
import { slotsOf } from './slots.js';
import { syncStateOf } from './sync.js';
import type { SyncNames } from './postgres-state.js';
import type { MemberSim, PostgresSim, World } from './state.js';

const lsn = (bytes: number): Lsn => lsnFromNumber(Math.round(bytes));

/** What `SqlStatus` a connection to this member would read. Only ask when `answersSql`. */
export function sqlStatus(world: World, member: MemberSim): SqlStatus {
  const { postgres } = member;
  const nowMs = world.time.nowMs;
  const replica = postgres.inRecovery;
  return {
    inRecovery: replica,
    serverVersion: 150018,
    systemIdentifier: world.systemIdentifier,
    ownName: replica ? member.name : null,
    startedAtMs: postgres.startedAtMs,
    timeline: postgres.timeline,
    currentLsn: replica ? null : lsn(postgres.replayLsn),
    receiveLsn: replica ? lsn(postgres.receiveLsn) : null,
    replayLsn: replica ? lsn(postgres.replayLsn) : null,
    replayLagSeconds: replica ? (nowMs - postgres.lastReplayMs) / 1000 : null,
    replayPaused: postgres.replayPaused,
    walReceiver:
      replica && postgres.streaming
        ? {
            status: 'streaming',
            senderHost: postgres.upstream,
            senderPort: 5432,
            receivedTimeline: postgres.timeline,
            latestEndLsn: lsn(postgres.receiveLsn),
            latestEndAgeMs: nowMs - postgres.lastMessageMs,
          }
        : null,
    replicas: replicasOf(world, member),
    blockers: postgres.blockers.map((blocker) => ({
      pid: blocker.pid,
      backendStart: blocker.backendStart,
      user: blocker.user,
      database: 'app',
      application: blocker.application,
      state: 'active',
      xactAgeMs: nowMs - blocker.sinceMs,
      query: blocker.query,
      confirmed: true,
    })),
    slots: replica ? [] : slotsOf(world, member),
    connections: connectionsOf(postgres),
    archiver: archiverOf(world, postgres),
    applyDelayMs: postgres.applyDelayMs,
    ...writesOf(world, member),
    recoveryTarget: null,
    standbySettings: {
      max_connections: postgres.pauseKept === 'setting' ? 100 : Number(postgres.running['max_connections']),
      max_worker_processes: Number(postgres.running['max_worker_processes']),
      max_wal_senders: postgres.maxWalSenders,
      max_prepared_transactions: Number(postgres.running['max_prepared_transactions']),
      max_locks_per_transaction: Number(postgres.running['max_locks_per_transaction']),
    },
    ...(world.options.heartbeat ? { beat: beatOf(world, member) } : {}),
    checksumFailures: postgres.checksumFailures,
    baseBackups: postgres.baseBackups + (world.baseBackup && !replica ? 1 : 0),
    ...(postgres.baseBackups > 0 ? { backups: backupsFrom(world, member) } : {}),
  };
}

/** The last beat that is part of what this server has replayed. */
function beatOf({ beats, time }: World, { postgres }: MemberSim): SeenBeat | null {
  const branchAt = (lsn: number): number => postgres.forks.find((fork) => lsn <= fork.lsn)?.branch ?? postgres.branch;
  const last = beats.findLast((beat) => beat.lsn <= postgres.replayLsn && beat.branch === branchAt(beat.lsn));
  return last === undefined ? null : { by: last.member, atMs: last.atMs, agoMs: time.nowMs - last.atMs };
}

/** As `synchronous_standby_names` reads. */
const namesText = ({ kind, count, names }: SyncNames): string =>
  names === '*' ? '*' : `${kind.toUpperCase()} ${count} (${names.join(',')})`;

/** What holds writes and copies up: sessions in SyncRep, WAL senders, read-only settings. */
function writesOf(world: World, member: MemberSim) {
  const { postgres } = member;
  // A commit that is on its way to the standby is no wait yet: the world moves in steps.
  const { syncWaitSinceMs } = postgres;
  const sinceMs = syncWaitSinceMs !== null && world.time.nowMs - syncWaitSinceMs >= 200 ? syncWaitSinceMs : null;
  const clients = world.clients.waiting.filter((commit) => commit.member === member.name).length;
  const others = world.walBytesPerSecond > 0 ? Math.floor(postgres.connections / 4) : 0;
  const count = sinceMs === null ? 0 : clients + others;
  const rule = postgres.syncNames;
  const standbyNames = rule === null ? '' : namesText(rule);
  return {
    syncWaits: { count, oldestMs: sinceMs === null || count === 0 ? null : world.time.nowMs - sinceMs, standbyNames },
    readOnly: { server: postgres.readOnly === 'setting', databases: [] },
    walSenders: { used: sendersInUse(world, member), max: postgres.maxWalSenders },
  };
}

function replicasOf(world: World, sender: MemberSim): readonly ReplicaOfPrimary[] {
  return streamsFrom(world, sender.name).map((other) => ({
    applicationName: other.name,
    state: walSenderState(other),
    syncState: syncStateOf(sender, other.name),
    sentLsn: lsn(other.postgres.receiveLsn),
    replayLsn: lsn(other.postgres.replayLsn),
    lagBytes: sender.postgres.inRecovery
      ? null
      : Math.max(0, Math.round(sender.postgres.replayLsn - other.postgres.replayLsn)),
  }));
}

function connectionsOf(postgres: PostgresSim): SqlStatus['connections'] {
  const total = postgres.connections;
  const active = Math.floor(total / 4);
  return {
    max: 200,
    total,
    byDatabase: [{ database: 'app', total, active, idle: total - active, idleInTransaction: 0 }],
  };
}

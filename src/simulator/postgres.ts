import { NEW_SETTINGS } from './settings.js';
import { commonLsn, positionOf } from './postgres-facts.js';
import { newDisk, roomToStart, stepDisk } from './disks.js';
import { logLine } from './log.js';
import { replicate, standStill } from './replication.js';
import { SEGMENT_BYTES } from './segments.js';
import { archiveWal } from './archive.js';
import { commitsWait } from './sync.js';
import { markWal } from './wal-times.js';
import { note, type ClusterOptions, type MemberSim, type PostgresSim, type World } from './state.js';

export const FIRST_LSN = 0x5000000;

export function newPostgres(nowMs: number, isPrimary: boolean, volumes: ClusterOptions['volumes']): PostgresSim {
  return {
    process: 'up',
    readyAtMs: nowMs,
    startedAtMs: nowMs,
    frozen: false,
    inRecovery: !isPrimary,
    promotedAtMs: null,
    timeline: 1,
    branch: 0,
    forks: [],
    receiveLsn: FIRST_LSN,
    replayLsn: FIRST_LSN,
    upstream: null,
    streaming: false,
    connectedTo: null,
    refusesReplication: false,
    maxWalSenders: 10,
    caughtUp: true,
    lastMessageMs: nowMs,
    lastReplayMs: nowMs,
    broken: false,
    walGap: false,
    rewindFails: false,
    receiveLimit: null,
    replayStopped: false,
    replayPaused: false,
    pauseKept: 'no',
    running: NEW_SETTINGS,
    primarySettings: NEW_SETTINGS,
    applyDelayMs: 0,
    replayLimit: null,
    upstreamSet: null,
    blockers: [],
    checksumFailures: 0,
    connections: 24,
    baseBackups: 0,
    ackedLsn: FIRST_LSN,
    mute: false,
    syncNames: null,
    syncWaitSinceMs: null,
    readOnly: null,
    directory: 'whole',
    copy: null,
    surplus: 'commits',
    disk: newDisk(volumes),
    dataFull: false,
    log: [],
  };
}

export function startPostgres(world: World, member: MemberSim, tookMs: number): void {
  const postgres = member.postgres;
  if (postgres.process !== 'down') return;
  postgres.process = 'starting';
  postgres.readyAtMs = world.time.nowMs + tookMs;
}

export function promote(world: World, member: MemberSim): void {
  if (member.postgres.promotedAtMs !== null || !member.postgres.inRecovery) return;
  member.postgres.promotedAtMs = world.time.nowMs + 700 + Math.floor(world.random() * 500);
}

/** The copy is made from the leader: same history, same position, nothing of what was there before. */
export function copyFrom(world: World, member: MemberSim, source: MemberSim): void {
  const { postgres } = member;
  postgres.inRecovery = true;
  postgres.timeline = source.postgres.timeline;
  postgres.branch = source.postgres.branch;
  postgres.forks = source.postgres.forks;
  postgres.receiveLsn = source.postgres.replayLsn;
  postgres.replayLsn = source.postgres.replayLsn;
  postgres.ackedLsn = 0;
  postgres.upstream = source.name;
  postgres.broken = false;
  postgres.directory = 'whole';
  postgres.copy = null;
  postgres.walGap = false;
  postgres.rewindFails = false;
  postgres.checksumFailures = 0;
  postgres.lastReplayMs = world.time.nowMs;
}

/** pg_rewind: back to where the histories part, then along the leader's. */
export function rewindTo(member: MemberSim, leader: MemberSim): void {
  const { postgres } = member;
  const lsn = commonLsn(postgres, leader.postgres);
  postgres.timeline = leader.postgres.timeline;
  postgres.branch = leader.postgres.branch;
  postgres.forks = leader.postgres.forks;
  postgres.receiveLsn = postgres.replayLsn = lsn;
  postgres.ackedLsn = 0;
  postgres.inRecovery = true;
  postgres.upstream = leader.name;
}

export function stepPostgres(world: World, member: MemberSim, stepMs: number): void {
  const { postgres } = member;
  if (member.host.state !== 'running' || postgres.frozen) {
    standStill(world, member);
    return;
  }
  if (postgres.process === 'starting' && world.time.nowMs >= postgres.readyAtMs) finishStart(world, member);
  if (world.time.nowMs % 1000 === 0) stepDisk(world, member);
  if (postgres.process !== 'up') return;
  if (postgres.promotedAtMs !== null && world.time.nowMs >= postgres.promotedAtMs) finishPromotion(world, member);
  if (postgres.inRecovery) replicate(world, member, stepMs);
  else write(world, member, stepMs);
}

function finishStart(world: World, member: MemberSim): void {
  const { postgres } = member;
  if (postgres.broken)
    logLine(world, member, 'PANIC:  could not open file "global/pg_control": No such file or directory');
  postgres.process = postgres.broken || !roomToStart(world, member) ? 'down' : 'up';
  postgres.startedAtMs = world.time.nowMs;
  // A replica restarts receiving at the beginning of a WAL segment, so received may be below replayed.
  if (postgres.inRecovery) postgres.receiveLsn = Math.floor(postgres.replayLsn / SEGMENT_BYTES) * SEGMENT_BYTES;
}

function finishPromotion(world: World, member: MemberSim): void {
  const { postgres } = member;
  const lsn = positionOf(postgres);
  postgres.promotedAtMs = null;
  postgres.inRecovery = false;
  postgres.streaming = false;
  postgres.connectedTo = null;
  postgres.upstream = null;
  postgres.forks = [...postgres.forks, { timeline: postgres.timeline, lsn, branch: postgres.branch }];
  postgres.timeline += 1;
  world.promotions.push({ atMs: world.time.nowMs, member: member.name });
  postgres.branch = world.promotions.length;
  // Strict: whoever streams confirms, until the first loop has chosen. [ha.py enforce_primary_role]
  const { synchronousMode: mode, synchronousModeStrict: strict } = member.patroni.config;
  postgres.syncNames = mode !== 'off' && strict ? { kind: 'first', count: 1, names: '*' } : null;
  postgres.receiveLsn = postgres.replayLsn = lsn + 0x98;
  note(world, `${member.name} is primary on timeline ${postgres.timeline}`);
}

function write(world: World, member: MemberSim, stepMs: number): void {
  const { postgres } = member;
  if (world.time.nowMs % 1000 === 0) {
    markWal(world, postgres);
    archiveWal(world, postgres);
  }
  if (commitsWait(world, member) || postgres.dataFull || postgres.readOnly !== null) return;
  postgres.replayLsn += Math.round((world.walBytesPerSecond * stepMs) / 1000);
  postgres.receiveLsn = postgres.replayLsn;
  postgres.lastReplayMs = world.time.nowMs;
}

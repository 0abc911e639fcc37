import type { MemberName } from '../model/names.js';
import {
  allEtcdDown,
  dcsReachable,
  dropLeaderKey,
  NEW_CONFIG,
  renewLease,
  takeLeaderKey,
  takesWrites,
  writeConfig,
} from './etcd.js';
import { restartWhenDue } from './patroni-requests.js';
import { waitsForEtcd } from './patroni-etcd.js';
import { withoutDirectory } from './copies.js';
import { isHealthiest, reaches } from './election.js';
import { opensEtcd } from './links.js';
import { promote } from './postgres.js';
import { isPrimary, isUp, positionOf } from './postgres-facts.js';
import { begin, demote, followStart, stepTask } from './patroni-tasks.js';
import { roleOf, stateText } from './patroni-documents.js';
import { recordLeadership } from './patroni-record.js';
import { needsRewind, rewind } from './rewinds.js';
import { nodeToFollow } from './patroni-upstream.js';
import { handOver, isAsleep, switchOver } from './patroni-switchover.js';
import { isOldPatroni, memberSim, note, REMOTE, type MemberSim, type PatroniSim, type World } from './state.js';

const NO_TAGS = { noloadbalance: false, nofailover: false };

export function newPatroni(nowMs: number, firstLoopMs: number, role: PatroniSim['role'], version: string): PatroniSim {
  return {
    process: 'up',
    readyAtMs: nowMs,
    frozen: false,
    thawed: false,
    nextLoopMs: firstLoopMs,
    state: 'running',
    role,
    leaderUntilMs: 0,
    believesLeader: false,
    paused: false,
    config: NEW_CONFIG,
    unlocked: false,
    dcsFailingSinceMs: null,
    lastDcsMs: nowMs,
    etcdVia: null,
    etcdWaitUntilMs: null,
    version,
    promotion: 'works',
    watchdogFailed: false,
    scheduledRestart: null,
    task: null,
    startingSinceMs: null,
    downSinceMs: null,
    rewindTried: false,
    fileTags: NO_TAGS,
    tags: NO_TAGS,
    reloadAsked: false,
    pendingRestart: false,
    failsafeActive: false,
    apiSlowMs: 0,
    apiGarbage: false,
    wrongScope: false,
    understateBytes: 0,
    sleepsFor: null,
  };
}

export function stepPatroni(world: World, member: MemberSim): void {
  const { patroni } = member;
  const nowMs = world.time.nowMs;
  if (member.host.state !== 'running') return;
  if (patroni.process === 'starting' && nowMs >= patroni.readyAtMs) patroni.process = 'up';
  if (patroni.process !== 'up' || patroni.frozen) return;
  if (patroni.thawed) thaw(world, member);
  stepTask(world, member);
  followStart(member);
  restartWhenDue(world, member);
  if (nowMs < patroni.nextLoopMs) return;
  patroni.nextLoopMs = nowMs + world.options.loopWaitMs;
  runLoop(world, member);
}

/** A thawed 3.0 goes on where it stopped and writes its key over the successor's; newer ones look first. */
function thaw(world: World, member: MemberSim): void {
  const { patroni } = member;
  patroni.thawed = false;
  patroni.nextLoopMs = world.time.nowMs;
  if (!isOldPatroni(member) || !patroni.believesLeader || !dcsReachable(world, member)) return;
  if (world.etcd.leader !== null && world.etcd.leader.holder !== member.name) takeLeaderKey(world, member.name, true);
}

function runLoop(world: World, member: MemberSim): void {
  const { patroni } = member;
  if (patroni.reloadAsked) {
    patroni.tags = patroni.fileTags;
    patroni.reloadAsked = false;
  }
  if (!dcsReachable(world, member)) {
    loopWithoutDcs(world, member);
    return;
  }
  if (waitsForEtcd(world, member)) return;
  patroni.dcsFailingSinceMs = null;
  patroni.failsafeActive = false;
  patroni.lastDcsMs = world.time.nowMs;
  readConfig(world, member);
  renewLease(world, member.name);
  if (noticesCrash(member)) {
    patroni.nextLoopMs = world.time.nowMs + 1000;
    publish(world, member);
    return;
  }
  const holder = world.etcd.leader?.holder ?? null;
  patroni.unlocked = holder === null;
  if (holder === member.name) patroni.leaderUntilMs = world.time.nowMs + world.options.ttlMs;
  if (patroni.task === null) {
    if (member.postgres.directory !== 'whole') withoutDirectory(world, member, holder);
    else if (holder === member.name) lead(world, member);
    else if (holder === null) seekLeadership(world, member);
    else follow(world, member, holder);
  }
  publish(world, member);
}

/** Where the key is gone or broken Patroni goes on with its copy, and the leader writes that back. [ha.py] */
function readConfig(world: World, { name, patroni }: MemberSim): void {
  const { etcd } = world;
  if (etcd.configBroken === null) patroni.config = etcd.config;
  else if (takesWrites(etcd) && etcd.leader?.holder === name) writeConfig(etcd, patroni.config);
  patroni.paused = patroni.config.paused;
}

/** The postmaster is gone though nobody stopped it: said once, then Patroni starts it again. */
function noticesCrash({ patroni, postgres }: MemberSim): boolean {
  if (postgres.process !== 'down' || patroni.state !== 'running' || patroni.task !== null) return false;
  patroni.state = 'crashed';
  return true;
}

/** No answer from etcd: retry for retry_timeout, then stop being primary. [patroni.md fact 4, field notes "quorum lost"] */
function loopWithoutDcs(world: World, member: MemberSim): void {
  const { patroni } = member;
  const nowMs = world.time.nowMs;
  patroni.nextLoopMs = nowMs + 1000;
  patroni.dcsFailingSinceMs ??= nowMs;
  if (allEtcdDown(world.etcd) || !opensEtcd(world, member.name)) patroni.unlocked = true;
  if (nowMs - patroni.dcsFailingSinceMs < world.options.retryTimeoutMs) return;
  if (patroni.paused || !isPrimary(member) || patroni.task !== null) return;
  if (world.etcd.config.failsafeMode && failsafeAgrees(world, member)) {
    patroni.failsafeActive = true;
    return;
  }
  note(world, `${member.name} demotes itself: no DCS`);
  demote(world, member, () => {
    member.postgres.inRecovery = true;
    begin(world, member);
  });
}

/** Every member of the failsafe topology, itself among them, has to be asked and to answer. [ha.py check_failsafe_topology] */
function failsafeAgrees(world: World, member: MemberSim): boolean {
  const asked = world.etcd.failsafe ?? world.members.map(({ name }): string => name);
  return (
    asked.includes(member.name) &&
    asked.every((name) => name === member.name || reaches(world, member, memberSim(world, name)))
  );
}

function lead(world: World, member: MemberSim): void {
  const { patroni, postgres } = member;
  patroni.believesLeader = true;
  if (postgres.process === 'down') {
    patroni.downSinceMs ??= world.time.nowMs;
    const gaveUp = world.time.nowMs - patroni.downSinceMs >= world.options.primaryStartTimeoutMs;
    if (patroni.paused || gaveUp) dropLeaderKey(world, 'PostgreSQL does not run on its holder');
    else begin(world, member);
    return;
  }
  if (!isUp(member) || postgres.frozen) return;
  patroni.downSinceMs = null;
  if (postgres.inRecovery) {
    if (patroni.config.standbyCluster) leadStandby(world, member);
    else promoteOrFail(world, member);
    return;
  }
  patroni.role = 'primary';
  if (patroni.config.standbyCluster) {
    note(world, `${member.name} follows a primary elsewhere from now on`);
    becomeStandbyLeader(world, member);
    return;
  }
  recordLeadership(world, member);
  const { sleepsFor } = patroni;
  if (sleepsFor === null) switchOver(world, member);
  else if (!isAsleep(world, member, sleepsFor)) {
    patroni.sleepsFor = null;
    handOver(world, member, sleepsFor);
  }
}

/** A promotion that fails gives the key back at once; one that hangs keeps it, and nobody can write. [ha.py enforce_primary_role] */
function promoteOrFail(world: World, member: MemberSim): void {
  if (member.patroni.promotion === 'works') promote(world, member);
  else if (member.patroni.promotion === 'fails') dropLeaderKey(world, `the promotion of ${member.name} failed`);
}

/** `standby_cluster` was configured under a primary: it stops and starts again as a replica of the other cluster, with its key. */
function becomeStandbyLeader(world: World, member: MemberSim): void {
  demote(world, member, () => {
    member.postgres.inRecovery = true;
    member.postgres.upstream = REMOTE;
    begin(world, member);
  });
}

function leadStandby(world: World, member: MemberSim): void {
  member.patroni.role = 'standby-leader';
  member.postgres.upstream = REMOTE;
  recordLeadership(world, member);
}

function seekLeadership(world: World, member: MemberSim): void {
  const { patroni, postgres } = member;
  if (postgres.process === 'down') {
    // A former primary starts as a replica first; whether it leads again is the election's business.
    if (!patroni.paused) {
      postgres.inRecovery = true;
      begin(world, member);
    }
    return;
  }
  if (!isUp(member) || postgres.frozen) return;
  if (!postgres.inRecovery) {
    if (takeLeaderKey(world, member.name)) {
      world.etcd.failover = null;
      lead(world, member);
    }
    return;
  }
  if ((patroni.paused && !isAskedFor(world, member)) || !isHealthiest(world, member)) return;
  if (takeLeaderKey(world, member.name)) {
    // Whatever was requested or scheduled: who wins the key wipes it.
    world.etcd.failover = null;
    patroni.leaderUntilMs = world.time.nowMs + world.options.ttlMs;
    lead(world, member);
  }
}

/** In a pause only who is named in a switchover takes the key. [ha.py is_healthiest_node] */
const isAskedFor = ({ etcd }: World, member: MemberSim): boolean =>
  etcd.failover?.member === member.name && etcd.failover.scheduledAt === null;

function follow(world: World, member: MemberSim, holder: MemberName): void {
  const { patroni, postgres } = member;
  const leader = memberSim(world, holder);
  patroni.believesLeader = false;
  patroni.leaderUntilMs = 0;
  patroni.downSinceMs = null;
  if (patroni.paused) {
    if (isUp(member) && postgres.inRecovery) postgres.upstream = nodeToFollow(world, member, leader);
    return;
  }
  const mustRewind = needsRewind(world, member, leader);
  if (isPrimary(member) && !mustRewind) {
    demote(world, member, () => {
      postgres.inRecovery = true;
      begin(world, member);
    });
    return;
  }
  if (mustRewind && !patroni.rewindTried) {
    rewind(world, member, leader);
    return;
  }
  // Patroni resumes what a hand has paused, not what lacks a setting. [ha.py, PostgreSQL 14 and newer]
  if (postgres.pauseKept === 'no') postgres.replayPaused = false;
  postgres.upstream = nodeToFollow(world, member, leader);
  if (postgres.process === 'down') {
    postgres.inRecovery = true;
    begin(world, member);
  } else if (isUp(member)) patroni.role = 'replica';
}

/** Writes the member's own key: all that `/cluster` anywhere will know of it until its next loop. */
export function publish(world: World, member: MemberSim): void {
  if (!takesWrites(world.etcd)) return;
  const { patroni, postgres } = member;
  const up = isUp(member) && !postgres.frozen;
  const streaming = up && postgres.inRecovery && postgres.streaming && !isOldPatroni(member);
  world.etcd.revision += 1;
  world.etcd.members.set(member.name, {
    name: member.name,
    role: roleOf(member, up).replace('-', '_'),
    state: stateText(member) === 'unknown' ? 'running' : stateText(member),
    timeline: up ? postgres.timeline : null,
    xlogLocation: up ? positionOf(postgres) - patroni.understateBytes : null,
    replicationState: streaming ? 'streaming' : null,
    tags: patroni.tags,
    pendingRestart: patroni.pendingRestart,
  });
  if (up) patroni.understateBytes = 0;
}

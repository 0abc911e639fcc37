import type { MemberName } from '../model/names.js';
import { allEtcdDown, dcsReachable, NEW_CONFIG, renewLease, takeLeaderKey, takesWrites, writeConfig } from './etcd.js';
import { lead, seekLeadership } from './patroni-leadership.js';
import { restartWhenDue } from './patroni-requests.js';
import { waitsForEtcd } from './patroni-etcd.js';
import { withoutDirectory } from './copies.js';
import { reaches } from './election.js';
import { opensEtcd } from './links.js';
import { isPrimary, isUp, positionOf } from './postgres-facts.js';
import { begin, demote, followStart, stepTask } from './patroni-tasks.js';
import { roleOf, stateText } from './patroni-documents.js';
import { needsRewind, rewind } from './rewinds.js';
import { reloadSettings } from './settings.js';
import { nodeToFollow } from './patroni-upstream.js';
import { isOldPatroni, memberSim, note, type MemberSim, type PatroniSim, type World } from './state.js';

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
    refusesUs: false,
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
function readConfig(world: World, member: MemberSim): void {
  const { name, patroni } = member;
  const { etcd } = world;
  if (etcd.configBroken === null && patroni.config !== etcd.config) {
    patroni.config = etcd.config;
    reloadSettings(member);
  }

  if (etcd.configBroken !== null && takesWrites(etcd) && etcd.leader?.holder === name)
    writeConfig(etcd, patroni.config);
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

import { CLOCK_JUMP_MS } from '../assess/observer.js';
import { isPaused, leadershipOf, primaryChannels, waitsOf } from '../assess/leader.js';
import { rememberBeats } from '../assess/lag-beat.js';
import { rememberAddresses } from '../assess/places.js';
import { isFailingState, isStreaming } from '../assess/replica.js';
import { timelineOf } from '../assess/timeline.js';
import { formatLsn, furthest, parseLsn } from '../model/names.js';
import { freshValue, lastValue } from '../model/reading.js';
import type { PostgresState } from '../model/patroni.js';
import type { Memory } from '../model/states.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { rememberCopies } from './copies.js';
import { rememberDamage } from './damage.js';
import { isWished, rememberWish } from './leader-wish.js';
import { rememberLeadership } from './leadership.js';
import { livedMemory } from './lived.js';
import { rememberPlatform } from './platform.js';
import { rememberRoom } from './room.js';
import { withoutRow, withRow } from './rows.js';
import { rememberStanding } from './standing.js';
import { rememberTrail } from './trail.js';
import { rememberWatch } from './watch.js';

export const FRESH_MEMORY: Memory = {
  cleanPasses: 0,
  cleanSinceMs: null,
  graceReason: 'just started',
  lastLeader: null,
  lastLeaderChangeMs: null,
  lastLeaderModRevision: null,
  wasPaused: false,
  startFailures: {},
  lastStateText: {},
  replay: {},
  creatingSinceMs: {},
  positions: {},
  lastFailingMs: {},
  walRate: null,
};

const FAILURES_KEPT_MS = 10 * 60_000;
const NEVER: readonly number[] = [];

/** What this pass adds to what no single pass can know: changes, ages, rates, last positions. */
export function remember(before: Memory, view: ClusterView): Memory {
  const memory = livedMemory(ofThisSystem(before, view), view);
  // One copy, made here and changed until it is handed on: a copy of all of it for each member was a third of this.
  const next: Mutable<Memory> = { ...memory };
  Object.assign(next, cleanliness(memory, view), leadership(memory, view));
  next.wasPaused = isPaused(view);
  Object.assign(next, rememberWatch(next, view));
  next.leadership = rememberLeadership(memory.leadership, view);
  for (const member of view.members) rememberMember(next, view, member);
  next.walRate = walRate(memory, view);
  next.leaderTrail = rememberTrail(memory, view);
  Object.assign(next, rememberBeats(memory, view), rememberStanding(next, view));
  next.addresses = rememberAddresses(memory, view);
  next.room = rememberRoom(memory, view);
  Object.assign(
    next,
    rememberCopies(memory, view),
    rememberDamage(memory, view),
    rememberStoresAside(memory, view),
    rememberPlatform(next, view),
  );
  return next;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Whoever was seen to have older data beside its own, until a list shows that a person has deleted it. */
function rememberStoresAside(memory: Memory, { storeAsides = {} }: ClusterView): Pick<Memory, 'storesAside'> {
  const listed = Object.entries(storeAsides).flatMap(([name, seen]) => {
    const last = lastValue(seen);
    return last === null ? [] : [{ name, has: last.length > 0 }];
  });
  if (listed.length === 0) return {};
  const others = (memory.storesAside ?? []).filter((name) => !listed.some((row) => row.name === name));
  return { storesAside: [...others, ...listed.filter(({ has }) => has).map(({ name }) => name)].sort() };
}

/** The cluster was bootstrapped anew under its old name: positions, falls and former leaders are those of other data. */
function ofThisSystem(memory: Memory, view: ClusterView): Memory {
  const told = freshValue(view.dcs.keys)?.systemIdentifier ?? null;
  if (told === null || told === memory.systemIdentifier) return memory;
  if (memory.systemIdentifier === undefined) return { ...memory, systemIdentifier: told };
  return { ...FRESH_MEMORY, systemIdentifier: told, graceReason: 'the cluster was bootstrapped anew' };
}

/** Counts passes on which we may rely. A start, a clock jump, a long sleep, an un-pause or blindness starts the count anew. */
function cleanliness(memory: Memory, view: ClusterView): Pick<Memory, 'cleanPasses' | 'cleanSinceMs' | 'graceReason'> {
  const reason = disturbance(memory, view);
  if (reason !== null) return { cleanPasses: 0, cleanSinceMs: null, graceReason: reason };
  return {
    cleanPasses: memory.cleanPasses + 1,
    cleanSinceMs: memory.cleanSinceMs ?? view.atMs,
    graceReason: memory.graceReason,
  };
}

function disturbance(memory: Memory, view: ClusterView): string | null {
  if (Math.abs(view.observer.clockJumpMs) > CLOCK_JUMP_MS) return 'our clock jumped';
  if (view.observer.sinceLastPassMs !== null && view.observer.sinceLastPassMs > waitsOf(view).ttlMs) return 'we slept';
  if (memory.wasPaused && !isPaused(view)) return 'the cluster was un-paused';
  if (freshValue(view.dcs.keys) === null) return 'etcd gave no linearizable answer';
  return null;
}

function leadership(
  memory: Memory,
  view: ClusterView,
): Pick<
  Memory,
  | 'lastLeader'
  | 'formerLeader'
  | 'lastLeaderChangeMs'
  | 'lastLeaderChangeAsked'
  | 'leaderWish'
  | 'lastLeaderModRevision'
> {
  const keys = freshValue(view.dcs.keys);
  const holder = keys?.leader.holder ?? null;
  const leaderWish = rememberWish(memory, view);
  const same = { lastLeader: memory.lastLeader, lastLeaderChangeMs: memory.lastLeaderChangeMs, leaderWish };
  if (keys === null) return { ...same, lastLeaderModRevision: memory.lastLeaderModRevision };
  const lastLeaderModRevision = keys.leader.modRevision;
  // The very first sighting is not a change: else every start would look like a promotion.
  if (memory.lastLeader === null && memory.lastLeaderChangeMs === null && holder !== null)
    return { lastLeader: holder, lastLeaderChangeMs: null, leaderWish, lastLeaderModRevision };
  if (holder === null || holder === memory.lastLeader) return { ...same, lastLeaderModRevision };
  return {
    lastLeader: holder,
    formerLeader: memory.lastLeader,
    lastLeaderChangeMs: view.atMs,
    lastLeaderChangeAsked: isWished(leaderWish, memory.lastLeader, holder, view),
    // It has come to pass, or to nothing: what happens next is asked for anew.
    leaderWish: null,
    lastLeaderModRevision,
  };
}

function rememberMember(next: Mutable<Memory>, view: ClusterView, member: MemberView): void {
  const api = freshValue(member.api);
  rememberPosition(next, view, member);
  rememberPrimary(next, view, member);
  rememberStarting(next, view, member);
  if (api === null) return;
  const name = member.name;
  const failing = isFailingState(api.state);
  const wasFailing = isFailingState(next.lastStateText[name] ?? '');
  const known = next.startFailures[name] ?? NEVER;
  const recent = known.length === 0 ? known : known.filter((atMs) => view.atMs - atMs < FAILURES_KEPT_MS);
  next.lastStateText = withRow(next.lastStateText, name, api.state);
  next.startFailures = withRow(next.startFailures, name, failing && !wasFailing ? [...recent, view.atMs] : recent);
  if (failing) next.lastFailingMs = withRow(next.lastFailingMs, name, view.atMs);
  next.stops = stops(next.stops ?? {}, name, api.state, view.atMs);
  next.creatingSinceMs = creating(next.creatingSinceMs, name, api.state === 'creating-replica', view.atMs);
}

function rememberStarting(next: Mutable<Memory>, view: ClusterView, { name, sql }: MemberView): void {
  const known = next.startingMs ?? {};
  const isStarting = sql.kind === 'unknown' && sql.fault === 'starting-up';
  if (isStarting && !(name in known)) next.startingMs = { ...known, [name]: view.atMs };
  if (sql.kind === 'fresh' && name in known) next.startingMs = withoutRow(known, name);
}

const RUNS: readonly PostgresState[] = ['running', 'streaming', 'in-archive-recovery'];
/** Says nothing about whether it runs. */
const NO_WORD: readonly PostgresState[] = ['unknown', 'other'];

/** What neither answers nor says it begins and ends nothing. */
function stops(
  before: NonNullable<Memory['stops']>,
  name: string,
  state: PostgresState,
  atMs: number,
): NonNullable<Memory['stops']> {
  const last = before[name];
  const isOpen = last?.toMs === null;
  const runs = RUNS.includes(state);
  if (NO_WORD.includes(state) || runs !== isOpen) return before;
  return { ...before, [name]: runs ? { fromMs: last?.fromMs ?? atMs, toMs: atMs } : { fromMs: atMs, toMs: null } };
}

function creating(
  since: Memory['creatingSinceMs'],
  name: string,
  now: boolean,
  atMs: number,
): Memory['creatingSinceMs'] {
  if (now) return name in since ? since : { ...since, [name]: atMs };
  return withoutRow(since, name);
}

/** The last position at which PostgreSQL was really seen; an API's memory of a stopped one does not count. */
function rememberPosition(next: Mutable<Memory>, view: ClusterView, member: MemberView): void {
  const sql = freshValue(member.sql);
  const api = freshValue(member.api);
  const primary = primaryChannels(member).length > 0;
  const lsn = primary
    ? (sql?.currentLsn ?? api?.xlog?.location ?? null)
    : furthest(sql?.receiveLsn, sql?.replayLsn, api?.xlog?.receivedLocation, api?.xlog?.replayedLocation);
  const timeline = timelineOf(member, next);
  const inRecovery = sql?.inRecovery ?? (api === null ? null : api.role === 'replica' && api.state === 'running');
  if (lsn === null || timeline === null || timeline === 0 || (!primary && inRecovery !== true)) return;
  const replayed = sql?.replayLsn ?? api?.xlog?.replayedLocation ?? null;
  const isSure = primary || isTimelineSure(next, view, member, timeline);
  const text = formatLsn(lsn);
  const position = { timeline, lsn: text, inRecovery: !primary, atMs: view.atMs, isSure };
  next.positions = { ...next.positions, [member.name]: position };
  if (replayed === null) return;
  next.replay = moved(next.replay, member.name, replayed === lsn ? text : formatLsn(replayed), view.atMs);
}

/**
 * Patroni's API names a replica's timeline from a cache, a receiver that is refused names the one it asked for, and the control file of a
 * leader that died right after its promotion names the one before: only a stream proves it. Once proven it stays so while the member is
 * watched, since a replica writes no WAL of its own; what it replays onto a later timeline its control file tells. Nothing new is proven
 * while etcd does not say who leads.
 */
function isTimelineSure(memory: Memory, view: ClusterView, member: MemberView, timeline: number): boolean {
  const isWatched = freshValue(view.dcs.keys) !== null;
  if (isWatched && isStreaming(view, member)) return true;
  const last = memory.positions[member.name];
  if (last?.inRecovery !== true || last.isSure === false) return false;
  if (timeline === last.timeline) return true;
  const sql = freshValue(member.sql);
  return isWatched && memory.unwatched?.[member.name] === undefined && sql !== null && sql.walReceiver === null;
}

/**
 * A former leader whose rewind failed runs as a replica and says that it is on the leader's timeline: only that it was primary, and has not
 * streamed since, tells that it may hold WAL of its own. [field-notes; lab: rewind-failed]
 */
function rememberPrimary(next: Mutable<Memory>, view: ClusterView, member: MemberView): void {
  const known = next.lastPrimary ?? {};
  const { name } = member;
  if (primaryChannels(member).length > 0) {
    const position = next.positions[name];
    if (position === undefined || position.inRecovery || position.atMs !== view.atMs) return;
    const { timeline, lsn, atMs } = position;
    next.lastPrimary = { ...known, [name]: { timeline, lsn, atMs } };
    return;
  }
  if (!(name in known)) return;
  const isCopied = freshValue(member.api)?.state === 'creating-replica';
  const leadership = leadershipOf(view);
  const follows = leadership.kind === 'proven' && leadership.member.name !== name && isStreaming(view, member);
  if (isCopied || follows) next.lastPrimary = withoutRow(known, name);
}

function moved(replay: Memory['replay'], name: string, lsn: string, atMs: number): Memory['replay'] {
  return replay[name]?.lsn === lsn ? replay : { ...replay, [name]: { lsn, changedAtMs: atMs } };
}

/** Bytes per second on the leader. [Runbook: WAL Generation Rate] */
function walRate(memory: Memory, view: ClusterView): Memory['walRate'] {
  const keys = freshValue(view.dcs.keys);
  const leader = view.members.find((member) => member.name === keys?.leader.holder);
  if (leader === undefined) return memory.walRate;
  const lsn = freshValue(leader.sql)?.currentLsn ?? freshValue(leader.api)?.xlog?.location ?? null;
  if (lsn === null) return memory.walRate;
  const before = memory.walRate === null ? null : parseLsn(memory.walRate.lsn);
  const elapsedMs = memory.walRate === null ? 0 : view.atMs - memory.walRate.atMs;
  // Two looks of one pass share their moment; a clock that went back has no rate either.
  if (memory.walRate !== null && elapsedMs >= 0 && elapsedMs < 5_000) return memory.walRate;
  const isMeasured = before !== null && lsn >= before && elapsedMs > 0;
  const rate = isMeasured ? Number(lsn - before) / (elapsedMs / 1000) : null;
  return { lsn: formatLsn(lsn), atMs: view.atMs, bytesPerSecond: rate };
}

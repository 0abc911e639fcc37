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

/** What this pass adds to what no single pass can know: changes, ages, rates, last positions. */
export function remember(before: Memory, view: ClusterView): Memory {
  const memory = livedMemory(ofThisSystem(before, view), view);
  let next: Memory = {
    ...memory,
    ...cleanliness(memory, view),
    ...leadership(memory, view),
    wasPaused: isPaused(view),
  };
  next = rememberWatch(next, view);
  next = { ...next, leadership: rememberLeadership(memory.leadership, view) };
  for (const member of view.members) next = rememberMember(next, view, member);
  return {
    ...next,
    walRate: walRate(memory, view),
    leaderTrail: rememberTrail(memory, view),
    ...rememberBeats(memory, view),
    ...rememberStanding(next, view),
    addresses: rememberAddresses(memory, view),
    room: rememberRoom(memory, view),
    ...rememberCopies(memory, view),
    ...rememberDamage(memory, view),
    ...rememberStoresAside(memory, view),
    ...rememberPlatform(next, view),
  };
}

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

function rememberMember(memory: Memory, view: ClusterView, member: MemberView): Memory {
  const api = freshValue(member.api);
  const next = rememberStarting(rememberPrimary(rememberPosition(memory, view, member), view, member), view, member);
  if (api === null) return next;
  const name = member.name;
  const failing = isFailingState(api.state);
  const wasFailing = isFailingState(memory.lastStateText[name] ?? '');
  const recent = (next.startFailures[name] ?? []).filter((atMs) => view.atMs - atMs < FAILURES_KEPT_MS);
  const startFailures = failing && !wasFailing ? [...recent, view.atMs] : recent;
  return {
    ...next,
    lastStateText: { ...next.lastStateText, [name]: api.state },
    startFailures: { ...next.startFailures, [name]: startFailures },
    lastFailingMs: failing ? { ...next.lastFailingMs, [name]: view.atMs } : next.lastFailingMs,
    stops: stops(next.stops ?? {}, name, api.state, view.atMs),
    creatingSinceMs: creating(next.creatingSinceMs, name, api.state === 'creating-replica', view.atMs),
  };
}

function rememberStarting(memory: Memory, view: ClusterView, { name, sql }: MemberView): Memory {
  const known = memory.startingMs ?? {};
  const isStarting = sql.kind === 'unknown' && sql.fault === 'starting-up';
  if (isStarting) return name in known ? memory : { ...memory, startingMs: { ...known, [name]: view.atMs } };
  if (sql.kind !== 'fresh' || !(name in known)) return memory;
  return { ...memory, startingMs: Object.fromEntries(Object.entries(known).filter(([key]) => key !== name)) };
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
  if (!(name in since)) return since;
  return Object.fromEntries(Object.entries(since).filter(([key]) => key !== name));
}

/** The last position at which PostgreSQL was really seen; an API's memory of a stopped one does not count. */
function rememberPosition(memory: Memory, view: ClusterView, member: MemberView): Memory {
  const sql = freshValue(member.sql);
  const api = freshValue(member.api);
  const primary = primaryChannels(member).length > 0;
  const lsn = primary
    ? (sql?.currentLsn ?? api?.xlog?.location ?? null)
    : furthest(sql?.receiveLsn, sql?.replayLsn, api?.xlog?.receivedLocation, api?.xlog?.replayedLocation);
  const timeline = timelineOf(member, memory);
  const inRecovery = sql?.inRecovery ?? (api === null ? null : api.role === 'replica' && api.state === 'running');
  if (lsn === null || timeline === null || timeline === 0 || (!primary && inRecovery !== true)) return memory;
  const replayed = sql?.replayLsn ?? api?.xlog?.replayedLocation ?? null;
  return {
    ...memory,
    positions: {
      ...memory.positions,
      [member.name]: {
        timeline,
        lsn: formatLsn(lsn),
        inRecovery: !primary,
        atMs: view.atMs,
        isSure: primary || isTimelineSure(memory, view, member, timeline),
      },
    },
    replay: replayed === null ? memory.replay : moved(memory.replay, member.name, formatLsn(replayed), view.atMs),
  };
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
function rememberPrimary(memory: Memory, view: ClusterView, member: MemberView): Memory {
  const known = memory.lastPrimary ?? {};
  const { name } = member;
  if (primaryChannels(member).length > 0) {
    const position = memory.positions[name];
    if (position === undefined || position.inRecovery || position.atMs !== view.atMs) return memory;
    const { timeline, lsn, atMs } = position;
    return { ...memory, lastPrimary: { ...known, [name]: { timeline, lsn, atMs } } };
  }
  if (!(name in known)) return memory;
  const isCopied = freshValue(member.api)?.state === 'creating-replica';
  const leadership = leadershipOf(view);
  const follows = leadership.kind === 'proven' && leadership.member.name !== name && isStreaming(view, member);
  if (!isCopied && !follows) return memory;
  return { ...memory, lastPrimary: Object.fromEntries(Object.entries(known).filter(([key]) => key !== name)) };
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

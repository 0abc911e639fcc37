import { CLOCK_JUMP_MS } from '../assess/observer.js';
import { pauseOf, waitsOf } from '../assess/leader.js';
import { strangersIn } from '../assess/strangers.js';
import { writingOf } from '../assess/writer.js';
import { freshValue, isSilent } from '../model/reading.js';
import type { LeadershipMemory } from '../model/states.js';
import { memberOf, type ClusterView } from '../model/view.js';

const NOTHING: LeadershipMemory = {
  holder: null,
  silentSinceMs: null,
  leaseEndMs: null,
  renewedMs: null,
  idleSinceMs: null,
  idleLeader: null,
  idleWished: false,
  episodes: [],
  pausedSinceMs: null,
  pauseSeen: false,
  strangers: [],
};

export function rememberLeadership(before: LeadershipMemory | undefined, view: ClusterView): LeadershipMemory {
  const known = before === undefined ? NOTHING : isTornOff(view) ? tornOff(before) : before;
  const pause = pauseSince(before, known, view);
  const keys = freshValue(view.dcs.keys);
  if (keys === null) return { ...known, ...pause };
  const { holder } = keys.leader;
  return {
    ...known,
    ...pause,
    ...lease(holder === known.holder ? known : { ...known, ...NO_LEASE }, view),
    ...idling(known, view),
    holder: holder ?? known.holder,
    heldMs: heldBy(known.heldMs, holder, view.atMs),
    strangers: strangersIn(view) ?? known.strangers,
  };
}

/** For as long as a request that was lost may be judged. */
const HELD_KEPT_MS = 10 * 60_000;

const heldBy = (
  before: LeadershipMemory['heldMs'] = {},
  holder: string | null,
  nowMs: number,
): Readonly<Record<string, number>> => ({
  ...Object.fromEntries(Object.entries(before).filter(([, atMs]) => nowMs - atMs < HELD_KEPT_MS)),
  ...(holder === null ? {} : { [holder]: nowMs }),
});

const NO_LEASE = { silentSinceMs: null, leaseEndMs: null, renewedMs: null } as const;

/** Between this pass and the one before lies a time that nobody watched, or none of its ages holds. */
function isTornOff(view: ClusterView): boolean {
  const { sinceLastPassMs, clockJumpMs } = view.observer;
  const gap = sinceLastPassMs === null || sinceLastPassMs > waitsOf(view).ttlMs;
  return gap || Math.abs(clockJumpMs) > CLOCK_JUMP_MS;
}

const tornOff = (before: LeadershipMemory): LeadershipMemory => ({
  ...before,
  ...NO_LEASE,
  idleSinceMs: null,
  idleLeader: null,
  idleWished: false,
});

/** etcd tells whole seconds: an end that is later by less than this is the same end. */
const LEASE_GRAIN_MS = 1_500;

function lease(
  before: LeadershipMemory,
  view: ClusterView,
): Pick<LeadershipMemory, 'silentSinceMs' | 'leaseEndMs' | 'renewedMs'> {
  const { atMs } = view;
  const leader = freshValue(view.dcs.keys)?.leader ?? null;
  const api = leader?.holder == null ? null : (memberOf(view, leader.holder)?.api ?? null);
  const silentSinceMs = api !== null && isSilent(api) ? (before.silentSinceMs ?? atMs) : null;
  const leftMs = leader?.leaseTtlMs ?? null;
  if (leftMs === null) return { silentSinceMs, leaseEndMs: before.leaseEndMs, renewedMs: before.renewedMs };
  const endMs = atMs + leftMs;
  const isLater = before.leaseEndMs !== null && endMs > before.leaseEndMs + LEASE_GRAIN_MS;
  const { ttlMs } = waitsOf(view);
  // A lease of ttl that has so much left was renewed so long ago, rounded to the older side.
  const byAgeMs = leftMs <= ttlMs ? endMs - ttlMs : null;
  const renewedMs = latest(before.renewedMs, isLater ? atMs : byAgeMs);
  return { silentSinceMs, leaseEndMs: latest(before.leaseEndMs, endMs), renewedMs };
}

const latest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.max(one, other);

/** So long a time without a writer counts against its leader. */
const EPISODES_MS = 10 * 60_000;

function idling(
  before: LeadershipMemory,
  view: ClusterView,
): Pick<LeadershipMemory, 'idleSinceMs' | 'idleLeader' | 'idleWished' | 'episodes'> {
  const { atMs } = view;
  const writing = writingOf(view);
  const episodes = before.episodes.filter((row) => atMs - row.toMs < EPISODES_MS);
  const { idleSinceMs, idleLeader, idleWished } = before;
  if (writing === null) return { idleSinceMs, idleLeader, idleWished, episodes };
  const holder = freshValue(view.dcs.keys)?.leader.holder ?? null;
  if (!writing.takes)
    return {
      idleSinceMs: idleSinceMs ?? atMs,
      idleLeader: idleSinceMs === null ? (before.holder ?? holder) : idleLeader,
      idleWished: idleWished || writing.isWished,
      episodes,
    };
  const counts = idleSinceMs !== null && idleLeader !== null && idleLeader === holder && !idleWished;
  return {
    idleSinceMs: null,
    idleLeader: null,
    idleWished: false,
    episodes: counts ? [...episodes, { leader: idleLeader, fromMs: idleSinceMs, toMs: atMs }] : episodes,
  };
}

function pauseSince(
  before: LeadershipMemory | undefined,
  known: LeadershipMemory,
  view: ClusterView,
): Pick<LeadershipMemory, 'pausedSinceMs' | 'pauseSeen'> {
  const pause = pauseOf(view);
  if (pause.kind === 'not-paused') return { pausedSinceMs: null, pauseSeen: false };
  if (pause.kind === 'unknown' || known.pausedSinceMs !== null) return known;
  // Whoever has watched an unpaused cluster up to now knows when the pause began.
  return { pausedSinceMs: view.atMs, pauseSeen: before !== undefined && !isTornOff(view) };
}

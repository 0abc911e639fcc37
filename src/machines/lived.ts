import { clockSetMs } from '../assess/observer.js';
import { livedDamage } from './damage.js';
import type { LeadershipMemory, Memory, States } from '../model/states.js';
import type { Problem } from '../model/problem.js';
import type { ClusterView } from '../model/view.js';

/**
 * A grace counts time that was lived. Where the wall clock was set since the last pass, forward or back, what was noted by it is moved along:
 * else every grace is over at once, or none for as long as the clock went back.
 */
export function livedStates(states: States, view: ClusterView): States {
  const byMs = clockSetMs(view);
  if (byMs === 0) return states;
  const moved = <T extends { readonly sinceMs: number }>(part: T): T => ({ ...part, sinceMs: part.sinceMs + byMs });
  return {
    ...states,
    cluster: moved(states.cluster),
    dcs: moved(states.dcs),
    proxy: moved(states.proxy),
    members: mapped(states.members, moved),
    problems: states.problems.map((problem) => livedProblem(problem, byMs)),
  };
}

const livedProblem = (problem: Problem, byMs: number): Problem => ({
  ...problem,
  firstSeenMs: problem.firstSeenMs + byMs,
  lastSeenMs: problem.lastSeenMs + byMs,
  activeSinceMs: later(problem.activeSinceMs, byMs),
  clearSinceMs: later(problem.clearSinceMs, byMs),
});

/**
 * The same for what is remembered of passes. Not for what bounds our knowledge (`positions`, `watchedMs`, `unwatched`, `lastPrimary`): the
 * machine may have slept, and then the cluster lived on unseen for all that time.
 */
export function livedMemory(memory: Memory, view: ClusterView): Memory {
  const byMs = clockSetMs(view);
  if (byMs === 0) return memory;
  const moved = (atMs: number): number => atMs + byMs;
  const onward = Math.max(0, byMs);
  const { startingMs, rewindingSinceMs, replayPausedSinceMs, leaderTrail, etcd, addresses, leadership, stops } = memory;
  const { copies, damage } = memory;
  const dated = <T extends { readonly atMs: number }>(row: T): T => ({ ...row, atMs: moved(row.atMs) });
  return {
    ...memory,
    cleanSinceMs: later(memory.cleanSinceMs, byMs),
    lastLeaderChangeMs: later(memory.lastLeaderChangeMs, byMs),
    startFailures: mapped(memory.startFailures, (times) => times.map(moved)),
    replay: mapped(memory.replay, (row) => ({ ...row, changedAtMs: moved(row.changedAtMs) })),
    creatingSinceMs: mapped(memory.creatingSinceMs, moved),
    ...(copies && { copies: mapped(copies, (row) => ({ ...row, changedAtMs: moved(row.changedAtMs) })) }),
    lastFailingMs: mapped(memory.lastFailingMs, moved),
    walRate: memory.walRate === null ? null : dated(memory.walRate),
    ...(startingMs && { startingMs: mapped(startingMs, moved) }),
    // Moved as what was sent is (`ledger/lived.ts`), which it is compared with.
    ...(stops && {
      stops: mapped(stops, ({ fromMs, toMs }) => ({ fromMs: fromMs + onward, toMs: later(toMs, onward) })),
    }),
    ...(rewindingSinceMs && { rewindingSinceMs: mapped(rewindingSinceMs, moved) }),
    // What the log tells of the pause reaches back so far and no further: it never becomes younger.
    ...(replayPausedSinceMs && {
      replayPausedSinceMs: mapped(replayPausedSinceMs, (sinceMs) => sinceMs + Math.min(0, byMs)),
    }),
    ...(leaderTrail && { leaderTrail: leaderTrail.map(dated) }),
    ...(damage && { damage: mapped(damage, (row) => livedDamage(row, byMs)) }),
    ...(etcd && { etcd: { ...etcd, elections: etcd.elections.map(moved) } }),
    ...(addresses && {
      addresses: mapped(addresses, (row) => ({ ...row, changesMs: row.changesMs.map(moved) })),
    }),
    ...(leadership && { leadership: livedLeadership(leadership, byMs) }),
  };
}

const livedLeadership = (leadership: LeadershipMemory, byMs: number): LeadershipMemory => ({
  ...leadership,
  silentSinceMs: later(leadership.silentSinceMs, byMs),
  leaseEndMs: later(leadership.leaseEndMs, byMs),
  renewedMs: later(leadership.renewedMs, byMs),
  idleSinceMs: later(leadership.idleSinceMs, byMs),
  pausedSinceMs: later(leadership.pausedSinceMs, byMs),
  episodes: leadership.episodes.map((row) => ({ ...row, fromMs: row.fromMs + byMs, toMs: row.toMs + byMs })),
});

const later = (atMs: number | null, byMs: number): number | null => (atMs === null ? null : atMs + byMs);

const mapped = <T>(record: Readonly<Record<string, T>>, change: (row: T) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(record).map(([key, row]) => [key, change(row)]));

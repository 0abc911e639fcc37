import { leaderKeyHolder, primaryChannels } from '../assess/leader.js';
import { formatLsn, parseLsn } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import { memberOf, type ClusterView } from '../model/view.js';

type Trail = NonNullable<Memory['leaderTrail']>;

/** How far apart points may lie, by their age: a figure of an hour need not be right to the second. */
const SPACING: readonly (readonly [olderThanMs: number, apartMs: number])[] = [
  [3_600_000, 600_000],
  [600_000, 60_000],
  [60_000, 10_000],
  [0, 2_000],
];
const KEEP_MS = 6 * 3_600_000;

/**
 * Where the leader was when, by our own clock: how old what a replica shows is then follows from its position, whatever the clocks of the
 * members say and however few bytes are missing. A leader that lost WAL in a failover takes the points beyond it away.
 */
export function rememberTrail(memory: Memory, view: ClusterView): Trail {
  const trail = memory.leaderTrail ?? [];
  const holder = leaderKeyHolder(view);
  const leader = holder === null ? null : memberOf(view, holder);
  if (leader === null || primaryChannels(leader).length === 0) return trail;
  const lsn = freshValue(leader.sql)?.currentLsn ?? freshValue(leader.api)?.xlog?.location ?? null;
  if (lsn === null) return trail;
  // Points only go forward: what is not to stand lies at the end.
  const end = trail.findLastIndex((point) => (parseLsn(point.lsn) ?? 0n) <= lsn && point.atMs <= view.atMs);
  const kept = end + 1 === trail.length ? trail : trail.slice(0, end + 1);
  const last = kept.at(-1);
  if (last !== undefined && parseLsn(last.lsn) === lsn) return kept;
  return thinned([...kept, { lsn: formatLsn(lsn), atMs: view.atMs }], view.atMs);
}

function apartAt(ageMs: number): number {
  for (const [olderThanMs, apartMs] of SPACING) if (ageMs >= olderThanMs) return apartMs;
  return 0;
}

function thinned(points: Trail, nowMs: number): Trail {
  const kept: Trail[number][] = [];
  for (const [index, point] of points.entries()) {
    const ageMs = nowMs - point.atMs;
    if (ageMs > KEEP_MS) continue;
    const apartMs = apartAt(ageMs);
    const before = kept.at(-1);
    const isLast = index === points.length - 1;
    // The newest of a crowded stretch gives way: what is left makes a replica younger than it is, never older.
    if (!isLast && before !== undefined && point.atMs - before.atMs < apartMs) continue;
    kept.push(point);
  }
  return kept;
}

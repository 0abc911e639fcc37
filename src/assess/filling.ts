import type { Memory } from '../model/states.js';

type Samples = NonNullable<Memory['room']>[string];

/** As long as from one checkpoint to the next (checkpoint_timeout), so that each slot has seen pg_wal at its smallest. */
export const SLOT_MS = 5 * 60_000;
/** So many are kept, and with fewer than four nobody can tell a trend from a tooth. */
export const SLOTS = 6;
const LEAST_SLOTS = 4;
/** What is less than this from one third to the next is no trend: files come and go. */
const LEAST_SHARE = 0.0025;

/** How fast a volume fills, and when there is nothing left of it at that rate. */
export interface Filling {
  readonly bytesPerSecond: number;
  readonly leftMs: number;
}

interface Point {
  readonly slot: number;
  readonly freeBytes: number;
}

/**
 * By the most that was free in each third of the time: between two checkpoints pg_wal grows and shrinks again, which is a sawtooth and no
 * trend, and its upper edge moves only by what stays. The slower of the two slopes counts: a large file that came once is a step in one of
 * them. Null: no trend, or not watched for long enough.
 */
export function fillingOf(samples: Samples, volume: 'data' | 'WAL', totalBytes: number, nowMs: number): Filling | null {
  const points: Point[] = [];
  for (const [slot, [dataMib, walMib]] of Object.entries(samples)) {
    const mib = volume === 'data' ? dataMib : walMib;
    if (mib !== undefined) points.push({ slot: Number(slot), freeBytes: mib * 1024 ** 2 });
  }
  points.sort((a, b) => a.slot - b.slot);
  if (points.length < LEAST_SLOTS) return null;
  const third = Math.ceil(points.length / 3);
  const last = points.length - Math.floor(points.length / 3);
  const [before, between, now] = [points.slice(0, third), points.slice(third, last), points.slice(last)].map(most);
  if (before == null || between == null || now == null) return null;
  const bytesPerSecond = Math.min(slope(before, between, totalBytes), slope(between, now, totalBytes));
  if (bytesPerSecond <= 0) return null;
  // From where the upper edge is by now: what is free at the moment may be the bottom of a tooth.
  const sinceMs = Math.max(0, nowMs - now.slot * SLOT_MS);
  const edgeBytes = Math.max(0, now.freeBytes - (bytesPerSecond * sinceMs) / 1000);
  return { bytesPerSecond, leftMs: (1000 * edgeBytes) / bytesPerSecond };
}

/** Bytes a second that went away between the two; 0: next to nothing did. */
function slope(before: Point, after: Point, totalBytes: number): number {
  const lostBytes = before.freeBytes - after.freeBytes;
  if (lostBytes < totalBytes * LEAST_SHARE || after.slot <= before.slot) return 0;
  return (1000 * lostBytes) / ((after.slot - before.slot) * SLOT_MS);
}

const most = (points: readonly Point[]): Point | null =>
  points.reduce<Point | null>(
    (best, point) => (best === null || point.freeBytes > best.freeBytes ? point : best),
    null,
  );

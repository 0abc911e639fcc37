import type { PostgresSim, World } from './state.js';

const KEPT = 50_000;

/** Called once a second by whoever writes. */
export function markWal({ walTimes, time }: World, { branch, replayLsn }: PostgresSim): void {
  const marks = walTimes.get(branch) ?? { lsn: [], ms: [] };
  walTimes.set(branch, marks);
  if ((marks.lsn.at(-1) ?? -1) >= replayLsn) return;
  marks.lsn.push(replayLsn);
  marks.ms.push(time.nowMs);
  if (marks.lsn.length > 2 * KEPT) for (const list of [marks.lsn, marks.ms]) list.splice(0, KEPT);
}

/** The first place at which `list` is at least `value`. */
function placeOf(list: readonly number[], value: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** When the commit at this position of this history was written; now, where that was within the last second. */
export function writtenAtMs({ walTimes, time }: World, postgres: PostgresSim, lsn: number): number {
  const branch = postgres.forks.find((fork) => lsn <= fork.lsn)?.branch ?? postgres.branch;
  const marks = walTimes.get(branch);
  return marks?.ms[placeOf(marks.lsn, lsn)] ?? time.nowMs;
}

/** How far this history had been written at a moment of the past. */
export function lsnAt({ walTimes }: World, postgres: PostgresSim, atMs: number): number {
  const marks = walTimes.get(postgres.branch);
  return marks?.lsn[placeOf(marks.ms, atMs + 1) - 1] ?? 0;
}

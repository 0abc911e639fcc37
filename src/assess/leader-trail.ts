import { parseLsn, type Lsn } from '../model/names.js';
import type { Memory } from '../model/states.js';

type Point = NonNullable<Memory['leaderTrail']>[number];

/** When the leader was first seen beyond a position; undefined: it never was. Looked for by halves, since points only go forward. */
export function firstBeyond({ leaderTrail = [] }: Pick<Memory, 'leaderTrail'>, lsn: Lsn): Point | undefined {
  const isBeyond = (point: Point | undefined): boolean => point !== undefined && (parseLsn(point.lsn) ?? 0n) > lsn;
  // Of a replica that keeps up not even the newest is.
  if (!isBeyond(leaderTrail.at(-1))) return undefined;
  let [from, to] = [0, leaderTrail.length - 1];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (isBeyond(leaderTrail[middle])) to = middle;
    else from = middle + 1;
  }
  return leaderTrail[from];
}

import { parseLsn, type Lsn } from '../model/names.js';
import type { Memory } from '../model/states.js';

type Point = NonNullable<Memory['leaderTrail']>[number];

/**
 * When the leader was first seen beyond a position; undefined: it never was. Points only go forward, and next to none lies beyond a replica
 * that keeps up: looked for from the newest.
 */
export function firstBeyond({ leaderTrail = [] }: Pick<Memory, 'leaderTrail'>, lsn: Lsn): Point | undefined {
  const last = leaderTrail.findLastIndex((point) => (parseLsn(point.lsn) ?? 0n) <= lsn);
  return leaderTrail[last + 1];
}

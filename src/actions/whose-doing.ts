import type { Memory } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { clockText } from '../words/moments.js';

/** What tells. */
interface Told {
  readonly view: ClusterView;
  readonly memory: Memory;
}

/**
 * Who did it, where no answer came to a request and its effect is there all the same: a request that never arrived must not count as what
 * Patroni or a person did later. `hasArrived`: it was answered, if only that it is not done yet.
 */
export type NotOurs = (input: Told, sentAtMs: number, hasArrived: boolean) => Apart | null;

/** `isSure`: false while the request may still be on its way. */
export interface Apart {
  readonly why: string;
  readonly isSure: boolean;
}

/** etcd gives a transaction up after 5 s and two election timeouts (7 s by default): what was not done by then is never done. */
export const ETCD_REACH_MS = 10_000;

/** Two machines may differ by so much in what time it is. */
const CLOCKS_MS = 30_000;

/**
 * Why another one leads for another reason than our request: who led before was seen with the leader key when the request could no longer
 * take effect. Null: it can be our doing, or nothing tells.
 */
export function keptTheKey({ leadership }: Memory, leader: string, sentAtMs: number, reachMs: number): Apart | null {
  const heldMs = leadership?.heldMs?.[leader];
  if (heldMs === undefined || heldMs - sentAtMs <= reachMs) return null;
  const seconds = Math.round((heldMs - sentAtMs) / 1000);
  return { why: `${leader} still held the leader key ${seconds} s after it was sent`, isSure: true };
}

/**
 * Why something that began at `beganMs`, by its own machine's clock, did not begin by a request that was sent at `sentAtMs` and can take
 * effect for `reachMs`. Null: it can be our doing, or nothing tells.
 */
export function beganApart(
  { view }: Pick<Told, 'view'>,
  what: string,
  beganMs: number | null,
  { sentAtMs, reachMs }: { readonly sentAtMs: number; readonly reachMs: number },
): Apart | null {
  if (beganMs === null) return null;
  const isReached = view.atMs > sentAtMs + reachMs;
  if (beganMs < sentAtMs - CLOCKS_MS)
    return { why: `${what} has run since ${clockText(beganMs)}, before it was sent`, isSure: isReached };
  return beganMs > sentAtMs + reachMs + CLOCKS_MS
    ? { why: `${what} was started at ${clockText(beganMs)}, when it could no longer take effect`, isSure: true }
    : null;
}

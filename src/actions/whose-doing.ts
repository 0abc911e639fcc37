import type { Ledger } from '../model/ledger.js';
import type { MemberName } from '../model/names.js';
import type { Memory } from '../model/states.js';
import type { PostgresState } from '../model/patroni.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { clockText } from '../words/moments.js';

/** What tells. */
interface Told {
  readonly view: ClusterView;
  readonly memory: Memory;
  readonly ledger: Ledger;
}

/**
 * Who did it, where no answer came to a request and its effect is there all the same: a request that never arrived must not count as what
 * Patroni or a person did later. `hasArrived`: it was answered, if only that it is not done yet. `wishBefore`: the mod revision of Patroni's key
 * `failover` in the look before it was sent, null: there was none.
 */
export type NotOurs = (input: Told, sentAtMs: number, hasArrived: boolean, wishBefore?: string | null) => Apart | null;

/** `isSure`: false while the request may still be on its way. */
export interface Apart {
  readonly why: string;
  readonly isSure: boolean;
  /** So long after its last moment it was, by one clock. Absent: that two clocks differ is allowed for already. */
  readonly lateMs?: number;
}

/** etcd gives a transaction up after 5 s and two election timeouts (7 s by default): what was not done by then is never done. */
export const ETCD_REACH_MS = 10_000;

/**
 * Two machines may differ by so much in what time it is: what is nearer together may have been one moment. With NTP they are within a second; a
 * machine without it drifts by some seconds a day, so that this is days of it. More would take another's doing of half a minute later for ours.
 */
export const CLOCKS_MS = 30_000;

/**
 * Why another one leads for another reason than our request: who led before was seen with the leader key when the request could no longer
 * take effect. Null: it can be our doing, or nothing tells.
 */
export function keptTheKey({ leadership }: Memory, leader: string, sentAtMs: number, reachMs: number): Apart | null {
  const heldMs = leadership?.heldMs?.[leader];
  if (heldMs === undefined || heldMs - sentAtMs <= reachMs) return null;
  const seconds = Math.round((heldMs - sentAtMs) / 1000);
  const lateMs = heldMs - sentAtMs - reachMs;
  return { why: `${leader} still held the leader key ${seconds} s after it was sent`, isSure: true, lateMs };
}

/**
 * Why another one leads for another reason than a failover or switchover of ours: Patroni writes either into its key `failover` before anything
 * follows from it, wipes it by another write, and never deletes it. The read that shows who leads shows that key as the look before the request did:
 * by its mod revision, so that no clock is asked. Null: it was written since, or nothing tells.
 */
export function neverAsked({ view }: Pick<Told, 'view'>, wishBefore: string | null | undefined): Apart | null {
  const keys = freshValue(view.dcs.keys);
  if (keys === null || keys.failover !== null || wishBefore === undefined) return null;
  if (keys.failoverRevision !== wishBefore) return null;
  return { why: 'nobody has written a request into the key failover since before it was sent', isSure: true };
}

/** A request that is sent at `sentAtMs` can take effect for `reachMs`. */
interface Sent {
  readonly sentAtMs: number;
  readonly reachMs: number;
}

/**
 * Why something that began at `beganMs`, by its own machine's clock, did not begin by our request. `stops`: whose PostgreSQL that request stops
 * first, which takes as long as it takes. Null: it can be our doing, or nothing tells.
 */
export function beganApart(
  input: Pick<Told, 'view'> & Partial<Told>,
  what: string,
  beganMs: number | null,
  { sentAtMs, reachMs, stops }: Sent & { readonly stops?: MemberName },
): Apart | null {
  if (beganMs === null) return null;
  const { view, memory, ledger } = input;
  const isReached = view.atMs > sentAtMs + reachMs;
  if (beganMs < sentAtMs - CLOCKS_MS)
    return { why: `${what} has run since ${clockText(beganMs)}, before it was sent`, isSure: isReached };
  if (beganMs <= sentAtMs + reachMs + CLOCKS_MS) return null;
  const stop =
    stops === undefined || memory === undefined || ledger === undefined
      ? null
      : stopOf({ view, memory, ledger }, stops, { sentAtMs, reachMs });
  if (stop !== null && beganMs <= (stop.toMs ?? view.atMs) + CLOCKS_MS) return null;
  return { why: `${what} was started at ${clockText(beganMs)}, when it could no longer take effect`, isSure: true };
}

/**
 * The time in which a member's PostgreSQL did not run, by its Patroni, where our request can have begun it and we sent none after it: a
 * checkpoint makes a clean stop take minutes. Null: there was none of that kind.
 */
function stopOf({ memory, ledger }: Told, member: MemberName, { sentAtMs, reachMs }: Sent): Stop | null {
  const stop = memory.stops?.[member];
  const isAnother = ledger.remediations.some(
    (row) => row.plan.target === member && row.sentAtMs !== null && row.sentAtMs > sentAtMs && !row.shadow,
  );
  if (stop === undefined || isAnother) return null;
  return stop.fromMs >= sentAtMs && stop.fromMs <= sentAtMs + reachMs ? stop : null;
}

type Stop = NonNullable<Memory['stops']>[string];

/** The stop is over, or gave up: what follows is Patroni's next try, and no request of ours. */
const IS_OVER: readonly PostgresState[] = ['start-failed', 'restart-failed', 'crashed', 'stop-failed'];

/**
 * What shows that a member is still being stopped or started by our request, and since when; null: nothing does, its silence and a start that failed
 * least of all.
 */
export function stillStops(input: Told, member: MemberName, sent: Sent): string | null {
  const row = memberOf(input.view, member);
  const api = row === null ? null : freshValue(row.api);
  if (api === null || IS_OVER.includes(api.state)) return null;
  const stop = stopOf(input, member, sent);
  return stop?.toMs === null ? `PostgreSQL on ${member} has not run since ${clockText(stop.fromMs)}` : null;
}

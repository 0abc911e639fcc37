import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { waitsOf } from './leader.js';

/** A leader renews its lease once a loop; so much later it is not late yet. */
const RENEWAL_SLACK_MS = 5_000;

/**
 * It is we who are blind: no member answers by API or SQL, no host driver proves most of them stopped, and etcd shows that the leader's
 * Patroni has renewed its lease within a loop. A cluster that is really down renews nothing, so it is never taken for our blindness for
 * longer than that. Returns how long ago the lease was renewed, in ms; null where we see something, or cannot tell. [patroni.md section 6]
 */
export function blindWhileRenewedMs(view: ClusterView): number | null {
  const keys = freshValue(view.dcs.keys);
  if (keys === null || view.members.length === 0) return null;
  if (view.members.some(({ api, sql }) => freshValue(api) !== null || freshValue(sql) !== null)) return null;
  const states = view.members.map(({ host }) => freshValue(host)?.state ?? 'unknown');
  const stopped = states.filter((state) => state === 'stopped' || state === 'paused').length;
  const { holder, leaseTtlMs } = keys.leader;
  if (stopped * 2 > view.members.length || holder === null || leaseTtlMs === null) return null;
  const { ttlMs, loopWaitMs } = waitsOf(view);
  const agoMs = Math.max(0, ttlMs - leaseTtlMs);
  return agoMs <= loopWaitMs + RENEWAL_SLACK_MS ? agoMs : null;
}

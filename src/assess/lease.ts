import { freshValue } from '../model/reading.js';
import type { Assessment } from './finding.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { leaderKeyHolder, primaryChannels, waitsOf } from './leader.js';

/**
 * What the lease of the leader key says of its holder's Patroni, whose API is silent. `renewed`: it was renewed after the API fell silent, so
 * its loop lives. `missed`: it is older than a loop, so nobody renews it. `unproven`: neither yet, or etcd did not tell its age.
 */
export type Lease = 'renewed' | 'missed' | 'unproven';

/** A loop may start late; a lease that is older than loop_wait and this has missed its renewal. etcd cuts what is left to whole seconds: of this 0 to 1 s stay. */
const LEASE_SLACK_MS = 1_000;
/**
 * So far may lie apart what one look reads, and the ends of a leader's links: what is heard of it so soon after it fell silent to us may be older than its
 * death, and proves no life of later.
 */
export const APART_MS = 1_000;
/** Its machine and our way to it are well: only its Patroni is silent, and what that did after it fell silent it did alive. */
function answersAsPrimary(view: ClusterView): boolean {
  const holder = leaderKeyHolder(view);
  const leader = holder === null ? null : memberOf(view, holder);
  return leader !== null && primaryChannels(leader).includes('sql');
}

/** etcd ends a lease a little late. */
const EXPIRY_SLACK_MS = 3_000;

export function leaseOf({ view, memory }: Pick<Assessment, 'view' | 'memory'>): Lease {
  const { ttlMs, loopWaitMs } = waitsOf(view);
  const leftMs = freshValue(view.dcs.keys)?.leader.leaseTtlMs ?? null;
  if (leftMs !== null && leftMs <= ttlMs - loopWaitMs - LEASE_SLACK_MS) return 'missed';
  const { silentSinceMs = null, renewedMs = null } = memory.leadership ?? {};
  if (silentSinceMs === null) return 'unproven';
  const apartMs = answersAsPrimary(view) ? 0 : APART_MS;
  if (renewedMs !== null && renewedMs > silentSinceMs + apartMs) return 'renewed';
  // The key hangs on that lease: had nobody renewed it, it would be gone.
  return leftMs === null && view.atMs - silentSinceMs > ttlMs + EXPIRY_SLACK_MS ? 'renewed' : 'unproven';
}

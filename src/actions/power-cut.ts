import { recentValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';

/**
 * Why the power of a member's machine may not be cut; null: nothing speaks against it. An etcd member on the same machine goes with it, and
 * without a majority nobody would succeed whom it was cut for.
 */
export function powerHeld(view: ClusterView, target: string): string | null {
  const along = view.sharesPower?.[target] ?? [];
  if (along.length === 0) return null;
  const { endpoints } = view.dcs;
  const left = endpoints.filter(({ name, status }) => !along.includes(name) && recentValue(status) !== null);
  const needed = Math.floor(endpoints.length / 2) + 1;
  return left.length >= needed
    ? null
    : `${along.join(', ')} would lose power with ${target}, and ${left.length} of ${endpoints.length} etcd members would be left, where ${needed} are needed`;
}

import { freshValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { leadershipOf } from './leader.js';
import { isStreaming } from './replica.js';

/**
 * The leader has thrown away WAL that this member's slot held for it; null: it has not, or nobody can tell. Patroni names a member's slot
 * after the member, with what SQL does not allow replaced by `_`. [patroni slots.py]
 */
export function lostSlotOf(view: ClusterView, member: MemberView): string | null {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven' || isStreaming(view, member)) return null;
  const name = member.name.toLowerCase().replace(/[^a-z0-9_]/g, '_');
  const slot = freshValue(leadership.member.sql)?.slots.find((row) => row.name === name);
  return slot?.walStatus === 'lost' ? `slot ${name} on ${leadership.member.name} has lost its WAL` : null;
}

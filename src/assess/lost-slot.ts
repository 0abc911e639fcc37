import { slotNameOf } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { leadershipOf } from './leader.js';
import { isStreaming } from './replica.js';

/** The leader has thrown away WAL that this member's slot held for it; null: it has not, or nobody can tell. */
export function lostSlotOf(view: ClusterView, member: MemberView): string | null {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven' || isStreaming(view, member)) return null;
  const name = slotNameOf(member.name);
  const slot = freshValue(leadership.member.sql)?.slots.find((row) => row.name === name);
  return slot?.walStatus === 'lost' ? `slot ${name} on ${leadership.member.name} has lost its WAL` : null;
}

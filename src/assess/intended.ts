import type { Intention } from '../model/intention.js';
import { freshValue, lastValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';

/** What the operator declared of it in the configuration. */
export const isDeclared = (view: ClusterView, member: Pick<MemberView, 'name'>, what: Intention): boolean =>
  view.intentions?.[member.name]?.includes(what) === true;

/** Gone for good, by the operator's word: neither missed nor counted on. */
export const isRetired = (view: ClusterView, member: Pick<MemberView, 'name'>): boolean =>
  isDeclared(view, member, 'retired');

/**
 * So far behind it is meant to be, by its own setting or the operator's word; 0: it is not, null: by the operator's word alone, and how far
 * nobody tells. [PostgreSQL: recovery_min_apply_delay]
 */
export function intendedDelayMs(view: ClusterView, member: MemberView): number | null {
  const told = lastValue(member.sql)?.applyDelayMs ?? 0;
  if (told > 0) return told;
  return isDeclared(view, member, 'delayed') ? null : 0;
}

/**
 * Has its WAL from the archive on purpose: tag `nostream` (Patroni 4.0), or the operator's word. Why it does not stream, or null where it is
 * meant to.
 */
export function whyNotStreaming(view: ClusterView, member: MemberView): string | null {
  const tag = freshValue(member.api)?.tags.raw['nostream'];
  if (tag === true || tag === 'true') return 'it is tagged nostream';
  return isDeclared(view, member, 'archive-only') ? 'it is declared archive-only' : null;
}

/** Is to stream and to be level with the leader, as replicas are unless somebody wants it otherwise. */
export const isToBeLevel = (view: ClusterView, member: MemberView): boolean =>
  intendedDelayMs(view, member) === 0 && whyNotStreaming(view, member) === null;

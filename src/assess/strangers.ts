import { hasNoKey } from './leader.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';

/**
 * Members that etcd names (the leader key's holder among them) and our configuration does not: Patroni counts them, and may elect them, and we
 * see nothing of them. null: etcd did not answer in this pass.
 */
export function strangersIn(view: ClusterView): readonly string[] | null {
  const keys = freshValue(view.dcs.keys);
  if (keys === null) return null;
  const ours = new Set<string>(view.members.map((member) => member.name));
  const named: readonly string[] = [...keys.members.map((row) => row.name), keys.leader.holder ?? ''];
  return [...new Set(named)].filter((name) => name !== '' && !ours.has(name)).sort();
}

/** `patroni4, which the configuration lacks`; null: there is none, or etcd did not answer. */
export function strangersText(view: ClusterView): string | null {
  const names = strangersIn(view) ?? [];
  return names.length === 0 ? null : `${names.join(', ')}, which the configuration lacks`;
}

/** etcd answered and has nothing below the path of this scope, though a member of it runs. */
export function hasNoKeys(view: ClusterView): boolean {
  if (!hasNoKey(freshValue(view.dcs.keys))) return false;
  return view.members.some((member) => freshValue(member.api)?.state === 'running');
}

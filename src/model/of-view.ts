import type { ClusterView, MemberView } from './view.js';

/**
 * What follows from a view alone, found once for each: some fifty places of a pass ask who leads. Only the last view is kept, since whoever asks again
 * asks of the same one. Nothing of a view ever changes, so that the answer is what it would be anew.
 */
export function onceOfView<T>(find: (view: ClusterView) => T): (view: ClusterView) => T {
  let last: { readonly view: ClusterView; readonly found: T } | null = null;
  return (view) => {
    if (last?.view !== view) last = { view, found: find(view) };
    return last.found;
  };
}

/** The same of each member of a view. */
export function onceOfMember<T>(
  find: (view: ClusterView, member: MemberView) => T,
): (view: ClusterView, member: MemberView) => T {
  const ofView = onceOfView<Map<MemberView, { readonly found: T }>>(() => new Map());
  return (view, member) => {
    const rows = ofView(view);
    const known = rows.get(member) ?? { found: find(view, member) };
    rows.set(member, known);
    return known.found;
  };
}

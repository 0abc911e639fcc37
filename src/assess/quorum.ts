import { freshValue, UNREAD } from '../model/reading.js';
import { memberOf, type ClusterView } from '../model/view.js';

/**
 * Why Patroni would not let this member lead in quorum mode; null: it would, or the mode is another. A voter must see `quorum` other voters, so
 * that whoever confirmed the last commit is among those whom it asks; who is no voter needs one more. [Patroni: quorum.py, dcs SyncState]
 */
export function votesMissing(view: ClusterView, name: string): string | null {
  const sync = freshValue(view.dcs.keys)?.sync ?? null;
  const isQuorum = view.config.kind !== 'unknown' && view.config.value.synchronousMode === 'quorum';
  if (!isQuorum || sync?.quorum == null) return null;
  const others = sync.standbys.filter((voter) => voter !== name);
  const seen = others.filter((voter) => freshValue(memberOf(view, voter)?.api ?? UNREAD) !== null);
  const wanted = sync.quorum + (sync.standbys.includes(name) ? 0 : 1);
  return seen.length >= wanted
    ? null
    : `${seen.length} of ${others.length} other voters answer, and quorum commit wants ${wanted} of them`;
}

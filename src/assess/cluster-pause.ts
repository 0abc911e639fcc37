import type { Ledger } from '../model/ledger.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { dayText } from '../words/moments.js';

/** Is the pause that stands the one that the ledger has? Only where etcd has the very configuration that our request wrote: else it may be another's. */
export function isOurPause({ dcs }: ClusterView, { clusterPause }: Pick<Ledger, 'clusterPause'>): boolean {
  const revision = freshValue(dcs.keys)?.configRevision ?? null;
  return revision !== null && clusterPause?.configRevision === revision;
}

/** Who paused the cluster through us, why and until when; that it was not through us, or may not have been. */
export function pauseWords(view: ClusterView, ledger: Pick<Ledger, 'clusterPause'>): string {
  const pause = ledger.clusterPause;
  if (pause == null) return 'it was not paused through Ekimi, which knows neither by whom nor for what';
  const end = pause.untilMs === null ? 'without an end' : `until ${dayText(pause.untilMs)}`;
  const words = `paused by ${pause.by} since ${dayText(pause.sinceMs)} ${end}: ${pause.reason}`;
  return isOurPause(view, ledger) || freshValue(view.dcs.keys) === null
    ? words
    : pause.configRevision === undefined
      ? `${words}; whether it is that pause is not known: no answer came to our write`
      : `${words}; Patroni's configuration in etcd was written since, so that this may be another's pause`;
}

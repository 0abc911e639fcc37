import type { Ledger } from '../model/ledger.js';
import { dayText } from '../words/moments.js';

/** Who paused the cluster through us, why and until when; that it was not through us. */
export function pauseWords({ clusterPause: pause }: Pick<Ledger, 'clusterPause'>): string {
  if (pause == null) return 'it was not paused through Ekimi, which knows neither by whom nor for what';
  const end = pause.untilMs === null ? 'without an end' : `until ${dayText(pause.untilMs)}`;
  return `paused by ${pause.by} since ${dayText(pause.sinceMs)} ${end}: ${pause.reason}`;
}

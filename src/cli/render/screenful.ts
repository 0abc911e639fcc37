import { overview, worst } from '../../api/overview.js';
import { fitted } from './fit.js';
import { clean, dim, typed, type Style } from './paint.js';
import { statusParts, type Shown } from './status.js';

/** Of a cluster these are worth showing: its state, its mode and its sentence. */
const LEAST_LINES = 4;

/** `ekimi status` in at most `most` lines: the worst clusters first, each with its share, and what is left out counted. */
export function screenful(snapshots: readonly Shown[], style: Style, most: number): readonly string[] {
  const ranked = snapshots
    .map((snapshot) => ({ snapshot, level: overview(snapshot).level }))
    .sort((a, b) => (a.level === b.level ? 0 : worst([a.level, b.level]) === a.level ? -1 : 1))
    .map(({ snapshot }) => snapshot);
  const shown = ranked.slice(0, Math.max(1, Math.floor((most - 1) / (LEAST_LINES + 1))));
  const others = ranked.length - shown.length;
  const share = Math.floor((most - (others > 0 ? 1 : 0) - (shown.length - 1)) / Math.max(1, shown.length));
  const lines = shown.flatMap((snapshot, index) => {
    const scope = ranked.length === 1 ? '' : ` --scope ${clean(snapshot.scope)}`;
    const own = fitted(statusParts(snapshot, style), style, share, typed(style, `ekimi status --all${scope}`, null));
    return index === 0 ? own : ['', ...own];
  });
  if (others === 0) return lines;
  const all = typed(style, 'ekimi status --all', null);
  return [...lines, dim(style, `left out: ${others} more clusters, none of them worse: ${all}`)];
}

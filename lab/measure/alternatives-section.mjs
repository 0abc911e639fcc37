// What a user may pick instead, beside Ekimi: the killed primary. Pure: rows in, lines out.
import { SETUPS } from './alternative-setups.mjs';
import { groupedBy, median } from './figures.mjs';

/** The scenario of these rows. */
export const ALTERNATIVE = 'alternative';

const HEAD = ['what', 'runs', 'outage median', 'least', 'worst', 'lost rows', 'of acknowledged', 'date', 'load'];
const seconds = (ms) => (ms === null ? '-' : (ms / 1000).toFixed(1));
const sum = (values) => values.reduce((total, value) => total + value, 0);

/**
 * @param {readonly object[]} all rows of the alternatives
 * @param {readonly object[]} faults all rows of the scenarios: those of the killed leader are put beside
 */
export function alternativesSection(all, faults) {
  const rows = all.filter((row) => row.stallMs === undefined);
  if (rows.length === 0) return [];
  const killed = faults.filter((row) => row.scenario === 'kill-leader' && !row.sync);
  const beside = [...groupedBy(killed, (row) => `${row.versions.Patroni} ${row.with} ${row.commit}`).values()].filter(
    ([{ with: mode }]) => mode === 'ekimi',
  );
  const groups = [
    ...beside.map((some) => [`Patroni ${some[0].versions.Patroni} with Ekimi (build ${some[0].commit})`, some]),
    ...[...groupedBy(rows, (row) => row.with)].map(([name, some]) => [SETUPS[name]?.what ?? name, some]),
  ];
  const cells = groups
    .map(([what, all]) => ({ what, ...figuresOf(all) }))
    .sort((a, b) => (a.median ?? 0) - (b.median ?? 0));
  const ours = Math.min(...beside.map((all) => figuresOf(all).median ?? Infinity));
  const better = cells.filter(({ what, median: ms }) => ms !== null && ms < ours && !what.includes('Ekimi'));
  return [
    '### Beside what a user would pick instead',
    '',
    "The primary's container is killed, the same writer on the same machine. `npm run lab:beside` makes each of Debian 12's own packages, anew for each run, `fsync` off.",
    'The client of pg_auto_failover and repmgr has no proxy: it asks all nodes at once and writes to the one that takes writes, at least as fast as `target_session_attrs=read-write`.',
    'repmgr keeps no lease and fences nobody by itself: its standbys promote when they have not seen the primary for so many attempts.',
    '',
    `| ${HEAD.join(' | ')} |`,
    `| ${HEAD.map(() => '---').join(' | ')} |`,
    ...cells.map(({ row }, index) => `| ${cells[index].what} | ${row.join(' | ')} |`),
    '',
    better.length === 0
      ? 'None of these is faster than Ekimi here.'
      : `Faster than Ekimi here: ${better.map(({ what }) => what).join('; ')}.`,
    '',
    ...stalls(all.filter((row) => row.stallMs !== undefined && row.error === undefined)),
  ];
}

function figuresOf(all) {
  const rows = all.filter((row) => row.error === undefined);
  const outages = rows.map((row) => row.outageMs);
  const days = [...new Set(all.map((row) => row.startedAt.slice(0, 10)))].sort();
  const failed = all.length - rows.length;
  const least = outages.length === 0 ? null : Math.min(...outages);
  const worst = outages.length === 0 ? null : Math.max(...outages);
  return {
    median: median(outages),
    row: [
      failed === 0 ? `${all.length}` : `${rows.length} (+${failed} failed)`,
      seconds(median(outages)),
      seconds(least),
      seconds(worst),
      `${sum(rows.map((row) => row.lost))}`,
      `${sum(rows.map((row) => row.acks))}`,
      days.join(' to '),
      median(all.map((row) => row.load))?.toFixed(1) ?? '-',
    ],
  };
}

/** What speed is paid with: a primary that only stood still for a moment. */
function stalls(rows) {
  const lines = [...groupedBy(rows, (row) => `${row.with} ${row.stallMs}`).values()].map((some) => {
    const [{ with: name, stallMs }] = some;
    const left = [...new Set(some.map(({ primaries }) => primaries))].sort().join(' or ');
    return `- ${SETUPS[name]?.what ?? name}: after ${stallMs / 1000} s of standstill (${some.length} run${some.length === 1 ? '' : 's'}) ${left} of its nodes take${left === '1' ? 's' : ''} writes.`;
  });
  return lines.length === 0
    ? []
    : ['A primary whose machine stands still for a moment and goes on (`--stall`), 20 s later:', '', ...lines, ''];
}

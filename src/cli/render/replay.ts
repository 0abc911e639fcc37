import { counted } from '../../words/amounts.js';
import { isReworded, type Redecided } from '../../replay/redecided.js';
import { bold, byLevel, clean, dim, type Style } from './paint.js';
import { dayText } from '../../words/moments.js';

export interface ReplaySummary {
  readonly passes: number;
  readonly looks: number;
  readonly differing: number;
  /** The same in other words. */
  readonly reworded: number;
  readonly skipped: number;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  /** The first decision after which the recorded future no longer holds. */
  readonly partedAtMs: number | null;
  /** How often each gate stands in one of two decisions and not in the other. */
  readonly gates: Readonly<Record<string, number>>;
}

export const emptySummary = (): ReplaySummary => ({
  passes: 0,
  looks: 0,
  differing: 0,
  reworded: 0,
  skipped: 0,
  firstMs: null,
  lastMs: null,
  partedAtMs: null,
  gates: {},
});

export function summed(before: ReplaySummary, row: Redecided): ReplaySummary {
  const span = { firstMs: before.firstMs ?? row.atMs, lastMs: row.atMs };
  if (row.kind === 'skipped') return { ...before, ...span, skipped: before.skipped + 1 };
  const gates = { ...before.gates };
  for (const gate of row.changes.flatMap((change) => change.gates)) gates[gate] = (gates[gate] ?? 0) + 1;
  return {
    ...before,
    ...span,
    passes: before.passes + (row.kind === 'pass' ? 1 : 0),
    looks: before.looks + (row.kind === 'second-look' ? 1 : 0),
    differing: before.differing + (row.changes.length > 0 && !isReworded(row) ? 1 : 0),
    reworded: before.reworded + (isReworded(row) ? 1 : 0),
    partedAtMs: before.partedAtMs ?? (row.parts ? row.atMs : null),
    gates,
  };
}

/** One line for what cannot be made again, some for what differs. */
export function renderRedecided(row: Redecided, style: Style): readonly string[] {
  const head = dim(style, `${String(row.seq).padStart(7)}  ${dayText(row.atMs)}`);
  if (row.kind === 'skipped') return [`${head}  ${byLevel(style, 'warning', 'not replayed')}: ${row.why}`];
  const guess = row.isBeyond ? dim(style, ' (a guess: see above)') : '';
  const what = row.kind === 'pass' ? 'pass' : 'second look';
  const lines = row.changes
    .filter(({ isWording }) => isWording !== true)
    .flatMap((change) => [
      `${head}  ${what}: ${bold(style, clean(change.what))}${guess}`,
      `           was  ${clean(change.was)}`,
      `           is   ${clean(change.is)}${change.gates.length === 0 ? '' : dim(style, ` [${change.gates.join(', ')}]`)}`,
    ]);
  const mark = 'from here on the recorded future no longer holds: what was seen followed what was done then';
  return row.parts ? [...lines, `${head}  ${byLevel(style, 'warning', mark)}`] : lines;
}

export function renderSummary(
  summary: ReplaySummary,
  { policyFile }: { readonly policyFile: string | null },
  style: Style,
): string {
  const under = policyFile === null ? 'under the recorded policy' : `under ${clean(policyFile)}`;
  const span =
    summary.firstMs === null || summary.lastMs === null
      ? ''
      : `, ${dayText(summary.firstMs)} to ${dayText(summary.lastMs)}`;
  const all = `${counted(summary.passes, 'pass', 'passes')} and ${counted(summary.looks, 'second look')}${span}`;
  const words = summary.reworded === 0 ? '' : `, ${summary.reworded} in other words than then`;
  const skipped = summary.skipped === 0 ? '' : `; ${counted(summary.skipped, 'entry', 'entries')} not replayed`;
  if (summary.differing === 0)
    return `${byLevel(style, summary.skipped === 0 ? 'ok' : 'warning', 'same')}: ${all} decided again ${under}: each as it was${words}${skipped}`;
  const gates = Object.entries(summary.gates)
    .sort(([, a], [, b]) => b - a)
    .map(([gate, count]) => `${gate} ${count}`);
  const by = gates.length === 0 ? '' : `; gates that made the difference: ${gates.join(', ')}`;
  return `${byLevel(style, 'critical', 'DIFFERS')}: ${summary.differing} of ${all} decided again ${under}${words}${by}${skipped}`;
}

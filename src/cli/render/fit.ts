import { bold, dim, type Style } from './paint.js';
import { widthOf, wrap } from './wrap.js';

/** One thing of a part: its first line says it, the others are details. */
export interface Item {
  readonly lines: readonly string[];
  /** Nothing is wrong with it: it goes before what is worse. */
  readonly quiet?: true;
  /** It stands as long as anything of its part does: not only the first of it says what a person must know. */
  readonly keep?: true;
}

/** A part of a page. */
export interface Part {
  readonly title: string | null;
  /** What it is called where some of it is left out. */
  readonly name: string;
  /** Which part keeps its lines where not all have room: the lowest first. */
  readonly rank: number;
  readonly items: readonly Item[];
}

const CONTINUED = '      ';
const INDENT = '  ';

/** All of it, a line each, not yet wrapped. */
export const whole = (parts: readonly Part[], style: Style): string =>
  filled(parts)
    .flatMap(({ title, items }, index) => [
      ...(index === 0 ? [] : ['']),
      ...(title === null ? [] : [bold(style, title)]),
      ...items.flatMap(({ lines }) => lines.map((line) => (title === null ? line : `${INDENT}${line}`))),
    ])
    .join('\n');

const filled = (parts: readonly Part[]): readonly Part[] => parts.filter(({ items }) => items.length > 0);

/** Lines of the terminal's width. */
export const folded = (text: string, { columns }: Style): readonly string[] =>
  text.split('\n').flatMap((line) => wrap(line, columns, CONTINUED));

interface Row {
  readonly part: number;
  readonly item: number;
  readonly depth: number;
  /** Which goes first: heads of each part, further heads, those with which nothing is wrong, details. */
  readonly tier: number;
  readonly rank: number;
  readonly lines: readonly string[];
  /** What is left of a long first line, for which another row was made. */
  readonly isRest?: true;
}

/** A first line takes so many lines of a small terminal; the rest of it is a detail. One long sentence would push out all others. */
const HEAD_LINES = 2;

/** At most `most` lines: what is worst is kept, and the last line says of what how much is left out, and the command that shows it. */
export function fitted(parts: readonly Part[], style: Style, most: number, command: string): readonly string[] {
  const all = folded(whole(parts, style), style);
  if (all.length <= most) return all;
  const kept = filled(parts);
  const rows = kept.flatMap((part, index) => rowsOf(part, index, style));
  const chosen = choose(kept, rows, most - 1);
  const shown = kept.flatMap((part, index) => linesOf(part, index, rows, chosen, style));
  return [...shown, dim(style, leftOut(kept, rows, chosen, command, style))];
}

function rowsOf({ title, rank, items }: Part, part: number, style: Style): readonly Row[] {
  return items.flatMap(({ lines, quiet, keep }, item) => {
    const shown = lines.map((line) => folded(title === null ? line : `${INDENT}${line}`, style));
    const [first = [], ...details] = shown;
    const rest = first.slice(HEAD_LINES);
    const head = { part, item, rank, depth: 0, tier: quiet === true ? 2 : item > 0 && keep !== true ? 1 : 0 };
    const below = [...(rest.length === 0 ? [] : [rest]), ...details];
    return [
      { ...head, lines: first.slice(0, HEAD_LINES) },
      ...below.map((own, index) => ({
        ...head,
        depth: index + 1,
        tier: 3,
        lines: own,
        ...(own === rest && { isRest: true as const }),
      })),
    ];
  });
}

/** A part's blank line and title, which stand above the first line that is shown of it. */
const openingOf = ({ title }: Part, part: number): number => (part === 0 ? 0 : 1) + (title === null ? 0 : 1);

function choose(parts: readonly Part[], rows: readonly Row[], most: number): ReadonlySet<Row> {
  const order = [...rows].sort((a, b) => a.tier - b.tier || a.rank - b.rank || a.item - b.item || a.depth - b.depth);
  const chosen = new Set<Row>();
  const open = new Set<number>();
  let left = most;
  for (const row of order) {
    const above = rows.find(
      ({ part, item, depth }) => part === row.part && item === row.item && depth === row.depth - 1,
    );
    if (above !== undefined && !chosen.has(above)) continue;
    const part = parts[row.part];
    const cost = row.lines.length + (part === undefined || open.has(row.part) ? 0 : openingOf(part, row.part));
    if (cost > left) continue;
    left -= cost;
    open.add(row.part);
    chosen.add(row);
  }
  return chosen;
}

function linesOf(
  part: Part,
  index: number,
  rows: readonly Row[],
  chosen: ReadonlySet<Row>,
  style: Style,
): readonly string[] {
  const of = rows.filter((row) => row.part === index);
  const isCut = ({ item }: Row): boolean => of.some((row) => row.item === item && row.isRest && !chosen.has(row));
  const own = of
    .filter((row) => chosen.has(row))
    .flatMap((row) => (row.depth === 0 && isCut(row) ? cut(row.lines, style) : row.lines));
  if (own.length === 0) return [];
  return [...(index === 0 ? [] : ['']), ...(part.title === null ? [] : [bold(style, part.title)]), ...own];
}

/** Says at its end that it goes on. */
const cut = (lines: readonly string[], { columns }: Style): readonly string[] =>
  lines.map((line, index) => {
    if (index < lines.length - 1) return line;
    const [short = line] = widthOf(line) + 2 > columns ? wrap(line, columns - 2) : [line];
    return `${short} …`;
  });

function leftOut(
  parts: readonly Part[],
  rows: readonly Row[],
  chosen: ReadonlySet<Row>,
  command: string,
  { columns }: Style,
): string {
  const counts = parts.map(({ name }, index) => ({
    name,
    count: rows.filter((row) => row.part === index && !chosen.has(row)).length,
  }));
  const gone = counts.filter(({ count }) => count > 0);
  const total = gone.reduce((sum, { count }) => sum + count, 0);
  const named = `left out: ${gone.map(({ name, count }) => `${count} of ${name}`).join(', ')}: ${command}`;
  return named.length <= columns ? named : `left out: ${total} lines of ${gone.length} sections: ${command}`;
}

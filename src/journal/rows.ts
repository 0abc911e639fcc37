import { figureOf, plainOf, put, type Plain, type PlainRecord } from './figures.js';

/**
 * A list that slid on: runs of `[from, count]` of the old one, and between them what is new, as it is (`{ '=': [...] }`) or, where it is rows of
 * figures alone, column by column (`{ k: keys, c: columns }`): the first value, the first step, and how each further step differs from the one
 * before it; `[step, times]` where it comes again and again.
 */
export type RowsPatch = readonly Segment[];
type Segment = readonly [from: number, count: number] | { readonly '=': readonly Plain[] } | Columns;
interface Columns {
  readonly k: readonly string[];
  readonly c: readonly (readonly (Plain | readonly [number, number])[])[];
}

const LEAST_ROWS = 3;
const LEAST_REPEATS = 3;

/** `texts`: the same as `value`, as JSON. */
export function rowsPatch(
  base: { readonly texts: readonly string[] },
  next: { readonly value: readonly Plain[]; readonly texts: readonly string[] },
): RowsPatch {
  const segments: Segment[] = [];
  let fresh: Plain[] = [];
  let from = 0;
  const flush = (): void => {
    if (fresh.length > 0) segments.push(columnsOf(fresh) ?? { '=': fresh });
    fresh = [];
  };
  for (let at = 0; at < next.value.length;) {
    const found = base.texts.indexOf(next.texts[at] ?? '', from);
    if (found < 0) {
      fresh.push(next.value[at] ?? null);
      at += 1;
      continue;
    }
    let count = 1;
    while (at + count < next.texts.length && base.texts[found + count] === next.texts[at + count]) count += 1;
    flush();
    segments.push([found, count]);
    from = found + count;
    at += count;
  }
  flush();
  return segments;
}

export function rowsAfter(base: readonly Plain[], patch: RowsPatch): readonly Plain[] {
  const rows: Plain[] = [];
  for (const segment of patch) {
    if (isRun(segment)) for (const row of base.slice(segment[0], segment[0] + segment[1])) rows.push(row);
    else for (const row of '=' in segment ? segment['='] : rowsOf(segment)) rows.push(row);
  }
  return rows;
}

const isRun = (segment: Segment): segment is readonly [number, number] => Array.isArray(segment);

function columnsOf(rows: readonly Plain[]): Columns | null {
  const [first] = rows;
  if (rows.length < LEAST_ROWS || !isRecord(first)) return null;
  const k = Object.keys(first);
  const c: (readonly (Plain | readonly [number, number])[])[] = [];
  for (const key of k) {
    const column = columnOf(
      rows.map((row) => (isRecord(row) && Object.keys(row).join('\n') === k.join('\n') ? (row[key] ?? null) : null)),
    );
    if (column === null) return null;
    c.push(column);
  }
  return k.length === 0 ? null : { k, c };
}

const isRecord = (value: Plain | undefined): value is PlainRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function columnOf(values: readonly Plain[]): readonly (Plain | readonly [number, number])[] | null {
  const figures = values.map(figureOf);
  const [first] = figures;
  if (first == null) return null;
  const steps: number[] = [];
  let [last, lastStep] = [first.value, 0];
  for (const figure of figures.slice(1)) {
    if (figure?.kind !== first.kind) return null;
    const step = figure.value - last;
    if (!Number.isSafeInteger(step - lastStep)) return null;
    steps.push(step - lastStep);
    [last, lastStep] = [figure.value, step];
  }
  return [values[0] ?? null, ...repeated(steps)];
}

function repeated(steps: readonly number[]): readonly (number | readonly [number, number])[] {
  const told: (number | readonly [number, number])[] = [];
  for (let at = 0; at < steps.length;) {
    const step = steps[at] ?? 0;
    let times = 1;
    while (steps[at + times] === step) times += 1;
    if (times >= LEAST_REPEATS) told.push([step, times]);
    else told.push(...Array.from({ length: times }, () => step));
    at += times;
  }
  return told;
}

function rowsOf({ k, c }: Columns): readonly Plain[] {
  const columns = c.map(valuesOf);
  return (columns[0] ?? []).map((_, row) => {
    const record: Record<string, Plain> = {};
    for (let at = 0; at < k.length; at += 1) put(record, k[at] ?? '', columns[at]?.[row] ?? null);
    return record;
  });
}

function valuesOf([first = null, ...steps]: Columns['c'][number]): readonly Plain[] {
  const figure = figureOf(first);
  if (figure === null) throw new Error('a column begins with no figure');
  const values = [first];
  let [last, step] = [figure.value, 0];
  for (const told of steps) {
    const [by, times] = typeof told === 'number' ? [told, 1] : (told as readonly [number, number]);
    for (let time = 0; time < times; time += 1) {
      step += by;
      last += step;
      values.push(plainOf(figure.kind, last));
    }
  }
  return values;
}

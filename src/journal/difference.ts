import { toJson } from '../model/json.js';
import { Drift, figureOf, isHolder, isList, type Plain, type PlainRecord } from './figures.js';
import { measured } from './measured.js';
import { AGAIN, NEW, rekeyed, resized, STEP, WAYS, type Difference, type Side } from './restore.js';
import { signedWordOf, wordOf } from './numbers.js';
import { rowsPatch } from './rows.js';

/** Lists of so many rows may have slid on rather than changed in place. */
const LONG_LIST = 16;

const childrenOf = (holder: readonly Plain[] | PlainRecord): readonly Plain[] =>
  isList(holder) ? holder : Object.values(holder);

/** Of values that came from JSON. */
export function difference(base: Plain, next: Plain): Difference {
  const writer = new Writer(new Drift());
  writer.take(base, next);
  return told(writer.changes);
}

type Change = { readonly gap: number } & ({ readonly step: number } | { readonly side: Side });

function told(changes: readonly Change[]): Difference {
  const x: Side[] = [];
  const known = new Map<string, number>();
  let d = '';
  for (const change of changes) {
    if ('step' in change) {
      d += wordOf(change.gap * WAYS + STEP) + signedWordOf(change.step);
      continue;
    }
    const text = toJson(change.side);
    const index = known.get(text);
    d += wordOf(change.gap * WAYS + (index === undefined ? NEW : AGAIN)) + (index === undefined ? '' : wordOf(index));
    if (index !== undefined) continue;
    known.set(text, x.length);
    x.push(change.side);
  }
  return { d, x };
}

const lengthOf = (changes: readonly Change[]): number => {
  const { d, x } = told(changes);
  return d.length + toJson(x).length;
};

class Writer {
  changes: Change[] = [];
  #drift: Drift;
  #gap = 0;

  constructor(drift: Drift) {
    this.#drift = drift;
  }

  take(base: Plain, next: Plain): void {
    if (!isHolder(base) || !isHolder(next)) this.#leaf(base, next);
    else if (isList(base) && isList(next)) this.#list(base, next);
    else if (!isList(base) && !isList(next)) this.#record(base, next);
    else this.#tell({ side: { '=': next } });
  }

  #tell(change: { readonly step: number } | { readonly side: Side }): void {
    this.changes.push({ gap: this.#gap, ...change });
    this.#gap = 0;
  }

  #leaf(base: Plain, next: Plain): void {
    if (Object.is(base, next)) {
      this.#gap += 1;
      return;
    }
    const [was, is] = [figureOf(base), figureOf(next)];
    const step = was !== null && is?.kind === was.kind ? this.#drift.told(was.kind, is.value - was.value) : null;
    if (step !== null) this.#tell({ step });
    else this.#tell({ side: isHolder(next) ? { '=': next } : next });
  }

  #within(bases: readonly Plain[], nexts: readonly Plain[]): void {
    this.#gap += 1;
    for (const [at, next] of nexts.entries()) this.take(bases[at] ?? null, next);
  }

  #list(base: readonly Plain[], next: readonly Plain[]): void {
    if (base.length === next.length && next.length < LONG_LIST) {
      this.#within(base, next);
      return;
    }
    const [baseTexts, texts] = [base.map((row) => toJson(row)), next.map((row) => toJson(row))];
    if (base.length === next.length && baseTexts.every((text, at) => text === texts[at])) {
      this.#gap += measured(base).sizes.length;
      return;
    }
    const r = rowsPatch({ texts: baseTexts }, { value: next, texts });
    this.#shortest(next, { r }, { n: next.length }, resized(base, next.length));
  }

  #record(base: PlainRecord, next: PlainRecord): void {
    const [before, after] = [Object.keys(base), Object.keys(next)];
    if (before.length === after.length && before.every((key, at) => key === after[at])) {
      this.#within(Object.values(base), Object.values(next));
      return;
    }
    const k = after.map((key) => (before.includes(key) ? before.indexOf(key) : key));
    this.#shortest(next, null, { k }, rekeyed(base, k));
  }

  /** The shortest of: the whole, `other`, and what differs within `changed`, which is what `way` makes of the old one. */
  #shortest(
    next: readonly Plain[] | PlainRecord,
    other: Side,
    way: Side,
    changed: readonly Plain[] | PlainRecord,
  ): void {
    const inner = new Writer(this.#drift.copy());
    inner.#tell({ side: way });
    inner.#within(childrenOf(changed), childrenOf(next));
    const [whole, rest] = [toJson({ '=': next }).length, other === null ? Infinity : toJson(other).length];
    if (lengthOf(inner.changes) >= Math.min(whole, rest)) {
      this.#tell({ side: whole < rest ? { '=': next } : other });
      return;
    }
    const [first, ...others] = inner.changes;
    if (first !== undefined) this.changes.push({ ...first, gap: this.#gap }, ...others);
    this.#drift = inner.#drift;
    this.#gap = inner.#gap;
  }
}

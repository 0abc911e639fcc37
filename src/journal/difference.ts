import { toJson } from '../model/json.js';
import { Drift, figureOf, plainOf, type Plain, type PlainRecord } from './figures.js';
import { signedWordOf, WordReader, wordOf } from './numbers.js';
import { rowsAfter, rowsPatch, type RowsPatch } from './rows.js';

/**
 * How one value differs from another of nearly the same shape, without a name. Both sides walk the old value in its own order, holders and
 * leaves alike. `d` is a row of numbers: how many nodes stay, and what becomes of the next one: a step of a figure, the next of `x`, or one of
 * `x` that was used before. Order of keys is part of a value, since what is decided may depend on it.
 */
export interface Difference {
  readonly d: string;
  readonly x: readonly Side[];
}

/** What is no step of a figure. A leaf stands as it is, all else with its sign. */
type Side =
  | null
  | boolean
  | string
  | bigint
  | { readonly '=': Plain }
  /** Other keys: those of the old one by their number, new ones by name and null. The walk goes on within that. */
  | { readonly k: readonly (number | string)[] }
  /** A list of that length: the old one, cut or filled up with null. The walk goes on within that. */
  | { readonly n: number }
  | { readonly r: RowsPatch };

/** Lists of so many rows may have slid on rather than changed in place. */
const LONG_LIST = 16;

const STEP = 0;
const NEW = 1;
const AGAIN = 2;
const WAYS = 3;

const isHolder = (value: Plain): value is readonly Plain[] | PlainRecord => typeof value === 'object' && value !== null;
const isList = (value: Plain): value is readonly Plain[] => Array.isArray(value);
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
    else this.#tell({ side: isHolder(next) || typeof next === 'number' ? { '=': next } : next });
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
      this.#gap += sizeOf(base);
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

const resized = (base: readonly Plain[], length: number): readonly Plain[] =>
  Array.from({ length }, (_, at) => base[at] ?? null);

function rekeyed(base: PlainRecord, k: readonly (number | string)[]): PlainRecord {
  const [names, values] = [Object.keys(base), Object.values(base)];
  const holder: Record<string, Plain> = {};
  for (const key of k)
    if (typeof key === 'string') put(holder, key, null);
    else put(holder, names[key] ?? '', values[key] ?? null);
  return holder;
}

/** Nodes of a value, itself included. Kept, since one whole situation is the base of many. */
const sizes = new WeakMap<object, number>();

function sizeOf(value: Plain): number {
  if (!isHolder(value)) return 1;
  const known = sizes.get(value);
  if (known !== undefined) return known;
  let size = 1;
  if (isList(value)) for (const child of value) size += isHolder(child) ? sizeOf(child) : 1;
  else
    for (const key in value) {
      const child = value[key] ?? null;
      size += isHolder(child) ? sizeOf(child) : 1;
    }
  sizes.set(value, size);
  return size;
}

/** The value that `difference` was made of; parts that stayed are those of `base`. Throws on what `difference` did not write. */
export function withDifference(base: Plain, { d, x }: Difference): Plain {
  const reader = new Reader(d, x);
  const value = reader.take(base);
  if (!reader.isDone) throw new Error('a change lies beyond the end');
  return value;
}

class Reader {
  readonly #words: WordReader;
  readonly #sides: readonly unknown[];
  readonly #drift = new Drift();
  #used = 0;
  #gap = 0;
  #way = STEP;

  constructor(d: string, x: readonly unknown[]) {
    this.#words = new WordReader(d);
    this.#sides = x;
    this.#next();
  }

  get isDone(): boolean {
    return this.#gap === Infinity;
  }

  #next(): void {
    const word = this.#words.isAtEnd ? Infinity : this.#words.unsigned();
    this.#way = word % WAYS;
    this.#gap = Math.floor(word / WAYS);
  }

  take(base: Plain): Plain {
    const size = sizeOf(base);
    if (this.#gap >= size) {
      this.#gap -= size;
      return base;
    }
    return this.#gap > 0 && isHolder(base) ? this.#within(base) : this.#changed(base);
  }

  /** The children of a holder, which itself is one node. A journal is read by thousands of these: no closures, no lists of keys. */
  #within(base: readonly Plain[] | PlainRecord): Plain {
    this.#gap -= 1;
    if (isList(base)) {
      const list = base.slice();
      for (let at = 0; at < list.length && this.#gap !== Infinity; at += 1) list[at] = this.take(list[at] ?? null);
      return list;
    }
    const copy: Record<string, Plain> = { ...base };
    for (const key in base) {
      const child = base[key] ?? null;
      if (this.#gap > 0 && !isHolder(child)) this.#gap -= 1;
      else put(copy, key, this.take(child));
      if (this.#gap === Infinity) break;
    }
    return copy;
  }

  #changed(base: Plain): Plain {
    if (this.#way === STEP) {
      const figure = figureOf(base);
      if (figure === null) throw new Error('a step of what is no figure');
      const value = figure.value + this.#drift.moved(figure.kind, this.#words.signed());
      this.#next();
      return plainOf(figure.kind, value);
    }
    const index = this.#way === NEW ? this.#used : this.#words.unsigned();
    if (this.#way === NEW) this.#used += 1;
    const side = this.#sides[index];
    if (side === undefined) throw new Error('a change is missing');
    this.#next();
    return this.#sided(base, side);
  }

  #sided(base: Plain, side: unknown): Plain {
    if (typeof side !== 'object' || side === null) return side as Plain;
    if ('=' in side) return side['='] as Plain;
    if (isHolder(base) && isList(base)) {
      if ('r' in side) return rowsAfter(base, side.r as RowsPatch);
      if ('n' in side) return this.take(resized(base, Number(side.n)));
    } else if (isHolder(base) && 'k' in side) return this.take(rekeyed(base, side.k as readonly (number | string)[]));
    throw new Error('a change of another shape than what it changes');
  }
}

/** Not by assignment: a key called `__proto__` would be a prototype. */
function put(holder: Record<string, Plain>, key: string, value: Plain): void {
  if (key === '__proto__')
    Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
  else holder[key] = value;
}

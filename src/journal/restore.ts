import { Drift, figureOf, isHolder, isList, plainOf, put, type Plain, type PlainRecord } from './figures.js';
import type { Measured } from './measured.js';
import { WordReader } from './numbers.js';
import { rowsAfter, type RowsPatch } from './rows.js';

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
export type Side =
  | null
  | boolean
  | number
  | string
  | bigint
  | { readonly '=': Plain }
  /** Other keys: those of the old one by their number, new ones by name and null. The walk goes on within that. */
  | { readonly k: readonly (number | string)[] }
  /** A list of that length: the old one, cut or filled up with null. The walk goes on within that. */
  | { readonly n: number }
  | { readonly r: RowsPatch };

/** What a word of `d` says beside how many nodes stay. */
export const STEP = 0;
export const NEW = 1;
export const AGAIN = 2;
export const WAYS = 3;

export const resized = (base: readonly Plain[], length: number): readonly Plain[] =>
  Array.from({ length }, (_, at) => base[at] ?? null);

export function rekeyed(base: PlainRecord, k: readonly (number | string)[]): PlainRecord {
  const [names, values] = [Object.keys(base), Object.values(base)];
  const holder: Record<string, Plain> = {};
  for (const key of k)
    if (typeof key === 'string') put(holder, key, null);
    else put(holder, names[key] ?? '', values[key] ?? null);
  return holder;
}

/** The value that `difference` was made of; parts that stayed are those of the base. Throws on what `difference` did not write. */
export function withDifference(base: Measured, { d, x }: Difference): Plain {
  const reader = new Reader(base.sizes, d, x);
  const value = reader.take(base.value, 0);
  if (!reader.isDone) throw new Error('a change lies beyond the end');
  return value;
}

/** Of a node that the base has not: a null, which is one node. */
const NOWHERE = -1;
/** More nodes than a value has: nothing changes any more. A small whole number, since what counts nodes here is compared at each of them. */
const NEVER = 2 ** 30 - 1;

/** A journal is read by thousands of these walks: no closures, no lists of keys. `at`: where a node stands in the sizes of the base. */
class Reader {
  readonly #sizes: Int32Array;
  readonly #words: WordReader;
  readonly #sides: readonly unknown[];
  readonly #drift = new Drift();
  #used = 0;
  #gap = 0;
  #way = STEP;

  constructor(sizes: Int32Array, d: string, x: readonly unknown[]) {
    this.#sizes = sizes;
    this.#words = new WordReader(d);
    this.#sides = x;
    this.#next();
  }

  get isDone(): boolean {
    return this.#gap >= NEVER;
  }

  #next(): void {
    if (this.#words.isAtEnd) {
      this.#gap = NEVER;
      return;
    }
    const word = this.#words.unsigned();
    this.#way = word % WAYS;
    this.#gap = (word - this.#way) / WAYS;
    if (this.#gap >= NEVER) throw new Error('a change lies beyond the end');
  }

  /** Passes over so many nodes, if none of them changes. */
  #passes(size: number): boolean {
    if (this.#gap < size) return false;
    if (this.#gap !== NEVER) this.#gap -= size;
    return true;
  }

  take(base: Plain, at: number): Plain {
    if (this.#passes(at === NOWHERE ? 1 : (this.#sizes[at] ?? 1))) return base;
    if (this.#gap === 0) return this.#changed(base, at);
    this.#gap -= 1;
    return isList(base) ? this.#list(base, at + 1) : this.#record(base as PlainRecord, at + 1);
  }

  #list(base: readonly Plain[], first: number): Plain {
    const list = base.slice();
    let at = first;
    for (let index = 0; index < list.length && this.#gap !== NEVER; index += 1) {
      const size = this.#sizes[at] ?? 1;
      if (!this.#passes(size)) list[index] = this.take(list[index] ?? null, at);
      at += size;
    }
    return list;
  }

  #record(base: PlainRecord, first: number): Plain {
    const copy: Record<string, Plain> = { ...base };
    let at = first;
    for (const key in base) {
      const size = this.#sizes[at] ?? 1;
      if (!this.#passes(size)) put(copy, key, this.take(base[key] ?? null, at));
      if (this.#gap === NEVER) break;
      at += size;
    }
    return copy;
  }

  #changed(base: Plain, at: number): Plain {
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
    return this.#sided(base, at, side);
  }

  #sided(base: Plain, at: number, side: unknown): Plain {
    if (typeof side !== 'object' || side === null) return side as Plain;
    if ('=' in side) return side['='] as Plain;
    if (isHolder(base) && isList(base)) {
      if ('r' in side) return rowsAfter(base, side.r as RowsPatch);
      if ('n' in side) return this.#resized(base, at, Number(side.n));
    } else if (isHolder(base) && 'k' in side) {
      return this.#rekeyed(base, at, side.k as readonly (number | string)[]);
    }
    throw new Error('a change of another shape than what it changes');
  }

  /** What the old one became is a node of its own; it is entered whether or not anything differs within it. */
  #enter(): void {
    if (!this.#passes(1)) throw new Error('a change of what has just been changed');
  }

  #resized(base: readonly Plain[], holder: number, length: number): Plain {
    this.#enter();
    const list: Plain[] = [];
    let at = holder + 1;
    for (let index = 0; index < length; index += 1) {
      const isNew = index >= base.length;
      list.push(this.take(isNew ? null : (base[index] ?? null), isNew ? NOWHERE : at));
      at += this.#sizes[at] ?? 1;
    }
    return list;
  }

  #rekeyed(base: PlainRecord, holder: number, k: readonly (number | string)[]): Plain {
    this.#enter();
    const names = Object.keys(base);
    const places = this.#placesOf(holder, names.length);
    const record: Record<string, Plain> = {};
    for (const key of k) {
      const [name, place] = typeof key === 'string' ? [key, NOWHERE] : [names[key] ?? '', places[key] ?? NOWHERE];
      put(record, name, this.take(place === NOWHERE ? null : (base[name] ?? null), place));
    }
    return record;
  }

  /** Where the children of a holder stand. */
  #placesOf(holder: number, count: number): readonly number[] {
    const places: number[] = [];
    let at = holder + 1;
    for (let index = 0; index < count; index += 1) {
      places.push(at);
      at += this.#sizes[at] ?? 1;
    }
    return places;
  }
}

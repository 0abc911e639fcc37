import { MOST_SIGNED } from './numbers.js';

/** A value as JSON has it, and positions, which are bigint. */
export type Plain = null | boolean | number | string | bigint | readonly Plain[] | { readonly [key: string]: Plain };
export type PlainRecord = Readonly<Record<string, Plain>>;

export const isHolder = (value: Plain): value is readonly Plain[] | PlainRecord =>
  typeof value === 'object' && value !== null;
export const isList = (value: Plain): value is readonly Plain[] => Array.isArray(value);

/** Not by assignment: a key called `__proto__` would be a prototype. */
export function put(holder: Record<string, Plain>, key: string, value: Plain): void {
  if (key === '__proto__')
    Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
  else holder[key] = value;
}

/** Figures that grow together, so that one is told by how far it moved beside the others of its kind. */
type FigureKind = 'time' | 'count' | 'position' | 'position-text';

interface Figure {
  readonly kind: FigureKind;
  readonly value: number;
}

/** Milliseconds since the epoch between 2001 and 2286: a count of that size is merely told less shortly. */
const EARLIEST_MS = 1e12;
const LATEST_MS = 1e13;

const WORD = 2 ** 32;
/** As PostgreSQL prints it, so that the figure gives back this very text. */
const POSITION = /^(0|[1-9A-F][0-9A-F]{0,7})\/([0-9A-F]{8})$/;
const MOST = BigInt(Number.MAX_SAFE_INTEGER);

const textOfPosition = (value: number): string =>
  `${Math.floor(value / WORD)
    .toString(16)
    .toUpperCase()}/${(value % WORD).toString(16).toUpperCase().padStart(8, '0')}`;

/** null: not a figure, or one that a difference of numbers would not give back exactly. */
export function figureOf(plain: Plain): Figure | null {
  if (typeof plain === 'number') {
    if (!Number.isSafeInteger(plain) || Object.is(plain, -0)) return null;
    return { kind: plain >= EARLIEST_MS && plain < LATEST_MS ? 'time' : 'count', value: plain };
  }
  if (typeof plain === 'bigint')
    return plain >= 0n && plain <= MOST ? { kind: 'position', value: Number(plain) } : null;
  if (typeof plain !== 'string') return null;
  const match = POSITION.exec(plain);
  if (match === null) return null;
  const value = parseInt(match[1] ?? '', 16) * WORD + parseInt(match[2] ?? '', 16);
  return Number.isSafeInteger(value) ? { kind: 'position-text', value } : null;
}

export function plainOf(kind: FigureKind, value: number): Plain {
  switch (kind) {
    case 'time':
    case 'count':
      return value;
    case 'position':
      return BigInt(value);
    case 'position-text':
      return textOfPosition(value);
    default:
      return kind satisfies never;
  }
}

/** By how much times and positions have moved as a whole: what the first of them moved by. Read and written in the same order. */
export class Drift {
  #ms: number | null;
  #bytes: number | null;

  constructor(ms: number | null = null, bytes: number | null = null) {
    this.#ms = ms;
    this.#bytes = bytes;
  }

  copy(): Drift {
    return new Drift(this.#ms, this.#bytes);
  }

  /** What is written for a figure that moved by `by`; null: such a step is no exact number. */
  told(kind: FigureKind, by: number): number | null {
    const told = by - this.#usual(kind);
    if (Math.abs(by) > MOST_SIGNED || Math.abs(told) > MOST_SIGNED) return null;
    this.#note(kind, by);
    return told;
  }

  /** Its inverse. */
  moved(kind: FigureKind, told: number): number {
    const by = told + this.#usual(kind);
    this.#note(kind, by);
    return by;
  }

  #usual(kind: FigureKind): number {
    if (kind === 'count') return 0;
    return (kind === 'time' ? this.#ms : this.#bytes) ?? 0;
  }

  #note(kind: FigureKind, by: number): void {
    if (kind === 'time') this.#ms ??= by;
    else if (kind !== 'count') this.#bytes ??= by;
  }
}

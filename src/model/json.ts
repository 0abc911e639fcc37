import { formatLsn, parseLsn, type Lsn } from './names.js';

/** LSNs are bigint; JSON has none. In our documents a position is the string `lsn:0/5D0001F0`. */
const TAG = 'lsn:';

/**
 * Before a text that begins like a position and is none: a person's reason, another end's words. Without it `lsn:0/1` in a reason came back as
 * a number, and every reader of that document failed.
 */
const ESCAPE = 'lsn:=';

const written = (item: unknown): unknown => {
  if (typeof item === 'bigint') return `${TAG}${formatLsn(item as Lsn)}`;
  return typeof item === 'string' && item.startsWith(TAG) ? `${ESCAPE}${item}` : item;
};

const read = (item: unknown): unknown => {
  if (typeof item !== 'string' || !item.startsWith(TAG)) return item;
  return item.startsWith(ESCAPE) ? item.slice(ESCAPE.length) : (parseLsn(item.slice(TAG.length)) ?? item);
};

export const toJson = (value: unknown, space?: number): string => JSON.stringify(writable(value), null, space);

/** A copy where something must be written otherwise, else the value itself: a replacer of `JSON.stringify` is called for every figure too. */
function writable(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return written(item);
  if ('toJSON' in item && typeof item.toJSON === 'function') return item;
  if (Array.isArray(item)) {
    let copy: unknown[] | null = null;
    for (let at = 0; at < item.length; at += 1) {
      const before: unknown = item[at];
      const after = writable(before);
      if (after !== before) (copy ??= item.slice())[at] = after;
    }
    return copy ?? item;
  }
  const holder = item as Record<string, unknown>;
  let copy: Record<string, unknown> | null = null;
  for (const key of Object.keys(holder)) {
    const before = holder[key];
    const after = writable(before);
    if (after !== before) set((copy ??= { ...holder }), key, after);
  }
  return copy ?? item;
}

/** Not by assignment: a key called `__proto__` would be a prototype. */
function set(holder: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(holder, key, { value, writable: true, enumerable: true, configurable: true });
  else holder[key] = value;
}

/** Reads back what `toJson` wrote; throws SyntaxError for text that is not JSON. */
export const fromJson = (text: string): unknown => {
  const value = JSON.parse(text) as unknown;
  // Most texts hold no position, and to look for one at each of their nodes costs half as much as the parsing.
  return text.includes(TAG) ? revived(value) : value;
};

/** In place: a reviver of `JSON.parse` is called for every figure too, and took three quarters of the reading of a journal. */
function revived(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return read(item);
  if (Array.isArray(item)) {
    for (let at = 0; at < item.length; at += 1) {
      const before: unknown = item[at];
      if (typeof before === 'string' || typeof before === 'object') item[at] = revived(before);
    }
    return item;
  }
  const holder = item as Record<string, unknown>;
  // Straight from JSON.parse: nothing is inherited. No list of keys is made, and only what may be otherwise is set.
  for (const key in holder) {
    const before = holder[key];
    if (typeof before === 'object') revived(before);
    else if (typeof before === 'string' && before.startsWith(TAG)) set(holder, key, read(before));
  }
  return item;
}

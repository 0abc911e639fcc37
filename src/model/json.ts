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

export const toJson = (value: unknown, space?: number): string =>
  JSON.stringify(value, (_key, item: unknown) => written(item), space);

/** Reads back what `toJson` wrote; throws SyntaxError for text that is not JSON. */
export const fromJson = (text: string): unknown => revived(JSON.parse(text) as unknown);

/** In place: a reviver of `JSON.parse` is called for every figure too, and took three quarters of the reading of a journal. */
function revived(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) return read(item);
  const holder = item as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    const before = holder[key];
    const after = revived(before);
    // Not by assignment: a key called `__proto__` would be a prototype.
    if (after !== before)
      Object.defineProperty(holder, key, { value: after, writable: true, enumerable: true, configurable: true });
  }
  return item;
}

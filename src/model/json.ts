/** LSNs are bigint; JSON has none. In our documents a position is the string `lsn:0/5D0001F0`. */
import { formatLsn, parseLsn, type Lsn } from './names.js';

export const toJson = (value: unknown, space?: number): string =>
  JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === 'bigint' ? `lsn:${formatLsn(item as Lsn)}` : item),
    space,
  );

/** Reads back what `toJson` wrote; throws SyntaxError for text that is not JSON. */
export const fromJson = (text: string): unknown =>
  JSON.parse(text, (_key, item: unknown) =>
    typeof item === 'string' && item.startsWith('lsn:') ? (parseLsn(item.slice(4)) ?? item) : item,
  );

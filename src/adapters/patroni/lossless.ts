/** Strings are matched first, so that digits inside them are left alone. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG_INTEGER = /^-?\d{16,}$/;

/**
 * JSON.parse that hands integers of sixteen digits and more over as strings: Patroni prints WAL positions and system identifiers
 * as 64-bit integers, and a JavaScript number would round them to some other position. Throws SyntaxError as JSON.parse does.
 */
export function parseLossless(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Only text that is known to be JSON is searched: the pattern is linear on it, and the usual document needs no search at all.
  if (!/\d{16}/.test(text)) return value;
  return JSON.parse(text.replace(TOKENS, (token) => (LONG_INTEGER.test(token) ? `"${token}"` : token)));
}

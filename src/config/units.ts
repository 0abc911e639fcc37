/**
 * Durations and sizes as operators write them. A number without a unit is never accepted: `for: 10` has been read as seconds by one
 * person and as milliseconds by the next.
 */
const DURATION_UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

/** Binary, as PostgreSQL and Patroni count: 1MB is 1,048,576 bytes. */
const SIZE_UNITS = [
  ['TB', 1024 ** 4],
  ['GB', 1024 ** 3],
  ['MB', 1024 ** 2],
  ['KB', 1024],
  ['B', 1],
] as const;

/** Milliseconds of `500ms`, `2s`, `1h30m`; null for anything else, a bare number included. */
export function durationMs(text: string): number | null {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * (DURATION_UNITS.find(([name]) => name === unit)?.[1] ?? Number.NaN);
  }
  return Number.isSafeInteger(totalMs) ? totalMs : null;
}

/** Bytes of `10MB`, `1.5GB`, `512kB`; null for anything else. */
export function sizeBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(B|kB|KB|MB|GB|TB)$/.exec(text);
  if (match === null) return null;
  const factor = SIZE_UNITS.find(([name]) => name === (match[2] ?? '').toUpperCase())?.[1] ?? Number.NaN;
  const bytes = Number(match[1]) * factor;
  return Number.isSafeInteger(bytes) ? bytes : null;
}

const inUnits = (amount: number, units: readonly (readonly [string, number])[], zero: string): string => {
  if (amount === 0) return zero;
  const unit = units.find(([, factor]) => amount % factor === 0);
  return unit === undefined ? String(amount) : `${amount / unit[1]}${unit[0]}`;
};

/** The shortest exact way to write it: 90000 is `90s`, 120000 is `2m`. */
export const durationText = (ms: number): string => inUnits(ms, DURATION_UNITS, '0s');

/** The shortest exact way to write it: 1048576 is `1MB`. */
export const sizeText = (bytes: number): string => inUnits(bytes, SIZE_UNITS, '0B');

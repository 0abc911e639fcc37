/**
 * Amounts in sentences for people: one unit for a number, binary as the policy's (`10MB` there is 10 MiB here), so that what is read can be
 * held against a limit at a glance.
 */
const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `0 B`, `512 B`, `1.5 KiB`, `173 MiB`: three digits at most, never rounded up to a limit that is not reached. */
export function bytesText(bytes: number): string {
  let amount = Math.max(0, bytes);
  let unit = 0;
  while (amount >= 1024 && unit < BYTE_UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || amount >= 100 ? 0 : 1;
  const shown = Math.floor(amount * 10 ** digits) / 10 ** digits;
  return `${shown} ${BYTE_UNITS[unit] ?? 'B'}`;
}

/** Steps of an axis in its unit: each multiple up to four of them is shown in full by `bytesText`. */
const BYTE_STEPS = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 256];

/** Where an axis from 0 to `highBytes` has its marks: at most four and the zero, round in the binary unit in which each is shown. */
export function byteMarks(highBytes: number): readonly number[] {
  const power = Math.max(0, Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(Math.max(1, highBytes)) / 10)));
  const unit = 1024 ** power;
  const steps = BYTE_STEPS.filter((step) => step * unit >= 1);
  const step = unit * (steps.find((one) => highBytes <= 4 * one * unit) ?? 256);
  return Array.from({ length: Math.floor(highBytes / step) + 1 }, (_, index) => index * step);
}

/** `bytesText` of an amount that is held against another one: exact where one unit would show the two alike. */
export const bytesAgainst = (bytes: number, other: number): string =>
  bytes !== other && bytesText(bytes) === bytesText(other) ? `${bytes} B` : bytesText(bytes);

const TIME_UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** `0 s`, `0.4 s`, `45 s`, `12 min 5 s`, `3 h 20 min`: the two largest units. */
export function spanText(ms: number): string {
  if (ms >= 100 && ms < 1000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  let seconds = Math.floor(Math.max(0, ms) / 1000);
  const parts: string[] = [];
  for (const [unit, length] of TIME_UNITS) {
    const count = Math.floor(seconds / length);
    seconds -= count * length;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.length === 0 ? '0 s' : parts.join(' ');
}

/** 1 entry, 2 entries. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

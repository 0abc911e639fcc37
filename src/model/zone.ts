const DAY_MS = 86_400_000;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** How far a zone's wall clock is ahead of UTC at one moment, in milliseconds. */
export function offsetMs(atMs: number, timezone: string): number {
  let formatter = formatters.get(timezone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(timezone, formatter);
  }
  const part = Object.fromEntries(formatter.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
  const wall = Date.UTC(
    part['year'] ?? Number.NaN,
    (part['month'] ?? Number.NaN) - 1,
    part['day'],
    part['hour'],
    part['minute'],
    part['second'],
  );
  return wall - Math.floor(atMs / 1000) * 1000;
}

/**
 * The moments at which a wall clock shows `wallMs`: usually one, two when the clock is set back. A time that is skipped when the clock is
 * set forward counts as the first moment after the gap: a freeze at 02:30 must not be lost on that night.
 */
export function momentsOf(wallMs: number, timezone: string): readonly number[] {
  const before = offsetMs(wallMs - DAY_MS, timezone);
  const after = offsetMs(wallMs + DAY_MS, timezone);
  if (before === after) return [wallMs - before];
  const moments = [...new Set([wallMs - before, wallMs - after])].filter(
    (atMs) => atMs + offsetMs(atMs, timezone) === wallMs,
  );
  if (moments.length > 0) return moments.sort((left, right) => left - right);
  return [endOfGap(wallMs - Math.max(before, after), wallMs - Math.min(before, after), timezone)];
}

/** The moment in (fromMs, toMs] at which the offset changes, to the second. */
function endOfGap(fromMs: number, toMs: number, timezone: string): number {
  const old = offsetMs(fromMs, timezone);
  let [low, high] = [fromMs, toMs];
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (offsetMs(middle, timezone) === old) low = middle;
    else high = middle;
  }
  return high;
}

/** Whether a zone's wall clock shows `wallMs` never (the clock is set forward), once, or twice (it is set back). */
export const timesShown = (wallMs: number, timezone: string): number =>
  momentsOf(wallMs, timezone).filter((atMs) => atMs + offsetMs(atMs, timezone) === wallMs).length;

/** An IANA name as Intl knows it. */
export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

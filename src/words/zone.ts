import { momentsOf, offsetMs, timesShown } from '../model/zone.js';

/** The moments that our sentences hold (`words/moments.ts`) and those of ISO 8601, in UTC. */
const MOMENT = /\b(?:(\d{4}-\d{2}-\d{2})([ T]))?(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)Z(?![A-Za-z0-9])/g;
const HALF_DAY_MS = 12 * 3_600_000;
const DAY_MS = 86_400_000;

/** `+02:00`, `+05:30`, `-03:00`. */
function offsetText(ms: number): string {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  const two = (count: number): string => String(count).padStart(2, '0');
  return `${ms < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** A clock without a day is of the day that is nearest to `nearMs`. */
function nearest(clock: string, nearMs: number): number {
  const day = new Date(nearMs).toISOString().slice(0, 10);
  const atMs = Date.parse(`${day}T${clock}Z`);
  if (atMs - nearMs > HALF_DAY_MS) return atMs - DAY_MS;
  return nearMs - atMs > HALF_DAY_MS ? atMs + DAY_MS : atMs;
}

/**
 * A text with each moment in UTC (`02:00:10Z`) as that zone's wall clock shows it, with its offset; with UTC beside it in the hour that the clock
 * shows twice. Done to what is printed, since sentences in a journal hold UTC and stay as they were written. `nearMs`: what the text is about.
 */
export const inZone = (text: string, zone: string, nearMs: number): string =>
  text.replace(MOMENT, (found, day: string | undefined, between: string | undefined, clock: string) => {
    const atMs = day === undefined ? nearest(clock, nearMs) : Date.parse(`${day}T${clock}Z`);
    if (Number.isNaN(atMs)) return found;
    const aheadMs = offsetMs(atMs, zone);
    const wall = new Date(atMs + aheadMs).toISOString();
    const shown = `${day === undefined ? '' : `${wall.slice(0, 10)}${between ?? ' '}`}${wall.slice(11, 11 + clock.length)}${offsetText(aheadMs)}`;
    return timesShown(atMs + aheadMs, zone) > 1 ? `${shown} (${found})` : shown;
  });

/** The moments at which the zone's wall clock shows what `day` and `clock` say, earliest first; empty: it is skipped there. null: no time of any clock. */
export function momentsAt(day: string, clock: string, zone: string): readonly number[] | null {
  const wallMs = Date.parse(`${day}T${clock}Z`);
  // 30 February is read as 2 March.
  if (Number.isNaN(wallMs) || !new Date(wallMs).toISOString().startsWith(day)) return null;
  return timesShown(wallMs, zone) === 0 ? [] : momentsOf(wallMs, zone);
}

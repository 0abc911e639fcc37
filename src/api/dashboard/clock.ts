// Moments and spans as this page shows them. Times are the daemon's: a browser whose clock is wrong still shows right ages.
import { spanText } from '../../words/amounts.js';

let offsetMs = 0;
let shownMs: number | null = null;

/** Called with every message: how far this browser's clock is from the daemon's, milliseconds since 1970. */
export function setServerTime(nowMs: number): void {
  offsetMs = nowMs - Date.now();
}

/** A past moment at which the page stands still (milliseconds since 1970); null: it shows what is now. */
export function standAt(atMs: number | null): void {
  shownMs = atMs;
}

/** What the daemon's clock shows, also while the page stands at a past moment. */
export const daemonNow = (): number => Date.now() + offsetMs;

/** The moment that ages on the page are counted to. */
export const serverNow = (): number => shownMs ?? daemonNow();

export type Zone = 'local' | 'UTC';
const ZONE = 'ekimi-zone';
let zone: Zone = localStorage.getItem(ZONE) === 'UTC' ? 'UTC' : 'local';

export const zoneNow = (): Zone => zone;

/** Kept in this browser. */
export function setZone(next: Zone): void {
  zone = next;
  localStorage.setItem(ZONE, next);
}

const CLOCK: Intl.DateTimeFormatOptions = {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
};
const DAY: Intl.DateTimeFormatOptions = { year: 'numeric', month: 'short', day: '2-digit' };

const format = (options: Intl.DateTimeFormatOptions, of: Zone, ms: number): string =>
  new Intl.DateTimeFormat(undefined, of === 'UTC' ? { ...options, timeZone: 'UTC' } : options).format(new Date(ms));

const suffix = (of: Zone): string => (of === 'UTC' ? 'Z' : '');

/** `02:00:11`, in UTC `02:00:11Z`. */
export const timeOfDay = (ms: number, of: Zone = zone): string => `${format(CLOCK, of, ms)}${suffix(of)}`;

/** `27 Nov 2026 02:00:11`, in UTC with a `Z`. */
export const moment = (ms: number, of: Zone = zone): string => `${format(DAY, of, ms)} ${timeOfDay(ms, of)}`;

/** `27 Nov 02:00`: for an axis of days. */
export const dayAndHour = (ms: number): string =>
  format({ month: 'short', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, zone, ms);

/** Both zones, for a title. */
export const bothZones = (ms: number): string => `${moment(ms, 'local')} local time\n${moment(ms, 'UTC')} UTC`;

export type Counting = 'since' | 'ago' | 'until' | 'left';

/** A figure that goes on counting between two passes. */
export function countingText(kind: Counting, ms: number): string {
  const now = serverNow();
  switch (kind) {
    case 'since':
      return spanText(now - ms);
    case 'ago':
      return `${spanText(now - ms)} ago`;
    case 'until':
      return ms > now ? `in ${spanText(ms - now)}` : 'now';
    case 'left':
      return ms > now ? `${spanText(ms - now)} left` : 'time is up';
  }
}

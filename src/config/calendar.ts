import type { CronWindow, Policy, WindowFacts } from '../model/policy.js';
import { momentsOf, offsetMs } from '../model/zone.js';
import { cronExpression } from './cron.js';

const DAY_MS = 86_400_000;

/** Moments in [fromMs, toMs] at which the window opens, in order. */
export function openings(
  window: CronWindow,
  fromMs: number,
  toMs: number,
  kind: 'maintenance' | 'freeze',
): readonly number[] {
  const cron = cronExpression(window.cron);
  const { hour, minute } = cron.fields;
  const times = hour.flatMap((h) => minute.map((m) => (h * 60 + m) * 60_000));
  const first = times[0] ?? 0;
  const found: number[] = [];
  // A day more at each end covers every time zone.
  for (let day = Math.floor(fromMs / DAY_MS) - 1; day * DAY_MS <= toMs + DAY_MS; day += 1) {
    if (!cron.matches(day * DAY_MS + first)) continue;
    const steady = steadyOffset(day * DAY_MS, window.timezone);
    for (const time of times) {
      const moments =
        steady === null ? momentsOf(day * DAY_MS + time, window.timezone) : [day * DAY_MS + time - steady];
      // An hour that comes twice freezes twice, but does not grant maintenance twice.
      found.push(...(kind === 'freeze' ? moments : moments.slice(0, 1)));
    }
  }
  return found.filter((atMs) => atMs >= fromMs && atMs <= toMs).sort((left, right) => left - right);
}

/** The zone's offset if it does not change anywhere near this wall-clock day, else null. */
function steadyOffset(wallDayMs: number, timezone: string): number | null {
  const before = offsetMs(wallDayMs - DAY_MS, timezone);
  return before === offsetMs(wallDayMs + 2 * DAY_MS, timezone) ? before : null;
}

/** Until when an open window stays open, windows that follow without a pause included; null when it is closed. */
function openUntil(window: CronWindow, nowMs: number, kind: 'maintenance' | 'freeze'): number | null {
  let untilMs: number | null = null;
  for (const atMs of openings(window, nowMs - window.forMs + 1, nowMs + DAY_MS, kind)) {
    if (atMs > nowMs && (untilMs === null || atMs > untilMs)) break;
    untilMs = Math.max(untilMs ?? 0, atMs + window.forMs);
  }
  return untilMs;
}

const SEARCH_DAYS = [8, 40, 400];
/** Asked in every pass and true until that moment: a search of months must not be made each second. */
const foundOpenings = new WeakMap<CronWindow, { readonly sinceMs: number; readonly atMs: number | null }>();

/** When the window opens next after `nowMs`, looked for over 400 days; null when it does not. */
function nextOpening(window: CronWindow, nowMs: number): number | null {
  const known = foundOpenings.get(window);
  const isTrue = known !== undefined && known.sinceMs <= nowMs && nowMs < (known.atMs ?? known.sinceMs + DAY_MS);
  if (isTrue) return known.atMs;
  let atMs: number | null = null;
  for (const days of SEARCH_DAYS) {
    atMs ??= openings(window, nowMs + 1, nowMs + days * DAY_MS, 'maintenance')[0] ?? null;
  }
  foundOpenings.set(window, { sinceMs: nowMs, atMs });
  return atMs;
}

const LOOK_BACK_DAYS = [1, 8, 40, 400];
/** Asked in every pass: true for the minute. */
const foundLast = new WeakMap<CronWindow, { readonly minute: number; readonly atMs: number | null }>();

/** Since when the window has opened `count` times, looked for over the last 400 days; null when it has not. */
export function openedSince(window: CronWindow, nowMs: number, count: number): number | null {
  const minute = Math.floor(nowMs / 60_000);
  const known = foundLast.get(window);
  if (known?.minute === minute) return known.atMs;
  let atMs: number | null = null;
  for (const days of LOOK_BACK_DAYS)
    atMs ??= openings(window, nowMs - days * DAY_MS, nowMs, 'maintenance').at(-count) ?? null;
  foundLast.set(window, { minute, atMs });
  return atMs;
}

/** Whether the window opens at all within 28 years, after which the calendar repeats. Cron has no years: any start does. */
export function opensEver(window: CronWindow): boolean {
  const cron = cronExpression(window.cron);
  const time = ((cron.fields.hour[0] ?? 0) * 60 + (cron.fields.minute[0] ?? 0)) * 60_000;
  const startDay = Date.UTC(2024, 0, 1) / DAY_MS;
  for (let day = startDay; day < startDay + 28 * 366; day += 1) {
    if (cron.matches(day * DAY_MS + time)) return true;
  }
  return false;
}

/** True when the window opens again before it closes, for as long as we look: it is never closed. */
export function neverCloses(window: CronWindow): boolean {
  const startMs = Date.UTC(2024, 0, 1);
  const spanMs = Math.max(2 * window.forMs, 40 * DAY_MS);
  let untilMs = startMs;
  for (const atMs of openings({ ...window, timezone: 'UTC' }, startMs - window.forMs, startMs + spanMs, 'freeze')) {
    if (atMs > untilMs) return false;
    untilMs = Math.max(untilMs, atMs + window.forMs);
  }
  return untilMs >= startMs + spanMs;
}

/**
 * The policy's calendar at one moment. `untilMs` is when the window closes; for one that goes on beyond a day from now it is the least
 * time, asked again later. Of several open freezes the one that lasts longest is named.
 */
export function windowsAt(policy: Pick<Policy, 'windows'>, nowMs: number): WindowFacts {
  let freeze: WindowFacts['freeze'] = null;
  for (const window of policy.windows.freeze) {
    const untilMs = openUntil(window, nowMs, 'freeze');
    if (untilMs === null || (freeze !== null && freeze.untilMs >= untilMs)) continue;
    freeze = {
      reason: window.reason === '' ? `freeze window ${window.cron} ${window.timezone}` : window.reason,
      untilMs,
    };
  }
  let maintenance: WindowFacts['maintenance'] = null;
  for (const window of policy.windows.maintenance) {
    const untilMs = openUntil(window, nowMs, 'maintenance');
    if (untilMs !== null && untilMs > (maintenance?.untilMs ?? 0)) maintenance = { untilMs };
  }
  if (maintenance !== null || policy.windows.maintenance.length === 0) return { freeze, maintenance };
  const next = policy.windows.maintenance.map((window) => nextOpening(window, nowMs)).filter((atMs) => atMs !== null);
  return { freeze, maintenance, maintenanceOpensAtMs: next.length === 0 ? null : Math.min(...next) };
}

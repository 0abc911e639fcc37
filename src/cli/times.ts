import { offsetMs } from '../model/zone.js';
import { momentsAt } from '../words/zone.js';
import { CliError } from './cli-error.js';

const DAY_MS = 86_400_000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A whole number of at least `least`, as an option has it. */
export function parseCount(option: string, text: string, least: number): number {
  const count = Number(text);
  if (/^\d{1,9}$/.test(text) && count >= least) return count;
  throw new CliError(
    'usage',
    'bad-number',
    `${option} is ${JSON.stringify(text)}`,
    `Write a whole number, ${least} or more.`,
  );
}

/** `90s`, `30m`, `2h`, `1h30m`, `1d` as milliseconds. */
export function parseDuration(text: string): number {
  if (!/^(\d+[smhd])+$/.test(text))
    throw new CliError(
      'usage',
      'bad-duration',
      `${JSON.stringify(text)} is not a duration`,
      'Write 90s, 30m, 2h or 1h30m.',
    );
  let ms = 0;
  for (const [, figure, unit] of text.matchAll(/(\d+)([smhd])/g)) ms += Number(figure) * (UNIT_MS[unit ?? ''] ?? 0);
  return ms;
}

/** Of `zone` (null: UTC) where the text has none: ISO 8601, `HH:MM[:SS]` of the last 24 hours, or `10m` ago. Milliseconds since 1970. */
export function parseTime(text: string, nowMs: number, zone: string | null = null): number {
  if (/^(\d+[smhd])+$/.test(text)) return nowMs - parseDuration(text);
  const clock = /^(\d{2}:\d{2}(?::\d{2})?)(Z?)$/.exec(text);
  if (clock !== null) return lastAt(text, clock[1] ?? '', nowMs, clock[2] === 'Z' ? null : zone);
  const wall = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?$/.exec(text);
  if (wall !== null) return momentAt(text, wall[1] ?? '', wall[2] ?? '00:00', zone);
  const ms = Date.parse(text);
  if (Number.isNaN(ms) || !/^\d{4}-/.test(text)) throw noTime(text);
  return ms;
}

const noTime = (text: string, why = 'is not a time'): CliError =>
  new CliError(
    'usage',
    'bad-time',
    `${JSON.stringify(text)} ${why}`,
    'Write 2026-11-22T09:30:00Z, 09:30 (UTC or that of --tz, within the last day) or 10m (ago).',
  );

/** What we print without an offset is UTC, and a date would else be read in the zone of whoever asks. */
function momentAt(text: string, day: string, clock: string, zone: string | null): number {
  const moments = momentsAt(day, clock, zone ?? 'UTC');
  if (moments === null) throw noTime(text);
  const [only] = moments;
  if (only !== undefined && moments.length === 1) return only;
  throw noTime(text, only === undefined ? 'is skipped by that clock' : 'comes twice by that clock: give its offset');
}

function lastAt(text: string, clock: string, nowMs: number, zone: string | null): number {
  const today = new Date(nowMs + offsetMs(nowMs, zone ?? 'UTC')).toISOString().slice(0, 10);
  const ms = momentAt(text, today, clock, zone);
  if (ms <= nowMs) return ms;
  const yesterday = new Date(Date.parse(`${today}T00:00Z`) - DAY_MS).toISOString().slice(0, 10);
  return momentAt(text, yesterday, clock, zone);
}

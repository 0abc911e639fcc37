import { CliError } from './cli-error.js';

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

/** ISO 8601, `HH:MM[:SS]` of the last 24 hours in UTC, or `10m` ago. Milliseconds since 1970. */
export function parseTime(text: string, nowMs: number): number {
  if (/^(\d+[smhd])+$/.test(text)) return nowMs - parseDuration(text);
  if (/^\d{2}:\d{2}(:\d{2})?Z?$/.test(text)) {
    const today = new Date(nowMs).toISOString().slice(0, 10);
    const ms = Date.parse(`${today}T${text.replace('Z', '')}Z`);
    if (!Number.isNaN(ms)) return ms > nowMs ? ms - 86_400_000 : ms;
  }
  // A date without a zone would be read in the zone of whoever asks, while everything we print is UTC.
  const ms = Date.parse(/[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(text) ? `${text.replace(' ', 'T')}Z` : text);
  if (Number.isNaN(ms) || !/^\d{4}-/.test(text))
    throw new CliError(
      'usage',
      'bad-time',
      `${JSON.stringify(text)} is not a time`,
      'Write 2026-11-22T09:30:00Z, 09:30 (UTC, within the last day) or 10m (ago).',
    );
  return ms;
}

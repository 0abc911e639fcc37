import { describe, expect, it } from 'vitest';
import { inZone } from '../../../src/words/zone.js';
import { clockText, dayText, minuteText } from '../../../src/words/moments.js';

const at = (iso: string): number => Date.parse(iso);
const JANUARY = at('2026-01-15T02:00:10Z');
const JULY = at('2026-07-15T23:30:00Z');

describe('a text with its times in a zone', () => {
  it.each([
    [clockText(JANUARY), 'Europe/Berlin', JANUARY, '03:00:10+01:00'],
    [dayText(JANUARY), 'Asia/Kolkata', JANUARY, '2026-01-15 07:30:10+05:30'],
    [minuteText(JULY), 'America/St_Johns', JULY, '2026-07-15 21:00-02:30'],
    ['2026-07-15T23:30:00.250Z', 'Europe/Berlin', JULY, '2026-07-16T01:30:00.250+02:00'],
    [dayText(JANUARY), 'UTC', JANUARY, '2026-01-15 02:00:10+00:00'],
  ])('%s in %s', (text, zone, nearMs, shown) => {
    expect(inZone(text, zone, nearMs)).toBe(shown);
  });

  it('leaves all else alone, also what only looks like a time', () => {
    const text = 'counts in 30 s; 7f3a:00:10; 99:99:99Z; 02:00:10ZX; 12:30Zoo';
    expect(inZone(text, 'Europe/Berlin', JANUARY)).toBe(text);
  });

  it('a clock without a day is of the nearest day, whose offset counts', () => {
    const afterChange = at('2026-10-25T12:00:00Z');
    expect(inZone('23:30:00Z', 'Europe/Berlin', afterChange)).toBe('00:30:00+01:00');
    expect(inZone('23:30:00Z', 'Europe/Berlin', afterChange - 12 * 3_600_000)).toBe('01:30:00+02:00');
  });

  it('has UTC beside it in the hour that comes twice', () => {
    const told = [at('2026-10-25T00:30:00Z'), at('2026-10-25T01:30:00Z'), at('2026-10-25T02:30:00Z')].map((ms) =>
      inZone(clockText(ms), 'Europe/Berlin', ms),
    );
    expect(told).toEqual(['02:30:00+02:00 (00:30:00Z)', '02:30:00+01:00 (01:30:00Z)', '03:30:00+01:00']);
  });
});

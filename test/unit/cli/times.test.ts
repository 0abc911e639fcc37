import { describe, expect, it } from 'vitest';
import { demoHead, demoLine } from '../../../src/cli/render/demo.js';
import { calledAs, wantsColor } from '../../../src/cli/io.js';
import { parseDuration, parseTime } from '../../../src/cli/times.js';
import { NOW_MS } from '../../support/snapshots.js';

const iso = (ms: number): string => new Date(ms).toISOString();

const STYLE = { color: false, columns: 80, nowMs: 0 };

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['1h30m', 5_400_000],
    ['1d', 86_400_000],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
  it.each(['', '5', 'h', '1.5h', '-1h', '1w'])('%j is none', (text) => {
    expect(() => parseDuration(text)).toThrow('is not a duration');
  });
});

describe('times', () => {
  it.each([
    ['2026-11-22T08:00:00Z', '2026-11-22T08:00:00.000Z'],
    ['2026-11-22T10:00:00+02:00', '2026-11-22T08:00:00.000Z'],
    ['2026-11-22 08:00', '2026-11-22T08:00:00.000Z'],
    ['2026-11-21', '2026-11-21T00:00:00.000Z'],
    ['09:15', '2026-11-22T09:15:00.000Z'],
    ['23:00:30', '2026-11-21T23:00:30.000Z'], // not yet today: yesterday's
    ['10m', '2026-11-22T09:20:00.000Z'],
  ])('%s is %s', (text, then) => {
    expect(iso(parseTime(text, NOW_MS))).toBe(then);
  });
  it.each(['tomorrow', '25:00', '5', '2026-13-01'])('%j is none', (text) => {
    expect(() => parseTime(text, NOW_MS)).toThrow('is not a time');
  });
});

describe('times of a zone', () => {
  const zone = 'Europe/Berlin';
  it.each([
    ['09:15', '2026-11-22T08:15:00.000Z'],
    ['10:31', '2026-11-21T09:31:00.000Z'], // not yet today
    ['09:15Z', '2026-11-22T09:15:00.000Z'],
    ['2026-07-01', '2026-06-30T22:00:00.000Z'],
    ['2026-07-01T02:00', '2026-07-01T00:00:00.000Z'],
    ['2026-07-01T02:00Z', '2026-07-01T02:00:00.000Z'],
  ])('%s is %s', (text, then) => {
    expect(iso(parseTime(text, NOW_MS, zone))).toBe(then);
  });

  it.each([
    ['2026-10-25T02:30', 'comes twice'],
    ['2026-03-29T02:30', 'is skipped'],
    ['2026-02-30T02:30', 'is not a time'],
  ])('%s %s', (text, why) => {
    expect(() => parseTime(text, NOW_MS, zone)).toThrow(why);
  });
});

describe('colour', () => {
  it.each([
    [{}, true, true],
    [{}, false, false],
    [{ NO_COLOR: '1' }, true, false],
    [{ NO_COLOR: '' }, true, true],
    [{ FORCE_COLOR: '1' }, false, true],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
    [{ TERM: 'dumb' }, true, false],
  ] as const)('with %j on a terminal=%s is %s', (env, terminal, wanted) => {
    expect(wantsColor(env, terminal)).toBe(wanted);
  });
});

describe('how the program is called again', () => {
  it.each([
    ['/usr/local/bin/ekimi', 'ekimi'],
    ['/home/dba/ekimi/scripts/start.mjs', 'node dist/cli/main.js'],
    ['/app/dist/cli/main.js', 'node /app/dist/cli/main.js'],
    [undefined, 'ekimi'],
  ])('%s', (script, called) => {
    expect(calledAs(script)).toBe(called);
    expect(demoHead('http://127.0.0.1:1', STYLE, called)).toContain(`${called} why --url`);
    const line = { atMs: 0, word: 'ASKS', tone: 'warn', text: 'x', approval: '1f' } as const;
    expect(demoLine(line, 0, 'http://127.0.0.1:1', STYLE, called)).toContain(`EKIMI_TOKEN=demo ${called} approve 1f`);
  });
});

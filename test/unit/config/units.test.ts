import { describe, expect, it } from 'vitest';
import { durationMs, durationText, sizeBytes, sizeText } from '../../../src/config/units.js';
import { didYouMean, nearest } from '../../../src/config/suggest.js';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['2s', 2_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  it.each(['5', '', 's', '5 m', '-5m', '5min', '5M', '1e3ms', 'five', '0.5ms', '9999999999999d'])(
    '%j is not a duration',
    (text) => {
      expect(durationMs(text)).toBeNull();
    },
  );

  it.each([0, 1, 500, 1_000, 90_000, 120_000, 5_400_000, 86_400_000])('%d ms survive being written', (ms) => {
    expect(durationMs(durationText(ms))).toBe(ms);
  });
});

describe('sizes', () => {
  it.each([
    ['1B', 1],
    ['512kB', 524_288],
    ['512KB', 524_288],
    ['1MB', 1_048_576],
    ['1.5GB', 1_610_612_736],
    ['2TB', 2_199_023_255_552],
  ])('%s is %d bytes, binary as PostgreSQL counts', (text, bytes) => {
    expect(sizeBytes(text)).toBe(bytes);
    expect(sizeBytes(sizeText(bytes))).toBe(bytes);
  });

  it.each(['1', '1M', '1 MB', '1MiB', '-1MB', 'MB', '0.3B'])('%j is not a size', (text) => {
    expect(sizeBytes(text)).toBeNull();
  });
});

describe('a word that nobody knows', () => {
  const known = ['interval', 'suspectInterval', 'drain-replica', 'undrain-replica'];
  it.each([
    ['intervall', 'interval'],
    ['intreval', 'interval'],
    ['suspect_interval', 'suspectInterval'],
    ['Drain-Replica', 'drain-replica'],
    ['undrian-replica', 'undrain-replica'],
  ])('%s was meant to be %s', (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  it('gets no suggestion when nothing is near', () => {
    expect(nearest('colour', known)).toBeNull();
    expect(didYouMean('colour', known, 'remove it')).toBe('remove it');
    expect(didYouMean('intervall', known, 'remove it')).toBe('did you mean "interval"? otherwise remove it');
  });
});

import { describe, expect, it } from 'vitest';
import { byteMarks, bytesAgainst, bytesText } from '../../../src/words/amounts.js';
import { lossText } from '../../../src/words/loss.js';

const MIB = 1024 * 1024;

describe('[O11] an amount that is held against another one', () => {
  it.each([
    [2.8 * MIB, MIB, '2.8 MiB'],
    [MIB, MIB, '1 MiB'],
    [MIB + 1, MIB, '1048577 B'],
    [101, 100, '101 B'],
  ])('%d against %d', (bytes, other, text) => {
    expect(bytesAgainst(bytes, other)).toBe(text);
  });

  it('a loss has one unit, and is exact only beside one that reads alike', () => {
    const loss = { bytes: 173 * MIB, seconds: 14 };
    expect(lossText(loss)).toBe('at least 173 MiB (about 14 s of writes)');
    expect(lossText(loss, { bytes: 200 * MIB, seconds: 14 })).toBe('at least 173 MiB (about 14 s of writes)');
    expect(lossText(loss, { bytes: 173 * MIB + 5, seconds: 14 })).toBe('at least 181403648 B (about 14 s of writes)');
    expect(lossText({ bytes: null, seconds: null })).toBe('an unknown number of bytes');
  });
});

describe('the marks of an axis of bytes', () => {
  const KIB = 1024;
  it.each([
    [100 * MIB, ['0 B', '50 MiB', '100 MiB']],
    [110 * MIB, ['0 B', '50 MiB', '100 MiB']],
    [2.5 * MIB, ['0 B', '1 MiB', '2 MiB']],
    [1.2 * KIB * MIB, ['0 B', '512 MiB', '1 GiB']],
    [1000 * MIB, ['0 B', '256 MiB', '512 MiB', '768 MiB']],
    [256 * KIB, ['0 B', '100 KiB', '200 KiB']],
    [1, ['0 B', '1 B']],
  ])('up to %d: %j', (high, texts) => {
    expect(byteMarks(high).map(bytesText)).toEqual(texts);
  });

  it('each is as it is shown, never cut short', () => {
    const inBytes = (text: string): number => {
      const [amount = '', unit = ''] = text.split(' ');
      return Number(amount) * 1024 ** ['B', 'KiB', 'MiB', 'GiB', 'TiB'].indexOf(unit);
    };
    for (let high = 1; high < 1024 ** 5; high = Math.ceil(high * 1.07)) {
      const marks = byteMarks(high);
      expect(marks.map(bytesText).map(inBytes)).toEqual(marks);
      expect(marks.length).toBeGreaterThan(1);
      expect(marks.length).toBeLessThan(6);
    }
  });
});

import { describe, expect, it } from 'vitest';
import { bytesAgainst } from '../../../src/words/amounts.js';
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

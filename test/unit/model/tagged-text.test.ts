import '../../support/seed.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromJson, toJson } from '../../../src/model/json.js';
import { lsnFromNumber } from '../../../src/model/names.js';

describe('[A8] text of a person', () => {
  it.each(['lsn:0/1', 'lsn:', 'lsn:=', 'lsn:=lsn:0/1', 'lsn:FFFFFFFF/FFFFFFFF'])('%s stays text', (text) => {
    expect(fromJson(toJson({ reason: text }))).toEqual({ reason: text });
  });

  it('of any kind comes back as it was, beside positions', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `lsn:${rest}`),
    );
    fc.assert(
      fc.property(text, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (reason, position) => {
        const value = { reason, at: lsnFromNumber(position) };
        expect(fromJson(toJson(value))).toEqual(value);
      }),
      { seed: 1 },
    );
  });

  it('positions are read as they always were', () => {
    expect(fromJson('{"at":"lsn:0/5D0001F0"}')).toEqual({ at: 0x5d0001f0n });
  });

  it('is read back at every depth, and under a name that would be a prototype', () => {
    const read = fromJson('{"a":[{"b":"lsn:0/5"}],"__proto__":"lsn:0/6"}') as Record<string, unknown>;
    expect(read['a']).toEqual([{ b: 5n }]);
    expect(Object.getOwnPropertyDescriptor(read, '__proto__')?.value).toBe(6n);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });
});

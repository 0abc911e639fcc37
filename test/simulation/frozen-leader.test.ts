import { describe, expect, it } from 'vitest';
import { rehearseFreeze, type Freeze } from '../../src/docs/freeze-rehearsal.js';
import { acting, cellOf } from '../../src/docs/frozen-leader.js';
import { defaultPolicy } from '../../src/docs/pages.js';

const freeze = (seconds: number, phaseMs = 0): Freeze => ({ lengthMs: seconds * 1000, phaseMs });
const withGrace = (of: Freeze, graceS: number) => rehearseFreeze(of, acting(defaultPolicy(), graceS));

describe('a rehearsed freeze of the leader', () => {
  it('of 48 s ends with two primaries for Patroni alone, and never with us', async () => {
    const alone = await rehearseFreeze(freeze(48), null);
    expect(alone).toMatchObject({ failedOver: true });
    expect(alone.doubledMs).toBeGreaterThan(10_000);
    const fenced = await withGrace(freeze(48), 4);
    expect(fenced).toMatchObject({ failedOver: true, doubledMs: 0 });
    expect(fenced.outageMs).toBeLessThan(alone.outageMs);
  });

  it.each([1, 8, 12])(
    'of 12 s costs nothing with a grace of %i s: the proxy sends it writes all the while',
    async (grace) => {
      expect(await rehearseFreeze(freeze(12), null)).toEqual({ failedOver: false, outageMs: 0, doubledMs: 0 });
      expect(await withGrace(freeze(12), grace)).toEqual({ failedOver: false, outageMs: 0, doubledMs: 0 });
    },
  );

  it('goes the same way each time', async () => {
    expect(await withGrace(freeze(8), 2)).toEqual(await withGrace(freeze(8), 2));
  });
});

describe('a cell of the table', () => {
  const left = { failedOver: false, outageMs: 0, doubledMs: 0 };
  const moved = { failedOver: true, outageMs: 4_000, doubledMs: 1_000 };

  it('counts as needless what would not have failed over alone, and takes means in seconds', () => {
    expect(cellOf([moved, moved, left], [left, moved, left])).toEqual({
      needless: 1,
      outageS: 8 / 3,
      doubledS: 2 / 3,
    });
  });
});

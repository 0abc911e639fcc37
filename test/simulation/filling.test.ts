import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { watching } from '../support/situations.js';

const GB = 1024 ** 3;

describe('a volume that fills', () => {
  it('is told with the time that is left, long before a tenth of it is', async () => {
    const volumes = { dataBytes: 100 * GB, walBytes: null };
    const ekimi = await watching({ cluster: createCluster({ volumes }) });
    let left = 80 * GB;
    for (let minute = 0; minute < 25; minute += 1) {
      ekimi.cluster.fillDisk('patroni2', 'data', (left -= GB));
      await ekimi.run(60);
    }
    const found = ekimi.session.states.problems.find(({ code }) => code === 'disk-filling');
    expect(found).toMatchObject({ subject: 'patroni2', phase: 'active' });
    expect(found?.evidence[1]?.text).toMatch(/^at the present rate, .* a minute, it is full in (5[0-9] min|1 h)/);
    expect(ekimi.requests()).toEqual([]);
  });
});

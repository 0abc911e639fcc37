import { describe, expect, it } from 'vitest';
import { measureStall } from '../../../src/kernel/stall.js';
import { createCluster } from '../../../src/simulator/world.js';

describe('work during which', () => {
  it('the process stood still says for how long', async () => {
    const cluster = createCluster();
    const { value, stoodStillMs } = await measureStall(cluster.time.clock(), () => {
      cluster.advance(5_000);
      return Promise.resolve('done');
    });
    expect(value).toBe('done');
    expect(stoodStillMs).toBeGreaterThan(4_000);
  });

  it('an answer took long is no standstill', async () => {
    const { time } = createCluster();
    const { value, stoodStillMs } = await measureStall(time.clock(), () => time.block(() => false, 5_000));
    expect(value).toBe(false);
    expect(stoodStillMs).toBeLessThan(1_000);
  });

  it('something fails hands the failure on and leaves nothing behind', async () => {
    const { time } = createCluster();
    await expect(measureStall(time.clock(), () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(time.nextWakeMs()).toBeNull();
  });
});

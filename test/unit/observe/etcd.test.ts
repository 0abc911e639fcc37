import { describe, expect, it } from 'vitest';
import type { DcsEndpoint, DcsKeys } from '../../../src/model/dcs.js';
import { fresh, unknown, type Reading } from '../../../src/model/reading.js';
import { observeEtcd } from '../../../src/observe/etcd.js';
import type { Pass } from '../../../src/observe/pass.js';

const KEYS = fresh({ revision: '7' } as DcsKeys, 0, 'etcd keys');
const REFUSED = unknown('refused', 'connection refused', 0, 'etcd');
const says = (healthy: boolean): Reading<DcsEndpoint> => fresh({ healthy } as DcsEndpoint, 0, 'etcd');

/** Keys that come after every wait of ours, from endpoints that say this. */
async function keysFrom(...statuses: readonly Reading<DcsEndpoint>[]): Promise<string> {
  const list = fresh(
    statuses.map((status, index) => ({ name: `etcd${index + 1}`, status })),
    0,
    'etcd endpoints',
  );
  const clock = { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() };
  const late = new Promise<typeof KEYS>((resolve) =>
    setImmediate(() =>
      setImmediate(() => {
        resolve(KEYS);
      }),
    ),
  );
  const { keys } = await observeEtcd({ ports: { clock }, nowMs: 0 } as unknown as Pass, {
    keys: late,
    endpoints: () => Promise.resolve(list),
  });
  return keys.kind === 'unknown' ? keys.fault : keys.kind;
}

describe('keys of etcd that come late', () => {
  it('are not waited for where most endpoints refuse, and none says that it is healthy', async () => {
    expect(await keysFrom(REFUSED, REFUSED, says(false))).toBe('no-quorum');
    expect(await keysFrom(REFUSED, REFUSED, REFUSED)).toBe('no-quorum');
  });

  it('are waited for where the one that we reach is healthy: a majority stands behind it', async () => {
    expect(await keysFrom(REFUSED, REFUSED, says(true))).toBe('fresh');
  });

  it('are waited for where most endpoints answer', async () => {
    expect(await keysFrom(REFUSED, says(true), says(false))).toBe('fresh');
  });
});

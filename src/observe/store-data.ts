import { storeHost } from '../model/host.js';
import { notConfigured, recentValue, type Reading } from '../model/reading.js';
import type { StoreData, StoreDataReadings } from '../model/store-data.js';
import type { DcsView } from '../model/view.js';
import { orNone, read, type Pass } from './pass.js';
import { STORE_DATA } from './sources.js';

/**
 * What the data directory of each etcd member holds, while etcd gives no linearizable answer and one of its members at least is stopped by its
 * host driver; null: nothing is to be started.
 */
export async function observeStoreData(pass: Pass, { keys, endpoints }: DcsView): Promise<StoreDataReadings | null> {
  const isOneStopped = endpoints.some((row) => recentValue(row.host)?.state === 'stopped');
  const { host } = pass.ports;
  if (keys.kind !== 'unknown' || !isOneStopped || host?.storeData === undefined) return null;
  const readings = await Promise.all(
    endpoints.map(async ({ name }): Promise<[string, Reading<StoreData>]> => {
      const last = pass.previous?.storeData?.[name] ?? null;
      const ask = () => orNone(host.storeData?.(storeHost(name)) ?? null, notConfigured(STORE_DATA.part, pass.nowMs));
      return [name, await read(pass, STORE_DATA, { key: `${name} data`, last, member: null, ask })];
    }),
  );
  return Object.fromEntries(readings);
}

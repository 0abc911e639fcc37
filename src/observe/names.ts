import { freshValue } from '../model/reading.js';
import type { ClusterView, DcsView } from '../model/view.js';
import { namesToResolve } from './addresses.js';
import { read, type Pass } from './pass.js';
import { NAMES } from './sources.js';

/** Null: nothing is written by name. A name that etcd has only now is asked for at once. */
export async function observeNames(pass: Pass, dcs: DcsView): Promise<NonNullable<ClusterView['names']> | null> {
  const { ports, target, previous } = pass;
  const port = ports.names ?? null;
  if (port === null || target.addresses === undefined) return null;
  const hosts = namesToResolve(freshValue(dcs.keys)?.members ?? [], target.addresses);
  if (hosts.length === 0) return null;
  const last = previous?.names ?? null;
  const isNew = previous?.dcs.keys.kind !== 'fresh' && dcs.keys.kind === 'fresh';
  return read(pass, NAMES, { key: 'names', last: isNew ? null : last, member: null, ask: () => port.resolve(hosts) });
}

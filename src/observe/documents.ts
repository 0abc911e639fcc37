import type { MemberName } from '../model/names.js';
import { aged, fresh, freshValue, unknown, type Reading } from '../model/reading.js';
import type { ClusterView, DcsView } from '../model/view.js';
import { read, type Pass } from './pass.js';
import { SHARED_SOURCES, type SharedSource } from './sources.js';

/**
 * The cluster's configuration decides who may be promoted and whether anybody may be at all: etcd's copy of this pass. A member answers
 * `GET /config` from its last loop, up to `loop_wait` old, and is asked only where etcd does not tell.
 */
export function observeConfig(pass: Pass, dcs: DcsView, answering: MemberName | null): Promise<ClusterView['config']> {
  const original = freshValue(dcs.keys)?.config;
  if (original?.known === true) return Promise.resolve(fresh(original.value, pass.nowMs, 'etcd config'));
  return shared(pass, answering, { field: 'config', row: SHARED_SOURCES.config, last: pass.previous?.config ?? null });
}

export const observeHistory = (pass: Pass, answering: MemberName | null): Promise<ClusterView['history']> =>
  shared(pass, answering, { field: 'history', row: SHARED_SOURCES.history, last: pass.previous?.history ?? null });

/** `/config` and `/history` are the DCS's documents: any member whose own status was right for our scope may be asked. */
function shared<T>(
  pass: Pass,
  answering: MemberName | null,
  { field, row, last }: { readonly field: string; readonly row: SharedSource<T>; readonly last: Reading<T> | null },
): Promise<Reading<T>> {
  if (answering !== null)
    return read(pass, row, {
      key: `${answering} /${field}`,
      last,
      member: answering,
      ask: () => row.ask(pass.ports, answering),
    });
  if (last !== null) return Promise.resolve(aged(last, pass.nowMs));
  return Promise.resolve(unknown('not-read-yet', `no member answers, so /${field} was not asked`, pass.nowMs, field));
}

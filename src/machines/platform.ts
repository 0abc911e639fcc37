import { freshValue, lastValue, recentValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView } from '../model/view.js';

const HOUR_MS = 3_600_000;

/** What etcd and the versions of members were, for passes in which they do not answer. */
export function rememberPlatform(memory: Memory, view: ClusterView): Pick<Memory, 'etcd' | 'serverVersions'> {
  const serverVersions = { ...memory.serverVersions };
  for (const { name, sql, api } of view.members) {
    const version = freshValue(sql)?.serverVersion ?? freshValue(api)?.serverVersion ?? null;
    if (version !== null) serverVersions[name] = version;
  }
  return { serverVersions, etcd: etcdOf(memory.etcd, view) };
}

type EtcdMemory = NonNullable<Memory['etcd']>;

/** A new term is an election. Terms that passed between two looks count as one: a candidate that fails raises them too. */
function etcdOf(before: EtcdMemory | undefined, view: ClusterView): EtcdMemory {
  const { term = null, elections = [], ids = {} } = before ?? {};
  const told = view.dcs.endpoints.map(({ name, status }) => ({ name, status: recentValue(status) }));
  const terms = told.flatMap(({ status }) => (status?.raftTerm == null ? [] : [BigInt(status.raftTerm)]));
  const highest = terms.reduce<bigint | null>((most, one) => (most === null || one > most ? one : most), null);
  const isNew = highest !== null && term !== null && highest > BigInt(term);
  const recent = elections.filter((atMs) => atMs <= view.atMs && view.atMs - atMs < HOUR_MS);
  const members = lastValue(view.dcs.membership)?.members ?? before?.members;
  const known = told.flatMap(({ name, status }) => (status?.memberId === undefined ? [] : [[name, status.memberId]]));
  return {
    term: highest === null ? term : String(highest),
    ...(members === undefined ? {} : { members }),
    elections: isNew ? [...recent, view.atMs] : recent,
    ids: { ...ids, ...(Object.fromEntries(known) as Record<string, string>) },
  };
}

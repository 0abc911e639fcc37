import type { HostStatus } from '../model/host.js';
import { isSilent, lastValue, recentValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView } from '../model/view.js';

type Endpoint = ClusterView['dcs']['endpoints'][number];

export const endpointOf = (view: ClusterView, name: string): Endpoint | null =>
  view.dcs.endpoints.find((row) => row.name === name) ?? null;

/** It does not answer as an etcd that serves: silent, or by its own word not healthy. What was not asked is neither. */
export const isOutOfService = ({ status }: Endpoint): boolean => {
  const told = recentValue(status);
  return told === null ? isSilent(status) : !told.healthy;
};

/** Stopped by its host driver's word, and silent itself: two channels, since a driver that looks elsewhere would call a living one stopped. */
export const stoppedHost = ({ status, host }: Endpoint): HostStatus | null => {
  const told = recentValue(host);
  return told?.state === 'stopped' && isSilent(status) ? told : null;
};

/** So many are proven to be stopped that no majority of the configured endpoints can be left. */
export const isMajorityStopped = ({ dcs: { endpoints } }: ClusterView): boolean =>
  endpoints.length > 0 && endpoints.filter((row) => stoppedHost(row) !== null).length * 2 >= endpoints.length;

/**
 * etcd gave no linearizable answer in this look, and most of its endpoints do not serve: whoever asks it for anything waits in vain. Tenure and
 * ledger cannot be confirmed then, by us or anybody else.
 */
export const lacksMajority = ({ dcs }: ClusterView): boolean =>
  dcs.keys.kind === 'unknown' && dcs.endpoints.filter(isOutOfService).length * 2 > dcs.endpoints.length;

/** Why this endpoint is not a member of etcd as far as we know; null: etcd listed it when it was last asked. */
export function notListed({ dcs }: ClusterView, { etcd }: Pick<Memory, 'etcd'>, name: string): string | null {
  if (etcd?.members === undefined)
    return `etcd has not listed its members since Ekimi started, so ${name} may not be one of them`;
  const url = lastValue(dcs.membership)?.listed?.find((row) => row.name === name)?.url;
  const id = etcd.ids[name];
  // By the id with which it answered last; one that never answered is known by its name or its address.
  const isListed = etcd.members.some((member) =>
    id === undefined
      ? member.name === name || (url !== undefined && member.clientUrls.includes(url))
      : member.id === id,
  );
  return isListed ? null : `etcd did not list ${name} as a member when it was last asked`;
}

import type { DcsMembership } from '../model/dcs.js';
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

const votersAmong = (members: DcsMembership['members']): number =>
  members.filter(({ isLearner }) => isLearner !== true).length;

/** How many voters etcd had when it was last asked; 0: nobody knows. */
export const votersOf = ({ etcd }: Pick<Memory, 'etcd'>): number => votersAmong(etcd?.members ?? []);

/**
 * No linearizable answer, and so many are proven to be stopped that no majority can be left: of the configured endpoints, nor of what etcd listed
 * when it was last asked, where that is more. Silence alone does not say so: it may be we whom nobody reaches, while etcd serves everybody else.
 */
export const isMajorityStopped = ({ dcs }: ClusterView, memory: Pick<Memory, 'etcd'>): boolean => {
  const voters = votersOf(memory);
  const stopped = dcs.endpoints.filter((row) => stoppedHost(row) !== null).length;
  return dcs.keys.kind === 'unknown' && stopped > 0 && stopped * 2 >= Math.max(dcs.endpoints.length, voters);
};

/**
 * etcd gave no linearizable answer in this look, and most of its endpoints do not serve us: to ask it for anything is to wait in vain. It proves
 * nothing of etcd itself, and authorises nothing: `isMajorityStopped` does.
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

/** Why etcd could not do without this member for a while; null: the others are a majority that serves. Unknown is a reason. */
export function whyNoneToSpare({ dcs }: ClusterView, name: string): string | null {
  if (dcs.keys.kind !== 'fresh') return 'etcd gives no linearizable answer: whether it has a majority is not known';
  const members = recentValue(dcs.membership)?.members;
  if (members === undefined) return 'etcd has not listed its members: how many are a majority is not known';
  const voters = votersAmong(members);
  // A learner serves reads and has no vote; two names of one member are one.
  const learners = members.filter(({ isLearner }) => isLearner === true).map(({ id }) => id);
  const serving = dcs.endpoints.flatMap((row) => {
    const told = row.name === name ? null : recentValue(row.status);
    return told?.healthy === true ? [told.memberId ?? row.name] : [];
  });
  const others = new Set(serving.filter((id) => !learners.includes(id))).size;
  return others * 2 > voters
    ? null
    : `without ${name} only ${others} of ${voters} etcd members serve, which is no majority`;
}

import type { DcsKeys } from '../model/dcs.js';
import { freshValue, isSilent, UNREAD } from '../model/reading.js';
import type { MemberName } from '../model/names.js';
import { onceOfView } from '../model/of-view.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';

/**
 * Who leads, and how well that is known. Only etcd's linearizable answer names a leader; the member's own word and its SQL must not
 * contradict it. `/cluster` is never asked: it repeats an old view when etcd has lost quorum. [patroni.md facts 3, 4]
 */
export type Leadership =
  | { readonly kind: 'proven'; readonly member: MemberView; readonly timeline: number | null }
  /** The key names it, but the member does not confirm (yet): a promotion under way, a dead or frozen leader. */
  | { readonly kind: 'claimed'; readonly name: MemberName; readonly why: string }
  | { readonly kind: 'none' }
  /** A standby cluster; `member` is its leader, in recovery on purpose, or null while nobody answers as such. */
  | {
      readonly kind: 'standby';
      readonly member: MemberView | null;
      readonly timeline: number | null;
      readonly why: string;
    }
  | { readonly kind: 'unknown'; readonly why: string };

export const leadershipOf = onceOfView((view): Leadership => {
  const keys = freshValue(view.dcs.keys);
  if (keys === null) return { kind: 'unknown', why: 'no linearizable answer from etcd in this pass' };
  const holder = keys.leader.holder;
  if (isStandbyCluster(view)) return standbyLeadership(view, holder);
  if (holder === null) return { kind: 'none' };
  const member = memberOf(view, holder);
  if (member === null)
    return { kind: 'claimed', name: holder, why: `${holder} holds the leader key but is not in our inventory` };
  const api = freshValue(member.api);
  const sql = freshValue(member.sql);
  if (api === null)
    return { kind: 'claimed', name: holder, why: `${holder} holds the leader key but its API does not answer` };
  if (api.role !== 'primary' || api.state !== 'running')
    return {
      kind: 'claimed',
      name: holder,
      why: `${holder} holds the leader key but says ${api.role}, ${api.stateText}`,
    };
  if (sql?.inRecovery === true)
    return { kind: 'claimed', name: holder, why: `${holder} says primary but its PostgreSQL is in recovery` };
  return { kind: 'proven', member, timeline: sql?.timeline ?? api.timeline };
});

/**
 * Does the whole cluster follow a primary elsewhere? The configuration in etcd decides; only where it cannot be read does the word of the
 * key's holder. Nobody is to accept writes there, and a leader is replaced by Patroni without a promotion. [Patroni: standby_cluster]
 */
export function isStandbyCluster(view: ClusterView): boolean {
  if (view.config.kind !== 'unknown') return view.config.value.standbyCluster === true;
  const holder = leaderKeyHolder(view);
  const api = holder === null ? null : freshValue(memberOf(view, holder)?.api ?? UNREAD);
  return api?.role === 'standby-leader';
}

function standbyLeadership(view: ClusterView, holder: MemberName | null): Leadership {
  const member = holder === null ? null : memberOf(view, holder);
  const api = member === null ? null : freshValue(member.api);
  const sql = member === null ? null : freshValue(member.sql);
  const leads = api?.role === 'standby-leader' && api.state === 'running' && sql?.inRecovery !== false;
  const who = leads ? `${holder ?? ''} leads it, in recovery on purpose` : `${holder ?? 'nobody'} holds the leader key`;
  return {
    kind: 'standby',
    member: leads ? member : null,
    timeline: leads ? (sql?.timeline ?? api.timeline) : null,
    why: `this is a standby cluster: ${who}; its leadership is left to Patroni`,
  };
}

/** Whom the replicas follow, for certain: the proven leader, or the leader of a standby cluster. */
export function followedIn(view: ClusterView): MemberView | null {
  const leadership = leadershipOf(view);
  return leadership.kind === 'proven' || leadership.kind === 'standby' ? leadership.member : null;
}

/** The key's holder by etcd alone; null when absent or unknown. */
export const leaderKeyHolder = (view: ClusterView): MemberName | null =>
  freshValue(view.dcs.keys)?.leader.holder ?? null;

/** Says primary by its own API (running, with a position) or by SQL: one channel each. */
export function primaryChannels(member: MemberView): readonly ('api' | 'sql')[] {
  const channels: ('api' | 'sql')[] = [];
  const api = freshValue(member.api);
  // Role comes from memory when PostgreSQL is not running; only a position proves that it is. [patroni.md section 2.1]
  if (api?.role === 'primary' && api.state === 'running' && api.xlog !== null && api.xlog.location !== null)
    channels.push('api');
  if (freshValue(member.sql)?.inRecovery === false) channels.push('sql');
  return channels;
}

/** Neither its API nor its SQL answers, and both were asked. */
export const isFullySilent = (member: MemberView): boolean =>
  isSilent(member.api) &&
  (isSilent(member.sql) || (member.sql.kind === 'unknown' && member.sql.fault === 'not-configured'));

/** Members other than the key's holder, and all of them when nobody holds it, without those that are declared retired. */
export const replicasOf = onceOfView((view): readonly MemberView[] => {
  const holder = leaderKeyHolder(view);
  return view.members.filter(
    (member) => member.name !== holder && view.intentions?.[member.name]?.includes('retired') !== true,
  );
});

/** Is Patroni paused, and by which channel? `unknown` is not "not paused". */
export type Pause =
  | { readonly kind: 'paused'; readonly channel: 'dcs' | 'api' }
  | { readonly kind: 'not-paused' }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * One voice is enough: a person who paused the cluster owns it. etcd knows within this pass; members say it up to a loop later, and only
 * for as long as they live, so that a leader which dies right after the pause never does.
 */
export const pauseOf = onceOfView((view): Pause => {
  const original = freshValue(view.dcs.keys)?.config;
  if (original?.known === true && original.value.paused) return { kind: 'paused', channel: 'dcs' };
  if (view.config.kind !== 'unknown' && view.config.value.paused) return { kind: 'paused', channel: 'api' };
  if (view.members.some((member) => freshValue(member.api)?.paused === true)) return { kind: 'paused', channel: 'api' };
  return original?.known === false && !isNewAndDark(view)
    ? { kind: 'unknown', why: original.why }
    : { kind: 'not-paused' };
});

/** etcd has no key of the cluster and nothing of it runs: the pause of before went with the keys, unless a data directory brings it back. */
const isNewAndDark = (view: ClusterView): boolean => view.control !== undefined && hasNoKey(freshValue(view.dcs.keys));

/** Nothing below the path of the scope, as in an etcd that has just begun. */
export const hasNoKey = (keys: DcsKeys | null): boolean =>
  keys !== null &&
  keys.leader.holder === null &&
  keys.members.length === 0 &&
  keys.systemIdentifier === null &&
  keys.config?.known !== true;

/** Somebody says that Patroni is paused. False also where nobody can tell: what would be sent on its strength asks `pauseOf`. */
export const isPaused = (view: ClusterView): boolean => pauseOf(view).kind === 'paused';

/** The cluster's own waits, or Patroni's defaults while its configuration has not been read. */
export function waitsOf(view: ClusterView): { readonly ttlMs: number; readonly loopWaitMs: number } {
  if (view.config.kind === 'unknown') return { ttlMs: 30_000, loopWaitMs: 10_000 };
  return { ttlMs: view.config.value.ttlMs, loopWaitMs: view.config.value.loopWaitMs };
}

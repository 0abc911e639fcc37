import type { Evidence } from '../model/channel.js';
import { runOf } from '../model/power.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { says } from './finding.js';
import { isServedBy } from './upstream.js';

/** Does its host driver say in this pass that it does not run? A word of its own, which no other proof of life outweighs. */
const isProvenNotRunning = (member: MemberView): boolean => {
  const host = freshValue(runOf(member));
  return host !== null && host.state !== 'running';
};

/** Who sends it WAL at this moment, by their own word. */
const streamedBy = (view: ClusterView, member: MemberView): readonly string[] =>
  view.members.filter((other) => other !== member && isServedBy(other, member) === true).map((other) => other.name);

/** Its key in etcd hangs on a lease that its Patroni renews in each loop: it is gone `ttl` after the last one. */
const hasKey = (view: ClusterView, member: MemberView): boolean =>
  freshValue(view.dcs.keys)?.members.some((row) => row.name === member.name) ?? false;

/**
 * What others know of a member that does not answer us: they send it WAL, etcd has its key. Against these our own silence says something of
 * the way between us and it, and nothing of the member. Empty as well where its host driver proves that it does not run.
 */
export function livesByOthers(view: ClusterView, member: MemberView): readonly Evidence[] {
  if (isProvenNotRunning(member)) return [];
  // PostgreSQL that answers us itself needs no witness; only the key tells that its Patroni lives.
  const senders = freshValue(member.sql) === null ? streamedBy(view, member) : [];
  const peers = senders.map((other) => says('peers', `${other} lists ${member.name} as streaming`, view.atMs));
  const key = hasKey(view, member)
    ? [says('dcs', `${member.name} has its member key in etcd, which hangs on a lease that it renews`, view.atMs)]
    : [];
  return [...peers, ...key];
}

/** Why a member that we do not hear may not be called dead, and so not be restarted: what others see of it. Null: nobody sees it alive. */
export function whyAlive(view: ClusterView, member: MemberView): string | null {
  const signs = livesByOthers(view, member);
  return signs.length === 0
    ? null
    : `only we do not hear ${member.name}: ${signs.map(({ text }) => text).join(', and ')}`;
}

/** Why what the host driver calls stopped cannot be this member: it answers, or others send it WAL. Null: nothing speaks against it. */
export function whyNotStopped(view: ClusterView, member: MemberView): string | null {
  if (freshValue(member.api) !== null)
    return `the API of ${member.name} answers: the host driver looks at something else (hosts.members)`;
  if (freshValue(member.sql) !== null)
    return `PostgreSQL on ${member.name} answers: the host driver looks at something else (hosts.members)`;
  const [sender] = streamedBy(view, member);
  return sender === undefined
    ? null
    : `${sender} lists ${member.name} as streaming: the host driver looks at something else (hosts.members), or it stopped a moment ago`;
}

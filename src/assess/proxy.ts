import type { Finding } from '../model/problem.js';
import type { ProxyServer } from '../model/proxy.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { says, seen, type Assess } from './finding.js';
import { isDeclared } from './intended.js';
import { leaderChangedByFailure } from './former-leader.js';
import { leadershipOf, replicasOf, waitsOf } from './leader.js';
import { isStreaming } from './replica.js';
import { isHeldOut, rotationOf } from './rotation.js';

/**
 * A leader proven by etcd, its API and its SQL, elected a moment ago in place of one that failed, that the proxy has not yet found healthy.
 * Telling it saves `rise` checks; its own checks go on and have the last word. A person's switchover is theirs to the end: the former leader
 * lives, and the proxy sorts it out alone. [field-notes: 10.6 s against 4.3 s]
 */
export const assessNewLeaderInProxy: Assess = (input) => {
  const { view, memory } = input;
  const proxy = freshValue(view.proxy);
  const leadership = leadershipOf(view);
  if (proxy === null || view.pools === null || leadership.kind !== 'proven') return [];
  // Only right after a change of leader does the proxy's own view lag for a harmless reason.
  if (memory.lastLeaderChangeMs === null || view.atMs - memory.lastLeaderChangeMs > 2 * waitsOf(view).ttlMs) return [];
  const failure = leaderChangedByFailure(input);
  if (failure === null) return [];
  const { name } = leadership.member;
  const { primary } = view.pools;
  const server = proxy.servers.find((row) => row.backend === primary && row.server === name);
  if (server === undefined || server.up || server.admin.maint || server.admin.drain) return [];
  const evidence = [
    says('proxy', `${primary}/${name} is ${server.status}`, view.atMs),
    says('dcs', `${name} holds the leader key, and ${failure}`, view.atMs),
    says('api', `${name} is primary and runs`, view.atMs),
  ];
  if (freshValue(leadership.member.sql)?.inRecovery === false)
    evidence.push(says('sql', `${name} accepts writes`, view.atMs));
  return [seen('proxy-behind', name, evidence)];
};

/** The proxy routes to somebody other than the proven leader, or leaves out a replica that nobody drained. */
export const assessProxy: Assess = ({ view, ledger }) => {
  const proxy = freshValue(view.proxy);
  const leadership = leadershipOf(view);
  if (proxy === null || view.pools === null || leadership.kind !== 'proven') return [];
  const strange = strangeNames(view, proxy.servers);
  if (strange.length > 0) return strange;
  const findings: Finding[] = [];
  const pool = view.pools.primary;
  const leader = leadership.member.name;
  const up = proxy.servers.filter((row) => row.backend === pool && row.up).map((row) => row.server);
  if (up.length !== 1 || up[0] !== leader)
    findings.push(
      seen('proxy-mismatch', pool, [
        says('proxy', `${pool} routes to ${up.join(', ') || 'nobody'}`, view.atMs),
        says('dcs', `${leader} holds the leader key and is primary`, view.atMs),
      ]),
    );
  for (const member of replicasOf(view)) {
    const rotation = rotationOf(view, member);
    if (rotation.server === null || rotation.serving !== false || rotation.drainedByProxy === true) continue;
    if (isHeldOut(rotation.server)) continue;
    if (rotation.tagged === true || ledger.drains.some((drain) => drain.member === member.name)) continue;
    if (freshValue(member.api)?.state !== 'running' || !isStreaming(view, member)) continue;
    if (isDeclared(view, member, 'not-for-reads')) continue;
    findings.push(
      seen('proxy-mismatch', member.name, [
        says('proxy', `${rotation.server.backend}/${member.name} is ${rotation.server.status}`, view.atMs),
        says('api', `${member.name} runs and streams and nobody drained it`, view.atMs),
      ]),
    );
  }
  return findings;
};

/** Not one server of a pool bears the name of a member: which is which cannot be told, and nothing may be said of how it routes. */
function strangeNames(view: ClusterView, servers: readonly ProxyServer[]): readonly Finding[] {
  const members: readonly string[] = view.members.map((member) => member.name);
  return [view.pools?.primary, view.pools?.replica].flatMap((pool) => {
    const names = servers.filter((row) => row.backend === pool).map((row) => row.server);
    if (pool === undefined || names.some((name) => members.includes(name))) return [];
    const found = names.length === 0 ? 'has no server' : `has ${names.join(', ')}`;
    const text = `${pool} ${found}, and none is called like a member (${members.join(', ')}): drain by proxy and nudge are off there`;
    return [seen('proxy-names', pool, [says('proxy', text, view.atMs)])];
  });
}

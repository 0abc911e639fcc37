import type { Finding } from '../model/problem.js';
import { backendsOf, ownerOf, type ProxySeen } from '../model/proxy.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';
import { isDeclared } from './intended.js';
import { hasSteppedDown, leaderChangedByFailure } from './former-leader.js';
import { leadershipOf, replicasOf, waitsOf } from './leader.js';
import { isLeaderWaitedFor, isLeftClosed } from './poolers.js';
import { isStreaming } from './replica.js';
import { answers, linesIn, linesOf, lineText, memberLines, poolText, type ProxyLine } from './proxy-lines.js';
import { leaderUnrouted } from './unrouted.js';
import { isHeld, isHeldOut, rotationOf, takesNew } from './rotation.js';

/**
 * A leader proven by etcd, its API and its SQL, elected a moment ago in place of one that failed, that a proxy has not yet found healthy.
 * Telling it saves `rise` checks; its own checks go on and have the last word. A person's switchover is theirs to the end: the former leader
 * lives, and the proxy sorts it out alone. [field-notes: 10.6 s against 4.3 s]
 */
export const assessNewLeaderInProxy: Assess = (input) => {
  const { view, memory } = input;
  const leadership = leadershipOf(view);
  if (view.proxies.length === 0 || leadership.kind !== 'proven') return [];
  const closed = memberLines(view, 'writes', leadership.member.name).filter((line) =>
    isLeftClosed(view, input.ledger, line),
  );
  if (closed.length > 0)
    return [
      seen('proxy-behind', leadership.member.name, [
        ...closed.map((line) => says('proxy', `${lineText(view, line)} is ${line.row.status}`, view.atMs)),
        ...leadingText(view, leadership.member, 'it was closed for a switchover that is over'),
      ]),
    ];
  // Only right after a change of leader does a proxy's own view lag for a harmless reason.
  if (memory.lastLeaderChangeMs === null || view.atMs - memory.lastLeaderChangeMs > 2 * waitsOf(view).ttlMs) return [];
  const failure = leaderChangedByFailure(input);
  if (failure === null) return [];
  const { name } = leadership.member;
  const behind = memberLines(view, 'writes', name).filter(({ row }) => !row.up && !isHeld(row));
  const late = [...behind, ...linesOfFormer(input, name)];
  if (late.length === 0) return [];
  const evidence = [
    ...late.map((line) => says('proxy', `${lineText(view, line)} is ${line.row.status}`, view.atMs)),
    ...leadingText(view, leadership.member, failure),
  ];
  return [seen('proxy-behind', name, evidence)];
};

const leadingText = (view: ClusterView, { name, sql }: MemberView, why: string) => [
  says('dcs', `${name} holds the leader key, and ${why}`, view.atMs),
  says('api', `${name} is primary and runs`, view.atMs),
  ...(freshValue(sql)?.inRecovery === false ? [says('sql', `${name} accepts writes`, view.atMs)] : []),
];

/** Of others that are up in a pool for writes, where clients of a pooler are to meet the new leader alone. */
export const linesOfFormer = (
  { view, ledger }: Pick<Assessment, 'view' | 'ledger'>,
  leader: string,
): readonly ProxyLine[] =>
  !isLeaderWaitedFor(view, ledger)
    ? []
    : linesOf(view, 'writes').filter(({ row }) => {
        const name = ownerOf(row);
        const member = name === null || name === leader ? null : memberOf(view, name);
        return takesNew(row) && member !== null && hasSteppedDown(view, member);
      });

/** A proxy routes to somebody other than the proven leader, or leaves out a replica that nobody drained. */
export const assessProxy: Assess = (input) => {
  const { view } = input;
  const leadership = leadershipOf(view);
  const others = view.proxies.flatMap((proxy) => ofOthers(view, proxy));
  if (leadership.kind !== 'proven') return others;
  const told = view.proxies.filter(answers).map((proxy) => ({ proxy, strange: strangeNames(view, proxy) }));
  const unrouted = leaderUnrouted(input);
  const isUnrouted = unrouted.some(({ verdict }) => verdict !== 'unknown');
  const known = told.filter(({ strange }) => strange.length === 0).map(({ proxy }) => proxy);
  return [
    ...others,
    ...told.flatMap(({ strange }) => strange),
    ...unrouted,
    ...(isUnrouted ? [] : known.flatMap((proxy) => wrongWriter(view, proxy, leadership.member.name))),
    ...replicasOf(view).flatMap((member) => leftOut(input, member, known)),
  ];
};

function wrongWriter(view: ClusterView, proxy: ProxySeen, leader: string): readonly Finding[] {
  const { writes } = proxy.pools;
  if (writes === null) return [];
  const up = linesIn(proxy, 'writes').flatMap(({ row }) => (row.up ? [row] : []));
  const [only] = up;
  if (up.length === 1 && only !== undefined && ownerOf(only) === leader) return [];
  const pool = poolText(view, proxy.name, writes);
  return [
    seen('proxy-mismatch', pool, [
      says('proxy', `${pool} routes to ${up.map((row) => row.server).join(', ') || 'nobody'}`, view.atMs),
      says('dcs', `${leader} holds the leader key and is primary`, view.atMs),
    ]),
  ];
}

function leftOut({ view, ledger }: Assessment, member: MemberView, proxies: readonly ProxySeen[]): readonly Finding[] {
  const rotation = rotationOf(view, member);
  // In a pool with a check of its own (how late, how synchronous) a healthy replica is down by design.
  const out = proxies.flatMap(({ name }) => {
    const lines = rotation.lines.filter(({ proxy }) => proxy === name);
    return lines.every(({ row }) => !takesNew(row) && !isHeld(row) && !isHeldOut(row)) ? lines : [];
  });
  if (out.length === 0) return [];
  if (rotation.tagged === true || ledger.drains.some((drain) => drain.member === member.name)) return [];
  if (freshValue(member.api)?.state !== 'running' || !isStreaming(view, member)) return [];
  if (isDeclared(view, member, 'not-for-reads')) return [];
  return [
    seen('proxy-mismatch', member.name, [
      ...out.map((line) => says('proxy', `${lineText(view, line)} is ${line.row.status}`, view.atMs)),
      says('api', `${member.name} runs and streams and nobody drained it`, view.atMs),
    ]),
  ];
}

/** By its addresses it is another cluster's, which is told of the proxy as a whole. While etcd is silent nobody can tell. */
function ofOthers({ dcs, atMs }: ClusterView, { name, seen: reading }: ProxySeen): readonly Finding[] {
  if (reading.kind === 'unknown' && reading.fault === 'wrong-scope')
    return [seen('proxy-names', name, [says('proxy', reading.reason, atMs)])];
  return freshValue(dcs.keys) === null
    ? [cannotTell('proxy-names', name, 'etcd does not tell where members are', atMs)]
    : [];
}

/** Of not one server of a pool can be told which member it is: nothing may be said of how it routes. */
function strangeNames(view: ClusterView, proxy: ProxySeen): readonly Finding[] {
  const members: readonly string[] = view.members.map((member) => member.name);
  const servers = freshValue(proxy.seen)?.servers ?? [];
  return backendsOf(proxy.pools).flatMap((backend) => {
    const rows = servers.filter((row) => row.backend === backend);
    if (rows.some((row) => members.includes(ownerOf(row) ?? ''))) return [];
    const found = rows.length === 0 ? 'has no server' : `has ${rows.map((row) => row.server).join(', ')}`;
    const pool = poolText(view, proxy.name, backend);
    const text = `${pool} ${found}, and none is a member by map, name or address (${members.join(', ')}): drain by proxy and nudge are off there`;
    return [seen('proxy-names', pool, [says('proxy', text, view.atMs)])];
  });
}

import { ownerOf, type ProxySeen } from '../model/proxy.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { candidatesFor } from './candidates.js';
import { cannotTell, says, seen, type Assessment } from './finding.js';
import type { Finding } from '../model/problem.js';
import { leadershipOf } from './leader.js';
import { answers, linesIn, lineText, memberLines, type ProxyLine } from './proxy-lines.js';
import { isHeld } from './rotation.js';

/** After a change of leader a proxy's own checks are behind for a harmless reason: three of its usual checks, and one to spare. */
const SETTLES_MS = 15_000;

/** Taken out by a hand or an agent: somebody wants it so. */
const isTakenOut = ({ row }: ProxyLine): boolean => isHeld(row) || /agent/i.test(row.status);

/**
 * A leader that is well by etcd, its own word and its SQL, and that not one proxy reaches by its own checks: no client writes, and nobody in the
 * cluster knows. One proxy that reaches it says that the way of the others is cut, which is theirs to mend; one that tells nothing of it may do so, and
 * is named (`silent`). Null: it is not so.
 */
function unroutedLeader(view: ClusterView, lastLeaderChangeMs: number | null): Unrouted | null {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven') return null;
  const { member } = leadership;
  if (freshValue(member.sql)?.inRecovery !== false) return null;
  if (lastLeaderChangeMs !== null && view.atMs - lastLeaderChangeMs < SETTLES_MS) return null;
  const lines = memberLines(view, 'writes', member.name);
  const isBlocked = lines.every((line) => !line.row.up && !isTakenOut(line));
  // Whoever takes its place in a pool is another problem, and a worse one.
  const isEmpty = view.proxies.every((proxy) => linesIn(proxy, 'writes').every(({ row }) => !row.up));
  if (!isBlocked || !isEmpty) return null;
  const silent = view.proxies.filter(
    (proxy) => isWriters(proxy) && !lines.some(({ proxy: name }) => name === proxy.name),
  );
  return lines.length + silent.length === 0 ? null : { lines, silent };
}

interface Unrouted {
  readonly lines: readonly ProxyLine[];
  /** Proxies for writes that give no answer, or have no server that is the leader's. */
  readonly silent: readonly ProxySeen[];
}

/** It routes writes of this cluster: one of another cluster says nothing of ours. */
const isWriters = ({ pools, seen: reading }: ProxySeen): boolean =>
  pools.writes !== null && !(reading.kind === 'unknown' && reading.fault === 'wrong-scope');

const silentText = (leader: string, silent: readonly ProxySeen[]): string =>
  silent
    .map((proxy) =>
      answers(proxy) ? `${proxy.name} has no server that is ${leader}` : `${proxy.name} does not answer`,
    )
    .join('; ');

export function leaderUnrouted({ view, memory }: Assessment): readonly Finding[] {
  const unrouted = unroutedLeader(view, memory.lastLeaderChangeMs);
  const leadership = leadershipOf(view);
  if (unrouted === null || leadership.kind !== 'proven') return [];
  const { lines, silent } = unrouted;
  const { name } = leadership.member;
  if (silent.length > 0) return [cannotTell('leader-unrouted', name, silentText(name, silent), view.atMs)];
  const reached = view.proxies.filter(answers).map((proxy) => {
    const up = linesIn(proxy, 'reads').filter(({ row }) => row.up);
    const names = [...new Set(up.map(({ row }) => ownerOf(row) ?? row.server))];
    return { proxy: proxy.name, names };
  });
  const fit = candidatesFor(view, memory, name)
    .filter((row) => row.against.length === 0 && reached.every(({ names }) => names.includes(row.name)))
    .map((row) => row.name);
  const where = reached.map(({ proxy, names }) => `${proxy} reaches ${names.join(', ') || 'nobody'}`).join('; ');
  return [
    seen(
      'leader-unrouted',
      name,
      [
        ...lines.map((line) => says('proxy', `${lineText(view, line)} is ${line.row.status}`, view.atMs)),
        says('dcs', `${name} holds the leader key`, view.atMs),
        says('sql', `${name} accepts writes: no client reaches it`, view.atMs),
        says('proxy', `by the checks of the read pools ${where}`, view.atMs),
        says('self', `reached by every proxy that answers, and fit to lead: ${fit.join(', ') || 'nobody'}`, view.atMs),
      ],
      { fit: fit.length },
    ),
  ];
}

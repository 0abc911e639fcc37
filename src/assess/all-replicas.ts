import type { Finding, Problem, ProblemCode } from '../model/problem.js';
import type { ClusterView } from '../model/view.js';
import { cannotTell, seen, type Assessment } from './finding.js';
import { followedIn, replicasOf } from './leader.js';
import { says } from './finding.js';

interface Kind {
  readonly name: string;
  /** One of these of each replica, and it is one cause. */
  readonly shows: readonly ProblemCode[];
  /** No repair of a single replica answers these meanwhile. What has a sign of its own (a lost slot, a diverged copy) keeps its answer. */
  readonly covers: readonly ProblemCode[];
  readonly text: (count: number, leader: string) => string;
}

const KINDS: readonly Kind[] = [
  {
    name: 'not-streaming',
    shows: ['replica-not-streaming'],
    covers: ['replica-not-streaming'],
    text: (count, leader) =>
      `none of the ${count} replicas receives WAL from ${leader}: the cause is likely at ${leader} or on the way to it (network, pg_hba.conf, replication login, max_wal_senders)`,
  },
  {
    name: 'start-failed',
    shows: ['replica-start-failed'],
    covers: ['replica-start-failed', 'replica-crash-loop'],
    text: (count) =>
      `PostgreSQL starts on none of the ${count} replicas: the cause is likely what they share (a setting, a disk, a library)`,
  },
  {
    name: 'lag',
    shows: ['replica-lag-critical'],
    covers: ['replica-lag-emergency', 'replica-lag-critical', 'replica-lagging'],
    text: (count, leader) =>
      `all ${count} replicas lag behind ${leader}: the cause is likely at ${leader} or on the way to it (a bulk write, a link that is too slow)`,
  },
  {
    name: 'down',
    shows: ['member-down', 'patroni-down'],
    covers: ['member-down', 'patroni-down'],
    text: (count) => `all ${count} replicas are down: the cause is likely what they share (a host, a switch, a site)`,
  },
];

const SHOWN: ReadonlySet<ProblemCode> = new Set(KINDS.flatMap(({ shows }) => shows));

/**
 * All replicas, at least two, with the same trouble while the leader serves: one cause, which no repair of a single replica mends. Looks at
 * what the other assessments found in this pass.
 */
export function assessAllReplicas({ view }: Assessment, findings: readonly Finding[]): readonly Finding[] {
  const leader = followedIn(view);
  const replicas = replicasOf(view);
  if (replicas.length < 2) return [];
  if (leader === null) return unknownOf(view, 'nobody is proven to lead, so nobody can say what the replicas lack');
  const all = replicas.map(({ name }) => name as string);
  const shown = findings.filter(({ code }) => SHOWN.has(code));
  if (shown.length === 0) return [];
  let isOpen = false;
  for (const kind of KINDS) {
    const told = all.map((name) => shown.filter((row) => row.subject === name && kind.shows.includes(row.code)));
    if (told.every((rows) => rows.some((row) => row.verdict === 'seen'))) return [found(view, kind, told, leader.name)];
    isOpen ||= told.every((rows) => rows.length > 0) && told.some((rows) => rows.some((row) => row.verdict === 'seen'));
  }
  return isOpen ? unknownOf(view, 'not every replica could be looked at') : [];
}

const unknownOf = ({ scope, atMs }: ClusterView, why: string): readonly Finding[] => [
  cannotTell('all-replicas-affected', scope, why, atMs),
];

function found(view: ClusterView, kind: Kind, told: readonly (readonly Finding[])[], leader: string): Finding {
  const text = kind.text(told.length, leader);
  const own = told.flatMap((rows) => rows.filter((row) => row.verdict === 'seen').flatMap((row) => row.evidence));
  return seen('all-replicas-affected', view.scope, [says('self', text, view.atMs), ...own], {
    kind: kind.name,
    replicas: told.length,
  });
}

/** This problem of one replica has the cause that all of them have: the cause is answered, not the replica. */
export function isOfCommonCause(problem: Problem, problems: readonly Problem[]): boolean {
  const common = problems.find((row) => row.code === 'all-replicas-affected' && row.phase !== 'recovering');
  // What its host driver proves to be stopped is started, however many there are: that is no guess at a cause.
  if (common === undefined || problem.facts['hostState'] === 'stopped') return false;
  return KINDS.find((kind) => kind.name === common.facts['kind'])?.covers.includes(problem.code) === true;
}

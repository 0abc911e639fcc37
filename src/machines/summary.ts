import {
  followedIn,
  isFullySilent,
  isPaused,
  leaderKeyHolder,
  leadershipOf,
  primaryChannels,
} from '../assess/leader.js';
import { isFailingState } from '../assess/replica.js';
import { silentProxies } from '../assess/proxy-lines.js';
import { isReadPoolEmpty } from '../assess/rotation.js';
import type { Problem, ProblemCode } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import type { ClusterFact, DcsFact, MemberFact, ProxyFact } from './parts.js';

const has = (problems: readonly Problem[], code: ProblemCode, subject?: string): boolean =>
  problems.some((problem) => problem.code === code && (subject === undefined || problem.subject === subject));

const isActive = (problems: readonly Problem[], code: ProblemCode): boolean =>
  problems.some((problem) => problem.code === code && problem.phase === 'active');

const KNOWN_ENOUGH: readonly ProblemCode[] = ['leader-api-silent', 'primary-without-key'];

type Row<F> = readonly [fact: F, holds: (problems: readonly Problem[], view: ClusterView) => boolean];

/** First row that holds. Worse and better proven before milder. */
const CLUSTER: readonly Row<ClusterFact>[] = [
  ['IS_DOWN', (p) => isActive(p, 'cluster-down')],
  ['IS_SPLIT', (p) => isActive(p, 'split-brain-confirmed')],
  ['IS_SPLIT_SUSPECTED', (p) => isActive(p, 'split-brain-suspected')],
  ['IS_PAUSED', (_p, view) => isPaused(view)],
  ['IS_UNKNOWN', (p, view) => isActive(p, 'observer-impaired') || leadershipOf(view).kind === 'unknown'],
  ['IS_LEADER_FROZEN', (p) => isActive(p, 'leader-frozen')],
  ['IS_LEADER_DOWN', (p) => isActive(p, 'leader-down') || isActive(p, 'leader-unreachable')],
  ['IS_LEADER_NOT_SERVING', (p) => isActive(p, 'leader-not-serving') || isActive(p, 'leader-hung')],
  // Known well enough to say that it is not well: its key is held, and somebody else hears it.
  [
    'IS_DEGRADED',
    (p) => p.some((row) => row.phase === 'active' && row.level !== 'info' && KNOWN_ENOUGH.includes(row.code)),
  ],
  ['IS_LEADERLESS', (p) => isActive(p, 'leaderless')],
  ['IS_CHANGING_LEADER', (_p, view) => isChangingLeader(view)],
  // The key's holder did not answer this once: not knowing is not a failover.
  ['IS_UNKNOWN', (_p, view) => followedIn(view) === null],
  ['IS_LAGGING', (p) => isActive(p, 'replica-lag-critical') || isActive(p, 'replica-lag-emergency')],
  ['IS_DEGRADED', (p) => p.some((problem) => problem.phase === 'active' && problem.level !== 'info')],
  ['IS_DEGRADED', (_p, view) => isReadPoolEmpty(view)],
  // Seen and not yet for long enough: no verdict, and never a green "healthy" beside a dead member.
  ['IS_SUSPECT', (p, view) => p.some(isSuspected) || view.members.some((member) => isBroken(member, p, view))],
  ['IS_HEALTHY', () => true],
];

/** A question that counts at the end of its grace: what is only for information is none. */
export const isSuspected = ({ phase, level }: Problem): boolean => phase === 'suspect' && level !== 'info';

const BROKEN: readonly MemberFact[] = ['IS_DOWN', 'IS_START_FAILED', 'IS_DIVERGED', 'IS_ROGUE', 'IS_NOT_STREAMING'];

/** What a person declared (a retired member that is down) is no trouble. */
const isBroken = (member: MemberView, problems: readonly Problem[], view: ClusterView): boolean =>
  BROKEN.includes(memberFact(member, problems, view)) && !has(problems, 'as-intended', member.name);

/** Nobody holds the key, or the one who does answers and is not (yet) primary. */
function isChangingLeader(view: ClusterView): boolean {
  const leadership = leadershipOf(view);
  if (leadership.kind === 'none') return true;
  if (leadership.kind === 'proven' || leadership.kind === 'unknown') return false;
  const name = leaderKeyHolder(view);
  if (name === null) return true;
  const holder = memberOf(view, name);
  return followedIn(view) === null && holder !== null && freshValue(holder.api) !== null;
}

const DCS: readonly Row<DcsFact>[] = [
  ['IS_QUORUM_LOST', (p) => isActive(p, 'dcs-quorum-lost')],
  ['IS_UNKNOWN', (_p, view) => freshValue(view.dcs.keys) === null],
  ['IS_ALARM', (p) => isActive(p, 'dcs-alarm')],
  ['IS_DEGRADED', (p) => has(p, 'dcs-member-down')],
  ['IS_HEALTHY', () => true],
];

const PROXY: readonly Row<ProxyFact>[] = [
  ['IS_NOT_CONFIGURED', (_p, view) => view.proxies.length === 0],
  ['IS_UNKNOWN', (_p, view) => silentProxies(view).length > 0],
  ['IS_MISMATCH', (p) => isActive(p, 'proxy-mismatch') || isActive(p, 'leader-unrouted')],
  ['IS_HEALTHY', () => true],
];

const first = <F>(rows: readonly Row<F>[], problems: readonly Problem[], view: ClusterView, otherwise: F): F =>
  rows.find(([, holds]) => holds(problems, view))?.[0] ?? otherwise;

export const clusterFact = (problems: readonly Problem[], view: ClusterView): ClusterFact =>
  first(CLUSTER, problems, view, 'IS_UNKNOWN');
export const dcsFact = (problems: readonly Problem[], view: ClusterView): DcsFact =>
  first(DCS, problems, view, 'IS_UNKNOWN');
export const proxyFact = (problems: readonly Problem[], view: ClusterView): ProxyFact =>
  first(PROXY, problems, view, 'IS_UNKNOWN');

type MemberRow = readonly [
  fact: MemberFact,
  holds: (member: MemberView, problems: readonly Problem[], view: ClusterView) => boolean,
];

const stateOf = (member: MemberView): string | null => freshValue(member.api)?.state ?? null;
const holdsKey = (member: MemberView, view: ClusterView): boolean =>
  freshValue(view.dcs.keys)?.leader.holder === member.name;

const MEMBER: readonly MemberRow[] = [
  [
    'IS_ROGUE',
    (m, p, view) =>
      !holdsKey(m, view) &&
      primaryChannels(m).length > 0 &&
      (isActive(p, 'split-brain-suspected') ||
        isActive(p, 'split-brain-confirmed') ||
        p.some((row) => row.code === 'primary-without-key' && row.phase === 'active' && row.level !== 'info')),
  ],
  ['IS_LEADER', (m, _p, view) => holdsKey(m, view) && (primaryChannels(m).length > 0 || followedIn(view) === m)],
  // Who lives by the word of others is not down: it is we who do not hear it.
  ['IS_DOWN', (m, p) => isFullySilent(m) && !has(p, 'member-unreachable', m.name)],
  ['IS_UNKNOWN', (m) => freshValue(m.api) === null],
  ['IS_REBUILDING', (m) => stateOf(m) === 'creating-replica'],
  ['IS_START_FAILED', (m, p) => isFailingState(stateOf(m) ?? '') || has(p, 'replica-start-failed', m.name)],
  ['IS_STARTING', (m) => stateOf(m) !== 'running'],
  ['IS_DIVERGED', (m, p) => has(p, 'timeline-diverged', m.name)],
  ['IS_NOT_STREAMING', (m, p) => has(p, 'replica-not-streaming', m.name)],
  ['IS_BLOCKED', (m, p) => has(p, 'replay-blocked', m.name)],
  ['IS_LAGGING', (m, p) => has(p, 'replica-lagging', m.name)],
  ['IS_HEALTHY', () => true],
];

export const memberFact = (member: MemberView, problems: readonly Problem[], view: ClusterView): MemberFact =>
  MEMBER.find(([, holds]) => holds(member, problems, view))?.[0] ?? 'IS_UNKNOWN';

import { isReadPoolEmpty } from '../assess/rotation.js';
import { leaderIn } from '../assess/shown-lag.js';
import { budgetUsed } from '../ledger/budgets.js';
import { approvalsIn, type ApprovalOverview } from './approval-overview.js';
import { foreignInFlight } from '../model/foreign.js';
import { foreignText } from '../words/foreign.js';
import { isInFlight, type KillSwitch, type Remediation } from '../model/ledger.js';
import type { Mode } from '../model/policy.js';
import type { Problem } from '../model/problem.js';
import { lastValue } from '../model/reading.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import type { ClusterState } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { openIncidents } from './open-incidents.js';
import { memberOverview, rotationOfServer, type MemberOverview, type Rotation } from './member-overview.js';
import type { IncidentOverview } from '../words/incident.js';
import { brakes, drainsInForce, headline, outOfReads, stateOf, suspectsIn } from '../words/headline.js';
import { poolersIn, type PoolerOverview } from './pooler-overview.js';
import { sourcesIn, type SourceOverview } from './sources.js';

/** How bad it is, in the order of a monitoring plugin's exit codes by name, not by number. */
export type Level = 'ok' | 'warning' | 'critical' | 'unknown';

interface PoolOverview {
  readonly use: 'writes' | 'reads';
  /** Which proxy; absent: there is only one. */
  readonly proxy?: string;
  readonly backend: string;
  readonly servers: readonly {
    readonly name: string;
    /** Which member it is; null: that cannot be told. Absent: the one of its name. */
    readonly member?: string | null;
    readonly status: string;
    readonly rotation: Rotation;
    readonly sessions: number;
  }[];
}

interface EndpointOverview {
  readonly name: string;
  /** null: it did not answer, which is not the same as unhealthy. */
  readonly healthy: boolean | null;
  readonly isLeader: boolean;
  readonly version: string | null;
  readonly dbSizeBytes: number | null;
  readonly host: string | null;
  readonly reason: string | null;
}

/** What people look at, derived once from a snapshot, so that terminal, dashboard and metrics never disagree. */
export interface Overview {
  readonly scope: string;
  /** Nothing of it is real. */
  readonly demo?: true;
  readonly atMs: number;
  readonly level: Level;
  readonly state: ClusterState;
  /** The state in words, with what is seen and does not count yet. */
  readonly headline: string;
  /** Of each member that Ekimi keeps out of reads that it is so; a clause each. */
  readonly outOfReads: readonly string[];
  readonly sinceMs: number | null;
  readonly mode: Mode;
  /** What keeps an instance in enforce from sending; empty: it may act. */
  readonly brakes: readonly string[];
  readonly tenure: ClusterSnapshot['tenure'];
  readonly sentence: string;
  readonly leader: string | null;
  /** Why there is no leader to show: absent key, or a key that could not be read. */
  readonly leaderNote: string | null;
  readonly leaseTtlMs: number | null;
  readonly timeline: number | null;
  readonly members: readonly MemberOverview[];
  readonly pools: readonly PoolOverview[];
  readonly proxyNote: string | null;
  /** Empty: none is configured. */
  readonly poolers: readonly PoolerOverview[];
  readonly endpoints: readonly EndpointOverview[];
  readonly sources: readonly SourceOverview[];
  /** The open ones. */
  readonly incidents: readonly IncidentOverview[];
  readonly problems: readonly Problem[];
  readonly inFlight: readonly Remediation[];
  /** Newest first. */
  readonly ended: readonly Remediation[];
  readonly approvals: readonly ApprovalOverview[];
  readonly switches: readonly KillSwitch[];
  readonly budget: { readonly perHour: number; readonly used: number; readonly left: number };
  readonly breaker: ClusterSnapshot['ledger']['breaker'];
  readonly lag: { readonly warningBytes: number; readonly criticalBytes: number; readonly emergencyBytes: number };
  readonly staleAfterMs: number;
  readonly impaired: readonly string[];
}

/** What a state alone says; problems can only make it worse. */
export const STATE_LEVEL: Readonly<Record<ClusterState, Level>> = {
  unknown: 'unknown',
  healthy: 'ok',
  suspect: 'warning',
  degraded: 'warning',
  lagging: 'warning',
  paused: 'warning',
  'failing-over': 'critical',
  leaderless: 'critical',
  'leader-down': 'critical',
  'leader-frozen': 'critical',
  'leader-not-serving': 'critical',
  'split-brain-suspected': 'critical',
  'split-brain': 'critical',
  down: 'critical',
};

/** A state that only a newer version has is not known here, which is never OK. */
export const stateLevel = (state: string): Level =>
  Object.hasOwn(STATE_LEVEL, state) ? STATE_LEVEL[state as ClusterState] : 'unknown';

/** Not knowing outranks a warning, because it may hide something worse; a known critical outranks both. */
const RANK: readonly Level[] = ['ok', 'warning', 'unknown', 'critical'];
export const worst = (levels: readonly Level[]): Level =>
  levels.reduce<Level>((worse, level) => (RANK.indexOf(level) > RANK.indexOf(worse) ? level : worse), 'ok');

const PROBLEM_ORDER = ['critical', 'warning', 'info'];

/** A snapshot older than this comes from a loop that does not tick. Ten periods, but at least 30 s: one slow pass is no alarm. */
export const staleAfterMs = (snapshot: ClusterSnapshot): number =>
  Math.max(30_000, 10 * snapshot.policy.poll.intervalMs);

export const demoOf = ({ demo }: ClusterSnapshot): { readonly demo?: true } => (demo === true ? { demo } : {});

export function overview(snapshot: ClusterSnapshot): Overview {
  const { view, states, ledger, policy } = snapshot;
  const problems = [...(states?.problems ?? [])].sort(byUrgency);
  const members = view === null ? [] : view.members.map((member) => memberOverview(snapshot, view, member));
  return {
    scope: snapshot.scope,
    ...demoOf(snapshot),
    atMs: snapshot.atMs,
    level: levelOf(snapshot),
    state: stateOf(snapshot),
    headline: headline(snapshot),
    outOfReads: outOfReads(snapshot),
    sinceMs: snapshot.states?.cluster.sinceMs ?? null,
    mode: policy.mode,
    brakes: brakes(snapshot),
    tenure: snapshot.tenure,
    sentence: snapshot.sentence,
    ...leaderOf(view),
    members,
    pools: view === null ? [] : poolsIn(view),
    proxyNote: view === null ? 'no pass yet' : proxyNote(view),
    poolers: view === null ? [] : poolersIn(view, ledger),
    endpoints: view === null ? [] : endpointsIn(view),
    sources: view === null ? [] : sourcesIn(view),
    incidents: openIncidents(snapshot),
    problems,
    inFlight: ledger.remediations.filter(isInFlight),
    ended: ledger.remediations.filter((one) => !isInFlight(one)).sort((a, b) => endOf(b) - endOf(a)),
    approvals: approvalsIn(snapshot, members),
    switches: ledger.switches.filter((one) => one.expiresAtMs === null || one.expiresAtMs > snapshot.atMs),
    budget: budgetOf(snapshot),
    breaker: ledger.breaker,
    lag: {
      warningBytes: policy.lag.warningBytes,
      criticalBytes: policy.lag.criticalBytes,
      emergencyBytes: policy.lag.emergencyBytes,
    },
    staleAfterMs: staleAfterMs(snapshot),
    impaired: [
      ...snapshot.impaired,
      ...foreignInFlight(ledger).map(foreignText),
      ...(snapshot.policyError === null ? [] : [`policy: ${snapshot.policyError}`]),
      ...(snapshot.recoveryFault === undefined ? [] : [`recovery: ${snapshot.recoveryFault}`]),
    ],
  };
}

const endOf = (one: Remediation): number => one.endedAtMs ?? one.createdAtMs;

const byUrgency = (a: Problem, b: Problem): number =>
  PROBLEM_ORDER.indexOf(a.level) - PROBLEM_ORDER.indexOf(b.level) ||
  a.firstSeenMs - b.firstSeenMs ||
  `${a.code}/${a.subject}`.localeCompare(`${b.code}/${b.subject}`);

/** Within its grace a problem is a question, not an answer: a warning, however bad it would be. */
function levelOf(snapshot: ClusterSnapshot): Level {
  const state = stateLevel(stateOf(snapshot));
  const problems = (snapshot.states?.problems ?? [])
    .filter((problem) => problem.phase === 'active' && problem.level !== 'info')
    .map((problem): Level => (problem.level === 'critical' ? 'critical' : 'warning'));
  const isHeldUp = snapshot.impaired.length > 0 || foreignInFlight(snapshot.ledger).length > 0;
  const isQuestioned = (snapshot.view !== null && isReadPoolEmpty(snapshot.view)) || suspectsIn(snapshot).length > 0;
  // What a person had drained is no trouble; what Ekimi drained lags still, or has not proven yet that it does not.
  const isDrained = drainsInForce(snapshot).some(({ by }) => by === undefined);
  return worst([state, ...problems, isHeldUp || isQuestioned || isDrained ? 'warning' : 'ok']);
}

/** Actions of the last hour against the policy's budget, counted as the gate counts them. */
function budgetOf(snapshot: ClusterSnapshot): Overview['budget'] {
  const perHour = snapshot.policy.limits.perHour;
  const used = budgetUsed({ ledger: snapshot.ledger, nowMs: snapshot.atMs });
  return { perHour, used, left: Math.max(0, perHour - used) };
}

function leaderOf(view: ClusterView | null): Pick<Overview, 'leader' | 'leaderNote' | 'leaseTtlMs' | 'timeline'> {
  if (view === null) return { leader: null, leaderNote: 'no pass yet', leaseTtlMs: null, timeline: null };
  const keys = lastValue(view.dcs.keys);
  const leader = leaderIn(view);
  const member = view.members.find((one) => one.name === leader);
  const timelines = view.members.map((one) => lastValue(one.api)?.timeline ?? 0);
  const highest = Math.max(0, ...timelines);
  return {
    leader,
    leaderNote:
      leader !== null ? null : view.dcs.keys.kind === 'unknown' ? view.dcs.keys.reason : 'the leader key is absent',
    leaseTtlMs: keys?.leader.leaseTtlMs ?? null,
    timeline: (member === undefined ? null : lastValue(member.api)?.timeline) ?? (highest === 0 ? null : highest),
  };
}

/** In the order of the configuration; those of a proxy that has not answered yet are missing. */
function poolsIn(view: ClusterView): PoolOverview[] {
  return view.proxies.flatMap(({ name, pools, seen }) => {
    const servers = lastValue(seen)?.servers;
    if (servers === undefined) return [];
    const pool = (use: PoolOverview['use'], backend: string): PoolOverview => ({
      use,
      ...(view.proxies.length > 1 ? { proxy: name } : {}),
      backend,
      servers: servers
        .filter((server) => server.backend === backend)
        .map((server) => ({
          name: server.server,
          ...(server.member === undefined ? {} : { member: server.member }),
          status: server.status,
          rotation: rotationOfServer(server),
          sessions: server.sessions,
        })),
    });
    return [
      ...(pools.writes === null ? [] : [pool('writes', pools.writes)]),
      ...pools.reads.map((backend) => pool('reads', backend)),
    ];
  });
}

/** What a person must know of the proxies before anything else; null: all of them answer. */
function proxyNote({ proxies }: ClusterView): string | null {
  if (proxies.length === 0) return 'proxy is not configured';
  const silent = proxies.flatMap(({ name, seen }) =>
    seen.kind === 'unknown' ? [proxies.length > 1 ? `${name}: ${seen.reason}` : seen.reason] : [],
  );
  return silent.length === 0 ? null : silent.join('; ');
}

const endpointsIn = (view: ClusterView): EndpointOverview[] =>
  view.dcs.endpoints.map(({ name, status, host }) => {
    const value = lastValue(status);
    return {
      name,
      healthy: value?.healthy ?? null,
      isLeader: value?.isLeader ?? false,
      version: value?.version ?? null,
      dbSizeBytes: value?.dbSizeBytes ?? null,
      host: lastValue(host)?.state ?? null,
      reason: status.kind === 'unknown' ? status.reason : null,
    };
  });

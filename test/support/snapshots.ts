import type { Channel } from '../../src/model/channel.js';
import type { DcsKeys } from '../../src/model/dcs.js';
import type { Block, Decision } from '../../src/model/decision.js';
import { EMPTY_LEDGER, type Approval, type Remediation } from '../../src/model/ledger.js';
import { memberName, parseLsn, type Lsn } from '../../src/model/names.js';
import type { PatroniStatus, Role, Tags } from '../../src/model/patroni.js';
import { ACTION_NAMES, fingerprint, type ActionName, type Plan } from '../../src/model/plan.js';
import type { ActionPolicy, Policy } from '../../src/model/policy.js';
import type { Problem, ProblemCode, ProblemLevel } from '../../src/model/problem.js';
import { fresh, notConfigured, unknown, type Reading } from '../../src/model/reading.js';
import type { ClusterSnapshot } from '../../src/model/snapshot.js';
import type { MemberState, States } from '../../src/model/states.js';
import type { ClusterView, MemberView } from '../../src/model/view.js';
import { ONE_PROXY } from './proxies.js';

/** A Sunday morning, fixed, so that goldens hold. */
export const NOW_MS = Date.UTC(2026, 10, 22, 9, 30, 0);
const SCOPE = 'email-cluster';
const lsn = (text: string): Lsn => parseLsn(text) ?? (0n as Lsn);
const LEADER_LSN = lsn('0/5D0001F0');
const NO_TAGS: Tags = { noloadbalance: false, nofailover: false, nosync: false, clonefrom: false, raw: {} };

export interface MemberSpec {
  readonly name: string;
  readonly role: Role;
  readonly state: MemberState;
  readonly stateText?: string;
  readonly behindBytes?: number;
  readonly timeline?: number;
  readonly api?: 'silent';
  readonly sql?: 'silent';
  readonly host?: 'stopped';
}

function memberView(spec: MemberSpec, atMs: number): MemberView {
  const location = (LEADER_LSN - BigInt(spec.behindBytes ?? 0)) as Lsn;
  const primary = spec.role === 'primary';
  const unreadable = spec.stateText !== undefined;
  const status: PatroniStatus = {
    state: primary ? 'running' : 'streaming',
    stateText: spec.stateText ?? (primary ? 'running' : 'streaming'),
    role: spec.role,
    timeline: spec.timeline ?? 3,
    xlog: unreadable
      ? null
      : {
          location: primary ? location : null,
          receivedLocation: primary ? null : LEADER_LSN,
          replayedLocation: primary ? null : location,
          replayedAtMs: primary ? null : atMs - 900,
          replayPaused: false,
        },
    replication: [],
    replicationState: primary ? null : 'streaming',
    paused: false,
    clusterUnlocked: false,
    failsafeActive: false,
    pendingRestart: false,
    syncStandby: false,
    tags: NO_TAGS,
    systemIdentifier: '7312345678901234567',
    scope: SCOPE,
    version: '4.1.5',
    name: spec.name,
    serverVersion: 150018,
    dcsLastSeenMs: atMs - 2000,
  };
  const silent = (what: string, source: string): Reading<never> =>
    unknown('timeout', `${what}: no answer within 2 s`, atMs, source);
  return {
    name: memberName(spec.name),
    api: spec.api === 'silent' ? silent(`GET /patroni on ${spec.name}`, 'api') : fresh(status, atMs - 120, 'api'),
    cluster:
      spec.api === 'silent'
        ? silent(`GET /cluster on ${spec.name}`, 'cluster')
        : fresh({ rows: [], paused: false, scheduledSwitchover: null }, atMs - 110, 'cluster'),
    metrics: notConfigured('metrics', atMs),
    replicaCheck: unknown('not-read-yet', 'nobody needed to know', atMs, 'replica-check'),
    sql:
      spec.sql === 'silent'
        ? unknown('refused', `${spec.name}:5432 refused the connection`, atMs, 'sql')
        : fresh(sqlStatus(primary, location), atMs - 90, 'sql'),
    host: fresh(
      {
        state: spec.host ?? 'running',
        id: `container-${spec.name}`,
        startedAtMs: atMs - 86_400_000,
        finishedAtMs: null,
        exitCode: null,
        oomKilled: false,
        restartCount: 0,
      },
      atMs - 60,
      'host',
    ),
    fileTag: { kind: 'stale', value: false, atMs: atMs - 28_000, ageMs: 28_000, source: 'tag-file' },
  };
}

const sqlStatus = (primary: boolean, location: Lsn) => ({
  inRecovery: !primary,
  serverVersion: 150018,
  systemIdentifier: '7312345678901234567',
  timeline: 3,
  currentLsn: primary ? location : null,
  receiveLsn: primary ? null : LEADER_LSN,
  replayLsn: primary ? null : location,
  replayLagSeconds: primary ? null : 0.9,
  replayPaused: false,
  walReceiver: null,
  replicas: [],
  blockers: [],
  slots: [],
  connections: { max: 100, total: 23, byDatabase: [] },
  checksumFailures: 0,
  baseBackups: 0,
});

interface ViewSpec {
  readonly members?: readonly MemberSpec[];
  readonly holder?: string | null;
  readonly drained?: string;
  readonly proxyDown?: readonly string[];
  readonly etcdDown?: string;
}

const LEVEL_MEMBERS: readonly MemberSpec[] = [
  { name: 'patroni1', role: 'primary', state: 'leader' },
  { name: 'patroni2', role: 'replica', state: 'healthy', behindBytes: 0 },
  { name: 'patroni3', role: 'replica', state: 'healthy', behindBytes: 16_384 },
];

function clusterView(spec: ViewSpec, atMs: number): ClusterView {
  const members = spec.members ?? LEVEL_MEMBERS;
  const holder = spec.holder === undefined ? 'patroni1' : spec.holder;
  const keys: DcsKeys = {
    leader: {
      holder: holder === null ? null : memberName(holder),
      leaseId: holder === null ? null : '7587868',
      leaseTtlMs: holder === null ? null : 24_000,
      modRevision: '4411',
      createRevision: '4411',
    },
    members: [],
    failover: null,
    sync: null,
    optimeLsn: LEADER_LSN,
    systemIdentifier: '7312345678901234567',
    revision: '4502',
  };
  const server = (backend: string, name: string, up: boolean, sessions: number) => ({
    backend,
    server: name,
    status: spec.drained === name && backend === 'postgres_replicas' ? 'DRAIN' : up ? 'UP' : 'DOWN',
    up,
    admin: { drain: spec.drained === name && backend === 'postgres_replicas', maint: false, resolution: false },
    sessions,
    checkStatus: up ? 'L7OK' : 'L7STS',
    lastChangeSeconds: 400,
  });
  const isDown = (name: string): boolean => spec.proxyDown?.includes(name) ?? false;
  return {
    scope: SCOPE,
    tick: 412,
    atMs,
    members: members.map((member) => memberView(member, atMs)),
    config: fresh(
      {
        ttlMs: 30_000,
        loopWaitMs: 10_000,
        retryTimeoutMs: 10_000,
        maximumLagOnFailoverBytes: 1_048_576,
        primaryStartTimeoutMs: 300_000,
        synchronousMode: 'off',
        failsafeMode: false,
        paused: false,
        checkTimeline: false,
        usePgRewind: true,
      },
      atMs - 100,
      'config',
    ),
    history: fresh([], atMs - 100, 'history'),
    dcs: {
      keys: fresh(keys, atMs - 40, 'dcs'),
      endpoints: ['etcd1', 'etcd2', 'etcd3'].map((name, index) => ({
        name,
        status:
          spec.etcdDown === name
            ? unknown('refused', `http://${name}:2379 refused the connection`, atMs, 'dcs')
            : fresh(
                {
                  name,
                  url: `http://${name}:2379`,
                  healthy: true,
                  isLeader: index === 1,
                  raftTerm: '4',
                  dbSizeBytes: 413_696,
                  version: '3.4.23',
                },
                atMs - 40,
                'dcs',
              ),
        host: notConfigured('host', atMs),
      })),
      membership: fresh({ members: [] }, atMs - 40, 'dcs'),
      alarms: fresh([], atMs - 40, 'dcs'),
    },
    proxies: [
      {
        ...ONE_PROXY,
        seen: fresh(
          {
            servers: members.flatMap(({ name }) => [
              server('postgres_primary', name, name === holder && !isDown(name), name === holder ? 18 : 0),
              server(
                'postgres_replicas',
                name,
                name !== holder && !isDown(name),
                name === holder || isDown(name) ? 0 : 7,
              ),
            ]),
          },
          atMs - 30,
          'proxy',
        ),
      },
    ],
    actuators: { proxy: true, tags: true, sql: true, host: true },
    observer: { clockJumpMs: 0, sinceLastPassMs: 2000, passTookMs: 41 },
  };
}

const action = (mode: ActionPolicy['mode']): ActionPolicy => ({
  mode,
  window: 'any',
  cooldownMs: 1_800_000,
  attempts: 2,
  timeoutMs: 60_000,
});

const BY_APPROVAL: readonly ActionName[] = ['terminate-blocking-queries', 'reinitialize-replica'];

const policy = (mode: Policy['mode']): Policy => ({
  mode,
  poll: { intervalMs: 2000, suspectIntervalMs: 500 },
  lag: {
    warningBytes: 1_048_576,
    criticalBytes: 10_485_760,
    emergencyBytes: 104_857_600,
    forMs: 10_000,
    recoveredBytes: 1_048_576,
    recoveredForMs: 30_000,
    warningAgeMs: 60_000,
    criticalAgeMs: 300_000,
    emergencyAgeMs: 900_000,
  },
  grace: {},
  actions: Object.fromEntries(
    ACTION_NAMES.map((name) => [name, action(BY_APPROVAL.includes(name) ? 'approve' : 'auto')]),
  ) as Record<ActionName, ActionPolicy>,
  drain: { actuators: ['proxy', 'tag'], shutdownSessions: false },
  blockers: { olderThanMs: 30_000, neverUsers: [], neverApplications: ['pg_dump'], neverDatabases: [] },
  limits: { concurrent: 1, perHour: 6, minHealthyReplicas: 1, minReadPool: 1, stormMembers: 2, stormQuietMs: 300_000 },
  startGrace: { passes: 3, forMs: 30_000 },
  chainMs: 3_600_000,
  flap: { threshold: 5, halfLifeMs: 600_000 },
  approvals: { expiresMs: 900_000 },
  connections: { warningPercent: 85 },
  pause: { remindAfterMs: 3_600_000 },
  slots: { retainWarningBytes: 1_073_741_824 },
  windows: { maintenance: [], freeze: [] },
});

export interface ProblemSpec {
  readonly code: ProblemCode;
  readonly subject: string;
  readonly level: ProblemLevel;
  readonly phase?: Problem['phase'];
  readonly seenForMs: number;
  readonly graceMs?: number;
  readonly evidence: readonly (readonly [Channel, string])[];
  readonly facts?: Problem['facts'];
}

export function problem(spec: ProblemSpec, atMs: number): Problem {
  const firstSeenMs = atMs - spec.seenForMs;
  const actionableAtMs = firstSeenMs + (spec.graceMs ?? 10_000);
  const phase = spec.phase ?? 'active';
  return {
    code: spec.code,
    subject: spec.subject,
    level: spec.level,
    phase,
    firstSeenMs,
    lastSeenMs: atMs,
    activeSinceMs: phase === 'active' ? actionableAtMs : null,
    clearSinceMs: phase === 'recovering' ? atMs - 5000 : null,
    actionableAtMs,
    samples: Math.max(1, Math.round(spec.seenForMs / 2000)),
    channels: [...new Set(spec.evidence.map(([channel]) => channel))],
    evidence: spec.evidence.map(([channel, text]) => ({ channel, text, atMs: atMs - 100 })),
    facts: spec.facts ?? {},
  };
}

export const plan = (name: ActionName, target: string, code: ProblemCode): Plan => ({
  action: name,
  target: memberName(target),
  because: { code, subject: target },
  params: name === 'drain-replica' ? { actuators: ['proxy', 'tag'] } : {},
});

export const block = (
  gate: Block['gate'],
  because: string,
  unblock: string,
  retryAtMs: number | null = null,
): Block => ({
  gate,
  because,
  unblock,
  retryAtMs,
});

export function remediation(
  of: Plan,
  phase: Remediation['phase'],
  atMs: number,
  more: Partial<Remediation> = {},
): Remediation {
  return {
    id: `r-${of.action}-${of.target}`,
    plan: of,
    phase,
    shadow: false,
    epoch: '4398',
    stepIndex: 0,
    steps: 1,
    createdAtMs: atMs - 20_000,
    sentAtMs: atMs - 19_000,
    deadlineMs: atMs + 40_000,
    endedAtMs: null,
    lastReply: { effect: 'done', status: 200, text: '', tookMs: 18 },
    detail: '',
    ...more,
  };
}

export function approval(of: Plan, why: string, atMs: number): Approval {
  return {
    id: 'a-7f31c2',
    fingerprint: fingerprint(of),
    plan: of,
    why,
    requestedAtMs: atMs - 95_000,
    expiresAtMs: atMs + 805_000,
    state: 'waiting',
    by: null,
    reason: null,
    decidedAtMs: null,
  };
}

export interface SnapshotSpec {
  readonly view?: ViewSpec;
  readonly mode?: Policy['mode'];
  readonly state: States['cluster']['state'];
  readonly sinceMs?: number;
  readonly problems?: readonly Problem[];
  readonly decisions?: readonly Decision[];
  readonly ledger?: Partial<ClusterSnapshot['ledger']>;
  readonly sentence: string;
}

export function snapshotOf(spec: SnapshotSpec, atMs: number = NOW_MS): ClusterSnapshot {
  const members = spec.view?.members ?? LEVEL_MEMBERS;
  const sinceMs = spec.sinceMs ?? atMs - 754_000;
  return {
    scope: SCOPE,
    version: '0.1.0',
    instance: 'control1:4121',
    startedAtMs: atMs - 5_400_000,
    atMs,
    tick: 412,
    passMs: { last: 41, mean: 38.4 },
    tenure: { state: 'held', owner: 'control1:4121', epoch: '4398' },
    policy: policy(spec.mode ?? 'dry-run'),
    policyHash: 'c0ffee0123456789c0ffee0123456789',
    policyError: null,
    windows: { freeze: null, maintenance: null },
    view: clusterView(spec.view ?? {}, atMs),
    states: {
      cluster: { state: spec.state, sinceMs },
      members: Object.fromEntries(members.map(({ name, state }) => [name, { state, sinceMs }])),
      dcs: { state: 'healthy', sinceMs: atMs - 5_000_000 },
      proxy: { state: 'healthy', sinceMs: atMs - 5_000_000 },
      problems: spec.problems ?? [],
      memory: {
        cleanPasses: 400,
        cleanSinceMs: atMs - 5_000_000,
        graceReason: 'start',
        lastLeader: 'patroni1',
        lastLeaderChangeMs: null,
        lastLeaderModRevision: '4411',
        wasPaused: false,
        startFailures: {},
        lastStateText: {},
        replay: {},
        creatingSinceMs: {},
        positions: {},
        lastFailingMs: {},
        walRate: null,
      },
    },
    decisions: spec.decisions ?? [],
    ledger: { ...EMPTY_LEDGER, ...spec.ledger },
    sentence: spec.sentence,
    impaired: [],
  };
}

import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/actions/index.js';
import { problemRow, type Rung } from '../../../src/assess/catalogue.js';
import type { Candidate } from '../../../src/decide/candidate.js';
import { nextStep } from '../../../src/decide/candidate.js';
import { blocksFor, GATES } from '../../../src/decide/gates.js';
import type { Situation } from '../../../src/model/situation.js';
import { GATE_NAMES, type GateName } from '../../../src/model/decision.js';
import type { Approval, KillSwitch } from '../../../src/model/ledger.js';
import { fingerprint, type ActionName, type Plan } from '../../../src/model/plan.js';
import type { Problem, ProblemCode } from '../../../src/model/problem.js';
import type { VetoFacts, VetoRow } from '../../../src/model/veto.js';
import { testPolicy } from '../../support/policy.js';
import {
  all,
  api,
  CLEAN_MEMORY,
  config,
  configKey,
  inputOf,
  drainedByUs,
  isPrimary,
  keys,
  lags,
  leaderKey,
  ledgerOf,
  MB,
  member,
  noEtcd,
  noProxy,
  notStreaming,
  NOW_MS,
  planOf,
  problemOf,
  proxyDrain,
  remediationOf,
  SCOPE,
  sql,
  damaged,
  viewOf,
} from '../../support/view.js';
import { fresh } from '../../../src/model/reading.js';

/** A rung that answers a problem; a person's start has none. */
type Answering = Candidate & { readonly problem: Problem; readonly rung: Rung };

/** A rung of `code`'s ladder on `target`, as the ladder would choose it. */
function candidateOf(code: ProblemCode, action: ActionName, target: string, params: Plan['params'] = {}): Answering {
  const rung = problemRow(code).ladder.find((row) => row.action === action) ?? {
    action,
    minChannels: 2,
    oneOf: ['api', 'sql', 'peers'],
  };
  return {
    origin: 'problem',
    problem: problemOf(code, target, { channels: ['api', 'sql', 'peers', 'host', 'dcs'] }),
    rung,
    action: ACTIONS[action],
    plan: planOf(action, target, params, code),
  };
}

const inMaintenance = testPolicy(
  {},
  { 'drain-replica': { window: 'maintenance' }, 'undrain-replica': { window: 'maintenance' } },
);
const foreignRow = {
  list: 'remediations',
  id: 'n1',
  action: 'upgrade-member',
  target: 'patroni2',
  inFlight: true,
  createdAtMs: NOW_MS - 60_000,
  row: {},
} as const;
const DRAIN = candidateOf('replica-lag-emergency', 'drain-replica', 'patroni3');
const UNDRAIN = candidateOf('replica-recovered', 'undrain-replica', 'patroni3', { actuators: ['proxy'] });
const RESTART = candidateOf('replica-not-streaming', 'restart-member', 'patroni3', { via: 'patroni' });
/** A stage of run `run1`. */
const MOVE = ((): Answering => {
  const made = candidateOf('replica-start-failed', 'move-aside', 'patroni3');
  const because = { code: 'operator' as const, subject: 'patroni3', by: 'dba', reason: 'maintenance', run: 'run1' };
  return { ...made, plan: { ...made.plan, because } };
})();
const REBUILD = candidateOf('replica-start-failed', 'reinitialize-replica', 'patroni3');
const BUSY = [1, 2, 3, 4].map((id) =>
  remediationOf('reinitialize-replica', 'patroni3', {
    id: `busy${id}`,
    phase: 'failed',
    ending: 'busy',
    createdAtMs: NOW_MS - id * 1_000 - 100,
    endedAtMs: NOW_MS - id * 1_000,
  }),
);
const CANCEL = candidateOf('replay-blocked', 'cancel-blocking-queries', 'patroni3', { pid: 1, backendStart: 'x' });
const EXPEDITE = candidateOf('leader-down', 'expedite-failover', 'patroni1', {
  modRevision: '100',
  hostId: 'patroni1-1',
});
const FENCE = candidateOf('leader-frozen', 'fence-member', 'patroni1', { id: 'patroni1-1', proxied: true });

const START = candidateOf('member-down', 'start-member', 'patroni3', { id: 'patroni3-1' });
const STORE = candidateOf('dcs-quorum-lost', 'start-store', 'etcd3', { id: 'etcd3-1', anew: true });
const STORE_IN_RUN = { ...STORE, plan: { ...STORE.plan, because: { ...STORE.plan.because, run: 'r-1' } } };
/** An etcd that has just begun: no key below the path of the scope. */
const newEtcd = all(
  leaderKey(null),
  configKey('there is no key /service/email-cluster/config'),
  keys({ members: [], systemIdentifier: null }),
);
const NUDGE = candidateOf('proxy-behind', 'proxy-nudge', 'patroni3', { down: [] });
const OPEN = candidateOf('member-rejoined', 'open-traffic', 'patroni3');
const FAILOVER = candidateOf('leaderless', 'failover', 'patroni2', { candidate: 'patroni2' });
const CANCEL_SWITCHOVER = candidateOf('leaderless', 'cancel-switchover', 'patroni1');

const FROZEN = { freeze: { reason: 'year end', untilMs: NOW_MS + 1_000 }, maintenance: null };
const takenOut = (member: string) => ({
  member,
  by: 'dba',
  reason: 'new memory',
  sinceMs: NOW_MS - 60_000,
  run: 'r-1',
});
const fencedByUs = (member: string) => ({ member, sinceMs: NOW_MS - 60_000, remediationId: 'r1', shadow: false });

const lagging = [lags('patroni3', 200 * MB)];
const broken = [damaged('patroni3')];

const off = (subject: string, expiresAtMs: number | null = null): KillSwitch => ({
  subject,
  owner: 'dba',
  reason: 'maintenance',
  sinceMs: NOW_MS - 1000,
  expiresAtMs,
});

const approval = (
  plan: Plan,
  state: Approval['state'],
  expiresAtMs = NOW_MS + 60_000,
  loss?: Approval['loss'],
): Approval => ({
  id: 'a1',
  fingerprint: fingerprint(plan),
  plan,
  why: '',
  requestedAtMs: NOW_MS - 60_000,
  expiresAtMs,
  state,
  by: state === 'waiting' ? null : 'dba',
  reason: state === 'rejected' ? 'not now' : null,
  decidedAtMs: null,
  ...(loss === undefined ? {} : { loss }),
});

/** A hook is configured, and asked about the drain unless nothing is given. */
const vetoes = (row?: Partial<VetoRow>): { readonly veto: VetoFacts } => ({
  veto: {
    rows:
      row === undefined
        ? []
        : [
            {
              id: 'v1',
              fingerprint: fingerprint(DRAIN.plan),
              askedAtMs: NOW_MS - 1_000,
              answer: 'asked',
              because: '',
              untilMs: NOW_MS + 10_000,
              ...row,
            },
          ],
  },
});

/** The replica holds so many bytes past the leader's position, by its last position. */
const holding = (bytes: number) => ({
  ...CLEAN_MEMORY,
  positions: {
    patroni3: { timeline: 7, lsn: `5/${bytes.toString(16).padStart(8, '0')}`, inRecovery: true, atMs: NOW_MS },
  },
});
const agreedTo = (loss?: Approval['loss']) =>
  ledgerOf({ approvals: [approval(REBUILD.plan, 'approved', NOW_MS + 60_000, loss)] });

const with_ = (candidate: Answering, part: Parameters<typeof inputOf>[1] = {}): Situation =>
  inputOf([candidate.problem], part);

interface Blocked {
  readonly name: string;
  readonly input: Situation;
  readonly candidate: Candidate;
  readonly because: string;
  readonly unblock: string;
  readonly retryAtMs?: number;
}

interface Passed {
  readonly name: string;
  readonly input: Situation;
  readonly candidate: Candidate;
}

const limits = (part: Partial<ReturnType<typeof testPolicy>['limits']>) =>
  testPolicy({ limits: { ...testPolicy().limits, ...part } });

const CASES: Record<GateName, { readonly blocks: readonly Blocked[]; readonly passes: readonly Passed[] }> = {
  tenure: {
    blocks: [
      {
        name: 'another instance acts',
        input: with_(DRAIN, { tenure: { state: 'other', owner: 'host-b', epoch: null } }),
        candidate: DRAIN,
        because: 'host-b holds tenure',
        unblock: 'stop that instance, or let it act',
      },
      {
        name: 'our tenure is unknown',
        input: with_(DRAIN, { tenure: { state: 'unknown', owner: null, epoch: null } }),
        candidate: DRAIN,
        because: 'etcd does not confirm our tenure',
        unblock: 'bring etcd back: a majority of its members must answer',
      },
    ],
    passes: [
      { name: 'we hold it', input: with_(DRAIN), candidate: DRAIN },
      {
        name: 'dry-run needs none',
        input: with_(DRAIN, { tenure: { state: 'not-needed', owner: null, epoch: null } }),
        candidate: DRAIN,
      },
    ],
  },
  policy: {
    blocks: [
      {
        name: 'the journal is full and the ledger unreadable: both are said',
        input: with_(DRAIN, { impaired: ['the journal cannot be written', 'the ledger cannot be read'] }),
        candidate: DRAIN,
        because: 'the journal cannot be written; the ledger cannot be read',
        unblock: 'repair it: the journal cannot be written',
      },
    ],
    passes: [{ name: 'nothing of ours is impaired', input: with_(DRAIN), candidate: DRAIN }],
  },
  'kill-switch': {
    blocks: [
      ...['global', 'cluster', 'member:patroni3', 'action:drain-replica'].map((subject) => ({
        name: `${subject} is off`,
        input: with_(DRAIN, { ledger: ledgerOf({ switches: [off(subject, NOW_MS + 5_000)] }) }),
        candidate: DRAIN,
        because: `dba switched off ${subject}: maintenance`,
        unblock: `ekimi resume --subject ${subject}`,
        retryAtMs: NOW_MS + 5_000,
      })),
      {
        name: 'a person took the member out',
        input: with_(DRAIN, { ledger: ledgerOf({ evacuations: [takenOut('patroni3')] }) }),
        candidate: DRAIN,
        because: 'dba took patroni3 out: new memory',
        unblock: 'ekimi run-procedure give-back patroni3 --reason "..."',
      },
    ],
    passes: [
      {
        name: 'a person took another member out',
        input: with_(DRAIN, { ledger: ledgerOf({ evacuations: [takenOut('patroni2')] }) }),
        candidate: DRAIN,
      },
      {
        name: 'the member that was taken out is a second primary',
        input: with_(FENCE, { ledger: ledgerOf({ evacuations: [takenOut('patroni1')] }) }),
        candidate: FENCE,
      },
      {
        name: 'another member and another action are off',
        input: with_(DRAIN, { ledger: ledgerOf({ switches: [off('member:patroni2'), off('action:restart-member')] }) }),
        candidate: DRAIN,
      },
      {
        name: 'the switch has expired',
        input: with_(DRAIN, { ledger: ledgerOf({ switches: [off('global', NOW_MS - 1)] }) }),
        candidate: DRAIN,
      },
    ],
  },
  mode: {
    blocks: [
      {
        name: 'the whole policy only observes',
        input: with_(DRAIN, { policy: testPolicy({ mode: 'observe' }) }),
        candidate: DRAIN,
        because: 'the policy says mode: observe',
        unblock: 'set mode: dry-run or enforce',
      },
      ...(['off', 'observe'] as const).map((mode) => ({
        name: `the action is ${mode}`,
        input: with_(DRAIN, { policy: testPolicy({}, { 'drain-replica': { mode } }) }),
        candidate: DRAIN,
        because: `the policy says actions.drain-replica: ${mode}`,
        unblock: 'set actions.drain-replica to approve or auto',
      })),
    ],
    passes: [
      { name: 'the action is auto', input: with_(DRAIN), candidate: DRAIN },
      { name: 'dry-run plans it', input: with_(DRAIN, { policy: testPolicy({ mode: 'dry-run' }) }), candidate: DRAIN },
    ],
  },
  'patroni-pause': {
    blocks: [
      {
        name: '/config says paused',
        input: with_(DRAIN, { view: viewOf(config({ paused: true })) }),
        candidate: DRAIN,
        because: 'Patroni is paused',
        unblock: 'un-pause the cluster',
      },
      {
        name: 'etcd says paused, and no member has noticed yet',
        input: with_(DRAIN, { view: viewOf(configKey({ paused: true })) }),
        candidate: DRAIN,
        because: 'Patroni is paused',
        unblock: 'un-pause the cluster',
      },
      {
        name: 'the config key in etcd cannot be read, although every member says not paused',
        input: with_(DRAIN, { view: viewOf(configKey('/service/email-cluster/config holds no JSON object')) }),
        candidate: DRAIN,
        because: 'nobody can tell whether Patroni is paused: /service/email-cluster/config holds no JSON object',
        unblock: "wait for the leader's next loop, which writes it anew, or PUT /config",
      },
      {
        name: 'a start of an etcd member by itself, in an etcd without keys',
        input: with_(STORE, { view: viewOf(newEtcd) }),
        candidate: STORE,
        because: 'nobody can tell whether Patroni is paused: there is no key /service/email-cluster/config',
        unblock: "wait for the leader's next loop, which writes it anew, or PUT /config",
      },
      {
        name: 'a run that a person began, where a member tells of the pause: an approval would change nothing',
        input: with_(STORE_IN_RUN, { view: viewOf(newEtcd, api('patroni1', { paused: true })) }),
        candidate: STORE_IN_RUN,
        because: 'Patroni is paused',
        unblock: 'un-pause the cluster',
      },
      {
        name: 'one member says paused',
        input: with_(DRAIN, { view: viewOf(api('patroni2', { paused: true })) }),
        candidate: DRAIN,
        because: 'Patroni is paused',
        unblock: 'un-pause the cluster',
      },
      {
        name: 'a fence in a paused cluster, which a person must approve',
        input: with_(FENCE, { view: viewOf(config({ paused: true })) }),
        candidate: FENCE,
        because: 'Patroni is paused',
        unblock: 'ekimi approve, or un-pause the cluster',
      },
    ],
    passes: [
      { name: 'nobody says paused', input: with_(DRAIN), candidate: DRAIN },
      {
        name: 'etcd says not paused',
        input: with_(DRAIN, { view: viewOf(configKey({ paused: false })) }),
        candidate: DRAIN,
      },
      {
        name: 'the next etcd member of a new etcd, in a run that a person began',
        input: with_(STORE_IN_RUN, { view: viewOf(newEtcd) }),
        candidate: STORE_IN_RUN,
      },
      {
        name: 'a fence that a person approved',
        input: with_(FENCE, {
          view: viewOf(config({ paused: true })),
          ledger: ledgerOf({ approvals: [approval(FENCE.plan, 'approved')] }),
        }),
        candidate: FENCE,
      },
    ],
  },
  failsafe: {
    blocks: [
      {
        name: 'the leader lives on failsafe',
        input: with_(DRAIN, { view: viewOf(api('patroni1', { failsafeActive: true })) }),
        candidate: DRAIN,
        because: 'failsafe mode is active: etcd is lost and the leader lives on its members',
        unblock: 'bring etcd back',
      },
    ],
    passes: [
      {
        name: 'failsafe is configured and not active',
        input: with_(DRAIN, { view: viewOf(config({ failsafeMode: true })) }),
        candidate: DRAIN,
      },
    ],
  },
  'observer-health': {
    blocks: [
      {
        name: 'no linearizable read in this pass',
        input: with_(DRAIN, { view: viewOf(noEtcd) }),
        candidate: DRAIN,
        because: 'etcd gave no linearizable answer in this pass',
        unblock: 'bring etcd back: a majority of its members must answer',
      },
      {
        name: 'a read of an earlier pass is no read',
        input: with_(DRAIN, {
          view: viewOf((view) => ({
            ...view,
            dcs: {
              ...view.dcs,
              keys: view.dcs.keys.kind === 'unknown' ? view.dcs.keys : { ...view.dcs.keys, kind: 'stale', ageMs: 500 },
            },
          })),
        }),
        candidate: DRAIN,
        because: 'etcd gave no linearizable answer in this pass',
        unblock: 'bring etcd back: a majority of its members must answer',
      },
      {
        name: 'we are only suspected to be cut off',
        input: inputOf([DRAIN.problem, problemOf('observer-impaired', SCOPE, { phase: 'suspect' })]),
        candidate: DRAIN,
        because: `observer-impaired on ${SCOPE}`,
        unblock: 'wait for clean passes, once that is mended',
      },
    ],
    passes: [{ name: 'etcd answered', input: with_(DRAIN), candidate: DRAIN }],
  },
  'start-grace': {
    blocks: [
      {
        name: 'too few clean passes',
        input: with_(DRAIN, {
          memory: { ...CLEAN_MEMORY, cleanPasses: 2, cleanSinceMs: NOW_MS - 60_000, graceReason: 'just started' },
        }),
        candidate: DRAIN,
        because: 'just started: 2 of 3 clean passes',
        unblock: 'wait for 3 clean passes over 2 s',
        retryAtMs: NOW_MS - 58_000,
      },
      {
        name: 'enough passes, too little time',
        input: with_(DRAIN, {
          memory: { ...CLEAN_MEMORY, cleanPasses: 50, cleanSinceMs: NOW_MS - 500, graceReason: 'we slept' },
        }),
        candidate: DRAIN,
        because: 'we slept: clean for 0 s of 2 s',
        unblock: 'wait for 3 clean passes over 2 s',
        retryAtMs: NOW_MS + 1_500,
      },
      {
        name: 'this very pass is not clean',
        input: with_(DRAIN, {
          memory: { ...CLEAN_MEMORY, cleanPasses: 0, cleanSinceMs: null, graceReason: 'our clock jumped' },
        }),
        candidate: DRAIN,
        because: 'our clock jumped: 0 of 3 clean passes',
        unblock: 'wait for 3 clean passes over 2 s',
      },
    ],
    passes: [
      {
        name: 'enough clean passes over enough time',
        input: with_(DRAIN, { memory: { ...CLEAN_MEMORY, cleanPasses: 3, cleanSinceMs: NOW_MS - 2_000 } }),
        candidate: DRAIN,
      },
    ],
  },
  channels: {
    blocks: [
      {
        name: 'one channel where two are needed',
        input: with_(DRAIN),
        candidate: { ...DRAIN, problem: { ...DRAIN.problem, channels: ['api'] } },
        because: 'only api of the 2 channels needed speak for it in this pass',
        unblock:
          'wait until a second independent channel agrees (api, sql, peers); configure postgres or hosts if they are missing',
      },
      {
        name: 'nothing was seen in this pass',
        input: with_(DRAIN),
        candidate: { ...DRAIN, problem: { ...DRAIN.problem, channels: [] } },
        because: 'only no channel of the 2 channels needed speak for it in this pass',
        unblock:
          'wait until a second independent channel agrees (api, sql, peers); configure postgres or hosts if they are missing',
      },
      {
        name: 'enough channels, but not the one that proves it',
        input: with_(EXPEDITE),
        candidate: { ...EXPEDITE, problem: { ...EXPEDITE.problem, channels: ['api', 'sql', 'peers', 'dcs'] } },
        because: 'none of host speaks for it in this pass',
        unblock: 'wait until one of host agrees',
      },
      {
        name: 'an address of the scope leads elsewhere',
        input: inputOf([DRAIN.problem, problemOf('scope-mismatch', 'patroni2', { phase: 'suspect' })]),
        candidate: DRAIN,
        because: 'scope-mismatch on patroni2',
        unblock: 'correct the addresses in ekimi.yaml',
      },
      {
        name: 'Patroni does not know the member',
        input: inputOf([DRAIN.problem, problemOf('member-unknown', 'patroni3')]),
        candidate: DRAIN,
        because: 'member-unknown on patroni3',
        unblock: 'correct the addresses in ekimi.yaml',
      },
    ],
    passes: [
      {
        name: 'two channels agree',
        input: with_(DRAIN),
        candidate: { ...DRAIN, problem: { ...DRAIN.problem, channels: ['sql', 'peers'] } },
      },
      {
        name: 'another member is unknown to Patroni',
        input: inputOf([DRAIN.problem, problemOf('member-unknown', 'patroni2')]),
        candidate: DRAIN,
      },
    ],
  },
  actuator: {
    blocks: [
      {
        name: 'a drain by proxy and tag without either',
        input: with_(DRAIN, {
          view: viewOf((view) => ({ ...view, actuators: { proxy: false, tags: false, sql: true, host: true } })),
          policy: testPolicy({ drain: { actuators: ['proxy', 'tag'], shutdownSessions: false } }),
        }),
        candidate: DRAIN,
        because: 'not configured: proxy, tags',
        unblock: 'configure proxy, tags in ekimi.yaml (ekimi doctor tells what it takes)',
      },
    ],
    passes: [
      {
        name: 'a drain by proxy needs no tags',
        input: with_(DRAIN, {
          view: viewOf((view) => ({ ...view, actuators: { proxy: true, tags: false, sql: false, host: false } })),
        }),
        candidate: DRAIN,
      },
      {
        name: 'a rebuild needs Patroni alone',
        input: with_(REBUILD, {
          view: viewOf((view) => ({ ...view, actuators: { proxy: false, tags: false, sql: false, host: false } })),
        }),
        candidate: REBUILD,
      },
    ],
  },
  'someone-else': {
    blocks: [
      {
        name: 'a switchover is requested',
        input: with_(DRAIN, {
          view: viewOf(keys({ failover: { leader: 'patroni1', member: null, scheduledAt: null } })),
        }),
        candidate: DRAIN,
        because: 'a failover or switchover is requested (patroni1 to any)',
        unblock: 'let it finish, or DELETE /switchover',
      },
      {
        name: 'a switchover is scheduled and only /cluster says so',
        input: with_(DRAIN, {
          view: viewOf(
            member('patroni2', (row) => ({
              cluster: fresh(
                {
                  rows: row.cluster.kind === 'unknown' ? [] : row.cluster.value.rows,
                  paused: false,
                  scheduledSwitchover: { at: '2026-01-15T04:00:00Z', from: 'patroni1', to: null },
                },
                NOW_MS,
                'cluster',
              ),
            })),
          ),
        }),
        candidate: DRAIN,
        because: 'a switchover is scheduled at 2026-01-15T04:00:00Z',
        unblock: 'let it happen, or DELETE /switchover',
      },
      {
        name: 'the leader changed less than ttl ago',
        input: with_(DRAIN, { memory: { ...CLEAN_MEMORY, lastLeaderChangeMs: NOW_MS - 10_000 } }),
        candidate: DRAIN,
        because: 'the leader changed 10 s ago',
        unblock: 'wait until 02:00:20Z: the cluster gets ttl to settle',
        retryAtMs: NOW_MS + 20_000,
      },
      {
        name: 'the member is being restarted',
        input: with_(RESTART, { view: viewOf(api('patroni3', { state: 'restarting', stateText: 'restarting' })) }),
        candidate: RESTART,
        because: 'patroni3 is restarting',
        unblock: 'let it finish',
      },
      {
        name: 'its copy is being made',
        input: with_(REBUILD, {
          view: viewOf(api('patroni3', { state: 'creating-replica', stateText: 'creating replica' })),
        }),
        candidate: REBUILD,
        because: 'patroni3 is creating replica',
        unblock: 'let it finish',
      },
      {
        name: 'a base backup runs, for a restart',
        input: with_(RESTART, { view: viewOf(sql('patroni1', { baseBackups: 1 })) }),
        candidate: RESTART,
        because: 'a base backup is running from patroni1',
        unblock: 'let it finish',
      },
      {
        name: 'somebody put back what we drained',
        input: with_(DRAIN, {
          ledger: ledgerOf({
            remediations: [
              remediationOf('drain-replica', 'patroni3', {
                phase: 'abandoned',
                detail: 'in other words',
                ending: 'overridden',
                endedAtMs: NOW_MS - 60_000,
              }),
            ],
          }),
        }),
        candidate: DRAIN,
        because: 'somebody put patroni3 back by hand',
        unblock: 'drain it by hand, or wait until 02:29:00Z',
        retryAtMs: NOW_MS - 60_000 + testPolicy().chainMs,
      },
    ],
    passes: [
      { name: 'nobody is', input: with_(DRAIN), candidate: DRAIN },
      {
        name: 'a base backup runs, for a drain',
        input: with_(DRAIN, { view: viewOf(sql('patroni1', { baseBackups: 1 })) }),
        candidate: DRAIN,
      },
      {
        name: 'the leader changed a minute ago',
        input: with_(DRAIN, { memory: { ...CLEAN_MEMORY, lastLeaderChangeMs: NOW_MS - 60_000 } }),
        candidate: DRAIN,
      },
      {
        name: 'an undrain right after a change of leader only gives back',
        input: with_(UNDRAIN, { memory: { ...CLEAN_MEMORY, lastLeaderChangeMs: NOW_MS - 10_000 } }),
        candidate: UNDRAIN,
      },
      {
        name: "a drain that a restarted proxy forgot is nobody's word",
        input: with_(DRAIN, {
          ledger: ledgerOf({
            remediations: [
              remediationOf('drain-replica', 'patroni3', {
                phase: 'abandoned',
                detail: 'forgotten: the proxy restarted',
              }),
            ],
          }),
        }),
        candidate: DRAIN,
      },
    ],
  },
  window: {
    blocks: [
      {
        name: 'a freeze',
        input: with_(DRAIN, {
          windows: { freeze: { reason: 'year end', untilMs: NOW_MS + 1_000 }, maintenance: null },
        }),
        candidate: DRAIN,
        because: 'a freeze is in force: year end',
        unblock: 'wait for the end of the freeze',
        retryAtMs: NOW_MS + 1_000,
      },
      ...[START, NUDGE, OPEN, UNDRAIN].map((candidate) => ({
        name: `a freeze, and ${candidate.plan.action} undoes nothing of ours`,
        input: with_(candidate, { windows: FROZEN }),
        candidate,
        because: 'a freeze is in force: year end',
        unblock: 'wait for the end of the freeze',
        retryAtMs: NOW_MS + 1_000,
      })),
      {
        name: 'an action of the maintenance windows, outside of them',
        input: with_(DRAIN, {
          policy: inMaintenance,
          windows: { freeze: null, maintenance: null, maintenanceOpensAtMs: NOW_MS + 3_600_000 },
        }),
        candidate: DRAIN,
        because: 'no maintenance window is open, and actions.drain-replica.window is maintenance',
        unblock: 'wait: the next one opens at 2026-01-15 03:00Z',
        retryAtMs: NOW_MS + 3_600_000,
      },
      {
        name: 'a window that never comes, even for an action without risk',
        input: with_(UNDRAIN, { policy: inMaintenance }),
        candidate: UNDRAIN,
        because: 'no maintenance window is open, and actions.undrain-replica.window is maintenance',
        unblock: 'add a window, since none opens within a year, or set actions.undrain-replica.window: any',
      },
    ],
    passes: [
      { name: 'no freeze', input: with_(DRAIN), candidate: DRAIN },
      {
        name: 'a maintenance window is open',
        input: with_(DRAIN, {
          policy: inMaintenance,
          windows: { freeze: null, maintenance: { untilMs: NOW_MS + 1_000 } },
        }),
        candidate: DRAIN,
      },
      {
        name: 'an undrain of our drain in a freeze',
        input: with_(UNDRAIN, { windows: FROZEN, ledger: drainedByUs('patroni3') }),
        candidate: UNDRAIN,
      },
      ...[START, OPEN].map((candidate) => ({
        name: `${candidate.plan.action} in a freeze, of a member that we fenced`,
        input: with_(candidate, { windows: FROZEN, ledger: ledgerOf({ fences: [fencedByUs('patroni3')] }) }),
        candidate,
      })),
      {
        name: 'an appointment taken back in a freeze',
        input: with_(CANCEL_SWITCHOVER, { windows: FROZEN }),
        candidate: CANCEL_SWITCHOVER,
      },
    ],
  },
  'blast-radius': {
    blocks: [
      {
        name: 'something is in flight',
        input: with_(DRAIN, {
          ledger: ledgerOf({
            remediations: [remediationOf('restart-member', 'patroni2', { phase: 'verifying', endedAtMs: null })],
          }),
        }),
        candidate: DRAIN,
        because: 'in flight: restart-member patroni2',
        unblock: 'let it finish: one action at a time',
      },
      {
        name: 'another version began something that this one does not know',
        input: with_(DRAIN, { ledger: ledgerOf({ foreign: [foreignRow] }) }),
        candidate: DRAIN,
        because: 'upgrade-member patroni2 is in flight, begun by another version of Ekimi and unknown to this one',
        unblock:
          'let the version that began it end it, or look for yourself and then: ekimi resume --subject foreign-work',
      },
      {
        name: 'another version is at work on this very member: nothing at all is done to it',
        input: with_(UNDRAIN, {
          ledger: { ...drainedByUs('patroni3'), foreign: [{ ...foreignRow, target: 'patroni3' }] },
        }),
        candidate: UNDRAIN,
        because: 'upgrade-member patroni3 is in flight, begun by another version of Ekimi and unknown to this one',
        unblock:
          'let the version that began it end it, or look for yourself and then: ekimi resume --subject foreign-work',
      },
      {
        name: 'a smaller repair of another member is in flight: only leadership may pre-empt it',
        input: with_(REBUILD, {
          view: viewOf(...broken),
          ledger: ledgerOf({
            remediations: [remediationOf('restart-member', 'patroni2', { phase: 'verifying', endedAtMs: null })],
          }),
        }),
        candidate: REBUILD,
        because: 'in flight: restart-member patroni2',
        unblock: 'let it finish: one action at a time',
      },
      {
        name: 'what may have happened is in flight too',
        input: with_(REBUILD, {
          view: viewOf(...broken),
          ledger: ledgerOf({
            remediations: [remediationOf('reinitialize-replica', 'patroni2', { phase: 'unknown', endedAtMs: null })],
          }),
        }),
        candidate: REBUILD,
        because: 'in flight: reinitialize-replica patroni2',
        unblock: 'let it finish: one action at a time',
      },
      {
        name: 'the other reader is drained',
        input: with_(DRAIN, { view: viewOf(...lagging, proxyDrain('patroni2')) }),
        candidate: DRAIN,
        because: '0 other replicas serve reads, and 1 must remain',
        unblock: 'bring another replica back into rotation',
      },
      {
        name: 'the other reader is drained on paper, in dry-run',
        input: with_(DRAIN, {
          view: viewOf(...lagging),
          ledger: ledgerOf({
            drains: [{ member: 'patroni2', actuators: ['proxy'], sinceMs: 0, remediationId: 'd', shadow: true }],
          }),
        }),
        candidate: DRAIN,
        because: '0 other replicas serve reads, and 1 must remain',
        unblock: 'bring another replica back into rotation',
      },
      {
        name: 'the proxy is silent and no other replica is healthy',
        input: with_(DRAIN, { view: viewOf(noProxy, notStreaming('patroni2')) }),
        candidate: DRAIN,
        because: '0 other replicas serve reads, and 1 must remain',
        unblock: 'bring another replica back into rotation',
      },
      {
        name: 'a rebuild of the last but none',
        input: with_(REBUILD, { view: viewOf(...broken, notStreaming('patroni2')) }),
        candidate: REBUILD,
        because: '0 other replicas are healthy, and 1 must remain',
        unblock: 'bring another replica to run and stream, or lower limits.minHealthyReplicas',
      },
    ],
    passes: [
      { name: 'the other replica serves', input: with_(DRAIN, { view: viewOf(...lagging) }), candidate: DRAIN },
      { name: 'the other replica is healthy', input: with_(REBUILD, { view: viewOf(...broken) }), candidate: REBUILD },
      {
        name: 'a replica under repair does not stand in the way of a dead leader',
        input: with_(EXPEDITE, {
          ledger: ledgerOf({
            remediations: [remediationOf('restart-member', 'patroni2', { phase: 'verifying', endedAtMs: null })],
          }),
        }),
        candidate: EXPEDITE,
      },
      {
        name: 'what another version did has ended',
        input: with_(DRAIN, { ledger: ledgerOf({ foreign: [{ ...foreignRow, inFlight: false }] }) }),
        candidate: DRAIN,
      },
      {
        name: 'putting a replica back beside the work of another version on another member',
        input: with_(UNDRAIN, { ledger: { ...drainedByUs('patroni3'), foreign: [foreignRow] } }),
        candidate: UNDRAIN,
      },
      {
        name: 'a policy that accepts to be without a reader',
        input: with_(DRAIN, { view: viewOf(proxyDrain('patroni2')), policy: limits({ minReadPool: 0 }) }),
        candidate: DRAIN,
      },
    ],
  },
  quorum: {
    blocks: [
      {
        name: 'the only synchronous standby',
        input: with_(RESTART, { view: viewOf(keys({ sync: { leader: 'patroni1', standbys: ['patroni3'] } })) }),
        candidate: RESTART,
        because:
          'patroni3 is the only synchronous standby: commits would wait for the next loop of Patroni and then be on the leader alone',
        unblock: 'wait until another standby is synchronous and streams',
      },
    ],
    passes: [
      {
        name: 'one of two',
        input: with_(RESTART, {
          view: viewOf(keys({ sync: { leader: 'patroni1', standbys: ['patroni2', 'patroni3'] } })),
        }),
        candidate: RESTART,
      },
      {
        name: 'another is',
        input: with_(RESTART, { view: viewOf(keys({ sync: { leader: 'patroni1', standbys: ['patroni2'] } })) }),
        candidate: RESTART,
      },
      {
        name: 'a drain does not touch replication',
        input: with_(DRAIN, { view: viewOf(keys({ sync: { leader: 'patroni1', standbys: ['patroni3'] } })) }),
        candidate: DRAIN,
      },
    ],
  },
  cooldown: {
    blocks: [
      {
        name: 'the same action a moment ago, on another member',
        input: with_(DRAIN, {
          ledger: ledgerOf({
            remediations: [remediationOf('drain-replica', 'patroni2', { endedAtMs: NOW_MS - 10_000 })],
          }),
        }),
        candidate: DRAIN,
        because: 'drain-replica patroni2 was the last such action; its cool-down ends at 02:00:20Z',
        unblock: 'wait until 02:00:20Z',
        retryAtMs: NOW_MS + 20_000,
      },
      {
        name: 'a cancel after a termination, which is of its class',
        input: with_(CANCEL, {
          ledger: ledgerOf({
            remediations: [remediationOf('terminate-blocking-queries', 'patroni2', { endedAtMs: NOW_MS - 10_000 })],
          }),
        }),
        candidate: CANCEL,
        because: 'terminate-blocking-queries patroni2 was of the same class; its cool-down ends at 02:00:20Z',
        unblock: 'wait until 02:00:20Z',
        retryAtMs: NOW_MS + 20_000,
      },
      {
        name: 'a failed try counts like a good one',
        input: with_(REBUILD, {
          ledger: ledgerOf({
            remediations: [
              remediationOf('reinitialize-replica', 'patroni2', { phase: 'failed', endedAtMs: NOW_MS - 1_000 }),
            ],
          }),
        }),
        candidate: REBUILD,
        because: 'reinitialize-replica patroni2 was the last such action; its cool-down ends at 02:00:29Z',
        unblock: 'wait until 02:00:29Z',
        retryAtMs: NOW_MS + 29_000,
      },
      {
        name: 'a member that was at another task is asked again after seconds',
        input: with_(REBUILD, { ledger: ledgerOf({ remediations: BUSY.slice(0, 3) }) }),
        candidate: REBUILD,
        because: 'reinitialize-replica patroni3 was the last such action; its cool-down ends at 02:00:04Z',
        unblock: 'wait until 02:00:04Z',
        retryAtMs: NOW_MS + 4_000,
      },
      {
        name: 'one that was at another task four times in a row failed',
        input: with_(REBUILD, { ledger: ledgerOf({ remediations: BUSY }) }),
        candidate: REBUILD,
        because: 'reinitialize-replica patroni3 was the last such action; its cool-down ends at 02:00:29Z',
        unblock: 'wait until 02:00:29Z',
        retryAtMs: NOW_MS + 29_000,
      },
      {
        name: 'a start of the same member a moment ago, although it has no risk',
        input: with_(START, {
          ledger: ledgerOf({
            remediations: [remediationOf('start-member', 'patroni3', { endedAtMs: NOW_MS - 10_000 })],
          }),
        }),
        candidate: START,
        because: 'start-member patroni3 was the last such action; its cool-down ends at 02:00:20Z',
        unblock: 'wait until 02:00:20Z',
        retryAtMs: NOW_MS + 20_000,
      },
    ],
    passes: [
      {
        name: 'its run has stopped the member: what others copied elsewhere does not keep it down',
        input: with_(MOVE, {
          ledger: ledgerOf({
            remediations: [
              remediationOf('reinitialize-replica', 'patroni2', { endedAtMs: NOW_MS - 1_000 }),
              remediationOf('stop-member', 'patroni3', { plan: { ...MOVE.plan, action: 'stop-member' } }),
            ],
          }),
        }),
        candidate: MOVE,
      },
      {
        name: 'it is over',
        input: with_(DRAIN, {
          ledger: ledgerOf({
            remediations: [remediationOf('drain-replica', 'patroni2', { endedAtMs: NOW_MS - 30_000 })],
          }),
        }),
        candidate: DRAIN,
      },
      {
        name: 'a lower class never holds up a higher one',
        input: with_(REBUILD, {
          ledger: ledgerOf({
            remediations: [
              remediationOf('drain-replica', 'patroni3', { endedAtMs: NOW_MS }),
              remediationOf('restart-member', 'patroni3', { endedAtMs: NOW_MS }),
            ],
          }),
        }),
        candidate: REBUILD,
      },
      {
        name: 'a start of another member, and a restart of it, hold up no start',
        input: with_(START, {
          ledger: ledgerOf({
            remediations: [
              remediationOf('start-member', 'patroni2', { endedAtMs: NOW_MS }),
              remediationOf('restart-member', 'patroni3', { endedAtMs: NOW_MS }),
            ],
          }),
        }),
        candidate: START,
      },
      {
        name: 'a start holds up no restart',
        input: with_(RESTART, {
          ledger: ledgerOf({ remediations: [remediationOf('start-member', 'patroni3', { endedAtMs: NOW_MS })] }),
        }),
        candidate: RESTART,
      },
      {
        name: 'an undrain waits for no drain',
        input: with_(UNDRAIN, {
          ledger: ledgerOf({ remediations: [remediationOf('drain-replica', 'patroni3', { endedAtMs: NOW_MS })] }),
        }),
        candidate: UNDRAIN,
      },
    ],
  },
  attempts: {
    blocks: [
      {
        name: 'as often as allowed, a success that did not last included',
        input: with_(REBUILD, {
          ledger: ledgerOf({
            remediations: [
              remediationOf('reinitialize-replica', 'patroni3', { id: '1', phase: 'succeeded' }),
              remediationOf('reinitialize-replica', 'patroni3', { id: '2', phase: 'ineffective' }),
            ],
          }),
        }),
        candidate: REBUILD,
        because: 'reinitialize-replica was tried 2 times on patroni3 in this chain',
        unblock: 'look at why it does not help',
      },
      {
        name: 'as often as allowed, though only rehearsed',
        input: with_(REBUILD, {
          ledger: ledgerOf({
            remediations: ['1', '2'].map((id) =>
              remediationOf('reinitialize-replica', 'patroni3', { id, shadow: true }),
            ),
          }),
        }),
        candidate: REBUILD,
        because: 'reinitialize-replica was rehearsed 2 times on patroni3 in this chain, nothing was sent',
        unblock: 'do it by hand, or let Ekimi act: mode enforce',
      },
    ],
    passes: [
      {
        name: 'two at which the member was at another task: nothing was begun',
        input: with_(REBUILD, { ledger: ledgerOf({ remediations: BUSY.slice(0, 2) }) }),
        candidate: REBUILD,
      },
      {
        name: 'tries of another member and of an older chain',
        input: with_(REBUILD, {
          ledger: ledgerOf({
            remediations: [
              remediationOf('reinitialize-replica', 'patroni2', { id: '1' }),
              remediationOf('reinitialize-replica', 'patroni2', { id: '2' }),
              remediationOf('reinitialize-replica', 'patroni3', {
                id: '3',
                endedAtMs: NOW_MS - 2 * testPolicy().chainMs,
              }),
            ],
          }),
        }),
        candidate: REBUILD,
      },
      {
        name: 'drains that worked do not count as tries that did not help',
        input: with_(DRAIN, {
          ledger: ledgerOf({
            remediations: ['1', '2', '3'].map((id) => remediationOf('drain-replica', 'patroni3', { id })),
          }),
        }),
        candidate: DRAIN,
      },
      {
        name: 'what was abandoned is no try',
        input: with_(REBUILD, {
          ledger: ledgerOf({
            remediations: ['1', '2'].map((id) =>
              remediationOf('reinitialize-replica', 'patroni3', { id, phase: 'abandoned' }),
            ),
          }),
        }),
        candidate: REBUILD,
      },
    ],
  },
  budget: {
    blocks: [
      {
        name: 'the breaker is open, whatever the hour holds',
        input: with_(DRAIN, { ledger: ledgerOf({ breaker: { openSinceMs: 0, reason: '10 actions within an hour' } }) }),
        candidate: DRAIN,
        because: 'the breaker is open: 10 actions within an hour',
        unblock: 'ekimi resume --subject breaker',
      },
      {
        name: 'the hour is spent',
        input: with_(DRAIN, {
          policy: limits({ perHour: 2 }),
          ledger: ledgerOf({
            remediations: [
              remediationOf('drain-replica', 'patroni2', { id: '1', createdAtMs: NOW_MS - 50 * 60_000 }),
              remediationOf('restart-member', 'patroni2', { id: '2', createdAtMs: NOW_MS - 40 * 60_000 }),
            ],
          }),
        }),
        candidate: DRAIN,
        because: '2 actions within an hour, 2 are allowed',
        unblock: 'ekimi resume --subject breaker, after a look at why',
      },
      {
        name: '[F4] leaders that died have spent it',
        input: with_(EXPEDITE, {
          policy: limits({ perHour: 2 }),
          ledger: ledgerOf({
            breaker: { openSinceMs: 0, reason: 'spent' },
            remediations: ['patroni2', 'patroni3'].map((name) =>
              remediationOf('expedite-failover', name, { id: name }),
            ),
          }),
        }),
        candidate: EXPEDITE,
        because: '2 actions within an hour, 2 are allowed',
        unblock: 'ekimi resume --subject breaker, after a look at why',
      },
      {
        name: '[F4] a fence, which kills, waits for whoever closes the breaker',
        input: with_(FENCE, { ledger: ledgerOf({ breaker: { openSinceMs: 0, reason: 'spent' } }) }),
        candidate: FENCE,
        because: 'the breaker is open: spent',
        unblock: 'ekimi resume --subject breaker',
      },
    ],
    passes: [
      {
        name: '[F4] repairs have spent it and opened the breaker, and a leader dies',
        input: with_(EXPEDITE, {
          policy: limits({ perHour: 2 }),
          ledger: ledgerOf({
            breaker: { openSinceMs: 0, reason: 'spent' },
            remediations: [
              remediationOf('drain-replica', 'patroni2', { id: '1' }),
              remediationOf('reinitialize-replica', 'patroni2', { id: '2' }),
              remediationOf('expedite-failover', 'patroni3', { id: '3' }),
            ],
          }),
        }),
        candidate: EXPEDITE,
      },
      {
        name: 'undrains and what was abandoned cost nothing',
        input: with_(DRAIN, {
          policy: limits({ perHour: 2 }),
          ledger: ledgerOf({
            remediations: [
              remediationOf('undrain-replica', 'patroni2', { id: '1' }),
              remediationOf('drain-replica', 'patroni2', { id: '2', phase: 'abandoned' }),
              remediationOf('drain-replica', 'patroni2', { id: '3', createdAtMs: NOW_MS - 61 * 60_000 }),
            ],
          }),
        }),
        candidate: DRAIN,
      },
      {
        name: 'an undrain while the breaker is open',
        input: with_(UNDRAIN, { ledger: ledgerOf({ breaker: { openSinceMs: 0, reason: 'spent' } }) }),
        candidate: UNDRAIN,
      },
    ],
  },
  storm: {
    blocks: [
      {
        name: 'two members in critical trouble',
        input: inputOf([problemOf('replica-start-failed', 'patroni2'), REBUILD.problem]),
        candidate: REBUILD,
        because: '2 members are in critical trouble at once: patroni2, patroni3',
        unblock: 'repair or explain one of them by hand',
      },
      {
        name: 'one has just passed',
        input: with_(DRAIN, { ledger: ledgerOf({ stormUntilMs: NOW_MS + 7_000 }) }),
        candidate: DRAIN,
        because: 'several members were in critical trouble a moment ago',
        unblock: 'wait until 02:00:07Z',
        retryAtMs: NOW_MS + 7_000,
      },
    ],
    passes: [
      {
        name: 'one member in two kinds of trouble',
        input: inputOf([DRAIN.problem, problemOf('replica-lag-critical', 'patroni3')]),
        candidate: DRAIN,
      },
      {
        name: 'the other trouble is only suspected',
        input: inputOf([DRAIN.problem, problemOf('replica-start-failed', 'patroni2', { phase: 'suspect' })]),
        candidate: DRAIN,
      },
      {
        name: 'the other trouble is a warning',
        input: inputOf([DRAIN.problem, problemOf('replica-not-streaming', 'patroni2')]),
        candidate: DRAIN,
      },
      {
        name: 'the quiet time is over',
        input: with_(DRAIN, { ledger: ledgerOf({ stormUntilMs: NOW_MS }) }),
        candidate: DRAIN,
      },
      {
        name: 'a dead leader takes others down with it',
        input: inputOf([EXPEDITE.problem, problemOf('replica-start-failed', 'patroni2')]),
        candidate: EXPEDITE,
      },
    ],
  },
  flap: {
    blocks: [
      {
        name: 'six falls within minutes',
        input: with_(REBUILD, {
          ledger: ledgerOf({ flaps: { patroni3: [1, 2, 3, 4, 5, 6].map((n) => NOW_MS - n * 1_000) } }),
        }),
        candidate: REBUILD,
        because: 'patroni3 flaps (score 6.0)',
        unblock: 'find out why it goes up and down',
      },
    ],
    passes: [
      {
        name: 'six falls over a day',
        input: with_(REBUILD, {
          ledger: ledgerOf({ flaps: { patroni3: [1, 5, 9, 13, 17, 21].map((n) => NOW_MS - n * 3_600_000) } }),
        }),
        candidate: REBUILD,
      },
      {
        name: 'six falls of another member',
        input: with_(REBUILD, { ledger: ledgerOf({ flaps: { patroni2: [1, 2, 3, 4, 5, 6].map((n) => NOW_MS - n) } }) }),
        candidate: REBUILD,
      },
      {
        name: 'a drain of a member that flaps',
        input: with_(DRAIN, { ledger: ledgerOf({ flaps: { patroni3: [1, 2, 3, 4, 5, 6].map((n) => NOW_MS - n) } }) }),
        candidate: DRAIN,
      },
    ],
  },
  'data-loss': {
    blocks: [
      {
        name: 'it was last a primary',
        input: with_(REBUILD, {
          view: viewOf(...broken),
          memory: {
            ...CLEAN_MEMORY,
            positions: { patroni3: { timeline: 7, lsn: '5/0', inRecovery: false, atMs: NOW_MS } },
          },
        }),
        candidate: REBUILD,
        because: 'patroni3 was last seen as a primary: it may hold writes of its own',
        unblock: 'ekimi approve, after looking at what it holds',
      },
      {
        name: 'it was never seen',
        input: with_(REBUILD, { view: viewOf(...broken), memory: { ...CLEAN_MEMORY, positions: {} } }),
        candidate: REBUILD,
        because: 'no position of patroni3 is known',
        unblock: 'ekimi approve, after looking at what it holds',
      },
      {
        name: 'a person agreed to a smaller loss',
        input: with_(REBUILD, {
          view: viewOf(...broken),
          memory: holding(101),
          ledger: agreedTo({ bytes: 100, seconds: 3 }),
        }),
        candidate: REBUILD,
        because:
          'patroni3 holds at least 101 B past 5/00000000 that the leader does not have, for how many seconds of writes is unknown; at least 100 B (about 3 s of writes) were approved',
        unblock: 'ekimi approve, after looking at what it holds',
      },
      {
        name: 'a person agreed to so many bytes, and now nobody can count them',
        input: with_(REBUILD, {
          view: viewOf(...broken),
          memory: { ...CLEAN_MEMORY, positions: {} },
          ledger: agreedTo({ bytes: 100, seconds: 3 }),
        }),
        candidate: REBUILD,
        because: 'no position of patroni3 is known; at least 100 B (about 3 s of writes) were approved',
        unblock: 'ekimi approve, after looking at what it holds',
      },
      ...[null, undefined].map((loss) => ({
        name: `a person agreed and was told of no loss (${loss === null ? 'there was none' : 'by an older version'})`,
        input: with_(REBUILD, { view: viewOf(...broken), memory: holding(1), ledger: agreedTo(loss) }),
        candidate: REBUILD,
        because:
          'patroni3 holds at least 1 B past 5/00000000 that the leader does not have, for how many seconds of writes is unknown; it was approved without a word of a loss',
        unblock: 'ekimi approve, after looking at what it holds',
      })),
    ],
    passes: [
      {
        name: 'its last position is an ancestor',
        input: with_(REBUILD, { view: viewOf(...broken) }),
        candidate: REBUILD,
      },
      {
        name: 'a restart keeps the copy',
        input: with_(RESTART, { memory: { ...CLEAN_MEMORY, positions: {} } }),
        candidate: RESTART,
      },
      {
        name: 'a person agreed to what nobody can count',
        input: with_(REBUILD, {
          view: viewOf(...broken),
          memory: { ...CLEAN_MEMORY, positions: {} },
          ledger: agreedTo({ bytes: null, seconds: null }),
        }),
        candidate: REBUILD,
      },
      ...[100, 200, null].map((bytes) => ({
        name: `100 bytes, and a person agreed to ${bytes ?? 'what nobody could count'}`,
        input: with_(REBUILD, {
          view: viewOf(...broken),
          memory: holding(100),
          ledger: agreedTo({ bytes, seconds: null }),
        }),
        candidate: REBUILD,
      })),
    ],
  },
  refusal: {
    blocks: [
      {
        name: 'a rebuild of the leader',
        input: with_(candidateOf('replica-start-failed', 'reinitialize-replica', 'patroni1')),
        candidate: candidateOf('replica-start-failed', 'reinitialize-replica', 'patroni1'),
        because: 'patroni1 holds the leader key',
        unblock: 'wait until that has changed, or change it',
      },
      {
        name: 'a restart of a second primary',
        input: with_(RESTART, { view: viewOf(isPrimary('patroni3', ['sql'])) }),
        candidate: RESTART,
        because: 'patroni3 is primary by its sql',
        unblock: 'wait until that has changed, or change it',
      },
    ],
    passes: [{ name: 'its conditions hold', input: with_(REBUILD, { view: viewOf(...broken) }), candidate: REBUILD }],
  },
  approval: {
    blocks: [
      {
        name: 'nobody was asked yet',
        input: with_(DRAIN, { policy: testPolicy({}, { 'drain-replica': { mode: 'approve' } }) }),
        candidate: DRAIN,
        because: 'the policy asks for an approval',
        unblock: 'approve it once it waits: ekimi status shows its ID',
      },
      {
        name: 'it waits',
        input: with_(DRAIN, {
          policy: testPolicy({}, { 'drain-replica': { mode: 'approve' } }),
          ledger: ledgerOf({ approvals: [approval(DRAIN.plan, 'waiting')] }),
        }),
        candidate: DRAIN,
        because: 'approval a1 is waiting',
        unblock: 'ekimi approve a1 --reason "..."',
        retryAtMs: NOW_MS + 60_000,
      },
      {
        name: 'it was rejected',
        input: with_(DRAIN, {
          policy: testPolicy({}, { 'drain-replica': { mode: 'approve' } }),
          ledger: ledgerOf({ approvals: [approval(DRAIN.plan, 'rejected')] }),
        }),
        candidate: DRAIN,
        because: 'dba rejected it: not now',
        unblock: 'wait for the rejection to expire',
        retryAtMs: NOW_MS + 60_000,
      },
      ...(['used', 'expired'] as const).map((state) => ({
        name: `it is ${state}`,
        input: with_(DRAIN, {
          policy: testPolicy({}, { 'drain-replica': { mode: 'approve' } }),
          ledger: ledgerOf({ approvals: [approval(DRAIN.plan, state)] }),
        }),
        candidate: DRAIN,
        because: 'the policy asks for an approval',
        unblock: 'approve it once it waits: ekimi status shows its ID',
      })),
      {
        name: 'the approval has run out',
        input: with_(DRAIN, {
          policy: testPolicy({}, { 'drain-replica': { mode: 'approve' } }),
          ledger: ledgerOf({ approvals: [approval(DRAIN.plan, 'approved', NOW_MS)] }),
        }),
        candidate: DRAIN,
        because: 'the policy asks for an approval',
        unblock: 'approve it once it waits: ekimi status shows its ID',
      },
      {
        name: 'the approval is of another member',
        input: with_(DRAIN, {
          policy: testPolicy({}, { 'drain-replica': { mode: 'approve' } }),
          ledger: ledgerOf({ approvals: [approval(planOf('drain-replica', 'patroni2'), 'approved')] }),
        }),
        candidate: DRAIN,
        because: 'the policy asks for an approval',
        unblock: 'approve it once it waits: ekimi status shows its ID',
      },
    ],
    passes: [
      { name: 'the policy does not ask', input: with_(DRAIN), candidate: DRAIN },
      {
        name: 'a person approved exactly this',
        input: with_(DRAIN, {
          policy: testPolicy({}, { 'drain-replica': { mode: 'approve' } }),
          ledger: ledgerOf({ approvals: [approval(DRAIN.plan, 'approved')] }),
        }),
        candidate: DRAIN,
      },
    ],
  },
  veto: {
    blocks: [
      {
        name: 'it was not asked yet',
        input: with_(DRAIN, vetoes()),
        candidate: DRAIN,
        because: 'the veto hook is asked',
        unblock: 'wait for its answer',
      },
      {
        name: 'it says no',
        input: with_(DRAIN, vetoes({ answer: 'veto', because: 'the batch runs' })),
        candidate: DRAIN,
        because: 'the veto hook says no: the batch runs',
        unblock: 'let the hook say go',
        retryAtMs: NOW_MS + 10_000,
      },
      {
        name: 'its deadline is over, and nobody noted it',
        input: with_(DRAIN, vetoes({ answer: 'asked', because: 'no answer yet', untilMs: NOW_MS })),
        candidate: DRAIN,
        because: 'the veto hook gave no answer: no answer yet',
        unblock: 'repair the hook, or set veto.onSilence to go',
      },
      {
        name: 'its silence meant go for a minute, which is over: it is asked anew',
        input: with_(DRAIN, {
          ...vetoes({ answer: 'silent', untilMs: NOW_MS }),
          policy: testPolicy({ veto: { onSilence: 'go', emergencies: false } }),
        }),
        candidate: DRAIN,
        because: 'the veto hook is asked',
        unblock: 'wait for its answer',
      },
      {
        name: 'its go has run out',
        input: with_(DRAIN, vetoes({ answer: 'go', untilMs: NOW_MS })),
        candidate: DRAIN,
        because: 'the veto hook is asked',
        unblock: 'wait for its answer',
      },
    ],
    passes: [
      { name: 'no hook is configured', input: with_(DRAIN), candidate: DRAIN },
      { name: 'it says go', input: with_(DRAIN, vetoes({ answer: 'go' })), candidate: DRAIN },
      {
        name: 'its silence means go',
        input: with_(DRAIN, {
          ...vetoes({ answer: 'silent' }),
          policy: testPolicy({ veto: { onSilence: 'go', emergencies: false } }),
        }),
        candidate: DRAIN,
      },
      { name: 'a dead leader is not waited for', input: with_(EXPEDITE, vetoes()), candidate: EXPEDITE },
      { name: 'a fence is not waited for', input: with_(FENCE, vetoes()), candidate: FENCE },
      {
        name: 'nor is the traffic of whom we fenced',
        input: with_(OPEN, {
          ...vetoes(),
          ledger: ledgerOf({ fences: [fencedByUs('patroni3')] }),
        }),
        candidate: OPEN,
      },
      { name: 'nor a failover where nobody leads', input: with_(FAILOVER, vetoes()), candidate: FAILOVER },
      { name: 'nor what tells the proxy of a new leader', input: with_(NUDGE, vetoes()), candidate: NUDGE },
    ],
  },
};

const asked = (name: GateName, input: Situation, candidate: Candidate) =>
  GATES.find((gate) => gate.name === name)?.check(input, candidate);

describe('the table of gates', () => {
  it('asks them in the order that is shown to the operator', () => {
    expect(GATES.map((gate) => gate.name)).toEqual(GATE_NAMES);
  });

  it('is what was reviewed', () => {
    expect(GATES.map((gate) => `${gate.name}: ${gate.doc}`)).toMatchSnapshot();
  });

  it('has for each gate a case that blocks and one that passes', () => {
    for (const name of GATE_NAMES) {
      expect(CASES[name].blocks.length, name).toBeGreaterThan(0);
      expect(CASES[name].passes.length, name).toBeGreaterThan(0);
    }
  });

  it('lets a drain through a healthy situation: what blocks below is what the case changes', () => {
    expect(blocksFor(with_(DRAIN, { view: viewOf(...lagging) }), DRAIN)).toEqual([]);
    expect(blocksFor(with_(REBUILD, { view: viewOf(...broken) }), REBUILD)).toEqual([]);
  });

  it('keeps every reason, not only the first', () => {
    const input = with_(DRAIN, {
      view: viewOf(config({ paused: true }), noProxy),
      tenure: { state: 'other', owner: 'host-b', epoch: null },
      windows: { freeze: { reason: 'sale', untilMs: NOW_MS + 1 }, maintenance: null },
      impaired: ['the journal cannot be written'],
    });
    expect(blocksFor(input, DRAIN).map((block) => block.gate)).toEqual([
      'tenure',
      'policy',
      'patroni-pause',
      'window',
      'refusal',
    ]);
  });
});

describe.each(GATE_NAMES.map((name) => [name] as const))('gate %s', (name) => {
  it.each(CASES[name].blocks.map((row) => [row.name, row] as const))('blocks: %s', (_case, row) => {
    expect(asked(name, row.input, row.candidate)).toEqual({
      because: row.because,
      unblock: row.unblock,
      retryAtMs: row.retryAtMs ?? null,
    });
  });
  it.each(CASES[name].passes.map((row) => [row.name, row] as const))('passes: %s', (_case, row) => {
    expect(asked(name, row.input, row.candidate)).toBeNull();
  });
});

describe('before a later step of a procedure under way', () => {
  it('our authority is asked anew', () => {
    const input = with_(DRAIN, {
      view: viewOf(config({ paused: true })),
      ledger: ledgerOf({ switches: [off('global')] }),
      impaired: ['the ledger could not be written'],
    });
    expect(blocksFor(input, nextStep(DRAIN.plan)).map((block) => block.gate)).toEqual([
      'policy',
      'kill-switch',
      'patroni-pause',
    ]);
  });

  it('a fence that is half done does not wait out the grace after a takeover, a drain does', () => {
    const calm = with_(DRAIN, {});
    const input = { ...calm, states: { ...calm.states, memory: { ...calm.states.memory, cleanPasses: 0 } } };
    expect(blocksFor(input, nextStep(DRAIN.plan)).map((block) => block.gate)).toEqual(['start-grace']);
    const fence = blocksFor(input, nextStep(planOf('fence-member', 'patroni1')));
    // What the policy says is asked all the same.
    expect(fence.map((block) => block.gate)).toEqual(['mode']);
  });

  it('the conditions under which it began are not: its own first step may have changed them', () => {
    const input = with_(DRAIN, {
      view: viewOf(proxyDrain('patroni3'), proxyDrain('patroni2')),
      windows: { freeze: { reason: 'sale', untilMs: NOW_MS + 1 }, maintenance: null },
    });
    expect(blocksFor(input, nextStep(DRAIN.plan))).toEqual([]);
  });
});

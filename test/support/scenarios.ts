import type { Incident } from '../../src/model/incident.js';
import type { Decision } from '../../src/model/decision.js';
import type { Approval } from '../../src/model/ledger.js';
import type { Problem } from '../../src/model/problem.js';
import type { ClusterSnapshot } from '../../src/model/snapshot.js';
import { approval, block, NOW_MS, plan, problem, remediation, snapshotOf, type MemberSpec } from './snapshots.js';

/** Situations that an operator meets, each as the snapshot of one pass at `atMs`. */
export const SCENARIOS = {
  healthy: (atMs = NOW_MS): ClusterSnapshot =>
    snapshotOf({ state: 'healthy', sentence: 'patroni1 leads, 2 replicas stream: nothing to do' }, atMs),
  lagHeld: (atMs = NOW_MS): ClusterSnapshot => lagging('dry-run', atMs),
  lagActed: (atMs = NOW_MS): ClusterSnapshot => lagging('enforce', atMs),
  rebuilding,
  waitingApproval,
  leaderless,
  hostile,
} as const;
export type ScenarioName = keyof typeof SCENARIOS;

const LAG_BYTES = 268_435_456;

const laggingMembers: readonly MemberSpec[] = [
  { name: 'patroni1', role: 'primary', state: 'leader' },
  { name: 'patroni2', role: 'replica', state: 'lagging', behindBytes: LAG_BYTES },
  { name: 'patroni3', role: 'replica', state: 'healthy', behindBytes: 16_384 },
];

function lagging(mode: 'dry-run' | 'enforce', atMs: number): ClusterSnapshot {
  const drain = plan('drain-replica', 'patroni2', 'replica-lag-emergency');
  const cancel = plan('cancel-blocking-queries', 'patroni2', 'replay-blocked');
  const why = 'patroni2 is 256 MiB behind, the emergency threshold is 100 MiB';
  const steps = [
    'haproxy> set server postgres_replicas/patroni2 state drain',
    "set tags.noloadbalance = true in patroni2's own patroni.yml",
    'POST /reload on patroni2 {}',
  ];
  const acted = mode === 'enforce';
  const heldCancel: Decision = {
    kind: 'held',
    plan: cancel,
    why: 'a query of 4 min 12 s holds back replay on patroni2',
    steps: ['SELECT pg_cancel_backend(7112) on patroni2 (backend started 2026-11-22 09:25:41.118+00)'],
    blocks: acted
      ? [block('blast-radius', 'drain-replica patroni2 is in flight', 'wait until it has a verdict')]
      : [
          block('mode', 'the mode is dry-run', 'set mode: enforce in policy.yaml'),
          block('cooldown', 'cancelled a query here 3 min ago', 'wait for the cool-down of 30 min', atMs + 1_620_000),
        ],
  };
  const decisions: Decision[] = acted
    ? [heldCancel]
    : [
        {
          kind: 'held',
          plan: drain,
          why,
          steps,
          blocks: [block('mode', 'the mode is dry-run', 'set mode: enforce in policy.yaml')],
        },
        heldCancel,
      ];
  return snapshotOf(
    {
      state: 'lagging',
      sinceMs: atMs - 84_000,
      mode,
      view: { members: laggingMembers, ...(acted ? { drained: 'patroni2' } : {}) },
      sentence: acted
        ? 'patroni2 is drained, waiting for it to catch up'
        : 'would drain patroni2, 256 MiB behind: the mode is dry-run',
      problems: [
        problem(
          {
            code: 'replica-lag-emergency',
            subject: 'patroni2',
            level: 'critical',
            seenForMs: 84_000,
            evidence: [
              ['api', 'patroni2 replayed 0/4D0001F0, patroni1 is at 0/5D0001F0: 256 MiB behind on timeline 3'],
              ['sql', 'pg_last_wal_replay_lsn() on patroni2 is 0/4D0001F0'],
            ],
            facts: { lagBytes: LAG_BYTES, thresholdBytes: 104_857_600 },
          },
          atMs,
        ),
        problem(
          {
            code: 'replay-blocked',
            subject: 'patroni2',
            level: 'warning',
            phase: 'suspect',
            seenForMs: 4_000,
            graceMs: 10_000,
            evidence: [['sql', 'pid 7112 (report@mail) is active for 252 s and recovery waits for it']],
          },
          atMs,
        ),
      ],
      decisions,
      ledger: {
        incidents: [
          standing('b81d22f0', { code: 'replica-lag-emergency', subject: 'patroni2', level: 'critical' }, 84_000, atMs),
        ],
        ...(acted && {
          remediations: [
            remediation(drain, 'verifying', atMs, {
              stepIndex: 2,
              steps: 3,
              detail: 'waiting for GET /replica on patroni2 to answer 503',
            }),
          ],
          drains: [
            {
              member: 'patroni2',
              actuators: ['proxy', 'tag'],
              sinceMs: atMs - 18_000,
              remediationId: 'r-drain-replica-patroni2',
              shadow: false,
            },
          ],
        }),
      },
    },
    atMs,
  );
}

const brokenMembers = (state: 'start-failed' | 'rebuilding'): readonly MemberSpec[] => [
  { name: 'patroni1', role: 'primary', state: 'leader' },
  { name: 'patroni2', role: 'replica', state: 'healthy', behindBytes: 2_048 },
  {
    name: 'patroni3',
    role: state === 'rebuilding' ? 'uninitialized' : 'replica',
    state,
    stateText: state === 'rebuilding' ? 'creating replica' : 'start failed',
    sql: 'silent',
  },
];

const failedRestart = (atMs: number) =>
  remediation(plan('restart-member', 'patroni3', 'replica-start-failed'), 'ineffective', atMs, {
    createdAtMs: atMs - 240_000,
    endedAtMs: atMs - 180_000,
    detail: 'patroni3 says start failed again after the restart',
  });

function rebuilding(atMs = NOW_MS): ClusterSnapshot {
  const rebuild = plan('reinitialize-replica', 'patroni3', 'replica-start-failed');
  return snapshotOf(
    {
      state: 'degraded',
      sinceMs: atMs - 300_000,
      mode: 'enforce',
      view: { members: brokenMembers('rebuilding'), proxyDown: ['patroni3'] },
      sentence: 'patroni3 is being copied anew from patroni1',
      problems: [
        problem(
          {
            code: 'replica-start-failed',
            subject: 'patroni3',
            level: 'critical',
            phase: 'recovering',
            seenForMs: 300_000,
            evidence: [['api', 'patroni3 says creating replica']],
          },
          atMs,
        ),
      ],
      ledger: {
        remediations: [
          failedRestart(atMs),
          remediation(rebuild, 'verifying', atMs, {
            deadlineMs: atMs + 512_000,
            detail: 'patroni3 says creating replica',
          }),
        ],
      },
    },
    atMs,
  );
}

function waitingApproval(atMs = NOW_MS): ClusterSnapshot {
  const rebuild = plan('reinitialize-replica', 'patroni3', 'replica-start-failed');
  const why = 'patroni3 cannot start and a restart did not help; its copy holds nothing that patroni1 lacks';
  return snapshotOf(
    {
      state: 'degraded',
      sinceMs: atMs - 300_000,
      mode: 'enforce',
      view: { members: brokenMembers('start-failed'), proxyDown: ['patroni3'], etcdDown: 'etcd3' },
      sentence: 'reinitialize-replica patroni3 waits for a person',
      problems: [
        problem(
          {
            code: 'replica-start-failed',
            subject: 'patroni3',
            level: 'critical',
            seenForMs: 300_000,
            evidence: [
              ['api', 'GET /patroni on patroni3 says start failed, 14 times in a row'],
              ['host', 'container patroni3 runs, its postmaster does not'],
            ],
          },
          atMs,
        ),
        problem(
          {
            code: 'dcs-member-down',
            subject: 'etcd3',
            level: 'warning',
            seenForMs: 40_000,
            evidence: [['dcs', 'http://etcd3:2379 refused the connection']],
          },
          atMs,
        ),
      ],
      decisions: [
        {
          kind: 'held',
          plan: rebuild,
          why,
          steps: ['POST /reinitialize on patroni3 {"force":true}'],
          blocks: [
            block(
              'approval',
              'the policy says approve for reinitialize-replica',
              'ekimi approve a-7f31c2 --reason TEXT',
            ),
          ],
        },
        {
          kind: 'waiting',
          code: 'dcs-member-down',
          subject: 'etcd3',
          why: 'nothing in the policy answers this yet',
          untilMs: null,
        },
      ],
      ledger: {
        remediations: [failedRestart(atMs)],
        approvals: [approval(rebuild, why, atMs)],
        incidents: [
          standing('4c09be71', { code: 'replica-start-failed', subject: 'patroni3', level: 'critical' }, 303_000, atMs),
        ],
      },
    },
    atMs,
  );
}

function leaderless(atMs = NOW_MS): ClusterSnapshot {
  return snapshotOf(
    {
      state: 'leaderless',
      sinceMs: atMs - 52_000,
      mode: 'enforce',
      view: {
        holder: null,
        members: [
          { name: 'patroni1', role: 'primary', state: 'down', api: 'silent', sql: 'silent', host: 'stopped' },
          { name: 'patroni2', role: 'replica', state: 'not-streaming', behindBytes: 0 },
          { name: 'patroni3', role: 'replica', state: 'not-streaming', behindBytes: 52_428_800 },
        ],
        proxyDown: ['patroni1'],
      },
      sentence: 'no leader for 52 s: paging',
      problems: [
        problem(
          {
            code: 'leaderless',
            subject: 'email-cluster',
            level: 'critical',
            seenForMs: 52_000,
            graceMs: 40_000,
            evidence: [
              ['dcs', 'the leader key is absent by a linearizable read'],
              ['api', 'no member says primary; patroni1 does not answer'],
              ['host', 'container patroni1 exited 54 s ago with code 137'],
            ],
          },
          atMs,
        ),
      ],
      decisions: [
        {
          kind: 'page',
          code: 'leaderless',
          subject: 'email-cluster',
          why: 'nobody holds the leader key for longer than ttl + loop_wait and Patroni has not elected',
        },
      ],
      ledger: {
        pages: [{ code: 'leaderless', subject: 'email-cluster', atMs: atMs - 12_000 }],
        incidents: [incident(atMs)],
      },
    },
    atMs,
  );
}

/** One problem that has stood for so long, and cost no writes. */
const standing = (
  id: string,
  { code, subject, level }: Pick<Problem, 'code' | 'subject' | 'level'>,
  forMs: number,
  atMs: number,
): Incident => ({
  ...incident(atMs),
  id,
  cause: code,
  subject,
  level,
  openedAtMs: atMs - forMs,
  problems: [{ code, subject, level, firstSeenMs: atMs - forMs, activeSinceMs: atMs - forMs, endedAtMs: null }],
  remediations: [],
  pages: [],
  withoutWrites: { ms: 0, unsureMs: 0, sinceMs: null, untoldSinceMs: null },
});

/** A leader that died 54 s ago, and nobody who leads since. */
export const incident = (atMs = NOW_MS): Incident => ({
  id: '7f3a19c2',
  cause: 'leader-down',
  subject: 'patroni1',
  level: 'critical',
  openedAtMs: atMs - 54_000,
  problems: [
    {
      code: 'leader-down',
      subject: 'patroni1',
      level: 'critical',
      firstSeenMs: atMs - 54_000,
      activeSinceMs: atMs - 53_000,
      endedAtMs: atMs - 40_000,
    },
    {
      code: 'leaderless',
      subject: 'email-cluster',
      level: 'critical',
      firstSeenMs: atMs - 52_000,
      activeSinceMs: atMs - 12_000,
      endedAtMs: null,
    },
  ],
  remediations: [{ id: 'r1', action: 'expedite-failover', target: 'patroni1' }],
  pages: [{ code: 'leaderless', subject: 'email-cluster', atMs: atMs - 12_000 }],
  withoutWrites: { ms: 0, unsureMs: 2_000, sinceMs: atMs - 54_000, untoldSinceMs: null },
  quietSinceMs: null,
  endedAtMs: null,
  by: 'control1:4121',
});

/** The same, with what each question that waits would lose. */
export const losing = (snapshot: ClusterSnapshot, loss: Approval['loss']): ClusterSnapshot => ({
  ...snapshot,
  ledger: {
    ...snapshot.ledger,
    approvals: snapshot.ledger.approvals.map((row) => (loss === undefined ? row : { ...row, loss })),
  },
});

/** Names and texts that come from outside and would be markup, or a terminal's command, if anything took them as such. */
export const HOSTILE_NAME = '<img src=x onerror="window.pwned=1">\u001b[31m';

function hostile(atMs = NOW_MS): ClusterSnapshot {
  const base = lagging('dry-run', atMs);
  const name = HOSTILE_NAME;
  return {
    ...base,
    sentence: `${name} is odd`,
    view:
      base.view === null
        ? null
        : {
            ...base.view,
            members: base.view.members.map((member, index) =>
              index === 1 ? { ...member, name: name as typeof member.name } : member,
            ),
          },
    states:
      base.states === null
        ? null
        : {
            ...base.states,
            problems: [
              problem(
                {
                  code: 'member-unknown',
                  subject: name,
                  level: 'warning',
                  seenForMs: 60_000,
                  evidence: [['peers', name]],
                },
                atMs,
              ),
            ],
          },
    decisions: [{ kind: 'page', code: 'member-unknown', subject: name, why: `</script>${name}` }],
  };
}

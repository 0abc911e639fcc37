import { describe, expect, it } from 'vitest';
import type { Sight } from '../../../src/actions/action.js';
import { ACTIONS } from '../../../src/actions/index.js';
import { stepInput } from '../../../src/actions/waits.js';
import { memberName } from '../../../src/model/names.js';
import { ACTION_CLASSES, ACTION_NAMES, RISKS, type ActionName, type Plan } from '../../../src/model/plan.js';
import { stepLines } from '../../../src/words/request.js';
import { fresh, unknown } from '../../../src/model/reading.js';
import { testPolicy } from '../../support/policy.js';
import {
  api,
  assessmentOf,
  at as positionBehind,
  blocker,
  config,
  drainedByUs,
  host,
  isPrimary,
  keys,
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
  proxyServer,
  silent,
  sql,
  STANDBY,
  startFailed,
  damaged,
  logSays,
  stopped,
  viewOf,
  type Change,
} from '../../support/view.js';
import { withSeen } from '../../support/proxies.js';

const elder = { ...blocker, pid: 43, xactAgeMs: 90_000 };
const frozen = silent('patroni1', 'api');
const leaseLeft = (leaseTtlMs: number | null): Change =>
  keys({
    leader: { holder: memberName('patroni1'), leaseId: '1', leaseTtlMs, modRevision: '100', createRevision: '90' },
  });
const proxyless: Change = (view) => ({ ...view, proxies: [] });
const givenUp = proxyServer('postgres_primary', 'patroni1', { up: false, status: 'DOWN' });
/** A replica that has not received this much of what the leader wrote. */
const unreceived = (name: string, bytes: number): readonly Change[] => [
  sql(name, { receiveLsn: positionBehind(bytes), replayLsn: positionBehind(bytes) }),
  api(name, { xlog: null }),
];
const dead = [stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3')];
const fenced = ledgerOf({
  fences: [{ member: 'patroni3', sinceMs: NOW_MS - 60_000, remediationId: 'f', shadow: false }],
});

type Part = Parameters<typeof assessmentOf>[1];
const at = (changes: readonly Change[], part: Part = {}) => assessmentOf(viewOf(...changes), part);

const refusal = (plan: Plan, changes: readonly Change[], part: Part = {}) =>
  ACTIONS[plan.action].refuse(at(changes, part), plan);

describe('the registry', () => {
  it('has each action under its own name', () => {
    for (const name of ACTION_NAMES) expect(ACTIONS[name].name).toBe(name);
    expect(Object.keys(ACTIONS)).toEqual([...ACTION_NAMES]);
  });

  it('is what was reviewed', () => {
    expect(
      ACTION_NAMES.map((name) => {
        const { risk, runbook, inverse, disruptsTarget, destroysCopy, summary, countsSuccess = true } = ACTIONS[name];
        const flags = [disruptsTarget && 'disrupts', destroysCopy && 'destroys', !countsSuccess && 'success is free'];
        return `${name} [${ACTIONS[name].class}, ${risk}] ${summary}; ${flags.filter(Boolean).join(', ') || 'mild'}; undo ${inverse ?? 'none'}; ${runbook}`;
      }),
    ).toMatchSnapshot();
  });

  it.each(ACTION_NAMES.map((name) => [name] as const))(
    'says of %s what it is, how it is undone and where the runbook has it',
    (name) => {
      const action = ACTIONS[name];
      expect(action.summary).not.toBe('');
      expect(action.inverseNote).not.toBe('');
      expect(action.runbook).toContain(' > ');
      expect(RISKS).toContain(action.risk);
      expect(ACTION_CLASSES).toContain(action.class);
      if (action.destroysCopy) expect(action.risk).toBe('data');
      if (action.destroysCopy) expect(action.inverse).toBeNull();
    },
  );
});

describe('the exact requests', () => {
  const both = testPolicy({ drain: { actuators: ['proxy', 'tag'], shutdownSessions: false } });
  const config = { patch: { ttl: 20 }, configRevision: '7' };
  const cases: Record<ActionName, readonly (readonly [name: string, plan: Plan, requests: readonly string[]])[]> = {
    'drain-replica': [
      [
        'by proxy and tag',
        planOf('drain-replica', 'patroni3'),
        [
          'haproxy> set server postgres_replicas/patroni3 state drain',
          "set tags.noloadbalance = true in patroni3's own patroni.yml",
          'POST /reload on patroni3 {}',
        ],
      ],
    ],
    'undrain-replica': [
      [
        'by both, the tag first',
        planOf('undrain-replica', 'patroni3', { actuators: ['proxy', 'tag'] }),
        [
          "set tags.noloadbalance = false in patroni3's own patroni.yml",
          'POST /reload on patroni3 {}',
          'haproxy> set server postgres_replicas/patroni3 state ready',
        ],
      ],
      [
        'only by the way it was drained, whatever the policy says now',
        planOf('undrain-replica', 'patroni3', { actuators: ['proxy'] }),
        ['haproxy> set server postgres_replicas/patroni3 state ready'],
      ],
    ],
    'cancel-blocking-queries': [
      [
        'of one backend, by pid and start',
        planOf('cancel-blocking-queries', 'patroni3', { pid: 42, backendStart: 'then' }),
        ['SELECT pg_cancel_backend(42) on patroni3 (backend started then)'],
      ],
    ],
    'terminate-blocking-queries': [
      [
        'of one backend, by pid and start',
        planOf('terminate-blocking-queries', 'patroni3', { pid: 42, backendStart: 'then' }),
        ['SELECT pg_terminate_backend(42) on patroni3 (backend started then)'],
      ],
    ],
    'resume-replay': [
      [
        'of the very pause that was seen',
        planOf('resume-replay', 'patroni3', { at: '0/5000000', atLeast: STANDBY }),
        ['SELECT pg_wal_replay_resume() on patroni3 (if it is still paused at 0/5000000)'],
      ],
    ],
    'drop-inactive-slot': [
      [
        'of the very slot that was seen unused',
        planOf('drop-inactive-slot', 'patroni1', { slot: 'old', kind: 'physical', restartLsn: '0/5000000' }),
        ["SELECT pg_drop_replication_slot('old') on patroni1 (if it is unused and still at 0/5000000)"],
      ],
    ],
    'restart-member': [
      [
        'through Patroni, which refuses if it has become primary',
        planOf('restart-member', 'patroni3', { via: 'patroni' }),
        ['POST /restart on patroni3 {"role":"replica"}'],
      ],
      ['through the host', planOf('restart-member', 'patroni3', { via: 'host' }), ['host restart patroni3']],
    ],
    'start-member': [['of the host', planOf('start-member', 'patroni3', { id: 'x' }), ['host start patroni3']]],
    'move-aside': [
      [
        'of the very run that was looked at',
        planOf('move-aside', 'patroni3', { id: 'x', suffix: 'ekimi-20260101T000000Z' }),
        ['host rename the data directory of patroni3 to NAME.ekimi-20260101T000000Z'],
      ],
    ],
    'remove-aside': [
      [
        'by the name of its folder',
        planOf('remove-aside', 'patroni3', { directory: 'data.ekimi-20260101T000000Z' }),
        ['host delete data.ekimi-20260101T000000Z of patroni3, which lies aside'],
      ],
    ],
    'begin-copy': [['of the host', planOf('begin-copy', 'patroni3', { id: 'x' }), ['host start patroni3']]],
    'close-servers': [
      [
        'drains, closes, and cuts who stayed',
        planOf('close-servers', 'patroni3', {
          servers: [{ proxy: 'proxy', backend: 'postgres_replicas', server: 'patroni3' }],
        }),
        [
          'haproxy> set server postgres_replicas/patroni3 state drain',
          'haproxy> set server postgres_replicas/patroni3 state maint',
          'haproxy> shutdown sessions server postgres_replicas/patroni3',
        ],
      ],
    ],
    'open-servers': [
      [
        'in each proxy',
        planOf('open-servers', 'patroni3', {
          servers: [
            { proxy: 'proxy', backend: 'postgres_replicas', server: 'patroni3' },
            { proxy: 'south', backend: 'main', server: 'pg-c' },
          ],
        }),
        [
          'haproxy> set server postgres_replicas/patroni3 state ready',
          'haproxy south> set server main/pg-c state ready',
        ],
      ],
    ],
    'stop-member': [
      [
        'of the host, clean as long as that takes less than a minute',
        planOf('stop-member', 'patroni3', { id: 'x', startedAtMs: 1 }),
        ['host stop patroni3 (killed after 60 s)'],
      ],
    ],
    'move-store-aside': [
      [
        'stopped first where it runs, and kept',
        planOf('move-store-aside', 'etcd1', { id: 'etcd1-1', suffix: 'ekimi-20260101T000000Z', runs: true }),
        [
          'host stop etcd1 (killed after 30 s)',
          'host rename the data of etcd1 to member.ekimi-20260101T000000Z in its data directory',
        ],
      ],
      [
        'of one that is stopped, only renamed',
        planOf('move-store-aside', 'etcd1', { id: 'etcd1-1', suffix: 'ekimi-20260101T000000Z' }),
        ['host rename the data of etcd1 to member.ekimi-20260101T000000Z in its data directory'],
      ],
    ],
    'stop-without-etcd': [
      [
        'of the host, clean as long as that takes less than a minute',
        planOf('stop-without-etcd', 'patroni1', { id: 'x', startedAtMs: 1 }),
        ['host stop patroni1 (killed after 60 s)'],
      ],
    ],
    'start-first': [
      [
        'of the host',
        planOf('start-first', 'patroni3', { id: 'x', timeline: 7, lsn: '5/0', agreed: false }),
        ['host start patroni3'],
      ],
    ],
    'start-store': [
      ['of the host of an etcd member', planOf('start-store', 'etcd2', { id: 'etcd2-1' }), ['host start etcd2']],
    ],
    'defragment-store': [
      [
        'drops history first, and then takes one member',
        planOf('defragment-store', 'etcd2', { revision: '812', sizeBytes: 64_000_000, usedBytes: 63_000_000 }),
        [
          'etcd: compact the history before revision 812 (by etcd2)',
          'etcd: defragment etcd2 (it answers nobody meanwhile)',
        ],
      ],
    ],
    'disarm-store': [
      ['the one alarm', planOf('disarm-store', 'etcd1', {}), ['etcd: disarm the alarm NOSPACE (by etcd1)']],
    ],
    'reinitialize-replica': [
      [
        'without force, which would begin a running copy anew',
        planOf('reinitialize-replica', 'patroni3'),
        ['POST /reinitialize on patroni3 {}'],
      ],
    ],
    'proxy-nudge': [
      [
        'marks the new one up before the old one down',
        planOf('proxy-nudge', 'patroni2', { down: ['patroni1'] }),
        [
          'haproxy> set server postgres_primary/patroni2 health up',
          'haproxy> set server postgres_primary/patroni1 health down',
        ],
      ],
      [
        'or the old one down first, where nobody is to be sent to it',
        planOf('proxy-nudge', 'patroni2', { down: ['patroni1'], downFirst: true }),
        [
          'haproxy> set server postgres_primary/patroni1 health down',
          'haproxy> set server postgres_primary/patroni2 health up',
        ],
      ],
    ],
    'open-traffic': [
      [
        'in the primary pool',
        planOf('open-traffic', 'patroni3'),
        ['haproxy> set server postgres_primary/patroni3 state ready'],
      ],
    ],
    'shut-sessions': [
      [
        'in each pool that keeps them',
        planOf('shut-sessions', 'patroni3', {
          servers: [
            { proxy: 'proxy', backend: 'postgres_primary', server: 'patroni3' },
            { proxy: 'south', backend: 'main', server: 'pg-c' },
          ],
        }),
        [
          'haproxy> shutdown sessions server postgres_primary/patroni3',
          'haproxy south> shutdown sessions server main/pg-c',
        ],
      ],
    ],
    'expedite-failover': [
      [
        'carries its precondition',
        planOf('expedite-failover', 'patroni1', { modRevision: '100', hostId: 'x' }),
        ["etcd: delete the leader key if it is patroni1's at mod revision 100"],
      ],
      [
        'takes the dead member out of the proxy while Patroni elects',
        planOf('expedite-failover', 'patroni1', { modRevision: '100', hostId: 'x', routed: true }),
        [
          "etcd: delete the leader key if it is patroni1's at mod revision 100",
          'haproxy> set server postgres_primary/patroni1 health down',
        ],
      ],
    ],
    'fence-member': [
      [
        'closes traffic first',
        planOf('fence-member', 'patroni1', { id: 'x', proxied: true }),
        [
          'haproxy> set server postgres_primary/patroni1 state maint',
          'haproxy> shutdown sessions server postgres_primary/patroni1',
          'host kill patroni1',
        ],
      ],
      [
        'of a rogue whose Patroni answers is a stop, killed soon',
        planOf('fence-member', 'patroni1', { id: 'x', proxied: false, hears: true }),
        ['host stop patroni1 (killed after 10 s)'],
      ],
      [
        'without a proxy stops at once',
        planOf('fence-member', 'patroni1', { id: 'x', proxied: false }),
        ['host kill patroni1'],
      ],
    ],
    'fence-leader': [
      [
        'is one kill',
        planOf('fence-leader', 'patroni1', { id: 'x', proxied: false, hears: false }),
        ['host kill patroni1'],
      ],
    ],
    'restart-leader': [
      [
        'only if it leads and a restart is pending',
        planOf('restart-leader', 'patroni1', { wasMs: 1, role: 'primary' }),
        ['POST /restart on patroni1 {"role":"primary","restart_pending":true,"timeout":60}'],
      ],
    ],
    'patch-config': [
      [
        'on the configuration that was shown',
        planOf('patch-config', 'patroni1', config),
        ['etcd: merge {"ttl":20} into Patroni\'s configuration if it is at mod revision 7'],
      ],
    ],
    'pause-cluster': [
      [
        'by the key',
        planOf('pause-cluster', 'patroni1', { ...config, patch: { pause: true } }),
        ['etcd: merge {"pause":true} into Patroni\'s configuration if it is at mod revision 7'],
      ],
    ],
    'resume-cluster': [
      [
        'by the key',
        planOf('resume-cluster', 'patroni1', { ...config, patch: { pause: false } }),
        ['etcd: merge {"pause":false} into Patroni\'s configuration if it is at mod revision 7'],
      ],
    ],
    failover: [
      [
        'to one named candidate',
        planOf('failover', 'patroni2', { candidate: 'patroni2' }),
        ['POST /failover on patroni2 {"candidate":"patroni2"}'],
      ],
      [
        'from a leader that a person saw leading',
        planOf('failover', 'patroni2', { candidate: 'patroni2', leader: 'patroni1' }),
        ['POST /failover on patroni2 {"leader":"patroni1","candidate":"patroni2"}'],
      ],
    ],
    switchover: [
      [
        'carries the leader that it was planned against',
        planOf('switchover', 'patroni1', { leader: 'patroni1', candidate: 'patroni2', scheduledAt: null }),
        ['POST /switchover on patroni1 {"leader":"patroni1","candidate":"patroni2"}'],
      ],
      [
        'holds clients in the poolers that it was bound to, just before',
        planOf('switchover', 'patroni1', { leader: 'patroni1', candidate: 'patroni2', poolers: ['a', 'b'] }),
        [
          'pause pooler a, b for at most 3 s (given up if transactions do not end within 1 s)',
          'POST /switchover on patroni1 {"leader":"patroni1","candidate":"patroni2"}',
        ],
      ],
      [
        'at a time',
        planOf('switchover', 'patroni1', {
          leader: 'patroni1',
          candidate: 'patroni2',
          scheduledAt: '2026-01-15T03:00:00.000Z',
        }),
        [
          'POST /switchover on patroni1 {"leader":"patroni1","candidate":"patroni2","scheduled_at":"2026-01-15T03:00:00.000Z"}',
        ],
      ],
    ],
    'pause-pooler': [
      [
        'of one pooler',
        planOf('pause-pooler', 'bouncer'),
        ['pause pooler bouncer for at most 3 s (given up if transactions do not end within 1 s)'],
      ],
    ],
    'resume-pooler': [['of one pooler', planOf('resume-pooler', 'bouncer'), ['resume pooler bouncer']]],
    'cancel-switchover': [
      [
        'without a body',
        planOf('cancel-switchover', 'patroni1', { leader: 'patroni1', candidate: 'patroni2', scheduledAt: 'then' }),
        ['DELETE /switchover on patroni1'],
      ],
    ],
  };

  const rows = ACTION_NAMES.flatMap((name) =>
    cases[name].map(([what, plan, requests]) => [`${name} ${what}`, plan, requests] as const),
  );

  it.each(rows)('of %s', (_name, plan, requests) => {
    const steps = ACTIONS[plan.action].steps(stepInput({ policy: both, view: viewOf() }), plan);
    expect(steps.flatMap((row) => stepLines(row.step))).toEqual(requests);
    for (const row of steps) expect(row.withinMs).toBeGreaterThan(0);
  });

  it('of a drain are those that it was bound to, whatever a policy reloaded meanwhile says', () => {
    const input = assessmentOf(viewOf(), { policy: both });
    const bound = ACTIONS['drain-replica'].bind(input, memberName('patroni3'), null);
    const plan = planOf('drain-replica', 'patroni3', bound.kind === 'bound' ? bound.params : {});
    const steps = ACTIONS['drain-replica'].steps(stepInput({ policy: testPolicy(), view: viewOf() }), plan);
    expect(steps).toHaveLength(3);
  });

  it('go to the target and to nobody else', () => {
    for (const [, plan] of rows)
      for (const { step } of ACTIONS[plan.action].steps(stepInput({ policy: both, view: viewOf() }), plan))
        if ('member' in step) expect(step.member).toBe(plan.target);
  });

  it('to a proxy that has no pools are none', () => {
    for (const plan of [
      planOf('drain-replica', 'patroni3'),
      planOf('open-traffic', 'patroni3'),
      planOf('proxy-nudge', 'patroni2', { down: [] }),
    ])
      expect(
        ACTIONS[plan.action].steps(stepInput({ policy: testPolicy(), view: { ...viewOf(), proxies: [] } }), plan),
      ).toEqual([]);
  });

  it('cut the sessions of a drained replica only where the policy says so', () => {
    const policy = testPolicy({ drain: { actuators: ['proxy'], shutdownSessions: true } });
    const steps = ACTIONS['drain-replica'].steps(
      stepInput({ policy, view: viewOf() }),
      planOf('drain-replica', 'patroni3'),
    );
    expect(steps.flatMap((row) => stepLines(row.step))).toEqual([
      'haproxy> set server postgres_replicas/patroni3 state drain',
      'haproxy> shutdown sessions server postgres_replicas/patroni3',
    ]);
  });
});

describe('an action refuses', () => {
  const rebuild = planOf('reinitialize-replica', 'patroni3');
  const restart = planOf('restart-member', 'patroni3', { via: 'patroni' });
  const viaHost = planOf('restart-member', 'patroni3', { via: 'host' });
  const start = planOf('start-member', 'patroni3', { id: 'patroni3-1' });
  const drain = planOf('drain-replica', 'patroni3');
  const cancel = planOf('cancel-blocking-queries', 'patroni3', { pid: 42, backendStart: 'then' });
  const expedite = planOf('expedite-failover', 'patroni1', { modRevision: '100', hostId: 'patroni1-1' }, 'leader-down');
  const fence = planOf('fence-member', 'patroni1', { id: 'patroni1-1', proxied: true }, 'leader-frozen');
  const fenceRogue = planOf('fence-member', 'patroni3', { id: 'patroni3-1', proxied: true }, 'split-brain-confirmed');
  const fail = planOf('failover', 'patroni2', { candidate: 'patroni2' }, 'leaderless');
  const creating = api('patroni3', { state: 'creating-replica', role: 'uninitialized' });

  it.each<[string, Plan, readonly Change[], string | null]>([
    [
      'a rebuild of the holder of the leader key',
      planOf('reinitialize-replica', 'patroni1'),
      [],
      'patroni1 holds the leader key',
    ],
    [
      'a rebuild of a member that SQL calls primary',
      rebuild,
      [isPrimary('patroni3', ['sql'])],
      'patroni3 is primary by its sql',
    ],
    [
      'a rebuild of what is not ours',
      planOf('reinitialize-replica', 'patroni9'),
      [],
      'patroni9 is not a member of ours',
    ],
    [
      'a rebuild without a proven leader',
      rebuild,
      [startFailed('patroni3'), leaderKey(null)],
      'there is no proven leader to copy from',
    ],
    [
      'a rebuild while etcd is silent',
      rebuild,
      [startFailed('patroni3'), noEtcd],
      'there is no proven leader to copy from',
    ],
    [
      'a rebuild from a leader that does not accept writes',
      rebuild,
      [startFailed('patroni3'), api('patroni1', { role: 'replica' })],
      'there is no proven leader to copy from',
    ],
    ['a rebuild while its Patroni is silent', rebuild, [stopped('patroni3')], 'Patroni on patroni3 does not answer'],
    [
      'a rebuild that is under way',
      rebuild,
      [creating, silent('patroni3', 'sql')],
      'patroni3 is already creating its copy',
    ],
    ['a rebuild of a replica that streams', rebuild, [], 'patroni3 runs and streams: there is nothing to rebuild'],
    [
      'a rebuild while another is rebuilt',
      rebuild,
      [damaged('patroni3'), api('patroni2', { state: 'creating-replica' })],
      'patroni2 is being rebuilt: one at a time',
    ],
    ['nothing: a rebuild of a copy that is damaged', rebuild, [damaged('patroni3')], null],
    [
      'a rebuild of a copy that does not start, of which no log tells why',
      rebuild,
      [startFailed('patroni3')],
      'no sign that the copy of patroni3 is at fault: the log of patroni3 cannot be read (hosts.commands.logs, or driver docker)',
    ],
    [
      'a rebuild of a copy whose log came late',
      rebuild,
      [
        startFailed('patroni3'),
        member('patroni3', () => ({ log: unknown('timeout', 'no answer within 1 s', 0, 'log') })),
      ],
      'no sign that the copy of patroni3 is at fault: the log of patroni3 was not read (no answer within 1 s)',
    ],
    [
      'a rebuild of a copy whose log was read too long ago',
      rebuild,
      [damaged('patroni3'), member('patroni3', ({ log }) => ({ log: { ...log!, atMs: NOW_MS - 16_000 } }))],
      'no sign that the copy of patroni3 is at fault: the log of patroni3 was read 16 s ago',
    ],
    [
      'a rebuild of a copy that a wrong setting keeps from starting',
      rebuild,
      [damaged('patroni3'), logSays('patroni3', 'FATAL:  invalid value for parameter "max_connections": "x"')],
      'the log of patroni3 says: FATAL:  invalid value for parameter "max_connections": "x"',
    ],
    [
      'a restart of the holder of the leader key',
      planOf('restart-member', 'patroni1', { via: 'patroni' }),
      [],
      'patroni1 holds the leader key',
    ],
    ['a restart of a second primary', restart, [isPrimary('patroni3')], 'patroni3 is primary by its api and sql'],
    [
      'a restart while a copy is made',
      restart,
      [creating],
      'patroni3 is creating its copy: a restart would begin it anew',
    ],
    ['a restart through the host once Patroni answers again', viaHost, [], 'Patroni on patroni3 answers again'],
    [
      'a restart through Patroni once it is silent',
      restart,
      [silent('patroni3', 'api')],
      'Patroni on patroni3 no longer answers',
    ],
    ['nothing: a restart of a replica', restart, [notStreaming('patroni3')], null],
    ['a start of what runs', start, [], 'patroni3 is not proven to be stopped'],
    ['a start of what cannot be asked', start, [silent('patroni3', 'host')], 'patroni3 is not proven to be stopped'],
    [
      'a start of another container under the name',
      start,
      [stopped('patroni3'), host('patroni3', { id: 'other' })],
      'another container now bears the name of patroni3',
    ],
    [
      'a start while nobody leads',
      start,
      [stopped('patroni3'), leaderKey(null)],
      'there is no proven leader: which member starts first decides what data survives',
    ],
    ['nothing: a start of what is stopped', start, [stopped('patroni3')], null],
    ['a drain of the leader', planOf('drain-replica', 'patroni1'), [], 'patroni1 holds the leader key'],
    ['a drain by a silent proxy', drain, [noProxy], 'the proxy does not answer, so it cannot be drained there'],
    [
      'a drain of a server that the proxy does not have',
      drain,
      [(view) => withSeen(view, fresh({ servers: [] }, NOW_MS, 'proxy'))],
      'the proxy has no server patroni3 in its replica pool',
    ],
    ['nothing: a drain of a replica', drain, [], null],
    [
      'an undrain of what we did not drain',
      planOf('undrain-replica', 'patroni3'),
      [proxyDrain('patroni3')],
      'patroni3 was not drained by us: what an operator drained, an operator puts back',
    ],
    ['a cancel of a backend that is gone', cancel, [], 'pid 42 no longer blocks replay on patroni3'],
    [
      'a cancel of a reused pid',
      cancel,
      [sql('patroni3', { blockers: [{ ...blocker, backendStart: 'later' }] })],
      'pid 42 no longer blocks replay on patroni3',
    ],
    [
      'a cancel on the leader',
      planOf('cancel-blocking-queries', 'patroni1', { pid: 42, backendStart: 'then' }),
      [sql('patroni1', { blockers: [blocker] })],
      'patroni1 holds the leader key: nothing blocks replay there',
    ],
    ['nothing: a cancel of a backend that blocks', cancel, [sql('patroni3', { blockers: [blocker] })], null],
    ['an expedited failover while the API answers', expedite, [], 'the API of patroni1 is not silent'],
    ['an expedited failover while SQL answers', expedite, [frozen], 'PostgreSQL on patroni1 is not proven silent'],
    [
      'an expedited failover where SQL is not configured',
      expedite,
      [...dead, silent('patroni1', 'sql', 'not-configured')],
      'PostgreSQL on patroni1 is not proven silent',
    ],
    [
      'an expedited failover while the host cannot be asked',
      expedite,
      [...dead, silent('patroni1', 'host')],
      'the host driver does not say in this pass what runs patroni1',
    ],
    [
      'an expedited failover while the container runs',
      expedite,
      [...dead, host('patroni1', { state: 'running' })],
      'patroni1 is running by its host driver',
    ],
    [
      'an expedited failover while the container is only paused',
      expedite,
      [...dead, host('patroni1', { state: 'paused' })],
      'patroni1 is paused by its host driver',
    ],
    [
      'an expedited failover while a replica still streams',
      expedite,
      [stopped('patroni1')],
      'patroni2 still streams from a leader',
    ],
    [
      'an expedited failover that no replica confirms',
      expedite,
      [
        ...dead,
        silent('patroni2', 'api'),
        silent('patroni2', 'sql'),
        silent('patroni3', 'api'),
        silent('patroni3', 'sql'),
      ],
      'no replica confirms that it lost its leader',
    ],
    [
      'an expedited failover once the key was written again',
      expedite,
      [
        ...dead,
        keys({
          leader: {
            holder: memberName('patroni1'),
            leaseId: null,
            leaseTtlMs: null,
            modRevision: '105',
            createRevision: '90',
          },
        }),
      ],
      'the leader key was written again',
    ],
    [
      'an expedited failover once another holds the key',
      expedite,
      [...dead, leaderKey('patroni2')],
      'patroni1 no longer holds the leader key',
    ],
    [
      'an expedited failover of another container under the name',
      expedite,
      [...dead, host('patroni1', { id: 'patroni1-2' })],
      'another container now bears the name of patroni1',
    ],
    ['nothing: an expedited failover from a leader that is proven dead', expedite, dead, null],
    ['a fence of a leader whose API answers again', fence, [], 'the API of patroni1 answers again'],
    [
      'a fence of a leader that lost its key',
      fence,
      [frozen, leaderKey('patroni2')],
      'patroni1 no longer holds the leader key',
    ],
    [
      'a fence of a member whose SQL is silent',
      fence,
      [frozen, silent('patroni1', 'sql')],
      'PostgreSQL on patroni1 does not say that it is primary',
    ],
    [
      'a fence of what is stopped already',
      fence,
      [stopped('patroni1')],
      'patroni1 is not proven to run: there is nothing that could be stopped',
    ],
    [
      'a fence when no replica could take over',
      fence,
      [frozen, stopped('patroni2'), stopped('patroni3')],
      'no replica may succeed patroni1: none is known to run',
    ],
    [
      'a fence when the replicas are beyond the lag limit of a failover',
      fence,
      [frozen, ...unreceived('patroni2', 3 * MB), ...unreceived('patroni3', 2 * MB)],
      'no replica may succeed patroni1: patroni3 is 2 MiB behind, maximum_lag_on_failover is 1 MiB; patroni2 is 3 MiB behind, maximum_lag_on_failover is 1 MiB',
    ],
    [
      'a fence of what was started again since it was planned',
      planOf('fence-member', 'patroni1', { id: 'patroni1-1', startedAtMs: 1, proxied: true }, 'leader-frozen'),
      [frozen],
      'patroni1 was started again meanwhile: somebody is at work on it',
    ],
    [
      'a fence while the proxy sends writes to the leader as before',
      fence,
      [frozen, leaseLeft(9_100)],
      'the proxy still sends writes to patroni1, and 9 s of its lease are left',
    ],
    [
      'a fence while clients write to the leader without a proxy',
      fence,
      [frozen, proxyless, leaseLeft(5_100)],
      'clients write to patroni1 without a proxy, and 5 s of its lease are left',
    ],
    ['nothing: the same when its key is about to expire', fence, [frozen, proxyless, leaseLeft(5_000)], null],
    ['nothing: a fence of a frozen leader whose key is about to expire', fence, [frozen, leaseLeft(9_000)], null],
    ['nothing: a fence of a frozen leader whose lease nobody can read', fence, [frozen, leaseLeft(null)], null],
    ['nothing: a fence of a frozen leader that the proxy has given up', fence, [frozen, givenUp], null],
    [
      'a fence of the holder of the key as the rogue',
      planOf('fence-member', 'patroni1', { id: 'patroni1-1', proxied: true }, 'split-brain-confirmed'),
      [isPrimary('patroni3')],
      'patroni1 holds the leader key: it is not the rogue',
    ],
    [
      'a fence of a rogue while the other primary is not proven',
      fenceRogue,
      [isPrimary('patroni3'), silent('patroni1', 'api')],
      'the holder of the leader key is not proven to be primary',
    ],
    ['nothing: a fence of a rogue', fenceRogue, [isPrimary('patroni3')], null],
    ['a failover while somebody leads', fail, [], 'there is a leader again'],
    [
      'a failover to a silent candidate',
      fail,
      [leaderKey(null), silent('patroni2', 'api')],
      'the API of patroni2 does not answer',
    ],
    ['nothing: a failover of a leaderless cluster', fail, [...dead, leaderKey(null)], null],
    [
      'a nudge to anybody but the proven leader',
      planOf('proxy-nudge', 'patroni2', { down: [] }),
      [],
      'patroni2 is not the proven leader',
    ],
    [
      'to call a living primary down',
      planOf('proxy-nudge', 'patroni2', { down: ['patroni1'] }),
      [leaderKey('patroni2'), isPrimary('patroni2')],
      'patroni1 lives and is not proven to be no primary',
    ],
    [
      'nothing: a nudge that calls a stopped member down',
      planOf('proxy-nudge', 'patroni2', { down: ['patroni1'] }),
      [leaderKey('patroni2'), isPrimary('patroni2'), stopped('patroni1')],
      null,
    ],
    ['to open what we did not close', planOf('open-traffic', 'patroni3'), [], 'patroni3 was not fenced by us'],
  ])('%s', (_name, plan, changes, because) => {
    expect(refusal(plan, changes)).toBe(because);
  });

  it('nothing of an undrain of ours', () => {
    expect(refusal(planOf('undrain-replica', 'patroni3'), [], { ledger: drainedByUs('patroni3') })).toBeNull();
    expect(refusal(planOf('open-traffic', 'patroni3'), [], { ledger: fenced })).toBeNull();
  });
});

describe('an action binds', () => {
  const bind = (name: ActionName, target: string, changes: readonly Change[], part: Part = {}) =>
    ACTIONS[name].bind(at(changes, part), memberName(target), problemOf('member-down', target));

  it.each<[string, ActionName, string, readonly Change[], object]>([
    [
      'the oldest blocker',
      'cancel-blocking-queries',
      'patroni3',
      [sql('patroni3', { blockers: [blocker, elder] })],
      { kind: 'bound', params: { pid: 43 } },
    ],
    [
      'no blocker that only may block',
      'cancel-blocking-queries',
      'patroni3',
      [sql('patroni3', { blockers: [{ ...blocker, confirmed: false }] })],
      { kind: 'nothing' },
    ],
    [
      'no blocker that is young',
      'cancel-blocking-queries',
      'patroni3',
      [sql('patroni3', { blockers: [{ ...blocker, xactAgeMs: 4_999 }] })],
      { kind: 'nothing' },
    ],
    [
      'a restart to Patroni where it answers',
      'restart-member',
      'patroni3',
      [],
      { kind: 'bound', params: { via: 'patroni' } },
    ],
    [
      'a restart to the host where it does not',
      'restart-member',
      'patroni3',
      [stopped('patroni3')],
      { kind: 'bound', params: { via: 'host', id: 'patroni3-1' } },
    ],
    [
      'no restart of what Patroni keeps starting',
      'restart-member',
      'patroni3',
      [startFailed('patroni3')],
      { kind: 'nothing', why: 'Patroni on patroni3 already tries to start it once per loop' },
    ],
    [
      'no restart of what nobody starts in a pause',
      'restart-member',
      'patroni3',
      [startFailed('patroni3'), config({ paused: true })],
      { kind: 'nothing', why: 'Patroni is paused, so nobody starts PostgreSQL on patroni3 until it is resumed' },
    ],
    [
      'no restart by anybody where neither answers',
      'restart-member',
      'patroni3',
      [stopped('patroni3'), (view) => ({ ...view, actuators: { ...view.actuators, host: false } })],
      { kind: 'nothing', why: 'Patroni on patroni3 does not answer and no host driver is configured' },
    ],
    [
      'a start to this very container',
      'start-member',
      'patroni3',
      [stopped('patroni3')],
      { kind: 'bound', params: { id: 'patroni3-1' } },
    ],
    [
      'no start of what is paused',
      'start-member',
      'patroni3',
      [host('patroni3', { state: 'paused' })],
      { kind: 'nothing', why: 'patroni3 is paused by its host driver' },
    ],
    [
      'no start where the host does not tell',
      'start-member',
      'patroni3',
      [silent('patroni3', 'host')],
      { kind: 'nothing', why: 'the host driver does not say what runs patroni3' },
    ],
    [
      'no undrain of what is not ours',
      'undrain-replica',
      'patroni3',
      [proxyDrain('patroni3')],
      { kind: 'nothing', why: 'patroni3 is not drained by us' },
    ],
    [
      'an expedited failover to the key as it is',
      'expedite-failover',
      'patroni1',
      dead,
      { kind: 'bound', params: { modRevision: '100', configRevision: null, hostId: 'patroni1-1', routed: true } },
    ],
    [
      'an expedited failover that leaves the proxy alone where it routes elsewhere already',
      'expedite-failover',
      'patroni1',
      [...dead, proxyServer('postgres_primary', 'patroni1', { up: false })],
      { kind: 'bound', params: { modRevision: '100', configRevision: null, hostId: 'patroni1-1', routed: false } },
    ],
    [
      'no expedited failover without a successor',
      'expedite-failover',
      'patroni1',
      [...dead, config({ synchronousMode: 'on' })],
      { kind: 'nothing', stuck: true, why: expect.stringContaining('no replica may succeed patroni1: ') },
    ],
    [
      'a fence with the container and the proxy as they are',
      'fence-member',
      'patroni1',
      [frozen],
      {
        kind: 'bound',
        params: { id: 'patroni1-1', startedAtMs: NOW_MS - 3_600_000, proxied: true, hears: false },
      },
    ],
    [
      'a fence that stops cleanly what answers',
      'fence-member',
      'patroni3',
      [isPrimary('patroni3')],
      { kind: 'bound', params: { id: 'patroni3-1', startedAtMs: NOW_MS - 3_600_000, proxied: true, hears: true } },
    ],
    [
      'no fence, and a person, where the host driver contradicts a primary that answers',
      'fence-member',
      'patroni1',
      [host('patroni1', { state: 'stopped' })],
      {
        kind: 'nothing',
        stuck: true,
        why: 'patroni1 is stopped by its host driver, and its PostgreSQL answers as primary: the driver looks at something else (hosts.members), stop it by hand',
      },
    ],
    [
      'a nudge with the dead one that the proxy still calls up',
      'proxy-nudge',
      'patroni2',
      [leaderKey('patroni2'), isPrimary('patroni2'), stopped('patroni1')],
      { kind: 'bound', params: { down: ['patroni1'] } },
    ],
    [
      'a nudge with the former leader that is a replica by now',
      'proxy-nudge',
      'patroni2',
      [
        leaderKey('patroni2'),
        isPrimary('patroni2'),
        api('patroni1', { role: 'replica' }),
        sql('patroni1', { inRecovery: true }),
      ],
      { kind: 'bound', params: { down: ['patroni1'] } },
    ],
    [
      'a nudge without one that still says primary',
      'proxy-nudge',
      'patroni2',
      [leaderKey('patroni2'), isPrimary('patroni2')],
      { kind: 'bound', params: { down: [] } },
    ],
    [
      'a nudge without one whose PostgreSQL alone answers',
      'proxy-nudge',
      'patroni2',
      [leaderKey('patroni2'), isPrimary('patroni2'), silent('patroni1', 'api')],
      { kind: 'bound', params: { down: [] } },
    ],
    ['no opening of what is not fenced by us', 'open-traffic', 'patroni3', [], { kind: 'nothing' }],
  ])('%s', (_name, action, target, changes, expected) => {
    expect(bind(action, target, changes)).toMatchObject(expected);
  });

  it.each([
    ['users', { neverUsers: ['report'] }],
    ['applications', { neverApplications: ['psql'] }],
    ['databases', { neverDatabases: ['mail'] }],
  ])('no blocker of protected %s', (_what, never) => {
    const policy = testPolicy({ blockers: { ...testPolicy().blockers, ...never } });
    expect(
      bind('cancel-blocking-queries', 'patroni3', [sql('patroni3', { blockers: [blocker] })], { policy }).kind,
    ).toBe('nothing');
  });

  it('an undrain to the actuators that were used', () => {
    expect(bind('undrain-replica', 'patroni3', [], { ledger: drainedByUs('patroni3') })).toEqual({
      kind: 'bound',
      params: { actuators: ['proxy'] },
    });
  });

  it('a failover to the best candidate', () => {
    const input = at([...dead, leaderKey(null)]);
    expect(ACTIONS.failover.target?.(input, problemOf('leaderless', 'email-cluster'))).toBe('patroni2');
  });
});

describe('what a failover would lose', () => {
  const loss = (...changes: readonly Change[]) =>
    ACTIONS.failover.loss?.(
      at([...dead, leaderKey(null), ...changes], {
        memory: { ...assessmentOf(viewOf()).memory, lastLeader: 'patroni1' },
      }),
      planOf('failover', 'patroni2', { candidate: 'patroni2' }),
    );

  it('is nothing for a candidate within the guards', () => {
    expect(loss()).toBeNull();
  });
});

describe('a fence of a frozen leader, between two of its steps', () => {
  const startedAtMs = NOW_MS - 3_600_000;
  const plan = planOf('fence-member', 'patroni1', { id: 'patroni1-1', startedAtMs, proxied: true }, 'leader-frozen');
  const later = (...changes: readonly Change[]) => ACTIONS['fence-member'].refuseLater?.(at(changes), plan) ?? null;

  it.each<[string, readonly Change[]]>([
    ['it is frozen still', [frozen]],
    ['its key has expired', [frozen, leaderKey(null)]],
    ['another has its key by now: it is a second primary', [frozen, leaderKey('patroni2'), isPrimary('patroni2')]],
    ['its key has expired and its SQL is silent by now', [frozen, leaderKey(null), silent('patroni1', 'sql')]],
  ])('goes on while %s', (_name, changes) => {
    expect(later(...changes)).toBeNull();
  });

  it.each<[string, readonly Change[], string]>([
    ['it thawed and leads', [], 'the API of patroni1 answers again'],
    ['it thawed and lost its key', [leaderKey('patroni2')], 'the API of patroni1 answers again'],
    [
      'its PostgreSQL is a replica by now',
      [frozen, leaderKey('patroni2'), sql('patroni1', { inRecovery: true })],
      'PostgreSQL on patroni1 is in recovery',
    ],
    [
      'it bears the name of another container',
      [frozen, host('patroni1', { id: 'patroni1-2' })],
      'another container now bears the name of patroni1',
    ],
    [
      'it was started again by somebody',
      [frozen, host('patroni1', { startedAtMs: NOW_MS })],
      'patroni1 was started again meanwhile: somebody is at work on it',
    ],
    [
      'it does not run any more',
      [stopped('patroni1')],
      'patroni1 is not proven to run: there is nothing that could be stopped',
    ],
    [
      'its PostgreSQL was made a replica while it holds the key',
      [frozen, sql('patroni1', { inRecovery: true })],
      'PostgreSQL on patroni1 is in recovery',
    ],
  ])('is over when %s', (_name, changes, why) => {
    expect(later(...changes)).toEqual({ why, over: true });
  });

  it.each<[string, readonly Change[], string]>([
    [
      'nobody may take over while it holds the key',
      [frozen, stopped('patroni2'), stopped('patroni3')],
      'no replica may succeed patroni1: none is known to run',
    ],
    [
      'the host driver is silent',
      [frozen, silent('patroni1', 'host')],
      'the host driver does not say what runs patroni1',
    ],
  ])('waits a little when %s', (_name, changes, why) => {
    expect(later(...changes)).toEqual({ why, over: false });
  });
});

describe('an effect is judged from the cluster', () => {
  const sight = (
    plan: Plan,
    step: number,
    changes: readonly Change[],
    policy = testPolicy({ drain: { actuators: ['proxy', 'tag'], shutdownSessions: true } }),
  ): Sight['kind'] | undefined => {
    const input = at(changes, { policy });
    return ACTIONS[plan.action].steps(stepInput({ policy, view: input.view }), plan)[step]?.expect(input).kind;
  };
  const drain = planOf('drain-replica', 'patroni3');
  const undrain = planOf('undrain-replica', 'patroni3', { actuators: ['proxy', 'tag'] });
  const rebuild = planOf('reinitialize-replica', 'patroni3');
  const tagged = api('patroni3', {
    tags: { noloadbalance: true, nofailover: false, nosync: false, clonefrom: false, raw: {} },
  });
  const check = (status: number) => member('patroni3', () => ({ replicaCheck: fresh(status, NOW_MS, 'check') }));
  const fileTag = (value: boolean) => member('patroni3', () => ({ fileTag: fresh(value, NOW_MS, 'tags') }));
  const cancel = planOf('cancel-blocking-queries', 'patroni3', { pid: 42, backendStart: 'then' });
  const expedite = planOf('expedite-failover', 'patroni1', { modRevision: '100', hostId: 'x' });
  const routed = planOf('expedite-failover', 'patroni1', { modRevision: '100', hostId: 'x', routed: true });
  const fence = planOf('fence-member', 'patroni1', { id: 'x', proxied: true });

  it.each<[string, Plan, number, readonly Change[], Sight['kind']]>([
    ['the proxy still serves it', drain, 0, [], 'pending'],
    ['the proxy has it drained', drain, 0, [proxyDrain('patroni3')], 'met'],
    ['the proxy is silent', drain, 0, [noProxy], 'pending'],
    ['sessions are left', drain, 1, [], 'pending'],
    ['no session is left', drain, 1, [proxyServer('postgres_replicas', 'patroni3', { sessions: 0 })], 'met'],
    ['the file does not have the tag', drain, 2, [], 'pending'],
    ['the file has the tag', drain, 2, [fileTag(true)], 'met'],
    ['Patroni has not reread its file', drain, 3, [fileTag(true)], 'pending'],
    ['Patroni has the tag and /replica was not asked', drain, 3, [tagged], 'pending'],
    ['Patroni has the tag and /replica is still 200', drain, 3, [tagged, check(200)], 'pending'],
    ['the tag is in force', drain, 3, [tagged, check(503)], 'met'],
    ['the tag is still in force, and should be gone', undrain, 1, [tagged, check(503)], 'pending'],
    ['the tag is gone', undrain, 1, [check(200)], 'met'],
    ['the proxy serves it again', undrain, 2, [], 'met'],
    ['the copy is being made', rebuild, 0, [api('patroni3', { state: 'creating-replica' })], 'pending'],
    ['it runs and does not stream', rebuild, 0, [notStreaming('patroni3')], 'pending'],
    ['its API is silent', rebuild, 0, [silent('patroni3', 'api')], 'pending'],
    ['it runs and streams', rebuild, 0, [], 'met'],
    ['it has become primary meanwhile', rebuild, 0, [isPrimary('patroni3')], 'met'],
    ['what should be there is no longer ours', planOf('reinitialize-replica', 'patroni9'), 0, [], 'violated'],
    ['the backend still blocks', cancel, 0, [sql('patroni3', { blockers: [blocker] })], 'pending'],
    ['the backend is gone', cancel, 0, [], 'met'],
    [
      'the pid belongs to another backend now',
      cancel,
      0,
      [sql('patroni3', { blockers: [{ ...blocker, backendStart: 'later' }] })],
      'met',
    ],
    ['SQL is silent', cancel, 0, [silent('patroni3', 'sql')], 'pending'],
    ['the election is under way', expedite, 0, [leaderKey(null)], 'pending'],
    ['a successor is proven', expedite, 0, [leaderKey('patroni2'), isPrimary('patroni2')], 'met'],
    ['a successor holds the key and is not primary yet', expedite, 0, [leaderKey('patroni2')], 'pending'],
    ['the old leader leads again', expedite, 0, [], 'violated'],
    ['its key is gone and nobody is elected: the proxy is told meanwhile', routed, 0, [leaderKey(null)], 'met'],
    ['its key is still there', routed, 0, dead, 'pending'],
    ['the proxy is told, the election is under way', routed, 1, [leaderKey(null)], 'pending'],
    ['the proxy is told, a successor is proven', routed, 1, [leaderKey('patroni2'), isPrimary('patroni2')], 'met'],
    ['the rogue still runs', fence, 2, [], 'pending'],
    ['the rogue is stopped', fence, 2, [stopped('patroni1')], 'met'],
    ['the rogue is stopped, and its SQL answers', fence, 2, [host('patroni1', { state: 'stopped' })], 'pending'],
    ['the host driver is silent', fence, 2, [silent('patroni1', 'host')], 'pending'],
    ['the proxy has not closed it', fence, 0, [], 'pending'],
    [
      'the proxy has closed it',
      fence,
      0,
      [proxyServer('postgres_primary', 'patroni1', { admin: { drain: false, maint: true, resolution: false } })],
      'met',
    ],
    [
      'the candidate leads',
      planOf('failover', 'patroni2', {}),
      0,
      [leaderKey('patroni2'), isPrimary('patroni2')],
      'met',
    ],
    ['another leads', planOf('failover', 'patroni2', {}), 0, [], 'violated'],
    ['the proxy takes the new leader', planOf('proxy-nudge', 'patroni1', { down: ['patroni2'] }), 0, [], 'met'],
    ['the proxy has the old one down', planOf('proxy-nudge', 'patroni1', { down: ['patroni2'] }), 0, [], 'met'],
    ['the proxy still has the old one up', planOf('proxy-nudge', 'patroni2', { down: ['patroni1'] }), 0, [], 'pending'],
  ])('%s', (_name, plan, step, changes, kind) => {
    expect(sight(plan, step, changes)).toBe(kind);
  });

  const replicaServer = (part: Parameters<typeof proxyServer>[2]) => proxyServer('postgres_replicas', 'patroni3', part);
  const down = { up: false, status: 'DOWN' };
  const ready = planOf('undrain-replica', 'patroni3', { actuators: ['proxy'] });
  const open = planOf('open-traffic', 'patroni1');
  const nudge = planOf('proxy-nudge', 'patroni1', { down: ['patroni2'] });

  it.each<[string, Plan, number, readonly Change[], string]>([
    ['it is up', ready, 0, [], 'postgres_replicas/patroni3 is UP in the proxy'],
    [
      'its check has not found it yet',
      ready,
      0,
      [replicaServer(down)],
      'HAProxy set postgres_replicas/patroni3 to ready; its check brings it UP in a moment (DOWN now)',
    ],
    [
      'it leads by now',
      ready,
      0,
      [leaderKey('patroni3'), isPrimary('patroni3'), replicaServer(down)],
      'HAProxy set postgres_replicas/patroni3 to ready (DOWN now): as the leader it stays out by its check, and is back once it follows',
    ],
    [
      'somebody set its weight to 0',
      ready,
      0,
      [replicaServer({ weight: 0 })],
      'HAProxy set postgres_replicas/patroni3 to ready; the proxy still gives it nothing new (UP, weight 0)',
    ],
    [
      'a fence is lifted and the check has not found it yet',
      open,
      0,
      [proxyServer('postgres_primary', 'patroni1', down)],
      'postgres_primary/patroni1 is open to the health checks (DOWN now)',
    ],
    ['the proxy does not say that it is down', nudge, 0, [noProxy], 'the proxy did not answer'],
    [
      'another query is in the way by now',
      cancel,
      0,
      [sql('patroni3', { blockers: [{ ...blocker, pid: 43 }] })],
      'replay no longer waits for pid 42, and now for pid 43',
    ],
  ])('[O10] success is told by what is true now: %s', (_name, plan, step, changes, text) => {
    const input = at(changes);
    const rows = ACTIONS[plan.action].steps(stepInput({ policy: input.policy, view: input.view }), plan);
    expect(rows[step]?.expect(input).text).toBe(text);
  });

  it('a dead leader that lives again is not called down in the proxy', () => {
    const later = (changes: readonly Change[]) => ACTIONS['expedite-failover'].refuseLater?.(at(changes), routed);
    expect(later([...dead, leaderKey(null)])).toBeNull();
    expect(later([leaderKey(null)])).toEqual({ why: 'patroni1 is no longer proven dead', over: false });
  });

  it('whoever drained it: the ladder moves on', () => {
    const already = (changes: readonly Change[], part: Part = {}) =>
      ACTIONS['drain-replica'].alreadyTrue(at(changes, part), memberName('patroni3'));
    expect(already([])).toBe(false);
    expect(already([proxyDrain('patroni3')])).toBe(true);
    expect(already([tagged])).toBe(true);
    expect(already([], { ledger: drainedByUs('patroni3') })).toBe(true);
    expect(already([noProxy])).toBe(false);
  });
});

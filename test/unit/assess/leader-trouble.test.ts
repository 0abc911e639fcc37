import { describe, expect, it } from 'vitest';
import { candidatesFor, candidateText, leaderlessCandidates, successorsOf } from '../../../src/assess/candidates.js';
import { configFrom } from '../../../src/adapters/patroni/parse.js';
import { parseKeys } from '../../../src/adapters/etcd/keys.js';
import { graceOf, levelOf, pageOf } from '../../../src/assess/catalogue.js';
import { startMember } from '../../../src/actions/member-actions.js';
import { expediteFailover } from '../../../src/actions/expedite-failover.js';
import { restartMember } from '../../../src/actions/member-actions.js';
import { groundsOf } from '../../../src/decide/decide.js';
import { unknown } from '../../../src/model/reading.js';
import { syncCost, syncFloor } from '../../../src/decide/sync-floor.js';
import { rememberLeadership } from '../../../src/machines/leadership.js';
import { doctorFindings } from '../../../src/app/doctor.js';
import { parseStatus } from '../../../src/adapters/postgres/status.js';
import { led, leaseLeft, registered } from '../../support/leader-situations.js';
import { testPolicy } from '../../support/policy.js';
import {
  api,
  assessmentOf,
  CLEAN_MEMORY,
  config,
  findingOf,
  inputOf,
  isPrimary,
  keys,
  leaderKey,
  member,
  noEtcd,
  notStreaming,
  NOW_MS,
  NO_TAGS,
  planOf,
  SCOPE,
  seenIn,
  silent,
  sql,
  stopped,
  viewOf,
  type Change,
} from '../../support/view.js';

const WAITS = { ttlMs: 30_000, loopWaitMs: 10_000 };
const priority = (name: string, failover_priority: number | string): Change =>
  api(name, { tags: { ...NO_TAGS, raw: { failover_priority } } });
const sync = (standbys: readonly string[], quorum: number | null = null): Change =>
  keys({ sync: { leader: 'patroni1', standbys, quorum } });
const names = (rows: readonly { readonly name: string }[]): readonly string[] => rows.map((row) => row.name);
const dead = [stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3')];

describe('the order of candidates', () => {
  it("[P14] is the operator's among equals, and it is told", () => {
    const view = viewOf(...dead, priority('patroni3', 5));
    const rows = candidatesFor(view, CLEAN_MEMORY, 'patroni1');
    expect(names(rows)).toEqual(['patroni3', 'patroni2']);
    expect(rows.map(candidateText).join()).toContain('failover_priority 5');
  });

  it('[P14] comes after WAL: who has more leads, whatever the order', () => {
    const behind = api('patroni3', {
      xlog: {
        location: null,
        receivedLocation: 0x4_fff0_0000n as never,
        replayedLocation: 0x4_fff0_0000n as never,
        replayedAtMs: NOW_MS,
        replayPaused: false,
      },
    });
    const rows = candidatesFor(
      viewOf(...dead, behind, sql('patroni3', { receiveLsn: null, replayLsn: null }), priority('patroni3', 5)),
      CLEAN_MEMORY,
      'patroni1',
    );
    expect(names(rows)).toEqual(['patroni2', 'patroni3']);
  });

  it('[P14] leaves one without the tag, or with nonsense in it, where its name puts it', () => {
    expect(names(candidatesFor(viewOf(...dead, priority('patroni3', 'first')), CLEAN_MEMORY, 'patroni1'))).toEqual([
      'patroni2',
      'patroni3',
    ]);
  });
});

describe('quorum commit', () => {
  const quorum = config({ synchronousMode: 'quorum', synchronousNodeCount: 1 });

  it('[P9] is read from the keys sync and config', () => {
    const row = (key: string, value: object) => ({
      key: Buffer.from(`/service/s/${key}`),
      value: Buffer.from(JSON.stringify(value)),
      create_revision: '1',
      mod_revision: '1',
      lease: '0',
    });
    const parsed = parseKeys('/service/s/', [row('sync', { leader: 'a', sync_standby: 'b,c', quorum: 1 })], '1');
    expect(parsed.ok && parsed.keys.sync).toEqual({ leader: 'a', standbys: ['b', 'c'], quorum: 1 });
    expect(
      configFrom({ synchronous_mode: 'quorum', synchronous_node_count: 2, synchronous_mode_strict: 'on' }),
    ).toMatchObject({
      synchronousMode: 'quorum',
      synchronousNodeCount: 2,
      synchronousModeStrict: true,
    });
    expect(configFrom({}).synchronousNodeCount).toBe(1);
  });

  it('[P9] a key is not deleted while too few voters answer to elect anybody', () => {
    const view = viewOf(...dead, silent('patroni3', 'api'), quorum, sync(['patroni2', 'patroni3'], 1));
    const bound = expediteFailover.bind(assessmentOf(view), 'patroni1' as never, null);
    expect(bound).toMatchObject({ kind: 'nothing' });
    expect(JSON.stringify(bound)).toContain('0 of 1 other voters answer, and quorum commit wants 1 of them');
  });

  it('[P9] a voter that sees enough others may lead', () => {
    const view = viewOf(...dead, quorum, sync(['patroni2', 'patroni3'], 1));
    expect(candidatesFor(view, CLEAN_MEMORY, 'patroni1').map((row) => row.against)).toEqual([[], []]);
  });

  describe('[P9] of two standbys that are both wanted', () => {
    const both = sync(['patroni2', 'patroni3']);
    const two = (strict: boolean, mode: 'on' | 'quorum' = 'on') =>
      config({ synchronousMode: mode, synchronousNodeCount: 2, synchronousModeStrict: strict });

    it.each(['on', 'quorum'] as const)(
      'one is taken in mode %s, which Patroni makes do without, and that is told',
      (mode) => {
        const view = viewOf(two(false, mode), both);
        expect(syncFloor(view, 'patroni2')).toBeNull();
        expect(syncCost(view, 'patroni2')).toBe(
          'while patroni2 is away 1 synchronous standby is connected, and synchronous_node_count is 2: Patroni makes do with that from its next loop on, and until then commits may wait',
        );
        const input = inputOf([], { view });
        expect(groundsOf(input, planOf('restart-member', 'patroni2')).join()).toContain('Patroni makes do with that');
        expect(groundsOf(input, planOf('drain-replica', 'patroni2'))).toEqual([]);
      },
    );

    it.each(['on', 'quorum'] as const)('none is taken in strict mode, and why is said (%s)', (mode) => {
      const view = viewOf(two(true, mode), both);
      expect(syncFloor(view, 'patroni2')?.because).toBe(
        'without patroni2 1 synchronous standby is connected, synchronous_node_count is 2 and synchronous_mode_strict is on: commits would be on fewer servers than it asks for',
      );
      expect(syncCost(view, 'patroni2')).toBeNull();
    });

    it.each([
      [false, 'commits would wait for the next loop of Patroni and then be on the leader alone'],
      [true, 'every commit would wait until one is back (synchronous_mode_strict)'],
    ])('the last that is connected is never taken (strict: %s)', (strict, consequence) => {
      const view = viewOf(two(strict), both, notStreaming('patroni3'));
      expect(syncFloor(view, 'patroni2')?.because).toBe(
        `without patroni2 no synchronous standby is connected, and synchronous_node_count is 2: ${consequence}`,
      );
      // One that confirms nothing already is mended.
      expect(syncFloor(view, 'patroni3')).toBeNull();
      expect(syncCost(view, 'patroni3')).toBeNull();
      expect(
        syncFloor(viewOf(two(strict), both, silent('patroni1', 'sql'), silent('patroni1', 'api')), 'patroni3'),
      ).not.toBeNull();
    });

    it('where our user may not see who streams, Patroni tells, and else nobody is counted on', () => {
      const hidden = sql('patroni1', {
        replicas: ['', ''].map((applicationName) => ({
          applicationName,
          state: 'unknown',
          syncState: 'unknown',
          sentLsn: null,
          replayLsn: null,
          lagBytes: null,
        })),
      });
      const only = sync(['patroni2']);
      expect(syncFloor(viewOf(two(false), both, hidden), 'patroni2')).toBeNull();
      expect(syncFloor(viewOf(only, hidden), 'patroni2')).not.toBeNull();
      expect(syncFloor(viewOf(only, hidden, silent('patroni1', 'api')), 'patroni2')).not.toBeNull();
    });

    it('where nobody knows the configuration one that stays is enough', () => {
      const unknownConfig = (view: ReturnType<typeof viewOf>) => ({
        ...view,
        config: unknown('timeout', 'no answer', view.atMs, 'config'),
      });
      expect(syncFloor(viewOf(both, unknownConfig), 'patroni2')).toBeNull();
      expect(syncFloor(viewOf(sync(['patroni2']), unknownConfig), 'patroni2')).not.toBeNull();
    });
  });

  it('[P9] of two voters one is taken, and none that is no standby is held', () => {
    const both = sync(['patroni2', 'patroni3']);
    expect(syncFloor(viewOf(quorum, both), 'patroni2')).toBeNull();
    expect(syncCost(viewOf(quorum, both), 'patroni2')).toBeNull();
    expect(syncFloor(viewOf(quorum, both, notStreaming('patroni3')), 'patroni2')?.because).toContain(
      'without patroni2 no synchronous',
    );
    expect(syncFloor(viewOf(quorum, sync(['patroni3'])), 'patroni2')).toBeNull();
  });
});

describe('a member that the configuration lacks', () => {
  it('[N3] may succeed the leader, so nobody says that there is no candidate', () => {
    const barred = ['patroni2', 'patroni3'].map((name) => api(name, { tags: { ...NO_TAGS, nofailover: true } }));
    expect(seenIn(assessmentOf(viewOf(...barred)))).toContain('no-failover-candidate/patroni1');
    expect(seenIn(assessmentOf(viewOf(...barred, registered('patroni4'))))).not.toContain(
      'no-failover-candidate/patroni1',
    );
  });

  it('[N3] stands against every candidate of a leaderless cluster but the one who led last', () => {
    const view = viewOf(
      leaderKey(null),
      api('patroni1', { role: 'replica' }),
      sql('patroni1', { inRecovery: true }),
      registered('patroni4'),
    );
    const rows = leaderlessCandidates(view, CLEAN_MEMORY);
    const against = (name: string) => rows.find((row) => row.name === name)?.against.join() ?? '';
    expect(against('patroni2')).toContain('cannot be compared with patroni4, which the configuration lacks');
    expect(against('patroni1')).not.toContain('patroni4');
    expect(
      findingOf(assessmentOf(view), 'leaderless')
        ?.evidence.map((row) => row.text)
        .join(),
    ).toContain('patroni4');
  });

  it('[N3] may run when none of ours does: the cluster is not called down', () => {
    const all = ['patroni1', 'patroni2', 'patroni3'].map((name) => stopped(name));
    expect(seenIn(assessmentOf(viewOf(...all)))).toContain(`cluster-down/${SCOPE}`);
    expect(seenIn(assessmentOf(viewOf(...all, registered('patroni4'))))).not.toContain(`cluster-down/${SCOPE}`);
    expect(successorsOf(viewOf(...all), CLEAN_MEMORY, 'patroni1')).toHaveLength(2);
  });
});

describe('a lease', () => {
  it('[S3] that gets longer after the silence began is one that was renewed', () => {
    const quiet = silent('patroni1', 'api');
    const at = (ms: number, left: number | null) => ({ ...viewOf(quiet, leaseLeft(left)), atMs: NOW_MS + ms });
    const first = rememberLeadership(rememberLeadership(undefined, viewOf()), at(0, 22_000));
    expect(first).toMatchObject({ silentSinceMs: NOW_MS, renewedMs: NOW_MS - 5_000 });
    const later = rememberLeadership(first, at(1_000, 21_000));
    expect(later.renewedMs).toBe(NOW_MS - 5_000);
    expect(rememberLeadership(later, at(2_000, 29_500)).renewedMs).toBe(NOW_MS + 2_000);
  });

  it('[S3] whose age etcd does not tell never makes a frozen leader that is fenced', () => {
    const facts =
      findingOf(assessmentOf(viewOf(silent('patroni1', 'api'), leaseLeft(null))), 'leader-frozen')?.facts ?? {};
    const hasty = testPolicy({ grace: { 'leader-frozen': { forMs: 0, samples: 1 } } });
    expect(graceOf('leader-frozen', hasty, WAITS, facts).forMs).toBe(60_000);
    expect(
      findingOf(assessmentOf(viewOf(silent('patroni1', 'api'), leaseLeft(null))), 'leader-frozen')?.channels,
    ).not.toContain('dcs');
  });
});

describe('a leader whose PostgreSQL does not start', () => {
  it.each<[string, number, RegExp]>([
    ['five minutes', 300_000, /keeps the key until 02:05:00Z \(primary_start_timeout, 300 s\)/],
    ['no time at all', 0, /primary_start_timeout is 0: Patroni gives the key up at once/],
  ])('[N2] is told with what Patroni will do where it has %s for it', (_name, primaryStartTimeoutMs, words) => {
    const fails = api('patroni1', { state: 'start-failed', stateText: 'start failed' });
    const view = viewOf(fails, silent('patroni1', 'sql', 'refused'), config({ primaryStartTimeoutMs }));
    const text = findingOf(assessmentOf(view), 'leader-not-serving')?.evidence.map((row) => row.text);
    expect(text?.join('; ')).toMatch(words);
  });
});

describe('one primary', () => {
  it('[S2] without a key is no split brain, and in a pause it wakes nobody', () => {
    const gone = [leaderKey(null), silent('patroni1', 'api')];
    expect(seenIn(assessmentOf(viewOf(...gone)))).not.toContain(`split-brain-suspected/${SCOPE}`);
    const paused = findingOf(assessmentOf(viewOf(...gone, config({ paused: true }))), 'primary-without-key');
    expect(levelOf('primary-without-key', paused?.facts ?? {})).toBe('info');
    expect(pageOf('primary-without-key', paused?.facts ?? {})).toBe('never');
    const alone = findingOf(assessmentOf(viewOf(...gone)), 'primary-without-key');
    expect(levelOf('primary-without-key', alone?.facts ?? {})).toBe('critical');
    expect(pageOf('primary-without-key', alone?.facts ?? {})).toBe('at-once');
  });

  it('[S2] and one more by SQL alone are two', () => {
    expect(seenIn(assessmentOf(viewOf(isPrimary('patroni3', ['sql']))))).toContain(`split-brain-suspected/${SCOPE}`);
  });

  it('[S2] of which etcd knows nothing at all is a matter of the configuration, and the doctor fails', () => {
    const view = viewOf(
      keys({
        leader: { holder: null, leaseId: null, leaseTtlMs: null, modRevision: null, createRevision: null },
        members: [],
        systemIdentifier: null,
      }),
    );
    expect(seenIn(assessmentOf(view)).filter((row) => /member-unknown|split-brain|without-key/.test(row))).toEqual([]);
    const rows = doctorFindings({ view, scope: SCOPE } as never, testPolicy());
    expect(rows.find((row) => row.check === 'dcs read')).toMatchObject({ verdict: 'fail', disables: ['every action'] });
  });
});

describe('words of refusal', () => {
  it('[S7] too many clients is critical on any member, and stays while SQL says nothing', () => {
    for (const name of ['patroni1', 'patroni2']) {
      const found = findingOf(assessmentOf(viewOf(silent(name, 'sql', 'too-many-clients'))), 'connections-high', name);
      expect(found?.verdict).toBe('seen');
      expect(levelOf('connections-high', found?.facts ?? {})).toBe('critical');
    }
    expect(findingOf(assessmentOf(viewOf(silent('patroni2', 'sql'))), 'connections-high', 'patroni2')?.verdict).toBe(
      'unknown',
    );
    const full = findingOf(
      assessmentOf(viewOf(sql('patroni2', { connections: { max: 100, total: 90, byDatabase: [] } }))),
      'connections-high',
    );
    expect(levelOf('connections-high', full?.facts ?? {})).toBe('warning');
  });

  it('[S7] who starts or recovers is never restarted', () => {
    const view = viewOf(silent('patroni2', 'sql', 'starting-up'));
    const plan = planOf('restart-member', 'patroni2', { via: 'patroni' });
    expect(restartMember.refuse(assessmentOf(view) as never, plan)).toContain('57P03');
    expect(restartMember.refuse(assessmentOf(viewOf()) as never, plan)).toBeNull();
  });
});

describe('a cluster of a single member', () => {
  const single = (view: ReturnType<typeof viewOf>) => ({
    ...view,
    members: view.members.slice(0, 1),
    history: { ...view.history, kind: 'unknown', fault: 'timeout', reason: 'no answer' } as never,
  });
  const mine = keys({ members: [] });
  const forgotten = { ...CLEAN_MEMORY, lastLeader: null, positions: {} };
  const plan = planOf('start-member', 'patroni1', { id: 'patroni1-1' });

  it('[P30] that is stopped is started, though nothing is remembered of it', () => {
    const view = single(viewOf(leaderKey(null), stopped('patroni1'), mine));
    expect(startMember.refuse(assessmentOf(view, { memory: forgotten }) as never, plan)).toBeNull();
  });

  it('[P30] is not alone while etcd or our memory names another', () => {
    const other = single(viewOf(leaderKey(null), stopped('patroni1'), mine, registered('patroni9')));
    expect(startMember.refuse(assessmentOf(other, { memory: forgotten }) as never, plan)).toContain('no proven leader');
    const alone = single(viewOf(leaderKey(null), stopped('patroni1'), mine));
    const led9 = { ...forgotten, formerLeader: 'patroni9' };
    expect(startMember.refuse(assessmentOf(alone, { memory: led9 }) as never, plan)).toContain('no proven leader');
    expect(
      startMember.refuse(
        assessmentOf(single(viewOf(stopped('patroni1'), noEtcd)), { memory: forgotten }) as never,
        plan,
      ),
    ).toContain('no proven leader');
  });
});

describe('a pause', () => {
  it('[P23] that is longer than the policy wants is paged as a warning, with since when', () => {
    const paused = viewOf(config({ paused: true }));
    const since = (agoMs: number) => led({ pausedSinceMs: NOW_MS - agoMs, pauseSeen: false });
    const young = findingOf(assessmentOf(paused, since(60_000)), 'cluster-paused');
    const old = findingOf(assessmentOf(paused, since(3_700_000)), 'cluster-paused');
    expect([levelOf('cluster-paused', young?.facts ?? {}), pageOf('cluster-paused', young?.facts ?? {})]).toEqual([
      'info',
      'never',
    ]);
    expect([levelOf('cluster-paused', old?.facts ?? {}), pageOf('cluster-paused', old?.facts ?? {})]).toEqual([
      'warning',
      'at-once',
    ]);
    expect(old?.evidence.map((row) => row.text).join()).toMatch(/paused at least since 2026-01-15 00:58:20Z/);
  });
});

describe("PostgreSQL's own account", () => {
  it('[P8, P10] of waiting commits and read-only defaults is read, and hidden by a setting of our own role it is unknown', () => {
    const document = {
      recovery: false,
      version: 150018,
      systemIdentifier: '7',
      timeline: 1,
      currentLsn: '0/1',
      receiveLsn: null,
      replayLsn: null,
      replayLagSeconds: null,
      replayPaused: false,
      startupWait: null,
      receiver: null,
      replicas: null,
      blockers: null,
      slots: null,
      connections: { max: 100, byDatabase: null },
      checksumFailures: null,
      baseBackups: 0,
      syncWaits: { count: 2, oldestMs: 1234.5, standbyNames: 'ANY 1 (a,b)' },
      readOnly: { reset: true, own: true, databases: ['archive'] },
    };
    const parsed = parseStatus(JSON.stringify(document));
    expect(parsed.ok && parsed.status.syncWaits).toEqual({ count: 2, oldestMs: 1235, standbyNames: 'ANY 1 (a,b)' });
    expect(parsed.ok && parsed.status.readOnly).toEqual({ server: null, databases: ['archive'] });
    const other = parseStatus(JSON.stringify({ ...document, readOnly: { reset: true, own: false, databases: null } }));
    expect(other.ok && other.status.readOnly).toEqual({ server: true, databases: [] });
  });

  it('[S12, P8] names for whom commits wait and since when', () => {
    const view = viewOf(
      sql('patroni1', { syncWaits: { count: 3, oldestMs: 12_000, standbyNames: 'patroni2' } }),
      member('patroni1', (row) => ({
        sql:
          row.sql.kind === 'fresh'
            ? {
                ...row.sql,
                value: {
                  ...row.sql.value,
                  replicas: row.sql.value.replicas.map((one) => ({
                    ...one,
                    syncState: one.applicationName === 'patroni2' ? 'sync' : 'async',
                  })),
                },
              }
            : row.sql,
      })),
    );
    const text = findingOf(assessmentOf(view), 'commits-wait')
      ?.evidence.map((row) => row.text)
      .join('; ');
    expect(text).toContain('3 commits wait on patroni1, the longest since 01:59:48Z');
    expect(text).toContain('they wait for patroni2');
    expect(text).toContain('patroni2 is connected (sync, streaming) and does not confirm');
  });
});

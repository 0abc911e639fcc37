import { describe, expect, it } from 'vitest';
import { candidateText, leaderlessCandidates, successorsOf } from '../../../src/assess/candidates.js';
import type { MemberName } from '../../../src/model/names.js';
import {
  api,
  at,
  CLEAN_MEMORY,
  config,
  keys,
  leaderKey,
  MB,
  notStreaming,
  NOW_MS,
  silent,
  sql,
  stopped,
  viewOf,
  type Change,
} from '../../support/view.js';

const TAGS = { noloadbalance: false, nofailover: true, nosync: false, clonefrom: false, raw: {} };
const nofailover = (name: string): Change => api(name, { tags: TAGS });
const MEMORY = {
  ...CLEAN_MEMORY,
  lastLeader: 'patroni1',
  positions: { patroni1: { timeline: 7, lsn: '5/00000000', inRecovery: false, atMs: NOW_MS - 60_000 } },
};

/** So many bytes behind the old leader, by its SQL alone. */
const standsAt = (name: string, bytesBehind: number, timeline = 7): Change => {
  const lsn = at(bytesBehind);
  return (view) => api(name, { xlog: null, timeline })(sql(name, { receiveLsn: lsn, replayLsn: lsn, timeline })(view));
};

const inSyncSet = (...standbys: readonly string[]): Change => {
  const sync = { leader: 'patroni1', standbys: standbys as readonly MemberName[] };
  return (view) => keys({ sync })(config({ synchronousMode: 'on' })(view));
};

/** patroni1 led last and is dead; nobody holds the key. */
const leaderless = (...changes: readonly Change[]) =>
  leaderlessCandidates(
    viewOf(stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3'), leaderKey(null), ...changes),
    MEMORY,
  );

describe('who may lead where nobody does', () => {
  it.each<[string, readonly Change[], readonly string[]]>([
    ['the name decides among equals', [], ['patroni2', 'patroni3', 'patroni1']],
    ['the furthest WAL comes first', [standsAt('patroni2', 500)], ['patroni3', 'patroni2', 'patroni1']],
    [
      'a higher timeline comes before more WAL',
      [standsAt('patroni2', 500, 8), standsAt('patroni3', 0)],
      ['patroni2', 'patroni3', 'patroni1'],
    ],
    [
      'a synchronous standby comes before one that is a few bytes ahead',
      [inSyncSet('patroni3'), standsAt('patroni2', 0), standsAt('patroni3', 8)],
      ['patroni3', 'patroni2', 'patroni1'],
    ],
    [
      'a synchronous standby beyond the lag guard comes before another one that is less far beyond it',
      [inSyncSet('patroni3'), standsAt('patroni2', 2 * MB), standsAt('patroni3', 3 * MB)],
      ['patroni3', 'patroni2', 'patroni1'],
    ],
    [
      'a member within all guards comes before a furthest one that is not',
      [inSyncSet('patroni2', 'patroni3'), standsAt('patroni2', 2 * MB), standsAt('patroni3', 500)],
      ['patroni3', 'patroni2', 'patroni1'],
    ],
    [
      'a furthest one that is tagged nofailover comes after one that a person can agree to',
      [nofailover('patroni3'), standsAt('patroni2', 5 * MB)],
      ['patroni2', 'patroni3', 'patroni1'],
    ],
  ])('%s', (_name, changes, order) => {
    expect(leaderless(...changes).map((row) => row.name)).toEqual(order);
  });

  it.each<[string, readonly Change[], string]>([
    ['is tagged nofailover', [nofailover('patroni2')], 'is tagged nofailover'],
    ['does not answer', [silent('patroni2', 'api')], 'does not answer at its API'],
    [
      'starts',
      [api('patroni2', { state: 'starting', stateText: 'starting after demotion failed' })],
      'says replica, starting after demotion failed',
    ],
    ['is primary already', [sql('patroni2', { inRecovery: false })], 'is already primary'],
  ])('no consent helps a member that %s', (_name, changes, barred) => {
    const row = leaderless(...changes).find(({ name }) => name === 'patroni2');
    expect(row?.barred).toEqual([barred]);
  });

  it.each<[string, readonly Change[]]>([
    ['is beyond the lag guard', [standsAt('patroni2', 2 * MB)]],
    ['is not in the sync set', [inSyncSet('patroni3')]],
    ['is on an older timeline', [standsAt('patroni2', 0, 6)]],
    ['does not say where it stands', [api('patroni2', { xlog: null }), silent('patroni2', 'sql')]],
  ])('a person may agree to one that %s: Patroni does not ask that while nobody leads', (_name, changes) => {
    const row = leaderless(...changes).find(({ name }) => name === 'patroni2');
    expect(row?.barred).toEqual([]);
    expect(row?.against).not.toEqual([]);
  });

  it('the last leader is one of them once it runs as a replica: nothing is lost with it', () => {
    const view = viewOf(
      notStreaming('patroni2'),
      notStreaming('patroni3'),
      leaderKey(null),
      api('patroni1', { role: 'replica' }),
      sql('patroni1', { inRecovery: true, receiveLsn: at(0), replayLsn: at(0) }),
      standsAt('patroni2', 100),
      standsAt('patroni3', 100),
    );
    expect(leaderlessCandidates(view, MEMORY)[0]).toMatchObject({ name: 'patroni1', against: [] });
  });

  it('on an older timeline a member lacks what was written since the leader left it, however far its own WAL goes', () => {
    const row = leaderless(standsAt('patroni2', 0, 6)).find(({ name }) => name === 'patroni2');
    expect(row).toMatchObject({
      lossBytes: 100 * MB,
      against: expect.arrayContaining([expect.stringMatching(/MiB behind/)]),
    });
  });

  it('nobody can count what is lost with a timeline that the history does not have', () => {
    const row = leaderless(standsAt('patroni2', 0, 5)).find(({ name }) => name === 'patroni2');
    expect(row?.lossBytes).toBeNull();
  });
});

describe('the line that a person reads of a candidate', () => {
  it.each<[string, readonly Change[], string]>([
    ['within the guards', [], 'patroni2 (timeline 7, 5/00000000, 0 B behind) may lead'],
    [
      'in the sync set',
      [inSyncSet('patroni2')],
      'patroni2 (timeline 7, 5/00000000, 0 B behind, in the sync set) may lead',
    ],
    [
      'beyond them',
      [standsAt('patroni2', 2 * MB)],
      'patroni2 (timeline 7, 4/FFE00000, at least 2 MiB (for how many seconds of writes is unknown) behind) may lead only if a person agrees: is 2 MiB behind, maximum_lag_on_failover is 1 MiB',
    ],
    [
      'that is out of the question',
      [nofailover('patroni2')],
      'patroni2 (timeline 7, 5/00000000, 0 B behind) may not lead: is tagged nofailover',
    ],
    [
      'that is silent',
      [silent('patroni2', 'api')],
      'patroni2 (position unknown) may not lead: does not answer at its API',
    ],
  ])('%s', (_name, changes, text) => {
    const row = leaderless(...changes).find(({ name }) => name === 'patroni2');
    expect(row === undefined ? '' : candidateText(row)).toBe(text);
  });
});

describe('who may succeed a leader', () => {
  it('never the leader itself, and of the others each is told, the silent ones too', () => {
    const rows = successorsOf(viewOf(silent('patroni3', 'api')), MEMORY, 'patroni1');
    expect(rows.map((row) => row.name)).toEqual(['patroni2', 'patroni3']);
  });
});

describe('who does not see etcd', () => {
  const reasons = (...changes: Change[]): readonly string[] =>
    successorsOf(viewOf(...changes), MEMORY, 'patroni1').find(({ name }) => name === 'patroni2')?.barred ?? [];

  it('is no successor: it has no member key', () => {
    const view = viewOf();
    const members = view.dcs.keys.kind === 'fresh' ? view.dcs.keys.value.members : [];
    expect(reasons(keys({ members: members.filter(({ name }) => name !== 'patroni2') }))).toEqual([
      'has no key in etcd, so its Patroni does not see it',
    ]);
  });

  it('is no successor: it says that nobody leads while somebody holds the key', () => {
    expect(reasons(api('patroni2', { clusterUnlocked: true }))).toEqual([
      'says that nobody leads while patroni1 holds the key, so it does not see etcd',
    ]);
    expect(reasons(api('patroni2', { clusterUnlocked: true }), leaderKey(null))).toEqual([]);
    expect(reasons()).toEqual([]);
  });
});

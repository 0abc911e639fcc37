import { describe, expect, it } from 'vitest';
import {
  followedIn,
  isFullySilent,
  isPaused,
  leadershipOf,
  pauseOf,
  primaryChannels,
  replicasOf,
  waitsOf,
} from '../../../src/assess/leader.js';
import { healthyReplicas, isStreaming, tellsReplicationState } from '../../../src/assess/replica.js';
import { lagFiguresOf } from '../../../src/assess/lag-figures.js';
import { othersServing, rotationOf } from '../../../src/assess/rotation.js';
import { unknown } from '../../../src/model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../../../src/model/view.js';
import {
  api,
  at,
  config,
  configKey,
  isPrimary,
  lags,
  leaderKey,
  MB,
  noEtcd,
  noProxy,
  notStreaming,
  NOW_MS,
  proxyDrain,
  silent,
  sql,
  stopped,
  viewOf,
  type Change,
} from '../../support/view.js';

const seenBy = (view: ClusterView, name: string): MemberView => {
  const found = memberOf(view, name);
  if (found === null) throw new Error(`no ${name} in the view`);
  return found;
};

const STANDBY = { role: 'standby-leader' } as const;

describe('leadership', () => {
  it.each<[string, readonly Change[], string]>([
    ['the holder says primary by API and SQL: proven', [], 'proven'],
    ['SQL of the holder is not configured: proven by its API', [silent('patroni1', 'sql', 'not-configured')], 'proven'],
    ['the holder does not answer: claimed', [silent('patroni1', 'api')], 'claimed'],
    ['the holder says replica: claimed', [api('patroni1', { role: 'replica' })], 'claimed'],
    ['the holder is stopping: claimed', [api('patroni1', { state: 'stopping' })], 'claimed'],
    ['its SQL says in recovery: claimed, whatever its API says', [sql('patroni1', { inRecovery: true })], 'claimed'],
    ['the holder is not ours: claimed', [leaderKey('patroni9')], 'claimed'],
    ['nobody holds the key: none', [leaderKey(null)], 'none'],
    ['a primary elsewhere is configured: standby', [config({ standbyCluster: true })], 'standby'],
    [
      'a primary elsewhere is configured, nobody holds the key: standby',
      [config({ standbyCluster: true }), leaderKey(null)],
      'standby',
    ],
    ['its last loop led a standby cluster that is one no more: claimed', [api('patroni1', STANDBY)], 'claimed'],
    ['etcd gave no linearizable answer: unknown, although everybody else is sure', [noEtcd], 'unknown'],
  ])('%s', (_name, changes, kind) => {
    expect(leadershipOf(viewOf(...changes)).kind).toBe(kind);
  });

  it('is never taken from /cluster', () => {
    expect(leadershipOf(viewOf(leaderKey('patroni2'))).kind).toBe('claimed');
  });

  it('leaves everybody a replica while nobody holds the key', () => {
    expect(replicasOf(viewOf(leaderKey(null)))).toHaveLength(3);
    expect(replicasOf(viewOf()).map((row) => row.name)).toEqual(['patroni2', 'patroni3']);
  });
});

describe('a member says primary', () => {
  it.each<[string, readonly Change[], readonly string[]]>([
    ['by API and SQL', [isPrimary('patroni3')], ['api', 'sql']],
    ['by API alone', [isPrimary('patroni3', ['api'])], ['api']],
    ['by SQL alone', [isPrimary('patroni3', ['sql'])], ['sql']],
    [
      'by nothing when the role is only remembered',
      [isPrimary('patroni3', ['api']), api('patroni3', { xlog: null })],
      [],
    ],
    ['by nothing when it does not run', [isPrimary('patroni3', ['api']), api('patroni3', { state: 'stopped' })], []],
    ['by nothing when nobody answers', [silent('patroni3', 'api'), silent('patroni3', 'sql')], []],
  ])('%s', (_name, changes, channels) => {
    expect(primaryChannels(seenBy(viewOf(...changes), 'patroni3'))).toEqual(channels);
  });
});

describe('silence', () => {
  it.each<[string, readonly Change[], boolean]>([
    ['of both channels is full', [silent('patroni3', 'api'), silent('patroni3', 'sql', 'refused')], true],
    [
      'of the API where SQL is not configured is full',
      [silent('patroni3', 'api'), silent('patroni3', 'sql', 'not-configured')],
      true,
    ],
    ['of one channel is not', [silent('patroni3', 'api')], false],
    [
      'is not an answer that makes no sense',
      [silent('patroni3', 'api', 'bad-reply'), silent('patroni3', 'sql')],
      false,
    ],
    ['is not a refused password', [silent('patroni3', 'api'), silent('patroni3', 'sql', 'denied')], false],
    [
      'is not a question that was never asked',
      [silent('patroni3', 'api', 'not-read-yet'), silent('patroni3', 'sql')],
      false,
    ],
  ])('%s', (_name, changes, full) => {
    expect(isFullySilent(seenBy(viewOf(...changes), 'patroni3'))).toBe(full);
  });
});

describe('the leader of a standby cluster', () => {
  const standby: readonly Change[] = [
    config({ standbyCluster: true }),
    api('patroni1', {
      ...STANDBY,
      xlog: {
        location: null,
        receivedLocation: at(0),
        replayedLocation: at(MB),
        replayedAtMs: null,
        replayPaused: false,
      },
    }),
    sql('patroni1', { inRecovery: true, currentLsn: null, receiveLsn: at(0), replayLsn: at(MB) }),
  ];

  it('is whom its replicas follow: their lag and their streams are judged by it', () => {
    const view = viewOf(...standby, lags('patroni3', 150 * MB));
    expect(followedIn(view)?.name).toBe('patroni1');
    expect(lagFiguresOf(view, seenBy(view, 'patroni3')).map((row) => [row.channel, row.lagBytes])).toEqual([
      ['sql', 150 * MB],
      ['api', 150 * MB],
      ['peers', 150 * MB],
    ]);
    expect(healthyReplicas(view, 100 * MB).map((row) => row.name)).toEqual(['patroni2']);
  });

  it.each<[string, Change]>([
    ['its API is silent', silent('patroni1', 'api')],
    ['it does not run', api('patroni1', { state: 'starting' })],
    ['it says replica', api('patroni1', { role: 'replica' })],
    ['its SQL accepts writes', sql('patroni1', { inRecovery: false })],
    ['the key is of nobody', leaderKey(null)],
  ])('is not known for certain when %s', (_name, change) => {
    const view = viewOf(...standby, change);
    expect(leadershipOf(view)).toMatchObject({ kind: 'standby', member: null });
    expect(followedIn(view)).toBeNull();
  });
});

describe('a pause', () => {
  it('is believed when one voice says it', () => {
    expect(isPaused(viewOf(config({ paused: true })))).toBe(true);
    expect(isPaused(viewOf(api('patroni3', { paused: true })))).toBe(true);
    expect(isPaused(viewOf())).toBe(false);
  });

  it('is known from etcd before any member has noticed it', () => {
    expect(pauseOf(viewOf(configKey({ paused: true })))).toEqual({ kind: 'paused', channel: 'dcs' });
  });

  it('is believed of a member although etcd says that it is over', () => {
    expect(isPaused(viewOf(configKey({ paused: false }), api('patroni3', { paused: true })))).toBe(true);
  });

  it('cannot be ruled out where the config key says nothing', () => {
    const view = viewOf(configKey('there is no key /service/email-cluster/config'));
    expect(pauseOf(view)).toEqual({ kind: 'unknown', why: 'there is no key /service/email-cluster/config' });
    expect(pauseOf(viewOf(configKey('nonsense'), api('patroni2', { paused: true }))).kind).toBe('paused');
  });

  it('is remembered from an older /config', () => {
    const view = viewOf(config({ paused: true }), (seen) => ({
      ...seen,
      config: seen.config.kind === 'unknown' ? seen.config : { ...seen.config, kind: 'stale', ageMs: 8_000 },
    }));
    expect(isPaused(view)).toBe(true);
  });
});

describe('waits', () => {
  it("are Patroni's defaults until /config was read", () => {
    const view = viewOf((seen) => ({ ...seen, config: unknown('timeout', 'no answer', NOW_MS, 'config') }));
    expect(waitsOf(view)).toEqual({ ttlMs: 30_000, loopWaitMs: 10_000 });
    expect(waitsOf(viewOf(config({ ttlMs: 60_000 })))).toEqual({ ttlMs: 60_000, loopWaitMs: 10_000 });
  });
});

describe('a healthy replica', () => {
  const names = (...changes: readonly Change[]): readonly string[] =>
    healthyReplicas(viewOf(...changes), 100 * MB).map((row) => row.name);

  it.each<[string, readonly Change[], readonly string[]]>([
    ['runs, streams and is level', [], ['patroni2', 'patroni3']],
    ['may lag below the emergency', [lags('patroni3', 50 * MB)], ['patroni2', 'patroni3']],
    ['is not one that lags beyond it', [lags('patroni3', 150 * MB)], ['patroni2']],
    ['is one whose /cluster row alone lags', [lags('patroni3', 150 * MB, ['peers'])], ['patroni2', 'patroni3']],
    ['is not one that does not stream', [notStreaming('patroni3')], ['patroni2']],
    ['is not one that cannot be asked', [stopped('patroni3')], ['patroni2']],
    ['cannot be known while etcd is silent', [noEtcd], []],
  ])('%s', (_name, changes, expected) => {
    expect(names(...changes)).toEqual(expected);
  });
});

describe('streaming', () => {
  it('is told by Patroni itself from 3.0.4 on', () => {
    expect(['3.0.2', '3.0.3', '3.0.4', '3.1.0', '4.1.4'].map(tellsReplicationState)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
  });

  it('is denied by a single no', () => {
    const view = viewOf(sql('patroni3', { walReceiver: null }));
    expect(isStreaming(view, seenBy(view, 'patroni3'))).toBe(false);
  });

  it('is believed of a silent API when the leader sees it', () => {
    const view = viewOf(silent('patroni3', 'api'), silent('patroni3', 'sql'));
    expect(isStreaming(view, seenBy(view, 'patroni3'))).toBe(true);
  });
});

describe('lag figures', () => {
  const figures = (...changes: readonly Change[]): readonly string[] => {
    const view = viewOf(...changes);
    return lagFiguresOf(view, seenBy(view, 'patroni3')).map((figure) => `${figure.channel} ${figure.lagBytes}`);
  };

  it.each<[string, readonly Change[], readonly string[]]>([
    ['come from three channels, most direct first', [lags('patroni3', 7)], ['sql 7', 'api 7', 'peers 7']],
    [
      'of two positions that cross are zero',
      [sql('patroni3', { replayLsn: 0x5_0000_0001n as never })],
      ['sql 0', 'api 0', 'peers 0'],
    ],
    [
      'are left out on another timeline',
      [sql('patroni3', { timeline: 6 }), api('patroni3', { timeline: 6 })],
      ['peers 0'],
    ],
    ['are left out where a side was not asked', [silent('patroni1', 'sql')], ['api 0', 'peers 0']],
    ['are unknown, not zero, when nobody leads and nobody can tell', [noEtcd], []],
  ])('%s', (_name, changes, expected) => {
    expect(figures(...changes)).toEqual(expected);
  });
});

describe('rotation', () => {
  it.each<[string, readonly Change[], object]>([
    ['serves', [], { drainedByProxy: false, tagged: false, lines: [{ proxy: 'proxy' }] }],
    ['is drained by the proxy', [proxyDrain('patroni3')], { drainedByProxy: true }],
    ['is unknown when the proxy is silent', [noProxy], { lines: [], drainedByProxy: null }],
    ['has an unknown tag when its API is silent', [silent('patroni3', 'api')], { tagged: null }],
  ])('%s', (_name, changes, expected) => {
    const view = viewOf(...changes);
    expect(rotationOf(view, seenBy(view, 'patroni3'))).toMatchObject(expected);
  });

  it('counts who else takes reads', () => {
    expect(othersServing(viewOf(), 'patroni3')).toEqual([['patroni2']]);
    expect(othersServing(viewOf(proxyDrain('patroni2')), 'patroni3')).toEqual([[]]);
    expect(othersServing(viewOf(noProxy), 'patroni3')).toEqual([]);
  });
});

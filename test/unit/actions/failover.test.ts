import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/actions/index.js';
import type { ActionInput } from '../../../src/actions/action.js';
import { memberName } from '../../../src/model/names.js';
import type { Memory } from '../../../src/model/states.js';
import {
  api,
  assessmentOf,
  at,
  config,
  host,
  keys,
  leaderKey,
  NO_TAGS,
  notStreaming,
  NOW_MS,
  planOf,
  problemOf,
  SCOPE,
  silent,
  sql,
  stopped,
  viewOf,
  type Change,
} from '../../support/view.js';

const { failover } = ACTIONS;
const nofailover = (name: string): Change => api(name, { tags: { ...NO_TAGS, nofailover: true } });
const PLAN = planOf('failover', 'patroni2', { candidate: 'patroni2' }, 'leaderless');

/** patroni1 led last and is dead; nobody holds the key. */
function leaderless(...changes: readonly Change[]): ActionInput {
  const dead = [stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3'), leaderKey(null)];
  const input = assessmentOf(viewOf(...dead, ...changes));
  return { ...input, memory: { ...input.memory, lastLeader: 'patroni1' } };
}

describe('the candidate of a failover', () => {
  const target = (...changes: readonly Change[]) =>
    failover.target?.(leaderless(...changes), problemOf('leaderless', SCOPE));

  it('is the best of those whom Patroni would promote', () => {
    expect(target(nofailover('patroni2'))).toBe('patroni3');
  });

  it('is nobody where all are barred, and each is told with its reason', () => {
    expect(target(nofailover('patroni2'), silent('patroni3', 'api'))).toEqual({
      none: expect.stringMatching(
        /^no member is to be proposed; .*patroni2 \(.*\) may not lead: is tagged nofailover.*patroni3 \(position unknown\) may not lead: does not answer at its API/,
      ) as unknown,
    });
  });
});

describe('the last leader that runs again as a replica', () => {
  const back = [
    notStreaming('patroni2'),
    notStreaming('patroni3'),
    leaderKey(null),
    api('patroni1', { role: 'replica' }),
    sql('patroni1', { inRecovery: true, receiveLsn: at(0), replayLsn: at(0) }),
    sql('patroni2', { receiveLsn: at(3_000_000), replayLsn: at(3_000_000) }),
    api('patroni2', { xlog: null }),
  ];
  const input = assessmentOf(viewOf(...back, silent('patroni3', 'api')));
  const returned = { ...input, memory: { ...input.memory, lastLeader: 'patroni1' } };

  it('is not proposed, since Patroni elects it without us', () => {
    expect(failover.target?.(returned, problemOf('leaderless', SCOPE))).toBe('patroni2');
  });

  const startedAgo = (ms: number, ...changes: readonly Change[]): ActionInput => {
    const view = viewOf(...back, silent('patroni3', 'api'), host('patroni1', { startedAtMs: NOW_MS - ms }), ...changes);
    return { ...returned, view };
  };
  const bind = (at: ActionInput) => failover.bind(at, memberName('patroni2'), problemOf('leaderless', SCOPE));

  it('has its time: nobody is asked to lose something with another', () => {
    expect(bind(startedAgo(40_000))).toEqual({
      kind: 'nothing',
      why: 'patroni1 led last, runs again and may lead: Patroni elects it without us',
    });
  });

  it('and does not lead after that time is told to a person, with what to do', () => {
    expect(bind(startedAgo(40_001))).toEqual({
      kind: 'nothing',
      stuck: true,
      why: 'patroni1 led last, runs again and may lead: Patroni elects it without us; if not: ekimi run-procedure failover --candidate patroni1',
    });
  });

  it('and is not elected in a pause is told at once, and why', () => {
    expect(bind(startedAgo(1_000, config({ paused: true })))).toEqual({
      kind: 'nothing',
      stuck: true,
      why: 'patroni1 led last, runs again and may lead; Patroni is paused, and elects nobody until it is resumed',
    });
  });

  it.each<[string, Change]>([
    ['does not see etcd', api('patroni1', { dcsLastSeenMs: NOW_MS - 30_001 })],
    ['is tagged nofailover', nofailover('patroni1')],
  ])('and %s holds nothing up', (_name, change) => {
    expect(bind(startedAgo(10_000, change))).toEqual({ kind: 'bound', params: { candidate: 'patroni2' } });
  });

  it('is named first to whoever is asked to lose something with another', () => {
    expect(failover.grounds?.(returned, PLAN)).toMatch(
      /best first: 1\. patroni1 \(.*, 0 B behind\) may lead\. 2\. patroni2/,
    );
  });

  it('is taken where a person names it', () => {
    expect(failover.refuse(returned, planOf('failover', 'patroni1', { candidate: 'patroni1' }))).toBeNull();
  });
});

describe('a failover that a person starts by name', () => {
  it.each<[string, readonly Change[], string]>([
    ['tagged nofailover', [nofailover('patroni2')], 'patroni2 is tagged nofailover: Patroni would not make it leader'],
    [
      'that is starting',
      [api('patroni2', { state: 'starting', stateText: 'starting' })],
      'patroni2 says replica, starting: Patroni would not make it leader',
    ],
  ])('is refused to a member %s', (_name, changes, because) => {
    expect(failover.refuse(leaderless(...changes), PLAN)).toBe(because);
  });
});

describe('what an approval of a failover says', () => {
  it('names every member with what speaks for and against it, best first', () => {
    expect(failover.grounds?.(leaderless(nofailover('patroni3')), PLAN)).toMatch(
      /^who may lead, best first: 1\. patroni2 \(.*\) may lead\. 2\. patroni3 \(.*\) may not lead: is tagged nofailover\. 3\. patroni1 \(position unknown\) may not lead: does not answer at its API$/,
    );
  });

  it('says nothing of a choice where a person names the member and a leader lives', () => {
    const plan = planOf('failover', 'patroni2', { candidate: 'patroni2', leader: 'patroni1' });
    expect(failover.grounds?.(assessmentOf(viewOf()), plan)).toBeNull();
  });
});

describe('what a failover would lose', () => {
  const behind = at(3_000_000);
  const lagging = [sql('patroni2', { receiveLsn: behind, replayLsn: behind }), api('patroni2', { xlog: null })];
  const loss = (memory: Partial<Memory>, ...changes: readonly Change[]) => {
    const input = leaderless(...changes);
    return failover.loss?.({ ...input, memory: { ...input.memory, ...memory } }, PLAN);
  };

  it('is stated as the least that it can be, with the time to which it is known', () => {
    const positions = { patroni1: { timeline: 7, lsn: '5/00000000', inRecovery: false, atMs: NOW_MS - 61_000 } };
    const walRate = { lsn: '5/00000000', atMs: NOW_MS - 61_000, bytesPerSecond: 200_000 };
    expect(loss({ positions, walRate }, ...lagging)).toEqual({
      bytes: 3_000_000,
      seconds: 15,
      text: "patroni2 is 2.8 MiB behind, maximum_lag_on_failover is 1 MiB: at least 2.8 MiB of the old leader's WAL would be lost, about 15 s of writes; its position, 5/00000000, was last read at 01:58:59Z, and what it wrote after that is not counted",
    });
  });

  it('has no seconds where no rate was measured and nobody says when it replayed last', () => {
    expect(loss({ walRate: null }, ...lagging)).toMatchObject({
      bytes: 3_000_000,
      seconds: null,
      text: expect.stringContaining('would be lost, for how many seconds of writes is unknown') as unknown,
    });
  });

  it('is counted from what Patroni wrote into etcd where we never saw the leader', () => {
    expect(loss({ positions: {} }, ...lagging)).toMatchObject({
      bytes: 3_000_000,
      text: expect.stringContaining('its last position, 5/00000000, is what Patroni wrote into etcd') as unknown,
    });
  });

  it('is unknown, and said so, where nobody knows how far the leader was', () => {
    expect(loss({ positions: {} }, keys({ optimeLsn: null }), ...lagging)).toMatchObject({
      bytes: null,
      seconds: null,
      text: expect.stringMatching(
        /an unknown number of bytes of the old leader's WAL would be lost; no position of the old leader is known$/,
      ) as unknown,
    });
  });

  it('is nothing that is known for a standby that is level and only not synchronous', () => {
    const sync = keys({ sync: { leader: memberName('patroni1'), standbys: [memberName('patroni3')] } });
    expect(loss({}, config({ synchronousMode: 'on' }), sync)).toMatchObject({
      bytes: 0,
      seconds: 0,
      text: expect.stringContaining("no byte that is known of the old leader's WAL would be lost") as unknown,
    });
  });
});

import { describe, expect, it } from 'vitest';
import { unreachableLeader } from '../../../src/assess/hung-leader.js';
import { leaseOf } from '../../../src/assess/lease.js';
import { FRESH_MEMORY, remember } from '../../../src/machines/memory.js';
import { aged, fresh, unknown } from '../../../src/model/reading.js';
import type { Memory } from '../../../src/model/states.js';
import type { ClusterView } from '../../../src/model/view.js';
import { NOW_MS, viewOf } from '../../support/view.js';

/** The leader silent to us since `NOW_MS`, looked at so much later; its replicas heard it last so long after it fell silent to us. */
function silentLeader(laterMs: number, heardMs: number): ClusterView {
  const view = viewOf();
  const atMs = NOW_MS + laterMs;
  const none = (source: string) => unknown('refused', `${source} does not answer`, atMs, source);
  return {
    ...view,
    atMs,
    members: view.members.map((member, index) => {
      if (index === 0) return { ...member, api: none('api'), sql: none('sql') };
      const sql = member.sql.kind === 'fresh' ? member.sql.value : null;
      if (sql?.walReceiver == null) throw new Error('a replica streams');
      const walReceiver = { ...sql.walReceiver, latestEndAgeMs: laterMs - heardMs };
      return { ...member, sql: fresh({ ...sql, walReceiver }, atMs, 'sql') };
    }),
  };
}

const leaderSql = () => {
  const [leader] = viewOf().members;
  if (leader === undefined) throw new Error('there is a leader');
  return leader.sql;
};
const remembered = () => {
  const { leadership } = remember(FRESH_MEMORY, silentLeader(0, -100));
  if (leadership === undefined) throw new Error('a pass remembers who leads');
  return leadership;
};
const since: Memory = remember(FRESH_MEMORY, silentLeader(0, -100));

describe('a leader that is silent to us', () => {
  it.each([
    { heardMs: -100, laterMs: 0, found: true },
    { heardMs: -100, laterMs: 5_000, found: true },
    // Between two answers of one look, or between the breaking of two links: counts for a moment.
    { heardMs: 170, laterMs: 500, found: false },
    { heardMs: 170, laterMs: 1_200, found: true },
    { heardMs: 170, laterMs: 5_000, found: true },
    { heardMs: 900, laterMs: 1_500, found: false },
    { heardMs: 900, laterMs: 5_000, found: true },
    // Later it lives, however long ago that is: an idle leader says nothing for half a minute.
    { heardMs: 1_100, laterMs: 5_000, found: false },
    { heardMs: 4_900, laterMs: 5_000, found: false },
    { heardMs: 2_000, laterMs: 20_000, found: false },
  ])(
    'and was heard $heardMs ms after that, after $laterMs ms: unreachable is $found',
    ({ heardMs, laterMs, found }) => {
      const view = silentLeader(laterMs, heardMs);
      expect(since.leadership?.silentSinceMs).toBe(NOW_MS);
      expect(unreachableLeader({ view, memory: since }) !== null).toBe(found);
    },
  );
});

describe('a leader whose lease was not renewed, and whose host driver', () => {
  const ON = { isOn: true, outlet: 'rack 2' };
  it.each([
    { says: 'on', fault: 'timeout', age: 'now', proven: true },
    { says: 'on', fault: 'not-read-yet', age: 'now', proven: false },
    { says: 'on', fault: 'not-read-yet', age: 'before', proven: false },
    { says: 'off', fault: 'not-read-yet', age: 'now', proven: null },
    { says: 'nothing', fault: 'not-read-yet', age: 'now', proven: null },
    // It answers, and is to be put right.
    { says: 'on', fault: 'denied', age: 'now', proven: null },
  ] as const)('gives $fault while its power says $says ($age): proven is $proven', ({ says, fault, age, proven }) => {
    const silent = silentLeader(5_000, -100);
    const now = fresh({ ...ON, isOn: says === 'on' }, silent.atMs, 'power');
    const power = age === 'now' ? now : aged(now, silent.atMs + 40_000);
    const row = { host: unknown(fault, 'the driver', silent.atMs, 'host'), ...(says === 'nothing' ? {} : { power }) };
    const { keys } = silent.dcs;
    if (keys.kind !== 'fresh') throw new Error('etcd answers');
    const view: ClusterView = {
      ...silent,
      members: silent.members.map((member, at) => (at === 0 ? { ...member, ...row } : member)),
      dcs: {
        ...silent.dcs,
        keys: { ...keys, value: { ...keys.value, leader: { ...keys.value.leader, leaseTtlMs: 15_000 } } },
      },
    };
    expect(unreachableLeader({ view, memory: since })?.isProven ?? null).toBe(proven);
  });
});

describe('a leader whose API alone is silent, and that renewed its lease half a second later', () => {
  it('lives by that where PostgreSQL answers, and by the next renewal where nothing does', () => {
    const since: Memory = {
      ...FRESH_MEMORY,
      leadership: { ...remembered(), silentSinceMs: NOW_MS, renewedMs: NOW_MS + 500 },
    };
    const silentAll = silentLeader(1_000, -100);
    const answers = {
      ...silentAll,
      members: silentAll.members.map((row, at) => (at === 0 ? { ...row, sql: leaderSql() } : row)),
    };
    expect(leaseOf({ view: answers, memory: since })).toBe('renewed');
    expect(leaseOf({ view: silentAll, memory: since })).toBe('unproven');
    const later = { ...since, leadership: { ...remembered(), silentSinceMs: NOW_MS, renewedMs: NOW_MS + 1_500 } };
    expect(leaseOf({ view: silentAll, memory: later })).toBe('renewed');
  });
});

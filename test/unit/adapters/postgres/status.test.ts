import { describe, expect, test } from 'vitest';
import { parseStatus } from '../../../../src/adapters/postgres/status.js';
import type { SqlStatus } from '../../../../src/model/sql.js';

const PRIMARY = {
  recovery: false,
  version: 150018,
  systemIdentifier: '7711082917758472257',
  timeline: 2,
  currentLsn: '0/16000110',
  receiveLsn: '0/14000000',
  replayLsn: null,
  replayLagSeconds: null,
  replayPaused: false,
  startupWait: null,
  receiver: null,
  replicas: null,
  blockers: null,
  slots: null,
  connections: { max: 200, byDatabase: null },
  checksumFailures: null,
  baseBackups: 0,
};

const REPLICA = {
  ...PRIMARY,
  recovery: true,
  currentLsn: null,
  receiveLsn: '0/16000110',
  replayLsn: '0/16000000',
  startupWait: 'RecoveryWalStream',
};

const BLOCKER = {
  pid: 10,
  backend_start: '2026-11-22T19:00:00.000000Z',
  user: 'app',
  database: 'mail',
  application: 'report',
  state: 'active',
  xact_age_ms: 61_000.4,
  query: 'SELECT 1',
  xmin_age: 5,
  holds_lock: false,
};

const parsed = (document: object): SqlStatus => {
  const result = parseStatus(JSON.stringify(document));
  if (!result.ok) throw new Error(result.why);
  return result.status;
};

describe('the status document', () => {
  test('an idle primary without replicas, slots or sessions', () => {
    expect(parsed(PRIMARY)).toEqual({
      inRecovery: false,
      serverVersion: 150018,
      systemIdentifier: '7711082917758472257',
      ownName: null,
      startedAtMs: null,
      timeline: 2,
      currentLsn: 0x16000110n,
      receiveLsn: null, // what it received when it was a replica is no position of a primary
      replayLsn: null,
      replayLagSeconds: null,
      replayPaused: false,
      walReceiver: null,
      replicas: [],
      blockers: [],
      slots: [],
      connections: { max: 200, total: 0, byDatabase: [] },
      checksumFailures: null,
      baseBackups: 0,
      archiver: null,
      applyDelayMs: 0,
      recoveryTarget: null,
      rewinds: [],
    });
  });

  test('the lag of a connected replica counts from the current position, unsent bytes included', () => {
    const row = {
      application: 'patroni2',
      state: 'streaming',
      syncState: 'async',
      sentLsn: '0/15000000',
      replayLsn: '0/15000000',
    };
    expect(parsed({ ...PRIMARY, replicas: [row] }).replicas[0]?.lagBytes).toBe(0x1000110);
  });

  test('a replica whose position is not told has an unknown lag, not none', () => {
    const row = { application: 'patroni2', state: 'startup', syncState: 'async', sentLsn: null, replayLsn: null };
    expect(parsed({ ...PRIMARY, replicas: [row] }).replicas[0]?.lagBytes).toBeNull();
  });

  test('a walreceiver of which we may only see that it exists', () => {
    const receiver = { status: null, senderHost: null, timeline: null, latestEndLsn: null, ageMs: null };
    expect(parsed({ ...REPLICA, receiver }).walReceiver).toEqual({
      status: 'unknown',
      senderHost: null,
      senderPort: null,
      receivedTimeline: null,
      latestEndLsn: null,
      latestEndAgeMs: null,
    });
  });

  test('a slot that is ahead of a lagging replica retains nothing, not less than nothing', () => {
    const slot = { name: 's', active: false, walStatus: null, retained: -4096 };
    expect(parsed({ ...REPLICA, slots: [slot] }).slots[0]?.retainedBytes).toBe(0);
  });

  test.each([
    ['nothing', undefined],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['a document of something else', '{"recovery":"yes"}'],
  ])('%s is refused with a reason', (_, text) => {
    const result = parseStatus(text);
    expect(result).toMatchObject({ ok: false, why: expect.stringMatching(/./) });
  });
});

describe('who blocks replay', () => {
  const confirmedPids = (document: object): number[] =>
    parsed(document)
      .blockers.filter((one) => one.confirmed)
      .map((one) => one.pid);

  test('while replay does not wait, an old snapshot is a candidate only', () => {
    expect(parsed({ ...REPLICA, blockers: [BLOCKER] }).blockers).toMatchObject([
      { pid: 10, confirmed: false, xactAgeMs: 61_000 },
    ]);
  });

  test('while replay waits for snapshots, those with the oldest one are confirmed and come first', () => {
    const blockers = [BLOCKER, { ...BLOCKER, pid: 11, xmin_age: 9 }, { ...BLOCKER, pid: 12, xmin_age: 9 }];
    const document = { ...REPLICA, startupWait: 'RecoveryConflictSnapshot', blockers };
    expect(confirmedPids(document)).toEqual([11, 12]);
    expect(parsed(document).blockers.map((one) => one.pid)).toEqual([11, 12, 10]);
  });

  test('with snapshots in two databases nobody is confirmed', () => {
    const blockers = [BLOCKER, { ...BLOCKER, pid: 11, xmin_age: 9, database: 'reports' }];
    expect(confirmedPids({ ...REPLICA, startupWait: 'RecoveryConflictSnapshot', blockers })).toEqual([]);
  });

  test('while replay waits for a lock, its holder is confirmed and an older snapshot is not', () => {
    const blockers = [
      { ...BLOCKER, pid: 11, xmin_age: null, holds_lock: true },
      { ...BLOCKER, xmin_age: 99 },
    ];
    expect(confirmedPids({ ...REPLICA, startupWait: 'relation', blockers })).toEqual([11]);
  });

  test.each([['BufferPin'], ['RecoveryConflictTablespace'], ['']])('a wait of %s confirms nobody', (startupWait) => {
    expect(confirmedPids({ ...REPLICA, startupWait, blockers: [BLOCKER] })).toEqual([]);
  });

  test('a query of many lines with terminal codes becomes one short plain line', () => {
    const query = `SELECT\n\t'\u001b[31mred\u202e' ${'x'.repeat(300)}`;
    const [blocker] = parsed({ ...REPLICA, blockers: [{ ...BLOCKER, query }] }).blockers;
    expect(blocker?.query).toMatch(/^SELECT ' \[31mred ' x+$/);
    expect(blocker?.query.length).toBe(200);
  });
});

describe('the row of the heartbeat', () => {
  const xml = (json: string): string =>
    `<row xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n  <beat>${json}</beat>\n</row>\n`;
  const beat = (text: string | null | undefined) =>
    parsed(text === undefined ? REPLICA : { ...REPLICA, beat: text }).beat;

  test.each([
    [
      'a row',
      xml('{"by" : "patroni1", "atMs" : 1768442400123.456, "agoMs" : 812.2}'),
      { by: 'patroni1', atMs: 1768442400123, agoMs: 812 },
    ],
    [
      'a name with signs of XML',
      xml('{"by" : "a&amp;b&lt;c", "atMs" : 1, "agoMs" : -3}'),
      { by: 'a&b<c', atMs: 1, agoMs: 0 },
    ],
    ['one that names no server', xml('{"by" : null, "atMs" : 1, "agoMs" : 3}'), null],
    ['no row', '', null],
    ['no table', null, null],
    ['nonsense', xml('{'), null],
    ['figures that are none', xml('{"by" : "a", "atMs" : "x", "agoMs" : 3}'), null],
  ])('%s', (_name, text, expected) => {
    expect(beat(text)).toEqual(expected);
  });

  test('that is not read is no row', () => {
    expect(beat(undefined)).toBeUndefined();
  });
});

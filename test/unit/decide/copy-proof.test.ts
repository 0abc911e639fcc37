import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/decide/decide.js';
import type { DiskStatus } from '../../../src/model/disk.js';
import { formatLsn } from '../../../src/model/names.js';
import { fresh } from '../../../src/model/reading.js';
import type { SqlSizes } from '../../../src/model/sql.js';
import type { Memory } from '../../../src/model/states.js';
import { verdictOf } from '../../../src/verify/verdict.js';
import { testPolicy } from '../../support/policy.js';
import {
  all,
  api,
  assessmentOf,
  at,
  CLEAN_MEMORY,
  damaged,
  inputOf,
  ledgerOf,
  logSays,
  MB,
  member,
  NO_TAGS,
  notStreaming,
  NOW_MS,
  problemOf,
  remediationOf,
  sql,
  startFailed,
  statesOf,
  viewOf,
  type Change,
} from '../../support/view.js';

const GIB = 1024 ** 3;
const policy = testPolicy({}, { 'reinitialize-replica': { mode: 'auto' } });
const volume = (totalBytes: number, freeBytes: number, freeInodes: number | null = null): DiskStatus['data'] => ({
  totalBytes,
  freeBytes,
  freeInodes,
});
const disk = (name: string, data: DiskStatus['data'], wal: DiskStatus['wal'] = null): Change =>
  member(name, () => ({ disk: fresh({ data, wal }, NOW_MS, 'disk') }));
const sizes = (name: string, value: SqlSizes): Change => member(name, () => ({ sizes: fresh(value, NOW_MS, 'sizes') }));
const tenGib = sizes('patroni1', { databaseBytes: 10 * GIB, walBytes: GIB });

const nofailover = (name: string): Change => api(name, { tags: { ...NO_TAGS, nofailover: true } });

function decided(changes: readonly Change[], part: Parameters<typeof inputOf>[1] = {}): string {
  const input = inputOf([problemOf('wal-missing', 'patroni3')], { view: viewOf(...changes), policy, ...part });
  return decide(input)
    .map((one) =>
      one.kind === 'held'
        ? `held ${one.blocks.map((block) => `${block.gate}: ${block.because}`).join('; ')}`
        : one.kind === 'act'
          ? 'act'
          : `${one.kind} ${one.why}`,
    )
    .join();
}

describe('before a copy is thrown away it is proven that a new one can be made', () => {
  it.each<[string, readonly Change[]]>([
    ['nothing stands against it', []],
    [
      'room here and there',
      [tenGib, disk('patroni3', volume(20 * GIB, 8 * GIB)), disk('patroni1', volume(20 * GIB, 8 * GIB))],
    ],
    ['two senders are free', [sql('patroni1', { walSenders: { max: 10, used: 8 } })]],
  ])('sent: %s', (_name, changes) => {
    expect(decided([damaged('patroni3'), ...changes])).toBe('act');
  });

  it.each<[string, readonly Change[], RegExp]>([
    ['no WAL sender is free', [sql('patroni1', { walSenders: { max: 10, used: 9 } })], /1 free WAL senders of 10/],
    [
      'its volume is too small for the leader',
      [tenGib, disk('patroni3', volume(10 * GIB, GIB))],
      /room for 10 GiB .* takes 11 GiB/,
    ],
    ['its volume is full', [disk('patroni3', volume(20 * GIB, 1024))], /the disk of patroni3 is full/],
    ['it has no inode left', [disk('patroni3', volume(20 * GIB, 9 * GIB, 0))], /and no inode/],
    [
      'the volume of the leader is short',
      [disk('patroni1', volume(20 * GIB, GIB))],
      /patroni1: 1.0 GiB of 20 GiB are free/,
    ],
    [
      'the WAL volume of the leader is full',
      [disk('patroni1', volume(20 * GIB, 9 * GIB), volume(GIB, 0))],
      /0 B of 1.0 GiB are free on the WAL volume/,
    ],
  ])('[W1] held: %s', (_name, changes, why) => {
    expect(decided([damaged('patroni3'), ...changes])).toMatch(why);
  });

  /** The last copy took half an hour, in which the leader writes 18 GiB at this rate. */
  const halfAnHour = 30 * 60_000;
  const ended = NOW_MS - 10 * halfAnHour;
  const slow = {
    ledger: ledgerOf({
      remediations: [
        remediationOf('reinitialize-replica', 'patroni2', {
          createdAtMs: ended - halfAnHour,
          sentAtMs: ended - halfAnHour,
          endedAtMs: ended,
        }),
      ],
    }),
    memory: { ...CLEAN_MEMORY, walRate: { lsn: '0/0', atMs: NOW_MS, bytesPerSecond: 10 * MB } },
  };
  const roomy = [tenGib, disk('patroni3', volume(100 * GIB, 60 * GIB)), disk('patroni1', volume(100 * GIB, 60 * GIB))];

  it('[W1] held: what the leader writes in the time that the last copy took has no room on it, or here', () => {
    expect(decided([damaged('patroni3'), ...roomy], slow)).toBe('act');
    expect(
      decided(
        [damaged('patroni3'), ...roomy, disk('patroni1', volume(100 * GIB, 60 * GIB), volume(40 * GIB, 17 * GIB))],
        slow,
      ),
    ).toMatch(/patroni1 writes some 18 GiB of WAL in the 30 min that the last copy took, and has 17 GiB free where/);
    expect(decided([damaged('patroni3'), ...roomy, disk('patroni3', volume(20 * GIB, 15 * GIB))], slow)).toMatch(
      /patroni3 has room for 20 GiB .* takes 28 GiB/,
    );
  });

  it('who is asked is told what a copy takes, what is there, for how long, and who serves reads meanwhile', () => {
    const why = (changes: readonly Change[], part: Parameters<typeof inputOf>[1] = {}): string => {
      const input = inputOf([problemOf('wal-missing', 'patroni3')], { view: viewOf(...changes), policy, ...part });
      return decide(input)
        .map((one) => (one.kind === 'page' || one.kind === 'waiting' ? '' : one.why))
        .join();
    };
    expect(why([damaged('patroni3'), ...roomy], slow)).toContain(
      'a copy of patroni1 takes 10 GiB and a reserve of 1.0 GiB, and patroni3 has room for 70 GiB with its old copy removed; WAL (600 MiB a minute) is kept on patroni1 meanwhile, some 18 GiB of it, where 60 GiB are free; the last one took 30 min; patroni2 serves reads meanwhile',
    );
    expect(why([damaged('patroni3')])).toContain(
      'how large a copy of patroni1 is, is not known; WAL is kept on patroni1 meanwhile; how long it takes is not known; patroni2 serves reads meanwhile',
    );
  });

  /** The leader was here so many bytes ago and so long ago, oldest first. */
  const trail = (...points: readonly (readonly [bytesBehind: number, agoMs: number])[]) => ({
    ...CLEAN_MEMORY,
    leaderTrail: points.map(([bytes, agoMs]) => ({ lsn: formatLsn(at(bytes)), atMs: NOW_MS - agoMs })),
  });
  const received = (bytesBehind: number): Change =>
    all(
      sql('patroni2', { receiveLsn: at(bytesBehind), replayLsn: at(bytesBehind) }),
      api('patroni2', {
        xlog: {
          location: null,
          receivedLocation: at(bytesBehind),
          replayedLocation: at(bytesBehind),
          replayedAtMs: null,
          replayPaused: false,
        },
      }),
    );
  const walked = trail([300_000, 5_000], [200_000, 4_000], [100_000, 2_000], [0, 0]);
  const withTrail = (memory: Memory, ...changes: readonly Change[]): string =>
    decided([damaged('patroni3'), ...changes], { states: statesOf([problemOf('wal-missing', 'patroni3')], memory) });

  it('held: the only one who could lead has stalled, and a switch of WAL would put it beyond the limit', () => {
    expect(withTrail(walked, received(300_000))).toMatch(
      /nobody receives what patroni1 writes \(patroni2 for 4 s not\): a copy moves the leader on/,
    );
  });

  it.each<[string, Memory, readonly Change[]]>([
    ['it is a moment behind', walked, [received(150_000)]],
    ['the leader has written nothing since', trail([0, 60_000]), [received(0)]],
    ['nobody could lead anyway: it is too far behind already', walked, [received(5 * MB)]],
    ['nobody could lead anyway: it is tagged nofailover', walked, [received(300_000), nofailover('patroni2')]],
    ['nothing is known of where the leader was', CLEAN_MEMORY, [received(300_000)]],
  ])('sent: %s', (_name, memory, changes) => {
    expect(withTrail(memory, ...changes)).toBe('act');
  });

  /** The leader has just begun a WAL file; patroni2 has the file before it from the archive, all but the last bytes. */
  const SEGMENT = 16 * MB;
  const wal = (filesBack: number): string => {
    const number = Number(at(0)) / SEGMENT - filesBack;
    const hex = (value: number): string => Math.floor(value).toString(16).toUpperCase().padStart(8, '0');
    return `00000007${hex(number / 256)}${hex(number % 256)}`;
  };
  const archived = (filesBack: number, failedAgoMs: number | null = null): Change =>
    sql('patroni1', { archiver: { failedAgoMs, failedWal: null, archivedAgoMs: 60_000, archivedWal: wal(filesBack) } });
  const fed = (bytesBehind: number): Change =>
    all(
      received(bytesBehind),
      api('patroni2', { replicationState: 'in archive recovery', tags: { ...NO_TAGS, raw: { nostream: true } } }),
      sql('patroni2', { walReceiver: null }),
    );
  /** For so long the leader has been beyond it, and Patroni would elect it still. */
  const sinceFile = trail([200, 500_000], [50, 400_000], [0, 0]);

  /** The floor of healthy replicas, which one without a stream is not, is the operator's to lower. */
  const withoutFloor = testPolicy(
    { limits: { ...policy.limits, minHealthyReplicas: 0 } },
    { 'reinitialize-replica': { mode: 'auto' } },
  );
  const whereFed = (...changes: readonly Change[]): string =>
    decided([damaged('patroni3'), fed(100), ...changes], {
      states: statesOf([problemOf('wal-missing', 'patroni3')], sinceFile),
      policy: withoutFloor,
    });

  it('sent: the only other one lives from the archive, has all that lies there, and gets the rest by the very copy', () => {
    expect(whereFed(archived(1))).toBe('act');
  });

  it.each<[string, readonly Change[]]>([
    ['the leader fails to archive', [archived(1, 1_000)]],
    ['the leader has not archived all that is complete', [archived(2)]],
    ['nothing is known of its archive', [sql('patroni1', { archiver: null })]],
    ['stands in the midst of a file: its stream broke, and that it restores is not seen', [archived(1), fed(600_000)]],
  ])('held, and told what mends it: the only other one lives from the archive, and %s', (_name, changes) => {
    expect(whereFed(...changes)).toMatch(
      /patroni2 has its WAL from the archive: make patroni1 archive and patroni2 restore what it has complete, or let it stream/,
    );
  });

  it('held: the only other one has more than lies in the archive, so that it came by a stream that has broken', () => {
    const states = statesOf([problemOf('wal-missing', 'patroni3')], trail([-8_192, 300_000], [-9_000, 0]));
    expect(decided([damaged('patroni3'), fed(-4_096), archived(1)], { states, policy: withoutFloor })).toMatch(
      /nobody receives what patroni1 writes/,
    );
  });

  it('[P1] held: it does not get to the leader, whoever asks for the copy', () => {
    const cut = logSays('patroni3', 'FATAL:  could not connect to the primary server: Connection timed out');
    const lost = sql('patroni1', {
      slots: [{ name: 'patroni3', active: false, retainedBytes: null, walStatus: 'lost' }],
    });
    expect(decided([notStreaming('patroni3'), lost, cut])).toContain('does not get to the leader');
  });

  it('[P1] one that does not stream, and of which nothing says that it is at fault, is kept', () => {
    const kept = /no sign that the copy of patroni3 is at fault: the log of patroni3 says nothing of it/;
    expect(decided([notStreaming('patroni3'), logSays('patroni3')])).toMatch(kept);
    expect(decided([startFailed('patroni3'), logSays('patroni3')])).toMatch(kept);
  });

  it('[W1] a person must agree where neither the volumes nor the log can be read', () => {
    const lost = sql('patroni1', {
      slots: [{ name: 'patroni3', active: false, retainedBytes: null, walStatus: 'lost' }],
    });
    const blind = [notStreaming('patroni3'), lost];
    expect(decided(blind)).toMatch(/^held approval: a person must agree; neither the volumes nor the log/);
    expect(decided([...blind, logSays('patroni3')])).toBe('act');
  });

  it('[W1] a copy that failed is not made again', () => {
    const failed = remediationOf('reinitialize-replica', 'patroni3', {
      phase: 'ineffective',
      detail: 'the copy of patroni3 failed: pg_basebackup: error: No space left on device',
      ending: 'copy-failed',
      endedAtMs: NOW_MS - 60_000,
    });
    expect(decided([damaged('patroni3')], { ledger: ledgerOf({ remediations: [failed] }) })).toContain(
      'another copy would fail of the same',
    );
  });

  it('[W1] a copy that fails is given up at its first failure, not after hours', () => {
    const running = remediationOf('reinitialize-replica', 'patroni3', {
      phase: 'verifying',
      endedAtMs: null,
      deadlineMs: NOW_MS + 4 * 3_600_000,
    });
    const creating = api('patroni3', { state: 'creating-replica', role: 'uninitialized' });
    const failed = logSays(
      'patroni3',
      'pg_basebackup: error: could not write to file "base/1/2": No space left on device',
      '2026-01-15 02:00:00,123 ERROR: Error when fetching backup: pg_basebackup exited with code=1',
    );
    const verdict = (...changes: readonly Change[]) =>
      verdictOf(assessmentOf(viewOf(creating, ...changes)), running, NOW_MS);
    expect(verdict().kind).toBe('pending');
    expect(verdict(failed)).toEqual({
      kind: 'expired',
      text: 'the copy of patroni3 failed: pg_basebackup: error: could not write to file "base/1/2": No space left on device',
      ending: 'copy-failed',
    });
  });

  it('[W1] nothing is rebuilt while its copy loops', () => {
    const loop = [
      damaged('patroni3'),
      api('patroni3', { state: 'stopped', stateText: 'stopped' }),
      logSays('patroni3', 'pg_basebackup: error: could not write to file "base/1/2": No space left on device'),
    ];
    expect(decided(loop)).toContain('No space left on device');
  });
});

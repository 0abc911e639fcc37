import { describe, expect, it } from 'vitest';
import { dropText, slotToDrop } from '../../../src/assess/idle-slots.js';
import { memberName } from '../../../src/model/names.js';
import { fresh } from '../../../src/model/reading.js';
import type { Slot } from '../../../src/model/sql.js';
import type { Memory } from '../../../src/model/states.js';
import { testPolicy } from '../../support/policy.js';
import {
  api,
  assessmentOf,
  CLEAN_MEMORY,
  keys,
  MB,
  member,
  noEtcd,
  NOW_MS,
  silent,
  sql,
  viewOf,
  type Change,
} from '../../support/view.js';

const GB = 1024 * MB;
const policy = testPolicy({
  slots: { retainWarningBytes: GB, dropWithinMs: 3_600_000, awaitMemberMs: 86_400_000, dropLogical: [] },
});
const slot = (name: string, retainedBytes: number, part: Partial<Slot> = {}): Slot => ({
  name,
  active: false,
  retainedBytes,
  walStatus: 'reserved',
  kind: 'physical',
  restartLsn: '0/5000000',
  ...part,
});
const holding = (...slots: readonly Slot[]): Change => sql('patroni1', { slots });
const volume = { totalBytes: 10 * GB, freeBytes: 500 * MB, freeInodes: null };
const short: Change = member('patroni1', () => ({
  disk: fresh({ data: { ...volume, freeBytes: 9 * GB }, wal: volume } as never, NOW_MS, 'host'),
}));
/** patroni3 was seen two days ago. */
const longAway: Memory = {
  ...CLEAN_MEMORY,
  positions: {
    patroni3: { timeline: 7, lsn: '0/5000000', inRecovery: true, atMs: NOW_MS - 2 * 86_400_000, isSure: true },
  },
};
const gone: readonly Change[] = [silent('patroni3', 'api'), silent('patroni3', 'sql')];

function found(changes: readonly Change[], memory: Memory = longAway): string {
  const input = assessmentOf(viewOf(short, ...changes), { policy, memory });
  const chosen = slotToDrop(input, 'patroni1');
  return typeof chosen === 'string' ? `stays: ${chosen}` : dropText(input, 'patroni1', chosen);
}

describe('an unused slot on a volume that is short', () => {
  it('goes where nothing else holds its WAL, and the difference is what is told', () => {
    expect(found([holding(slot('old', 3 * GB))])).toContain('gives back 3 GiB');
    const beside = found([holding(slot('old', 3 * GB), slot('patroni2', GB, { active: true }))]);
    expect(beside).toMatch(/gives back 2(\.0)? GiB of WAL at the next checkpoint \(slot patroni2 keeps 1(\.0)? GiB\)/);
  });

  it.each<[string, readonly Change[]]>([
    ['an active one', [holding(slot('old', 3 * GB), slot('backup', 3 * GB - 8 * MB, { active: true }))]],
    ['one that is kept', [holding(slot('old', 3 * GB), slot('cdc', 4 * GB, { kind: 'logical' }))]],
  ])('stays where %s holds as much: nothing would be given back', (_which, changes) => {
    expect(found(changes)).toMatch(/^stays: .*would give nothing back/);
  });

  it('does not hinder another that goes too', () => {
    const told = found([...gone, holding(slot('old', 3 * GB), slot('patroni3', 3 * GB))]);
    expect(told).toMatch(/dropping slot old gives back its 3 GiB of WAL only when slot patroni3 is gone too/);
  });

  it('stays while archiving fails: the WAL stays as well', () => {
    const archiver = { failedAgoMs: 1_000, archivedAgoMs: 60_000 } as never;
    expect(found([sql('patroni1', { slots: [slot('old', 3 * GB)], archiver })])).toMatch(
      /^stays: archiving on patroni1/,
    );
  });

  it('stays where it is of a member that the configuration lacks, and where etcd is silent', () => {
    const named: Change = (view) => {
      const rows = view.dcs.keys.kind === 'fresh' ? view.dcs.keys.value.members : [];
      const [first] = rows;
      return keys({ members: first === undefined ? [] : [...rows, { ...first, name: memberName('pg-4') }] })(view);
    };
    expect(found([holding(slot('pg_4', 3 * GB)), named])).toContain(
      'is of pg-4, a member that the configuration lacks',
    );
    expect(found([holding(slot('pg_4', 3 * GB))])).toContain('dropping slot pg_4');
    expect(found([holding(slot('pg_4', 3 * GB)), noEtcd])).toMatch(/^stays/);
  });
});

describe("a member's slot on a volume that is short", () => {
  const its = holding(slot('patroni3', 3 * GB));

  it('goes when the member was away for too long', () => {
    expect(found([its, ...gone])).toContain('dropping slot patroni3');
  });

  it.each<[string, readonly Change[]]>([
    ['by its API', [silent('patroni3', 'sql'), api('patroni3', { state: 'start-failed' })]],
    ['by SQL', [silent('patroni3', 'api')]],
  ])('stays while it answers %s', (_how, changes) => {
    expect(found([its, ...changes])).toMatch(/^stays: patroni3 answers/);
  });

  it('stays while it is copied, though its Patroni is silent now', () => {
    const memory = { ...longAway, creatingSinceMs: { patroni3: NOW_MS - 60_000 } };
    expect(found([its, ...gone], memory)).toMatch(/^stays: patroni3 is being copied/);
  });
});

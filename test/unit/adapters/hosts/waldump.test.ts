import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { surplusFrom, WALDUMP_SCRIPT } from '../../../../src/adapters/hosts/waldump.js';
import type { SurplusWal } from '../../../../src/model/surplus.js';

const FOLDER = 'test/fixtures/replies/pg_waldump';
const spanOf = (text: string) => ({ timeline: 1, from: /^# from (\S+)$/m.exec(text)?.[1] ?? '' });
const recorded = (version: number, what: string): string =>
  readFileSync(join(FOLDER, `${version}-${what}.txt`), 'utf8');
const read = (text: string): SurplusWal | string => surplusFrom(text, spanOf(text));
const found = (text: string): SurplusWal => {
  const surplus = read(text);
  if (typeof surplus === 'string') throw new Error(surplus);
  return surplus;
};
const VERSIONS = [...new Set(readdirSync(FOLDER).map((name) => Number(name.split('-')[0])))].sort();

describe.each(VERSIONS)('what pg_waldump of PostgreSQL %i printed', (version) => {
  it('of a shutdown checkpoint: records, no commit, no doubt', () => {
    expect(found(recorded(version, 'checkpoint'))).toMatchObject({
      records: 2,
      commits: 0,
      firstMs: null,
      relations: [],
      systemIdentifier: expect.stringMatching(/^\d{19}$/),
      doubts: [],
    });
  });

  it('of a transaction that never committed: no commit', () => {
    const surplus = found(recorded(version, 'aborted'));
    expect(surplus).toMatchObject({ commits: 0, doubts: [] });
    expect(surplus.records).toBeGreaterThanOrEqual(2);
  });

  it('of two commits: when, and in which relations', () => {
    const surplus = found(recorded(version, 'commits'));
    expect(surplus).toMatchObject({ commits: 2, doubts: [] });
    expect(surplus.relations.length).toBeGreaterThanOrEqual(2);
    expect(surplus.relations[0]).toEqual({ relation: expect.stringMatching(/^1663\/5\/\d+$/), records: 23 });
    expect(surplus.lastMs).toBeGreaterThanOrEqual(surplus.firstMs ?? Infinity);
    expect(new Date(surplus.firstMs ?? 0).getUTCFullYear()).toBe(2026);
  });

  it('of a prepared transaction: a doubt', () => {
    expect(found(recorded(version, 'prepared')).doubts).toEqual([
      'prepared transactions or what is not known (Transaction/PREPARE)',
    ]);
  });

  it('of a position behind which there is nothing: where it ends is not told', () => {
    const surplus = found(recorded(version, 'nothing'));
    expect(surplus).toMatchObject({ to: null, records: 0 });
    expect(surplus.doubts.join()).toContain('could not find a valid record after');
  });
});

describe('what is no proof', () => {
  const good = recorded(15, 'checkpoint');

  it.each([
    [
      'a torn record in the midst',
      /pg_waldump: error: .*/,
      'pg_waldump: error: error in WAL record at 0/151FF38: incorrect resource manager data checksum in record at 0/151FF38',
      'incorrect resource manager data checksum',
    ],
    [
      'a file that is not there',
      /pg_waldump: error: .*/,
      'pg_waldump: error: could not find file "000000010000000000000002": No such file or directory',
      'could not find file',
    ],
    ['no word of its end', /pg_waldump: error: .*/, '', 'cut off'],
    ['another end than its own', /at 0\/\w+: wanted/, 'at 0/1600000: wanted', 'invalid record length'],
    [
      'a first record far behind',
      /^Type /m,
      'pg_waldump: first record is after 0/151FEC0, at 0/151FF38, skipping over 120 bytes\nType ',
      '120 bytes were skipped',
    ],
    ['kinds that do not sum up', /^Total +2/m, 'Total   3', '3 records, of which 2'],
    ['a kind that nobody knows', 'XLOG/CHECKPOINT_SHUTDOWN ', 'custom128/MESSAGE         ', 'custom128/MESSAGE'],
    [
      'a message of logical decoding',
      'XLOG/CHECKPOINT_SHUTDOWN ',
      'LogicalMessage/MESSAGE    ',
      'LogicalMessage/MESSAGE',
    ],
    ['a control file of another timeline', /TimeLineID: +1/, 'TimeLineID: 2', 'timeline 2, not 1'],
    [
      'a control file ahead of its end',
      /checkpoint location: +\S+/,
      'checkpoint location: 0/2000000',
      'behind the end',
    ],
    ['no control file', /Latest checkpoint's TimeLineID.*/, '', 'control file could not be read'],
    ['WAL of a later timeline', '== timelines\n00000001', '== timelines\n00000001\n00000002', 'timeline 2 too'],
    ['a pg_wal that cannot be listed', '== timelines\n00000001', '== timelines', 'could not be listed'],
  ])('%s', (_, from, to, doubt) => {
    const changed = good.replace(from, to);
    expect(changed).not.toBe(good);
    expect(found(changed).doubts.join('; ')).toContain(doubt);
  });

  it.each([
    ['', 'did not come to its end'],
    ['== none\npg_waldump of version 15 is not there\n', 'pg_waldump of version 15 is not there'],
    [good.replace('== end', ''), 'did not come to its end'],
    ['x\n'.repeat(3_000), 'more than the script does'],
  ])('%j', (text, why) => {
    expect(surplusFrom(text, { timeline: 1, from: '0/151FEC0' })).toContain(why);
  });

  it('megabytes are refused at once', () => {
    const beganMs = performance.now();
    surplusFrom(`== records\n${'a/b '.repeat(1_000_000)}\n== end`, { timeline: 1, from: '0/0' });
    expect(performance.now() - beganMs).toBeLessThan(500);
  });
});

describe('the script', () => {
  it('is what operators get for a command of their own', async () => {
    const head = [
      '#!/bin/sh',
      '# ekimi-waldump TIMELINE LSN [PATRONI_YML ...] - what only this former leader has in its WAL, for hosts.commands.waldump.',
      '# Run it as a user who can read the data directory. It reads and writes nothing.',
    ];
    await expect(`${head.join('\n')}\n${WALDUMP_SCRIPT}\n`).toMatchFileSnapshot('../../../../config/ekimi-waldump');
  });

  it('says that there is no directory, and no program of its version', () => {
    const run = (args: readonly string[], env: Record<string, string> = {}) =>
      spawnSync('sh', ['-c', WALDUMP_SCRIPT, 'sh', '1', '0/0', ...args], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] ?? '', ...env },
      }).stdout;
    expect(run(['/nowhere'])).toBe('== none\nno data directory can be read\n');
  });
});

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONTROL_SCRIPT, controlFromText } from '../../../../src/adapters/hosts/control-text.js';
import { scratch } from '../../../support/scratch.js';

const recorded = (name: string): string => readFileSync(`test/fixtures/replies/pg_controldata/${name}.txt`, 'utf8');
const killed = recorded('15-killed');
const CHECKPOINT = /^Latest checkpoint location: .*$/m;

describe('what pg_controldata prints', () => {
  it('of a primary that was killed', () => {
    expect(controlFromText(killed)).toEqual({
      systemIdentifier: '7713313335744565193',
      state: 'in production',
      wasPrimary: true,
      isClean: false,
      timeline: 1,
      lsn: '0/01500718',
    });
  });

  it.each([
    [[[/in production/, 'shut down in recovery']], { wasPrimary: false, isClean: true }],
    [[[/in production/, 'shut down']], { wasPrimary: true, isClean: true }],
    [
      [
        [/in production/, 'in archive recovery'],
        [/^Minimum recovery ending location: .*$/m, 'Minimum recovery ending location:     0/2000028'],
        [/^Min recovery ending loc's timeline: .*$/m, "Min recovery ending loc's timeline:   3"],
      ],
      { wasPrimary: false, lsn: '0/02000028', timeline: 3 },
    ],
    // A line of the operator's own, and one of a later version.
    [[[/^/, 'host=db1\n']], { timeline: 1 }],
    [[[/$/, 'Default char data signedness:         signed\n']], { timeline: 1 }],
  ] as const)('%j', (changes, expected) => {
    const text = changes.reduce((all, [from, to]) => all.replace(from, to), killed);
    expect(text).not.toBe(killed);
    expect(controlFromText(text)).toMatchObject(expected);
  });

  it.each<[string, string, string | undefined, RegExp]>([
    ['a file that is torn', recorded('15-torn'), undefined, /not to be believed.*CRC checksum does not match/],
    [
      'one that is torn, as newer versions say it',
      killed,
      'pg_controldata: warning: calculated CRC checksum does not match value stored in control file',
      /not to be believed/,
    ],
    ['another byte order', `WARNING: possible byte ordering mismatch\n${killed}`, undefined, /byte ordering/],
    ['a version that is not known', killed.replace(/1300/, '1900'), undefined, /version 1900/],
    ['a state that is not known', killed.replace('in production', 'in Betrieb'), undefined, /no state/],
    ['one that was never started', killed.replace('in production', 'starting up'), undefined, /never started/],
    ['nothing', '', undefined, /no control file/],
    ['another language', killed.replace(/Database system/, 'Datenbanksystem'), undefined, /no control file/],
    ['no position', killed.replace(CHECKPOINT, 'Latest checkpoint location: gone'), undefined, /no position/],
    ['two of them', `${killed}${killed}`, undefined, /no control file/],
    ['a timeline of 0', killed.replace(/(Latest checkpoint's TimeLineID: +)1/, '$10'), undefined, /never started/],
    ['a number without end', killed.replace('7713313335744565193', '7'.repeat(500)), undefined, /no control file/],
    ['megabytes', `${'x\n'.repeat(300_000)}${killed}`, undefined, /more than pg_controldata/],
  ])('tells nothing of %s', (_what, stdout, stderr, why) => {
    expect(controlFromText(stdout, stderr)).toMatch(why);
  });
});

describe('the script', () => {
  it('says that there is no directory, and no program of its version', () => {
    const run = (env: Record<string, string>) =>
      spawnSync('sh', ['-c', CONTROL_SCRIPT, 'sh', '/nowhere'], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] ?? '', ...env },
      });
    expect(run({})).toMatchObject({ status: 4, stdout: '', stderr: 'no data directory can be read\n' });
    const data = scratch('control');
    spawnSync('sh', ['-c', 'echo 9 > "$0/PG_VERSION"', data]);
    expect(run({ PGDATA: data })).toMatchObject({
      status: 4,
      stdout: '',
      stderr: 'pg_controldata of version 9 is not there\n',
    });
  });
});

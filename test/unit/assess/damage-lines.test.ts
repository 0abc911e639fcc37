import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { damageIn, readDamage } from '../../../src/assess/damage-lines.js';
import { DAMAGE_ROWS } from '../../../src/model/damage-words.js';

const recorded = (name: string): readonly string[] =>
  readFileSync(new URL(`../../fixtures/replies/postgres-log/${name}.txt`, import.meta.url), 'utf8').split('\n');
const placesIn = (lines: readonly string[]): readonly string[] =>
  readDamage(lines).signs.map(({ kind, relation, block }) => [kind, block, relation].join(' '));

const AT = '2026-01-15 02:00:00.123 UTC [42] ';
const PAGE = 'ERROR:  invalid page in block 0 of relation base/5/16384';

describe('a log that PostgreSQL wrote', () => {
  it.each([
    {
      version: '15.20',
      places: [
        'invalid-page 1 base/5/16396',
        'wrong-checksum  ',
        'invalid-page 0 base/5/16391',
        'invalid-page 1 base/5/16400',
        'bad-index 1 quiet_i',
        'bad-index 1 noread_i',
      ],
    },
    {
      version: '18.6',
      places: [
        'invalid-page 1 base/5/16391',
        'wrong-checksum  ',
        'invalid-page 0 base/5/16386',
        'invalid-page 1 base/5/16395',
        'bad-index 1 quiet_i',
        'bad-index 1 noread_i',
      ],
    },
  ])('of $version names each page that it could not read, and no text of a client', ({ version, places }) => {
    const found = placesIn(recorded(`${version}-2026-11-28-replica`));
    expect(found).toEqual(expect.arrayContaining(places));
    expect(found.join()).not.toContain('base/5/16384');
  });

  it.each(['15.20', '18.6'])('of %s names a block beyond the end of a file, with and without %%e', (version) => {
    const lines = recorded(`${version}-2026-11-28-truncated`);
    const block = version === '18.6' ? '344..344' : '344';
    expect(placesIn(lines)).toContain(`unreadable-block ${block} base/5/16384`);
    const [, ...coded] = lines.filter((line) => line.includes('XX001') && line.includes('could not read'));
    expect(coded.length).toBeGreaterThan(2);
    expect(placesIn(lines).some((place) => place.startsWith('coded'))).toBe(false);
  });

  it.each(['15.20', '18.6'])(
    'of %s has errors that other servers handed on (dblink, postgres_fdw): none is a sign',
    (version) => {
      const lines = recorded(`${version}-2026-11-28-truncated`);
      const handedOn = lines.findIndex((line) => /remote SQL command/.test(line));
      expect(readDamage(lines.slice(handedOn - 1, handedOn + 2)).signs).toEqual([]);
      const dblink = lines.findIndex((line) => /dblink connection/.test(line));
      expect(lines[dblink - 3]).toContain('could not read block');
      expect(readDamage(lines.slice(dblink - 3, dblink + 2)).signs).toEqual([]);
    },
  );
});

describe('a line', () => {
  it.each([
    { line: 'ERROR:  missing chunk number 0 for toast value 16401 in pg_toast_16397', kind: 'bad-heap' },
    { line: 'ERROR:  index "a b" contains corrupted page at block 3', kind: 'bad-index' },
    { line: 'ERROR:  could not read block 3 in file "base/5/16384": Input/output error', kind: 'unreadable-block' },
    {
      line: 'WARNING:  checksum verification failed in file "./base/5/1", block 3: calculated 88F0 but expected 1BB6',
      kind: 'wrong-checksum',
    },
    { line: 'XX002 FEHLER:  was auch immer', kind: 'coded' },
  ])('"$line" is a sign: $kind', ({ line, kind }) => {
    expect(damageIn(AT + line)).toMatchObject({ kind, atMs: Date.UTC(2026, 0, 15, 2, 0, 0, 123) });
  });

  it.each([
    { why: 'of a statement', line: `${AT}STATEMENT:  SELECT 'x ${PAGE}'` },
    { why: 'that goes on one', line: `\t${AT}${PAGE}` },
    { why: 'that a client printed of the server that it copies', line: PAGE },
    { why: 'of what a WAL receiver was told', line: `${AT}FATAL:  could not receive data from WAL stream: ${PAGE}` },
    { why: 'with the text as application_name', line: `2026-01-15 02:00:00 UTC [4] ${PAGE} LOG:  statement: SELECT 1` },
    { why: 'with the text as a value', line: `${AT}ERROR:  invalid input syntax for type integer: "${PAGE}"` },
    {
      why: 'of the control file, which a start that fails misses',
      line: `${AT}PANIC:  could not open file "global/pg_control": No such file or directory`,
    },
    {
      why: 'of a temporary file',
      line: `${AT}ERROR:  could not read block 3 in file "base/pgsql_tmp/pgsql_tmp42.0": read only 0 of 8192 bytes`,
    },
    {
      why: 'of a temporary file by its number',
      line: `${AT}ERROR:  could not read block 3 of temporary file: read only 0 of 8192 bytes`,
    },
    {
      why: 'of a temporary table',
      line: `${AT}ERROR:  could not read block 3 in file "base/5/t3_16384": read only 0 of 8192 bytes`,
    },
    {
      why: 'of too many open files',
      line: `${AT}ERROR:  could not read block 3 in file "base/5/1": Too many open files`,
    },
    { why: 'of a Patroni', line: '2026-01-15 02:00:00,123 INFO: no action. I am (patroni1), the leader with the lock' },
    { why: 'of a process id that looks like no code', line: `${AT}22012 app@db ERROR:  division by zero` },
  ])('$why is none', ({ line }) => {
    expect(damageIn(line)).toBeNull();
  });

  it('that a statement raised is none, by the line behind it', () => {
    const context = `${AT}CONTEXT:  PL/pgSQL function inline_code_block line 1 at RAISE`;
    expect(readDamage([AT + PAGE, context]).signs).toEqual([]);
    expect(readDamage([AT + PAGE]).signs).toHaveLength(1);
  });

  it('of an unknown zone has no time of its own', () => {
    expect(damageIn(`2026-01-15 02:00:00 CET [42] ${PAGE}`)).toMatchObject({ atMs: null });
    expect(damageIn(`2026-01-15 02:00:00+01 [42] ${PAGE}`)).toMatchObject({ atMs: Date.UTC(2026, 0, 15, 1) });
  });

  it('is looked through in no time, whatever it holds', () => {
    const before = performance.now();
    expect(damageIn(`${AT}ERROR:  ${'could not read block 1 in file "base/'.repeat(50_000)}`)).toBeNull();
    expect(performance.now() - before).toBeLessThan(200);
  });
});

it('each row of the table says where PostgreSQL says it', () => {
  for (const { message, source } of DAMAGE_ROWS) {
    expect(message.source).toMatch(/^\^.*\$$/);
    expect(source).toMatch(/\.c, \w+/);
  }
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCheck } from '../../../../src/adapters/postgres/amcheck-output.js';

/** What `pg_amcheck` of that version printed. */
function recorded(version: string, name: string) {
  const file = new URL(`../../../fixtures/replies/pg_amcheck/${version}-2026-11-28-${name}.txt`, import.meta.url);
  const [, code = '', stdout = '', stderr = ''] =
    /^exit (\d+)\n== stdout\n([^]*?)== stderr\n([^]*)$/.exec(readFileSync(file, 'utf8')) ?? [];
  return readCheck(Number(code), stdout, stderr);
}

describe.each(['15.20', '18.6'])('pg_amcheck %s', (version) => {
  it('over sound data finds nothing and leaves nothing out', () => {
    expect(recorded(version, 'clean')).toEqual({ findings: [], found: 0, gaps: [] });
  });

  it('names tables and indexes that are wrong, each once', () => {
    const { findings, found, gaps } = recorded(version, 'corrupt');
    expect(findings.map(({ what, relation, block }) => `${what} ${relation} ${block}`)).toEqual([
      'table postgres.public.quiet 0',
      'table postgres.public.noread 1',
      'index postgres.public.quiet_i 1',
      'index postgres.public.noread_i 1',
    ]);
    expect(findings[0]?.text).toContain('invalid page in block 0 of relation');
    expect({ found, gaps }).toEqual({ found: 4, gaps: [] });
  });

  it('over all databases says which has no amcheck, and is not clean', () => {
    const gap = 'database noext was not checked: CREATE EXTENSION amcheck on the leader, in that database';
    expect(recorded(version, 'all-databases')).toEqual({ findings: [], found: 0, gaps: [gap] });
    expect(recorded(version, 'corrupt-all-databases')).toMatchObject({ found: 4, gaps: [gap] });
    expect(recorded(version, 'no-extension')).toMatchObject({ found: 0, gaps: [gap] });
  });

  it.each([
    { name: 'denied', gap: 'GRANT EXECUTE' },
    { name: 'statement-timeout', gap: 'statementTimeout' },
    { name: 'no-database', gap: 'no connectable databases' },
    { name: 'refused', gap: 'Connection refused' },
  ])('that could not ($name) is no finding and no clean bill', ({ name, gap }) => {
    const { found, gaps } = recorded(version, name);
    expect(found).toBe(0);
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toContain(gap);
  });
});

describe('what is no word on the data', () => {
  it.each([
    'FATAL:  terminating connection due to administrator command',
    'FATAL:  terminating connection due to conflict with recovery',
    'server closed the connection unexpectedly',
    'ERRORE:  annullamento dello statement per timeout',
  ])('(%s) is a gap, and no finding', (text) => {
    const { found, gaps } = readCheck(2, `heap table "postgres.public.quiet":\n    ${text}\n`, '');
    expect(found).toBe(0);
    expect(gaps).toHaveLength(1);
  });
});

/** As the source of pg_amcheck 15 and 18 prints it: these rows need more than a damaged page to be made. */
describe('what is printed of one relation', () => {
  it.each([
    {
      name: 'a tuple without an error',
      out: 'heap table "db.public.t", block 3, offset 7:\n    xmin 4026531839 equals or exceeds next valid transaction ID 0:743\n',
      finding: { what: 'table', block: '3', text: 'xmin 4026531839 equals or exceeds next valid transaction ID 0:743' },
    },
    {
      name: 'an index whose order is wrong',
      out: 'btree index "db.public.t_i":\n    ERROR:  item order invariant violated for index "t_i"\n    DETAIL:  Lower index tid=(1,2)\n',
      finding: { what: 'index', block: null, text: 'ERROR:  item order invariant violated for index "t_i"' },
    },
  ])('$name is a finding', ({ out, finding }) => {
    expect(readCheck(2, out, '')).toMatchObject({ found: 1, findings: [finding], gaps: [] });
  });

  it.each([
    'ERROR:  canceling statement due to conflict with recovery',
    'ERROR:  canceling statement due to lock timeout',
    'ERROR:  out of memory',
    'ERROR:  relation "t" does not exist',
  ])('"%s" is none: it was not checked', (text) => {
    const { found, gaps } = readCheck(2, `heap table "db.public.t":\n    ${text}\n`, '');
    expect(found).toBe(0);
    expect(gaps).toHaveLength(1);
  });

  it('an exit code without a word is a gap', () => {
    expect(readCheck(2, '', '')).toMatchObject({ found: 0, gaps: ['pg_amcheck ended with 2 and named nothing: '] });
  });

  it('thousands of relations are counted, and eight of them kept', () => {
    const out = Array.from({ length: 5_000 }, (_, at) => `heap table "db.public.t${at}", block 0:\n    wrong\n`).join(
      '',
    );
    const { found, findings } = readCheck(2, out, '');
    expect({ found, kept: findings.length }).toEqual({ found: 5_000, kept: 8 });
  });
});

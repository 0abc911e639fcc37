import { describe, expect, it } from 'vitest';
import { rightsFindings, type MemberRights } from '../../../src/app/grants.js';
import { memberName } from '../../../src/model/names.js';
import { POOLER_DEFAULTS } from '../../../src/model/policy.js';
import { fresh, notConfigured, unknown, type ReadingFault } from '../../../src/model/reading.js';
import type { SqlRights } from '../../../src/model/sql.js';
import type { CheckProbe } from '../../../src/ports/check.js';
import { testPolicy } from '../../support/policy.js';

const member = memberName('patroni1');
const granted = fresh('granted' as const, 0, 'PATCH');
const refused = (fault: ReadingFault, reason: string): MemberRights['patroni'] => unknown(fault, reason, 0, 'PATCH');
const sql = (rights: Partial<SqlRights>): MemberRights['sql'] =>
  fresh({ user: 'ekimi', monitor: true, signalBackend: true, resumeReplay: true, ...rights }, 0, 'sql');
const NONE = notConfigured('x', 0);

const OFF = testPolicy(
  {},
  {
    'cancel-blocking-queries': { mode: 'off' },
    'terminate-blocking-queries': { mode: 'off' },
    'resume-replay': { mode: 'off' },
  },
);

const found = (rights: Partial<MemberRights>, hasLogin = true, policy = testPolicy()) =>
  rightsFindings({ hasLogin, members: [{ member, patroni: NONE, sql: NONE, ...rights }], parts: [] }, policy);

describe('the doctor on what a Patroni lets us change', () => {
  it.each([
    [true, 'Patroni of patroni1 accepts our password'],
    [false, 'Patroni of patroni1 asks for no password'],
  ])('is content when it does (password configured: %s)', (hasLogin, detail) => {
    expect(found({ patroni: granted }, hasLogin)).toEqual([
      { check: 'patroni1 may change', verdict: 'ok', detail, disables: [] },
    ]);
  });

  it.each([
    [true, 401, /correct patroni\.auth/],
    [false, 401, /^name our login in patroni\.auth/],
    [true, 403, /restapi\.allowlist/],
  ])('fails with the remedy when it refuses (password configured: %s, status %i)', (hasLogin, status, remedy) => {
    expect(
      found({ patroni: { ...unknown('denied', 'in other words', 0, 'patroni1'), status } }, hasLogin),
    ).toMatchObject([
      {
        verdict: 'fail',
        remedy: expect.stringMatching(remedy),
        disables: ['restart-member through patroni1', 'reinitialize-replica through patroni1'],
      },
    ]);
  });

  it('warns when something in between answers', () => {
    expect(found({ patroni: refused('http-status', 'status 502') })).toMatchObject([{ verdict: 'warn', disables: [] }]);
  });

  it.each<ReadingFault>(['timeout', 'refused', 'not-configured'])('adds nothing when nobody answers: %s', (fault) => {
    expect(found({ patroni: refused(fault, 'no answer') })).toEqual([]);
  });
});

describe('the doctor on the grants of the SQL user', () => {
  it('is content with both roles', () => {
    expect(found({ sql: sql({}) })).toMatchObject([
      {
        check: 'patroni1 grants',
        verdict: 'ok',
        detail: 'SQL user ekimi has pg_monitor and pg_signal_backend; may resume replay',
      },
    ]);
  });

  it('says which grant is missing, and what cannot be done without it', () => {
    expect(found({ sql: sql({ user: 'e"k', monitor: false, signalBackend: false }) })).toMatchObject([
      {
        verdict: 'warn',
        detail: expect.stringMatching(/lacks pg_monitor .* and pg_signal_backend .*$/),
        remedy: 'GRANT pg_monitor, pg_signal_backend TO "e""k"',
        disables: ['cancel-blocking-queries on patroni1', 'terminate-blocking-queries on patroni1'],
      },
    ]);
  });

  it.each([
    [true, false, 'warn'],
    [true, true, 'ok'],
    [true, undefined, 'ok'],
    [false, false, 'ok'],
  ])(
    'asks for pg_checkpoint where a pooler is configured (%s) and the role is there (%s): %s',
    (hasPoolers, has, verdict) => {
      const rights = { hasLogin: true, hasPoolers, parts: [] };
      const one = { member, patroni: NONE, sql: sql(has === undefined ? {} : { checkpoint: has }) };
      const policy = testPolicy({ pooler: { ...POOLER_DEFAULTS, around: ['switchover'] } });
      expect(rightsFindings({ ...rights, members: [one] }, policy)).toMatchObject([{ verdict, disables: [] }]);
      const nowhere = testPolicy({ pooler: { ...POOLER_DEFAULTS, around: [] } });
      expect(rightsFindings({ ...rights, members: [one] }, nowhere)).toMatchObject([{ verdict: 'ok' }]);
    },
  );

  it.each([
    [null, 'warn', 'CREATE EXTENSION amcheck'],
    [false, 'warn', 'config/rights/postgres.sql'],
    [true, 'ok', undefined],
  ])('where postgres.check is configured says what a check needs: %s, %s', (checkData, verdict, remedy) => {
    const one = { member, patroni: NONE, sql: sql({ checkData }) };
    const rights = { hasLogin: true, parts: [], members: [one] };
    const rows = rightsFindings({ ...rights, checks: true }, testPolicy());
    expect(rows.find(({ check }) => check === 'patroni1 check-data')).toMatchObject({
      verdict,
      ...(remedy === undefined ? {} : { remedy: expect.stringContaining(remedy) as string }),
    });
    expect(rightsFindings(rights, testPolicy())).toHaveLength(1);
  });

  it('does not ask for pg_signal_backend where nothing may be cancelled', () => {
    expect(found({ sql: sql({ signalBackend: false }) }, true, OFF)).toMatchObject([
      { verdict: 'ok', detail: expect.stringContaining('cancelling queries is off') },
    ]);
    expect(found({ sql: sql({ signalBackend: false }) })).toMatchObject([{ verdict: 'warn' }]);
  });

  it('[P16] says that replay could not be resumed, and does not ask for it where that is off', () => {
    expect(
      found({ sql: sql({ resumeReplay: false }) }, true, testPolicy({}, { 'resume-replay': { mode: 'approve' } })),
    ).toEqual([
      {
        check: 'patroni1 grants',
        verdict: 'warn',
        detail: expect.stringContaining('lacks EXECUTE ON FUNCTION pg_wal_replay_resume()'),
        remedy: 'GRANT EXECUTE ON FUNCTION pg_wal_replay_resume() TO "ekimi"',
        disables: ['resume-replay on patroni1'],
      },
    ]);
    expect(found({ sql: sql({ resumeReplay: false }) }, true, OFF)).toMatchObject([
      { verdict: 'ok', detail: expect.stringContaining('resuming replay is off') },
    ]);
  });

  it('adds nothing when SQL does not answer', () => {
    expect(found({ sql: unknown('timeout', 'no answer', 0, 'sql') })).toEqual([]);
  });
});

describe('the doctor on the heartbeat', () => {
  it('says nothing where none is configured, or nobody answers', () => {
    expect(found({})).toEqual([]);
    expect(found({ heartbeat: unknown('refused', 'connection refused', 0, 'heartbeat') })).toEqual([]);
  });

  it('tells a table that is missing, and one that is there', () => {
    const reason = 'the table ekimi_heartbeat of the heartbeat in database postgres is missing: see postgres.heartbeat';
    expect(found({ heartbeat: unknown('denied', reason, 0, 'heartbeat') })).toEqual([
      {
        check: 'patroni1 heartbeat',
        verdict: 'warn',
        detail: reason,
        disables: ['heartbeat'],
        remedy: expect.stringContaining('make the table'),
      },
    ]);
    expect(found({ heartbeat: fresh('ready', 0, 'heartbeat') })).toMatchObject([{ verdict: 'ok', disables: [] }]);
  });
});

describe('the doctor on the program that checks the data', () => {
  const programOf = (program: CheckProbe) =>
    rightsFindings({ hasLogin: true, program, members: [], parts: [] }, testPolicy());

  it('is content where it can be run', () => {
    expect(programOf({ ok: true, version: 'pg_amcheck (PostgreSQL) 18.6' })).toMatchObject([
      { verdict: 'ok', detail: 'pg_amcheck (PostgreSQL) 18.6 can be run here' },
    ]);
  });

  it('says what is missing and what to install where it cannot', () => {
    expect(programOf({ ok: false, why: 'pg_amcheck cannot be run here (ENOENT)', remedy: 'install it' })).toMatchObject(
      [{ verdict: 'warn', remedy: 'install it', disables: ['check-data on every member'] }],
    );
  });
});

import { describe, expect, it } from 'vitest';
import { poolerRows } from '../../../src/app/doctor-poolers.js';
import { unknown } from '../../../src/model/reading.js';
import { testPolicy } from '../../support/policy.js';
import { pausedPooler, pooler } from '../../support/pooler-situations.js';
import { NOW_MS, viewOf, type Change } from '../../support/view.js';

const rows = (...changes: readonly Change[]) =>
  poolerRows(viewOf(...changes), testPolicy()).map(({ check, verdict, detail }) => `${check} ${verdict}: ${detail}`);

describe('what the doctor says of a pooler', () => {
  it('which version answers, and which databases would be held', () => {
    expect(rows(pooler())).toEqual(['pooler bouncer ok: PgBouncer 1.18.0 answers; held would be: app']);
  });

  it('that it is paused, that it has no such database, that it refuses our login', () => {
    expect(rows(pausedPooler)).toEqual(['pooler bouncer warn: PgBouncer 1.18.0 is paused (app)']);
    expect(rows(pooler({}, { databases: [] }))).toEqual([
      'pooler bouncer warn: PgBouncer 1.18.0 has no database of poolers.bouncer.databases',
    ]);
    const refused = unknown('denied', 'console of bouncer: refuses our login', NOW_MS, 'console of bouncer');
    expect(rows((view) => ({ ...view, poolers: [{ name: 'bouncer', seen: refused }] }))).toEqual([
      'pooler bouncer warn: console of bouncer: refuses our login',
    ]);
  });

  it('that it gives clients up before a planned switchover may be over, with the value to set', () => {
    const waits = { clientMs: 10_000, loginRetryMs: 15_000 };
    const change = pooler({}, { waits });
    expect(rows(change)[1]).toBe(
      'pooler bouncer waits warn: query_wait_timeout is 10 s: a planned switchover may take 18 s (pooler.maxPause 3 s and server_login_retry 15 s), and who waits longer is disconnected',
    );
    expect(poolerRows(viewOf(change), testPolicy())[1]).toMatchObject({
      remedy: 'set query_wait_timeout = 18 or more in pgbouncer.ini (0: no limit), then RELOAD in its console',
    });
    expect(rows(pooler({}, { waits: { ...waits, clientMs: 18_000 } }))).toHaveLength(1);
    expect(rows(pooler({}, { waits: { ...waits, clientMs: null } }))).toHaveLength(1);
  });

  it('nothing where none is configured', () => {
    expect(rows()).toEqual([]);
  });
});

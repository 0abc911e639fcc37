import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { amcheck, CHECK_DEFAULTS } from '../../src/adapters/postgres/amcheck.js';
import { systemClock } from '../../src/adapters/clock.js';
import type { DataCheck } from '../../src/model/data-check.js';
import { isCleanCheck } from '../../src/model/data-check.js';
import type { CheckPort } from '../../src/ports/check.js';

let folder: string;
let port: CheckPort | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amcheck-'));
});
afterEach(async () => {
  await port?.close();
  port = null;
  rmSync(folder, { recursive: true });
});

const BAD = 'heap table "postgres.public.t":\n    ERROR:  invalid page in block 0 of relation base/5/16384';

/** A program in the place of pg_amcheck, which a port runs over patroni2 of this cluster. */
function checking(script: string | null, withinMs = 10_000, tls: object | null = null): CheckPort {
  const program = join(folder, 'pg_amcheck');
  if (script !== null) {
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
  }
  const postgres = {
    hosts: { patroni2: { host: '127.0.0.2', port: 5433 } },
    user: 'ekimi',
    password: 'a secret',
    database: 'app',
    tls,
    check: { ...CHECK_DEFAULTS, program, withinMs },
  };
  port = amcheck({ secretEnv: ['PGPASSWORD', 'HOME'], postgres } as never, systemClock);
  return port;
}

async function ended(checks: CheckPort): Promise<DataCheck> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    const check = checks.checks()['patroni2'];
    if (check !== undefined && check.endedMs !== null) return check;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('the check does not end');
}

const ASKED = { member: 'patroni2', database: null, leader: false } as const;

describe('a program that checks data', () => {
  it('is told where, as whom and how long by its environment, and not by arguments that everybody can read', async () => {
    const checks = checking(`env > ${folder}/env; echo "$@" > ${folder}/args`);
    expect(checks.begin(ASKED, 'dba')).toBe(true);
    expect(isCleanCheck(await ended(checks))).toBe(true);
    const env = readFileSync(join(folder, 'env'), 'utf8').split('\n');
    expect(env).toEqual(
      expect.arrayContaining([
        'PGHOST=127.0.0.2',
        'PGPORT=5433',
        'PGUSER=ekimi',
        'PGPASSWORD=a secret',
        'PGSSLMODE=prefer',
        'PGOPTIONS=-c statement_timeout=1800000 -c lock_timeout=5000 -c default_transaction_read_only=on -c client_connection_check_interval=5000',
      ]),
    );
    expect(env.some((line) => line.startsWith('HOME='))).toBe(false);
    const args = readFileSync(join(folder, 'args'), 'utf8').trim();
    expect(args).toBe('--all --maintenance-db=app --jobs=1 --on-error-stop --no-password');
  });

  it('runs once at a time, and its findings are those of its member', async () => {
    const checks = checking(`sleep 0.2; printf '%s\\n' '${BAD.replace('\n', "' '")}'; exit 2`);
    expect(checks.begin({ ...ASKED, database: 'app' }, 'dba')).toBe(true);
    expect(checks.begin(ASKED, 'dba')).toBe(false);
    expect(checks.checks()).toMatchObject({ patroni2: { endedMs: null, database: 'app', by: 'dba' } });
    expect(await ended(checks)).toMatchObject({
      found: 1,
      findings: [{ relation: 'postgres.public.t', block: '0' }],
      gaps: [],
    });
  });

  it('that is not there is told with the package that has it', async () => {
    const checks = checking(null);
    checks.begin(ASKED, 'dba');
    const check = await ended(checks);
    expect(isCleanCheck(check)).toBe(false);
    expect(check.gaps[0]).toMatch(/cannot be run here .*postgresql-client-NN.*postgres\.check\.program/);
  });

  it('that hangs is killed, and what it had found by then counts', async () => {
    const checks = checking(`printf '%s\\n' '${BAD.replace('\n', "' '")}'; sleep 60`, 300);
    checks.begin(ASKED, 'dba');
    expect(await ended(checks)).toMatchObject({
      found: 1,
      gaps: [expect.stringContaining('did not come to its end: it had not ended after 300 ms')],
    });
  });

  it('that is stopped says why', async () => {
    const checks = checking('sleep 60');
    checks.begin(ASKED, 'dba');
    checks.stop('patroni2 lags');
    expect(await ended(checks)).toMatchObject({ found: 0, gaps: ['it did not come to its end: patroni2 lags'] });
  });

  it.each([
    ['app', '--database="app" --maintenance-db=app --jobs=1 --on-error-stop --no-password'],
    ['a*', '--database="a*" --maintenance-db=app --jobs=1 --on-error-stop --no-password'],
    ['o"x.y', '--database="o""x.y" --maintenance-db=app --jobs=1 --on-error-stop --no-password'],
  ])('is given the name of a database and no pattern: %s', async (database, expected) => {
    const checks = checking(`echo "$@" > ${folder}/args`);
    checks.begin({ ...ASKED, database }, 'dba');
    await ended(checks);
    expect(readFileSync(join(folder, 'args'), 'utf8').trim()).toBe(expected);
  });

  it('is looked for without reading anything', async () => {
    const there = checking(`echo "$@" > ${folder}/args; echo 'pg_amcheck (PostgreSQL) 18.6'`);
    expect(await there.probe()).toEqual({ ok: true, version: 'pg_amcheck (PostgreSQL) 18.6' });
    expect(readFileSync(join(folder, 'args'), 'utf8')).toBe('--version\n');
    const other = checking('echo "some other program"');
    expect(await other.probe()).toMatchObject({
      ok: false,
      why: expect.stringContaining('some other program') as string,
    });
  });

  it('that is missing is told beforehand, with the package that has it', async () => {
    expect(await checking(null).probe()).toMatchObject({
      ok: false,
      why: expect.stringContaining('cannot be run here') as string,
      remedy: expect.stringContaining('postgresql-client-NN') as string,
    });
  });

  it('that is ended with Ekimi has not failed, keeps what it has found, and begins nothing more', async () => {
    const checks = checking(`printf '%s\\n' '${BAD.replace('\n', "' '")}'; touch ${folder}/begun; sleep 60`);
    checks.begin(ASKED, 'ekimi');
    while (!existsSync(join(folder, 'begun'))) await new Promise((resolve) => setTimeout(resolve, 5));
    await checks.close();
    expect(checks.checks()['patroni2']).toMatchObject({ interrupted: true, found: 1 });
    expect(checks.begin(ASKED, 'ekimi')).toBe(false);
  });

  it('has what an earlier session knew until it checks again, and not over one that goes on', async () => {
    const checks = checking('sleep 0.2');
    const known = { by: 'dba', database: null, startedMs: 1, endedMs: 2, findings: [], found: 0, gaps: ['x'] };
    checks.adopt('patroni2', known);
    expect(checks.checks()).toEqual({ patroni2: known });
    checks.begin(ASKED, 'dba');
    checks.adopt('patroni2', known);
    expect(checks.checks()['patroni2']?.endedMs).toBe(null);
    expect((await ended(checks)).gaps).toEqual([]);
  });

  it('has ended also where nobody can be asked what it has read, and another one can begin', async () => {
    const gone = join(folder, 'being-renewed.pem');
    const checks = checking('exit 0', 10_000, { ca: gone, cert: null, key: null, insecure: false });
    checks.begin(ASKED, 'dba', ['base/5/16384']);
    const check = await ended(checks);
    expect(isCleanCheck(check)).toBe(true);
    expect(check.places).toBeUndefined();
    expect(checks.begin(ASKED, 'dba')).toBe(true);
  });

  it('began earlier by a clock that was set back meanwhile', async () => {
    const checks = checking('sleep 0.2');
    checks.begin(ASKED, 'dba');
    const before = checks.checks()['patroni2']?.startedMs ?? 0;
    checks.setBack(3_600_000);
    expect((await ended(checks)).startedMs).toBe(before - 3_600_000);
  });

  it('that a signal ends has found nothing sound', async () => {
    const checks = checking('kill -9 $$');
    checks.begin(ASKED, 'dba');
    expect(await ended(checks)).toMatchObject({ found: 0, gaps: ['it did not come to its end: a signal ended it'] });
  });

  it('that prints megabytes is ended, and what it named by then is kept', async () => {
    const checks = checking(
      `printf '%s\\n' '${BAD.replace('\n', "' '")}'; yes 'heap table "a.b.c", block 1:' | head -c 5000000`,
    );
    checks.begin(ASKED, 'dba');
    const check = await ended(checks);
    expect(check.found).toBeGreaterThanOrEqual(1);
    expect(check.gaps.join()).toContain('bytes and was killed');
  });
});

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { expectHeld } from '../support/bench.js';
import type { Lab } from '../support/lab.js';
import { allBut, decisive, LeadershipBench, seconds, sent } from '../support/leadership.js';
import { named, over, paged } from '../support/told.js';
import { passSeconds, until } from '../support/wait.js';

const DRAIN = { actions: { 'drain-replica': { mode: 'auto', cooldown: '1s' } } };
/** Sizes that are never reached, and seconds that are. */
const BY_TIME = {
  lag: {
    warning: '500MB',
    critical: '600MB',
    emergency: '700MB',
    recovered: '1MB',
    recoveredFor: '3s',
    for: '2s',
    warningAge: '3s',
    criticalAge: '5s',
    emergencyAge: '1h',
  },
};
const WRITTEN_KB = 512;

const onOneLine = (text: string): string => text.replace(/\s+/g, ' ');

/** What operators set up otherwise than the lab does, and what a policy may allow beyond it. */
export function setUpOtherwise(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('a heartbeat is written', () => {
    afterEach(async () => {
      const leader = await lab.leader();
      await lab.sql(leader, 'ALTER SYSTEM RESET default_transaction_read_only');
      await lab.sql(leader, 'SELECT pg_reload_conf()');
      await bench.restored();
    });

    test('[N2] a leader that reads and refuses to write is named and paged, and the lag of a replica has its seconds', async () => {
      const leader = await lab.leader();
      const [slow] = await lab.replicas();
      await lab.sql(
        leader,
        'CREATE TABLE IF NOT EXISTS ekimi_heartbeat (scope text PRIMARY KEY, instance text NOT NULL, beat_at timestamptz NOT NULL)',
      );
      const members = Object.fromEntries(
        (['patroni1', 'patroni2', 'patroni3'] as const).map((member) => [member, lab.sqlAddress(member)]),
      );
      const postgres = { members, user: 'postgres', passwordEnv: 'E2E_PGPASSWORD', heartbeat: {} };
      const daemon = await bench.ready({ cluster: { postgres }, policy: BY_TIME });
      await until(
        'a beat has been written',
        15_000,
        async () => (await lab.sql(leader, 'TABLE ekimi_heartbeat')).length,
      );

      await lab.fault('lag', slow, '20');
      await named(daemon, ['replica-lag-critical'], slow, 30_000);
      expect(onOneLine((await daemon.cli('why', slow)).out)).toMatch(/is (at least )?[\d.]+ s old by heartbeat/);
      await lab.heal('lag', slow);

      await lab.sql(leader, 'ALTER SYSTEM SET default_transaction_read_only = on');
      await lab.sql(leader, 'SELECT pg_reload_conf()');
      const readOnlyAtMs = Date.now();
      const problem = await named(daemon, ['leader-cannot-write'], leader, 45_000);
      await paged(daemon, ['leader-cannot-write'], leader, 30_000);
      expect(onOneLine((await daemon.cli('why', leader)).out)).toContain('refuses to write one row (25006)');
      await lab.sql(leader, 'ALTER SYSTEM RESET default_transaction_read_only');
      await lab.sql(leader, 'SELECT pg_reload_conf()');
      await over(daemon, 'leader-cannot-write', 30_000);
      expect(await sent(daemon)).toEqual([]);
      console.info(
        `Patroni ${lab.patroni}, leader reads and does not write: named ${seconds((problem.activeSinceMs ?? NaN) - readOnlyAtMs)} after it began`,
      );
    });
  });

  describe('replay is paused by a script, again and again, and resume-replay is on auto', () => {
    afterEach(bench.restored);

    test('[P16] it is resumed, and what is paused again is told and not resumed for ever', async () => {
      const policy = { actions: { 'resume-replay': { mode: 'auto', cooldown: '1s', attempts: 2 } } };
      const daemon = await bench.ready({ policy });
      const [paused] = await lab.replicas();
      await lab.fault('replay-paused', paused);
      await until('it was resumed twice in vain, or for good', 120_000, async () => {
        const ended = (await daemon.entries('verdict')).filter(
          ({ body }) => body.remediation.plan.action === 'resume-replay',
        );
        return ended.length >= 2;
      });
      await passSeconds(10);
      const requests = await sent(daemon);
      expect(requests.length).toBeLessThanOrEqual(2);
      for (const text of requests) expect(text).toMatch(new RegExp(`pg_wal_replay_resume.* on ${paused}`));
      await lab.heal('replay-paused', paused);
      await over(daemon, 'replay-paused', 45_000);
      await lab.settled();
      expect(await sent(daemon)).toEqual(requests);
    });
  });

  describe('no proxy is configured', () => {
    afterEach(bench.restored);

    test('a leader whose Patroni is frozen is fenced by its host alone, before its key expires', async () => {
      const leader = await lab.leader();
      const daemon = await bench.ready({ cluster: { proxy: undefined } });
      const { writer, watch } = await bench.witnesses();
      await lab.fault('freeze', leader);
      expect((await daemon.verdict('fence-member', 60_000)).body.remediation.phase).toBe('succeeded');
      await bench.otherLeader(leader);
      const byMs = Date.now();
      await until('writes flow again', 45_000, () => writer.flowsSince(byMs));
      await watch.expectNeverDoubled();
      expect(await writer.lost()).toBe(0);
      const requests = await sent(daemon);
      expect(requests.filter((text) => text.startsWith('haproxy'))).toEqual([]);
      expect(decisive(requests)[0]).toBe(`host kill ${leader}`);
      expect(new Set(requests).size).toBe(requests.length);
      console.info(
        `Patroni ${lab.patroni}, leader frozen, no proxy known: ${seconds(writer.longestGapMs)} without a write`,
      );
    });
  });

  describe('each replica is the only reader of its site', () => {
    afterEach(bench.restored);

    test('[P15] the one that lags is not drained: its site would have none', async () => {
      const leader = await lab.leader();
      const [slow, level] = await lab.replicas();
      const sites = { [leader]: 'north', [slow]: 'south', [level]: 'north' };
      const daemon = await bench.ready({ policy: DRAIN, cluster: { sites } });
      await lab.fault('lag', slow, '120');
      const plan = { action: 'drain-replica', target: slow, gate: 'blast-radius' } as const;
      const held = await expectHeld(daemon, plan, 45_000);
      expect(held.because).toContain('site south');
      expect(await lab.poolStatus(slow)).toBe('UP');
    });
  });

  describe('a leader is killed that has written what nobody else has', () => {
    afterEach(bench.restored);

    test('its key is not deleted: a person is asked, with the bytes; Patroni elects at the end of the lease', async () => {
      const daemon = await bench.ready({ policy: allBut('start-member', 'failover') });
      const leader = await lab.leader();
      await lab.fault('hold-wal', leader);
      await lab.sql(
        leader,
        `SELECT count(pg_logical_emit_message(true, 'lab', repeat('x', 1024))) FROM generate_series(1, ${WRITTEN_KB})`,
      );
      // Asked for afterwards: within that statement most of it is not yet written.
      const [row] = await lab.sql(leader, `SELECT pg_current_wal_lsn() - '0/0' AS lsn`);
      await until('the position of the leader is in etcd', 25_000, async () => {
        return (await lab.publishedLsn()) >= Number(row?.['lsn']);
      });
      await lab.fault('kill', leader);
      let why = '';
      const approval = await until(
        'a person is asked',
        15_000,
        async () => {
          why = (await daemon.cli('why', leader)).out;
          return (await daemon.bodies('approval')).find((body) => body.plan.action === 'expedite-failover');
        },
        () => why,
      );
      expect(approval.loss?.bytes).toBeGreaterThan(WRITTEN_KB * 512);
      expect(onOneLine(why)).toMatch(/lacks .*KiB.* of what/);
      expect((await sent(daemon)).filter((text) => text.startsWith('etcd:'))).toEqual([]);
      await bench.otherLeader(leader);
      expect((await sent(daemon)).filter((text) => text.startsWith('etcd:'))).toEqual([]);
    });
  });

  describe('a cluster has a policy of its own', () => {
    afterEach(bench.restored);

    test('which allows less than the policy of all: what it holds is held, and after a reload it is not', async () => {
      const [slow] = await lab.replicas();
      const daemon = await bench.prepare({ policy: DRAIN, cluster: { policy: './own.yaml' } });
      const own = (text: object): Promise<void> => writeFile(join(daemon.directory, 'own.yaml'), stringify(text));
      await own({ actions: { 'drain-replica': { mode: 'off' } } });
      await daemon.start();
      await lab.fault('lag', slow, '120');
      await named(daemon, ['replica-lag-emergency'], slow, 45_000);
      await passSeconds(5);
      expect(await sent(daemon)).toEqual([]);

      // A bad one is refused, and the one in force goes on.
      await own({ actions: { 'drain-replica': { mode: 'sometimes' } } });
      daemon.signal('SIGHUP');
      await until('it is refused', 15_000, async () =>
        (await daemon.bodies('policy')).find((body) => body.change === 'refused'),
      );
      expect(daemon.log).toContain('own.yaml');
      await passSeconds(3);
      expect(await sent(daemon)).toEqual([]);

      await own({});
      daemon.signal('SIGHUP');
      expect((await daemon.verdict('drain-replica', 30_000)).body.remediation.phase).toBe('succeeded');
      expect((await daemon.cli('status')).out).toContain(slow);
    });
  });
}

import { afterEach, describe, expect, test } from 'vitest';
import { policyOf } from '../support/daemon.js';
import type { Lab, Member } from '../support/lab.js';
import { allBut, decisive, expectEvidence, LeadershipBench, seconds, sent } from '../support/leadership.js';
import { passSeconds, until } from '../support/wait.js';

/** Four times what Patroni's own guard allows a candidate to be behind. */
const FAR_AHEAD_BYTES = 4 * 1024 * 1024;

/** Leaders that are cut off, missing or doubled: what Patroni does itself is left to it, what remains is healed or asked for. */
export function parted(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  /** Dead, with more than anybody may be elected without, and the DCS knows how far it was. */
  async function killFarAhead(leader: Member): Promise<void> {
    await lab.fault('hold-wal', leader);
    await lab.sql(
      leader,
      `SELECT count(pg_logical_emit_message(true, 'lab', repeat('x', 1024))) FROM generate_series(1, ${FAR_AHEAD_BYTES / 1024})`,
    );
    const [row] = await lab.sql(leader, `SELECT pg_current_wal_lsn() - '0/0' AS lsn`);
    const lsn = Number(row?.['lsn']);
    await until('the position of the leader is in etcd', 25_000, async () => (await lab.publishedLsn()) >= lsn);
    await lab.fault('kill', leader);
  }

  if (lab.isWhole)
    describe('a leader that is cut off', () => {
      afterEach(bench.restored);

      test(
        'from etcd alone: Patroni demotes it and elects another; nothing is sent, and it comes back as a replica',
        { retry: 0 },
        async () => {
          const daemon = await bench.ready();
          const { writer, watch } = await bench.witnesses();
          const leader = await lab.leader();
          await lab.fault('partition', leader, 'dcs');
          const next = await bench.otherLeader(leader);
          await until('writes flow again', 30_000, () => writer.flowsSince(Date.now() - 5_000));
          await lab.heal('partition', leader);
          await lab.settled();
          await watch.expectNeverDoubled();
          expect(await lab.leader()).toBe(next);
          expect(await writer.lost()).toBe(0);
          expect(await sent(daemon)).toEqual([]);
        },
      );

      test(
        'from everything: nothing decides for Patroni, the proxy at most is told who leads, and it comes back as a replica',
        { retry: 0 },
        async () => {
          const daemon = await bench.ready();
          const { writer, watch } = await bench.witnesses();
          const { timeline } = writer;
          const leader = await lab.leader();
          await lab.fault('partition', leader, 'all');
          const cutAtMs = Date.now();
          const next = await bench.otherLeader(leader);
          await until('writes flow again', 30_000, () => writer.flowsSince(Date.now() - 5_000));
          // Without a resolver its Patroni takes up to the lease and longer to give up: reached by nobody, it may be a primary for as long.
          await until('it has demoted itself', 60_000, async () => !(await lab.isPrimaryInside(leader)));
          await lab.heal('partition', leader);
          await lab.settled();
          await watch.expectNeverDoubled();
          expect(await lab.leader()).toBe(next);
          const loss = await writer.lossAfter({ timeline, byMs: cutAtMs, received: watch.receivedFrom(leader) });
          expect(loss.unexcused).toEqual([]);
          const nudge = `haproxy> set server postgres_primary/${next} health up`;
          expect((await sent(daemon)).filter((text) => text !== nudge)).toEqual([]);
        },
      );
    });

  if (lab.isWhole)
    describe('nobody leads', () => {
      afterEach(bench.restored);

      test(
        'and nobody may: an approval is asked for that states the loss, nothing is sent without it; once the old leader may be started it leads again',
        { retry: 0 },
        async () => {
          const daemon = await bench.ready({ policy: allBut('start-member') });
          const leader = await lab.leader();
          await killFarAhead(leader);
          const asked = await until('an approval is asked for', 90_000, async () =>
            (await daemon.snapshot()).ledger.approvals.find((row) => row.plan.action === 'failover'),
          );
          expect(asked.state).toBe('waiting');
          const stated = /(\S+ \S*B) of the old leader's WAL would be lost/.exec(asked.why);
          expect(asked.loss?.bytes).toBeGreaterThanOrEqual(FAR_AHEAD_BYTES);
          expect(stated).not.toBeNull();
          const told = (await daemon.cli('why')).out.replace(/\s+/g, ' ');
          expect(told).toContain(stated?.[1]);
          await passSeconds(6);
          expect(await sent(daemon)).toEqual([]);
          expect(await lab.leaderKey()).toBeNull();
          // Who led last holds all that was acknowledged: where the policy lets it be started, nobody is asked to lose anything.
          await daemon.writePolicy(policyOf(allBut()));
          daemon.signal('SIGHUP');
          await until(
            'the old leader leads again',
            60_000,
            async () => (await lab.leader().catch(() => null)) === leader,
          );
          await passSeconds(3);
          expect(decisive(await sent(daemon))).toEqual([]);
          expect((await sent(daemon)).filter((text) => text.startsWith('host'))).toEqual([`host start ${leader}`]);
        },
      );
    });

  if (lab.plays('3.0'))
    describe('a second primary beside the leader, and nobody on its member who would demote it', () => {
      afterEach(bench.restored);

      test('is fenced once it is confirmed, started, rewound and opened again; the leader goes on as if nothing were', async () => {
        const daemon = await bench.ready({ policy: allBut('expedite-failover', 'failover') });
        const { writer } = await bench.witnesses();
        const leader = await lab.leader();
        const [rogue] = await lab.replicas();
        await lab.fault('rogue-frozen', rogue);
        const faultAtMs = Date.now();
        expect((await daemon.verdict('fence-member', 60_000)).body.remediation.phase).toBe('succeeded');
        const fencedMs = Date.now() - faultAtMs;
        expect(await lab.isRunning(rogue)).toBe(false);
        expect((await daemon.verdict('open-traffic', 90_000)).body.remediation.phase).toBe('succeeded');
        const requests = await sent(daemon);
        const server = `server postgres_primary/${rogue}`;
        expect(decisive(requests)).toEqual([
          `haproxy> set ${server} state maint`,
          `haproxy> shutdown sessions ${server}`,
          `host kill ${rogue}`,
        ]);
        expect(requests.slice(3)).toEqual([`host start ${rogue}`, `haproxy> set ${server} state ready`]);
        expect(await lab.leader()).toBe(leader);
        expect(await writer.lost()).toBe(0);
        expect(writer.longestGapMs).toBeLessThan(5_000);
        await expectEvidence(daemon, 'fence-member', rogue);
        console.info(`Patroni ${lab.patroni}, second primary fenced after ${seconds(fencedMs)}`);
      });
    });
}

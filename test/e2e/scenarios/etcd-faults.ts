import { afterEach, describe, expect, test } from 'vitest';
import type { Lab } from '../support/lab.js';
import { codes, LeadershipBench, seconds, sent } from '../support/leadership.js';
import { named, over, pages, paged, staysNamed } from '../support/told.js';
import { passSeconds, until } from '../support/wait.js';

/** etcd without room, and an etcd member that only its peers do not reach: Patroni goes on, and one more fault would end that. */
export function etcdFaults(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('etcd has used up its quota', () => {
    afterEach(bench.restored);

    test('[S1] one problem that stays for as long as it lasts, one page, nothing sent', { retry: 0 }, async () => {
      const daemon = await bench.ready();
      await lab.fault('etcd-nospace', 'etcd1');
      const fullAtMs = Date.now();
      const { subject } = await named(daemon, ['dcs-alarm'], 'email-cluster', 45_000);
      const page = await paged(daemon, ['dcs-alarm'], subject, 30_000);
      await staysNamed(daemon, 'dcs-alarm', subject, 30);
      expect((await pages(daemon)).map((row) => row.code)).toEqual(['dcs-alarm']);
      expect((await daemon.cli('status')).out).toContain('dcs-alarm');
      expect(await sent(daemon)).toEqual([]);
      await lab.heal('etcd-nospace', 'etcd1');
      await over(daemon, 'dcs-alarm', 60_000);
      console.info(`Patroni ${lab.patroni}, etcd without room: paged ${seconds(page.atMs - fullAtMs)} after the fault`);
    });
  });

  describe('etcd is full of history', () => {
    afterEach(bench.restored);

    test('a person gives it room: one member at a time, no acknowledged row is lost', { retry: 0 }, async () => {
      const daemon = await bench.ready({
        policy: { actions: { 'defragment-store': 'approve', 'disarm-store': 'approve' } },
      });
      const { writer } = await bench.witnesses();
      await lab.fault('etcd-nospace', 'etcd1', 'history');
      await named(daemon, ['dcs-alarm'], 'email-cluster', 45_000);
      const shown = await daemon.cli('run-procedure', 'defragment-dcs', '--plan');
      expect(shown).toMatchObject({ exit: 0, err: '' });
      expect(shown.out.match(/etcd: defragment etcd/g)).toHaveLength(3);
      const beganMs = Date.now();
      const ran = await daemon.cli('run-procedure', 'defragment-dcs', '--reason', 'etcd is full');
      expect(ran).toMatchObject({ exit: 0, err: '' });
      await until(
        'it has succeeded',
        120_000,
        async () => (await daemon.bodies('procedure-run')).at(-1)?.run.phase === 'succeeded',
        async () => (await daemon.cli('procedures')).out,
      );
      const tookMs = Date.now() - beganMs;
      await over(daemon, 'dcs-alarm', 60_000);
      await writer.stop();
      const lost = await writer.lost();
      const ends = (await daemon.bodies('procedure-run')).at(-1)?.text ?? '';
      console.info(
        `Patroni ${lab.patroni}, etcd full of history: ${seconds(tookMs)}, ${(writer.longestGapMs / 1000).toFixed(1)} s without a write, ${lost} of ${writer.acks.length} acknowledged rows lost; ${ends}\n${shown.out}${(await daemon.cli('procedures')).out}`,
      );
      expect(lost).toBe(0);
    });
  });

  describe('an etcd member is cut from its peers, and everybody else reaches it', () => {
    afterEach(bench.restored);

    test('named within 15 s, no loss of quorum is told, nothing is sent', { retry: 0 }, async () => {
      const daemon = await bench.ready();
      await lab.fault('partition', 'etcd2', 'peers');
      const cutAtMs = Date.now();
      const problem = await named(daemon, ['dcs-member-down'], 'etcd2', 15_000);
      await passSeconds(10);
      expect(await codes(daemon)).not.toContain('dcs-quorum-lost');
      expect(await sent(daemon)).toEqual([]);
      console.info(
        `Patroni ${lab.patroni}, etcd member cut from its peers: named ${seconds((problem.activeSinceMs ?? NaN) - cutAtMs)} after the fault`,
      );
    });
  });
}

/** What a client does not notice: less than this between two rows, on a machine that is busy. */
export const UNNOTICED_MS = 1_500;

/** Most etcd members are gone, and are back before Patroni gives its leader up. */
export function etcdWithoutMajority(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  // Once a majority serves, the last one has two minutes, in which it may be somebody's work.
  describe.each([
    ['two of three etcd members are killed', MOST, 1],
    ['all etcd members are killed', ['etcd1', ...MOST], 2],
  ] as const)('%s', (what, names, started) => {
    afterEach(async () => {
      await bench.restored();
      await lab.timed('lab');
    });

    test('they are started by the host driver before Patroni demotes: no client notices', { retry: 0 }, async () => {
      const daemon = await bench.ready({ policy: { actions: { 'start-store': { mode: 'auto', cooldown: '1s' } } } });
      const { writer, watch } = await bench.witnesses();
      const leader = await lab.leader();
      await lab.timed('runbook');
      await passSeconds(8);
      const goneAtMs = await killed(lab, names);
      const backMs = (await majorityBack(lab)) - goneAtMs;
      await passSeconds(15);
      await watch.expectNeverDoubled();
      console.info(
        `Patroni ${lab.patroni}, ${what}: a majority is back after ${seconds(backMs)}, ${seconds(writer.longestGapMs)} without a write; ${(await sent(daemon)).join(', ')}`,
      );
      expect(await lab.leader()).toBe(leader);
      expect(await writer.lost()).toBe(0);
      const requests = await sent(daemon);
      expect(requests.length).toBeGreaterThanOrEqual(started);
      expect(new Set(requests).size).toBe(requests.length);
      for (const request of requests) expect(names.map((name) => `host start ${name}`)).toContain(request);
      expect(writer.longestGapMs).toBeLessThan(UNNOTICED_MS);
    });
  });
}

/** Two of three: with them the majority. */
export const MOST: readonly string[] = ['etcd2', 'etcd3'];

/** At one moment, as by a switch that fails. @returns when */
export async function killed(lab: Lab, names: readonly string[]): Promise<number> {
  await Promise.all(names.map((name) => lab.docker('kill', lab.container(name))));
  return Date.now();
}

/** Until etcd answers a linearizable read. @returns when */
export async function majorityBack(lab: Lab): Promise<number> {
  await until('etcd has a majority', 60_000, async () => (await lab.leaderKey()) !== null);
  return Date.now();
}

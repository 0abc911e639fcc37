import { afterEach, describe, expect, test } from 'vitest';
import type { Lab } from '../support/lab.js';
import { codes, LeadershipBench, seconds, sent } from '../support/leadership.js';
import { named, over, pages, paged, staysNamed } from '../support/told.js';
import { passSeconds } from '../support/wait.js';

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

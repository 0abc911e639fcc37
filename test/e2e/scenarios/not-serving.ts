import { afterEach, describe, expect, test } from 'vitest';
import type { Lab, Member } from '../support/lab.js';
import { LeadershipBench, seconds, sent } from '../support/leadership.js';
import { named, over, paged } from '../support/told.js';
import { passSeconds } from '../support/wait.js';

/** The leader has its key, and its PostgreSQL takes no connection. */
export function aLeaderThatDoesNotServe(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('PostgreSQL on the leader is down and starts for long, its Patroni holds the key', () => {
    afterEach(bench.restored);

    test('[N2] named within 15 s and paged, and nothing is sent over a recovery that runs', { retry: 0 }, async () => {
      const daemon = await bench.ready();
      const leader = await lab.leader();
      await lab.fault('stop-postgres', leader);
      const downAtMs = Date.now();
      const problem = await named(daemon, ['leader-not-serving'], leader, 15_000);
      const page = await paged(daemon, ['leader-not-serving'], leader, 30_000);
      expect(problem.level).toBe('critical');
      expect((problem.activeSinceMs ?? Infinity) - downAtMs).toBeLessThan(15_000);
      expect((await daemon.cli('status')).out).toContain('leader-not-serving');
      await passSeconds(10);
      expect(await sent(daemon)).toEqual([]);
      expect(await lab.leaderKey()).toBe(leader);
      await lab.heal('stop-postgres', leader);
      await over(daemon, 'leader-not-serving', 30_000);
      console.info(
        `Patroni ${lab.patroni}, PostgreSQL of the leader down: named ${seconds((problem.activeSinceMs ?? NaN) - downAtMs)}, paged ${seconds(page.atMs - downAtMs)} after the fault was done`,
      );
    });
  });
}

/** What holds up commits or replay while every member runs. */
export function heldUp(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('replay of a replica is paused by hand', () => {
    afterEach(bench.restored);

    test('[P16] it is named as that, and nothing is sent', { retry: 0 }, async () => {
      const daemon = await bench.ready();
      const [paused] = await lab.replicas();
      await lab.fault('replay-paused', paused);
      const pausedAtMs = Date.now();
      const problem = await named(daemon, ['replay-paused'], paused, 45_000);
      expect(await sent(daemon)).toEqual([]);
      await lab.heal('replay-paused', paused);
      await over(daemon, 'replay-paused', 45_000);
      expect(await sent(daemon)).toEqual([]);
      console.info(
        `Patroni ${lab.patroni}, replay paused: named ${seconds((problem.activeSinceMs ?? NaN) - pausedAtMs)} after the fault`,
      );
    });
  });

  describe('a synchronous standby is connected and mute', () => {
    afterEach(bench.restored);

    test('[P8, S12] told that commits wait while they do, and nothing is sent', { retry: 0 }, async () => {
      await lab.fault('sync-mode');
      const daemon = await bench.ready();
      const { writer } = await bench.witnesses();
      const leader = await lab.leader();
      const mute = (await lab.syncStandby()) as Member;
      await lab.fault('mute-sync', mute);
      const muteAtMs = Date.now();
      const problem = await named(daemon, ['commits-wait'], leader, 30_000);
      const page = await paged(daemon, ['commits-wait'], leader, 40_000);
      expect(writer.flowsSince(muteAtMs)).toBe(false);
      expect(await sent(daemon)).toEqual([]);
      expect(await lab.leader()).toBe(leader);
      console.info(
        `Patroni ${lab.patroni}, standby mute: named ${seconds((problem.activeSinceMs ?? NaN) - muteAtMs)}, paged ${seconds(page.atMs - muteAtMs)} after the fault`,
      );
    });
  });
}

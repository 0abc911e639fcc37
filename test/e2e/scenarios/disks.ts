import { afterEach, describe, expect, test } from 'vitest';
import type { Lab } from '../support/lab.js';
import { allBut, LeadershipBench, seconds, sent } from '../support/leadership.js';
import { named, paged } from '../support/told.js';
import { passSeconds } from '../support/wait.js';

/** Within it a person is told of a full disk. */
const TOLD_MS = 30_000;
/** ttl 20 s and loop_wait 5 s are Patroni's and the grace of a rebuild; this is more than twice as long. */
const REBUILD_SECONDS = 60;

const EVERYTHING = {
  actions: {
    ...allBut().actions,
    'reinitialize-replica': { mode: 'auto', cooldown: '1s' },
    'restart-member': { mode: 'auto', cooldown: '1s' },
  },
};

/** A member's volume is full: whatever is copied onto it does not fit, and while it is copied the leader keeps its WAL. */
export function fullDisks(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('the disk of a replica is full', () => {
    afterEach(bench.restored);

    test(
      '[W1] its PostgreSQL stops: told within 30 s, its copy is kept, the cluster serves throughout, and it comes back by itself',
      { retry: 0 },
      async () => {
        const daemon = await bench.ready({ policy: EVERYTHING });
        const { writer } = await bench.witnesses();
        const [full] = await lab.replicas();
        const faultAtMs = Date.now();
        await lab.fault('fill-disk', full);
        const stoppedAtMs = Date.now();
        const problem = await named(daemon, ['disk-full'], full, TOLD_MS);
        const page = await paged(daemon, ['disk-full'], full, TOLD_MS);
        await passSeconds(REBUILD_SECONDS);
        expect(page.atMs - stoppedAtMs).toBeLessThan(TOLD_MS);
        expect(await sent(daemon)).toEqual([]);
        expect(await lab.rebuildsSince(full, faultAtMs)).toBe(0);
        expect(writer.longestGapMs).toBeLessThan(5_000);
        await lab.heal('fill-disk', full);
        await lab.settled();
        expect(await sent(daemon)).toEqual([]);
        expect(await lab.rebuildsSince(full, faultAtMs)).toBe(0);
        expect(await writer.lost()).toBe(0);
        console.info(
          `Patroni ${lab.patroni}, disk of a replica full: ${problem.code} ${seconds((problem.activeSinceMs ?? NaN) - faultAtMs)}, page ${seconds(page.atMs - faultAtMs)} after the fault began, ${seconds(writer.longestGapMs)} without a write`,
        );
      },
    );
  });
}

/** The same of the leader: it goes on for as long as it has WAL files, and refuses what makes a table larger. */
export function aFullDiskOfTheLeader(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('the disk of the leader is full', () => {
    afterEach(bench.restored);

    test('[W1] tables cannot grow: told within 30 s, and nothing is sent', { retry: 0 }, async () => {
      const daemon = await bench.ready({ policy: EVERYTHING });
      const leader = await lab.leader();
      const faultAtMs = Date.now();
      await lab.fault('fill-disk', leader);
      const refusedAtMs = Date.now();
      await named(daemon, ['disk-full'], leader, TOLD_MS);
      const page = await paged(daemon, ['disk-full'], leader, TOLD_MS);
      expect(page.atMs - refusedAtMs).toBeLessThan(TOLD_MS);
      await passSeconds(10);
      expect(await sent(daemon)).toEqual([]);
      expect(await lab.leader()).toBe(leader);
      console.info(
        `Patroni ${lab.patroni}, disk of the leader full: page ${seconds(page.atMs - faultAtMs)} after the fault began`,
      );
    });
  });
}

import { afterEach, describe, expect, test } from 'vitest';
import type { Lab } from '../support/lab.js';
import { allBut, LeadershipBench, sent } from '../support/leadership.js';
import { named } from '../support/told.js';
import { passSeconds } from '../support/wait.js';

const EVERYTHING = {
  actions: {
    ...allBut().actions,
    'reinitialize-replica': { mode: 'auto', cooldown: '1s' },
    'restart-member': { mode: 'auto', cooldown: '1s' },
  },
};

/** A replica that cannot reach the leader: its copy is good, and over that link no other can be made. */
export function cutLinks(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('the link between a replica and the leader is cut', () => {
    afterEach(bench.restored);

    test.each(['both', 'one-way'])(
      '[P1] %s: told, never rebuilt, and it streams again by itself',
      { retry: 0 },
      async (ways) => {
        const daemon = await bench.ready({ policy: EVERYTHING });
        const { writer } = await bench.witnesses();
        const [behind] = await lab.replicas();
        const leader = await lab.leader();
        const cutAtMs = Date.now();
        await lab.fault('cut-link', behind, leader, ways);
        await named(daemon, ['replica-cut-off', 'replica-not-streaming'], behind, 60_000);
        await passSeconds(75);
        expect(await sent(daemon)).toEqual([]);
        expect(await lab.rebuildsSince(behind, cutAtMs)).toBe(0);
        await lab.heal('cut-link', behind);
        await lab.settled();
        expect(await sent(daemon)).toEqual([]);
        expect(await lab.leader()).toBe(leader);
        expect(writer.longestGapMs).toBeLessThan(5_000);
        expect(await writer.lost()).toBe(0);
      },
    );
  });
}

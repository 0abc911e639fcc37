import { afterEach, describe, expect, test } from 'vitest';
import type { Lab } from '../support/lab.js';
import { LeadershipBench, seconds, sent } from '../support/leadership.js';
import { named, over, paged } from '../support/told.js';
import { until } from '../support/wait.js';

/** What is promised of a leader that only clients do not reach. */
const TOLD_MS = 10_000;

/** The leader is well, and the proxy does not reach it. */
export function anUnroutedLeader(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('the leader is cut off from the proxy only', () => {
    afterEach(bench.restored);

    test(
      'told within 10 s of its being out of the pool, with who is reached; nothing is sent',
      { retry: 0 },
      async () => {
        const leader = await lab.leader();
        const daemon = await bench.ready();
        await lab.fault('partition', leader, 'proxy');
        const cutAtMs = Date.now();
        await until('HAProxy has no writer', 30_000, async () =>
          (await lab.proxyServers()).every((row) => row.backend !== lab.layout.writes || !row.status.startsWith('UP')),
        );
        const outAtMs = Date.now();
        const problem = await named(daemon, ['leader-unrouted'], leader, 30_000);
        const page = await paged(daemon, ['leader-unrouted'], leader, 30_000);
        const toldMs = page.atMs - outAtMs;
        expect(problem.level).toBe('critical');
        expect((await daemon.cli('why', leader)).out.replace(/\s+/g, ' ')).toContain(
          'reached by every proxy that answers',
        );
        expect(await sent(daemon)).toEqual([]);
        await lab.heal('partition', leader);
        await over(daemon, 'leader-unrouted', 45_000);
        expect(await sent(daemon)).toEqual([]);
        console.info(
          `Patroni ${lab.patroni}, leader cut off from the proxy: out of its pool ${seconds(outAtMs - cutAtMs)} after the cut, paged ${seconds(toldMs)} after that`,
        );
        expect(toldMs).toBeLessThan(TOLD_MS);
      },
    );
  });
}

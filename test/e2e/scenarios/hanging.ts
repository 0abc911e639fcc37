import { afterEach, describe, expect, test } from 'vitest';
import type { Lab } from '../support/lab.js';
import { allBut, LeadershipBench, seconds } from '../support/leadership.js';
import { passSeconds, until } from '../support/wait.js';

/** A leader's death while something else hangs. */
const BESIDE_A_HANG_MS = 4_000;
/** What is promised of a killed leader. */
const KILLED_MS = 5_000;

/** Dead leaders, and what must not make the answer slower: a replica that hangs, the death of the leader before. */
export function deathsInBadCompany(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('a replica hangs, then the leader is killed', () => {
    afterEach(bench.restored);

    test('[F1] writes flow again within 4 s, on the replica that answers', async () => {
      const daemon = await bench.ready({ policy: allBut('start-member') });
      const { writer, watch } = await bench.witnesses();
      const { timeline } = writer;
      const [hangs, other] = await lab.replicas();
      const leader = await lab.leader();
      await lab.fault('hang', hangs);
      await passSeconds(10);
      const faultAtMs = Date.now();
      await lab.docker('kill', lab.container(leader));
      const byMs = Date.now();
      await until('writes flow again', 45_000, () => writer.flowsSince(faultAtMs + 1_000));
      expect(await lab.leader()).toBe(other);
      await watch.stop();
      expect(watch.summary.doubled).toBe(0);
      const outageMs = writer.longestGapMs;
      const loss = await writer.lossAfter({ timeline, byMs, received: watch.receivedFrom(leader) });
      expect(loss.unexcused).toEqual([]);
      console.info(`Patroni ${lab.patroni}, leader killed while a replica hangs: ${seconds(outageMs)} without a write`);
      expect(outageMs).toBeLessThan(BESIDE_A_HANG_MS);
      expect((await daemon.cli('journal', 'verify')).exit).toBe(0);
    });
  });
}

/** The cool-downs are those that ship. */
const AS_SHIPPED = {
  actions: Object.fromEntries(Object.keys(allBut().actions).map((name) => [name, { mode: 'auto' }])),
};

export function aSecondDeath(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('a second leader is killed a minute after the first', () => {
    afterEach(bench.restored);

    test('[F4] the second death costs no more than the first', async () => {
      await bench.ready({ policy: AS_SHIPPED });
      const outages: number[] = [];
      for (const round of ['first', 'second']) {
        const { writer } = await bench.witnesses();
        const leader = await lab.leader();
        const faultAtMs = Date.now();
        await lab.docker('kill', lab.container(leader));
        await until(`writes flow after the ${round}`, 45_000, () => writer.flowsSince(faultAtMs + 1_000));
        outages.push(writer.longestGapMs);
        await writer.stop();
        if (!(await lab.isRunning(leader))) await lab.heal('kill', leader);
        await until('a minute has passed', 90_000, () => Date.now() > faultAtMs + 60_000);
        await lab.settled();
      }
      console.info(
        `Patroni ${lab.patroni}, two leaders killed a minute apart: ${outages.map(seconds).join(', then ')} without a write`,
      );
      for (const outage of outages) expect(outage).toBeLessThan(KILLED_MS);
    });
  });
}

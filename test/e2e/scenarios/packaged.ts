import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { built, inContainer } from '../support/in-containers.js';
import type { Lab } from '../support/lab.js';
import { LeadershipBench, seconds } from '../support/leadership.js';
import { until } from '../support/wait.js';
import { sidecars } from './sidecars.js';

const BUILD_MS = 600_000;
const KILLED_MS = 8_000;

/** The image as an operator runs it: one container beside the cluster, and one beside each member. */
export function packaged(lab: Lab): void {
  beforeAll(built, BUILD_MS);

  describe('the image, as one container, and the leader is killed', () => {
    const bench = new LeadershipBench(lab);
    afterEach(bench.restored);

    test('another leads within seconds, the dead one is started again, and the container ends with 0 when it is stopped', async () => {
      const leader = await lab.leader();
      const daemon = await bench.ready({ launch: inContainer() });
      const { writer, watch } = await bench.witnesses();
      const faultAtMs = Date.now();
      await lab.fault('kill', leader);
      await bench.otherLeader(leader);
      await until('writes flow again', 20_000, () => writer.flowsSince(faultAtMs + 2_000));
      const outageMs = writer.longestGapMs;
      expect((await daemon.verdict('start-member', 90_000)).body.remediation.phase).toBe('succeeded');
      await watch.expectNeverDoubled();
      console.info(`Patroni ${lab.patroni}, one container, leader killed: ${seconds(outageMs)} without a write`);
      expect(outageMs).toBeLessThan(KILLED_MS);
      daemon.signal('SIGTERM');
      expect(await daemon.exited()).toBe(0);
    });
  });

  sidecars(lab, inContainer);
}

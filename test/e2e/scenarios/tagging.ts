import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Bench } from '../support/bench.js';
import type { Lab, Member } from '../support/lab.js';
import { figure } from '../support/figures.js';
import { passSeconds, until } from '../support/wait.js';

const TAG = { drain: { actuators: ['tag'] }, actions: { 'drain-replica': { mode: 'auto', cooldown: '1s' } } };

/** Draining without a proxy of ours: the member's own `noloadbalance`, as Patroni means it. */
export function drainByTag(lab: Lab): void {
  describe('a replica lags and drain.actuators is [tag]', () => {
    const bench = new Bench(lab);
    let slow: Member;
    let level: Member;

    beforeAll(async () => {
      [slow, level] = await lab.replicas();
    });
    afterEach(() => bench.clear());
    afterAll(() => lab.restore());

    test('its /replica says 503, /cluster shows the tag, the rest of the file is untouched, and all is undone when it is level', async () => {
      const before = await lab.file(slow);
      expect(before).toContain('#');
      const daemon = await bench.start({ policy: TAG });
      const faultAtMs = Date.now();
      await lab.fault('lag', slow, '120');
      const drained = await daemon.verdict('drain-replica', 60_000);
      expect(drained.body.remediation.phase).toBe('succeeded');
      const sentAtMs = (await daemon.entries('intent'))[0]!.atMs;
      figure(lab, 'falling 120 MB behind, drained by tag', { faultAtMs, sentAtMs, healedAtMs: drained.atMs });
      expect((await daemon.requests()).map((row) => row.request)).toEqual([
        `set tags.noloadbalance = true in ${slow}'s own patroni.yml`,
        `POST /reload on ${slow} {}`,
      ]);
      expect((await lab.get(slow, '/replica')).status).toBe(503);
      expect(await lab.file(slow)).toBe(before.replace('noloadbalance: false', 'noloadbalance: true'));
      await until('the tag in /cluster', 15_000, async () => {
        const rows = (await lab.get(level, '/cluster')).body['members'] as {
          name: string;
          tags?: { noloadbalance?: boolean };
        }[];
        return rows.find((row) => row.name === slow)?.tags?.noloadbalance === true;
      });
      await until('HAProxy no longer sends it readers', 20_000, async () => (await lab.poolStatus(slow)) === 'DOWN');

      await lab.heal('lag', slow);
      expect((await daemon.verdict('undrain-replica', 60_000)).body.remediation.phase).toBe('succeeded');
      expect(await lab.file(slow)).toBe(before);
      expect((await lab.get(slow, '/replica')).status).toBe(200);
    });

    test("an operator's own tag is neither doubled nor taken away", async () => {
      await lab.setTag(slow, true);
      const tagged = await lab.file(slow);
      const daemon = await bench.start({ policy: TAG });
      await lab.fault('lag', slow, '120');
      await until('the emergency is active', 20_000, async () =>
        (await daemon.snapshot()).states?.problems.some(
          (row) => row.code === 'replica-lag-emergency' && row.phase === 'active',
        ),
      );
      await passSeconds(3);
      await lab.heal('lag', slow);
      await until('the emergency is over', 30_000, async () =>
        (await daemon.snapshot()).states?.problems.every((row) => row.code !== 'replica-lag-emergency'),
      );
      // Longer than recoveredFor, after which a drain of ours would be undone.
      await passSeconds(5);
      expect(await daemon.requests()).toEqual([]);
      expect(await lab.file(slow)).toBe(tagged);
    });
  });
}

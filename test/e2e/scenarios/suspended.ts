import { afterEach, describe, expect, test } from 'vitest';
import { Bench } from '../support/bench.js';
import type { Lab } from '../support/lab.js';
import { sent } from '../support/leadership.js';
import { passSeconds, until } from '../support/wait.js';

const DRAIN = { actions: { 'drain-replica': { mode: 'auto', cooldown: '1s' } } };

/** An instance that stood still (SIGSTOP, a virtual machine that was moved) while another one held tenure and worked. */
export function anInstanceThatStoodStill(lab: Lab): void {
  const bench = new Bench(lab);

  describe('the instance with tenure is suspended beyond its lease', () => {
    afterEach(async () => {
      await bench.clear();
      await lab.restore();
    });

    test(
      '[A1] another drains and ends; thawed, it forgets nothing of it, undoes it once, and drains nothing twice',
      { retry: 0 },
      async () => {
        const [slow] = await lab.replicas();
        const first = await bench.start({ policy: DRAIN });
        await until('the first has tenure', 20_000, async () => (await first.snapshot()).tenure.state === 'held');
        const second = await bench.start({ policy: DRAIN, ledger: first.ledger });
        expect((await second.snapshot()).tenure.state).toBe('other');
        first.signal('SIGSTOP');
        try {
          await until('the second has tenure', 30_000, async () => (await second.snapshot()).tenure.state === 'held');
          await lab.fault('lag', slow, '120');
          expect((await second.verdict('drain-replica', 40_000)).body.remediation.phase).toBe('succeeded');
          await second.stop();
        } finally {
          first.signal('SIGCONT');
        }
        await until('the first has tenure again', 30_000, async () => (await first.snapshot()).tenure.state === 'held');
        await passSeconds(8);
        expect((await first.snapshot()).ledger.drains.map((row) => row.member)).toEqual([slow]);
        expect(await sent(first)).toEqual([]);
        expect(await lab.poolStatus(slow)).toBe('DRAIN');
        await lab.heal('lag', slow);
        expect((await first.verdict('undrain-replica', 60_000)).body.remediation.phase).toBe('succeeded');
        const put = (state: string): string => `haproxy> set server postgres_replicas/${slow} state ${state}`;
        expect(await sent(first)).toEqual([put('ready')]);
        expect(await sent(second)).toEqual([put('drain')]);
        expect((await first.cli('journal', 'verify')).exit).toBe(0);
      },
    );
  });
}

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Bench } from '../support/bench.js';
import type { Lab, Member } from '../support/lab.js';
import { passSeconds, until } from '../support/wait.js';

const cancel = (mode: string) => ({ actions: { 'cancel-blocking-queries': { mode, cooldown: '1s' } } });

/** A report on a replica that reads rows which the leader has since removed: replay waits for it. */
export function blockedReplay(lab: Lab): void {
  describe('a long query on a replica blocks replay', () => {
    const bench = new Bench(lab);
    let blocked: Member;
    const reports = async (): Promise<number> =>
      Number(
        (
          await lab.sql(blocked, `SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'nightly-report'`)
        )[0]?.['n'],
      );

    beforeAll(async () => {
      [blocked] = await lab.replicas();
      await lab.fault('blocked-replay', blocked, 'query', '40');
    });
    afterEach(() => bench.clear());
    afterAll(() => lab.restore());

    test.each(['off', 'approve'])(
      'with cancel-blocking-queries: %s it is named and not cancelled',
      { retry: 0 },
      async (mode) => {
        const daemon = await bench.start({ policy: cancel(mode) });
        await until('replay-blocked is active', 20_000, async () =>
          (await daemon.snapshot()).states?.problems.some(
            (row) => row.code === 'replay-blocked' && row.phase === 'active',
          ),
        );
        await passSeconds(3);
        const why = (await daemon.cli('why', blocked)).out.replace(/\s+/g, ' ');
        expect(why).toContain('replay-blocked');
        expect(why).toContain('nightly-report');
        expect(why).toContain('pg_sleep(86400)');
        expect(await daemon.requests()).toEqual([]);
        expect((await daemon.bodies('approval')).length).toBe(mode === 'approve' ? 1 : 0);
        expect(await reports()).toBe(1);
      },
    );

    test('a protected application is named and not cancelled, whatever it blocks', { retry: 0 }, async () => {
      const policy = { ...cancel('auto'), blockers: { olderThan: '1s', never: { applications: ['nightly-report'] } } };
      const daemon = await bench.start({ policy });
      await until('replay-blocked is active', 20_000, async () =>
        (await daemon.snapshot()).states?.problems.some(
          (row) => row.code === 'replay-blocked' && row.phase === 'active',
        ),
      );
      await passSeconds(4);
      expect(await daemon.requests()).toEqual([]);
      expect(await reports()).toBe(1);
      expect((await daemon.cli('why', blocked)).out).toContain('nightly-report');
    });

    test('with cancel-blocking-queries: auto it is cancelled, once, and the lag falls', async () => {
      const daemon = await bench.start({ policy: cancel('auto') });
      expect((await daemon.verdict('cancel-blocking-queries', 30_000)).body.remediation.phase).toBe('succeeded');
      const requests = await daemon.requests();
      expect(requests.length).toBe(1);
      expect(requests[0]?.request).toMatch(/^SELECT pg_cancel_backend\(\d+\) on patroni/);
      expect(await reports()).toBe(0);
      await lab.settled();
    });
  });
}

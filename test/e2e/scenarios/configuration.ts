import { afterEach, describe, expect, test } from 'vitest';
import type { ActionName } from '../../../src/model/plan.js';
import { Bench } from '../support/bench.js';
import { MEMBERS, type Lab } from '../support/lab.js';
import { passSeconds, until } from '../support/wait.js';

const by = (mode: 'approve' | 'auto', ...names: readonly ActionName[]) =>
  Object.fromEntries(names.map((name) => [name, { mode, cooldown: '1s' }]));
const POLICY = {
  actions: {
    ...by(
      'approve',
      'switchover',
      'restart-member',
      'restart-leader',
      'patch-config',
      'pause-cluster',
      'resume-cluster',
    ),
    ...by('auto', 'proxy-nudge'),
  },
};
const REASON = ['--reason', 'more clients'] as const;
const CONNECTIONS = 'postgresql.parameters.max_connections';

/** Patroni's dynamic configuration changed, and the cluster paused and resumed, by a person through the command line. */
export function configurationChanges(lab: Lab): void {
  describe('the configuration is changed', () => {
    const bench = new Bench(lab);

    afterEach(async () => {
      await bench.clear();
      await lab.restore();
    });

    async function ready() {
      const daemon = await bench.start({ policy: POLICY });
      await daemon.readyToAct();
      return daemon;
    }

    const inForce = async (): Promise<readonly string[]> =>
      Promise.all(
        MEMBERS.map(async (member) => String((await lab.sql(member, 'SHOW max_connections'))[0]?.['max_connections'])),
      );

    test('raised, then lowered under a writer: every member has it, in the order that PostgreSQL needs, no acknowledged row lost', async () => {
      const daemon = await ready();
      const before = Number((await inForce())[0]);
      const writer = await bench.writing();
      await passSeconds(2);
      for (const value of [before + 30, before]) {
        const plan = await daemon.cli('run-procedure', 'apply-config', '--set', `${CONNECTIONS}=${value}`, '--plan');
        console.info(plan.out);
        const from = writer.acks.length;
        const startedMs = Date.now();
        const ran = await daemon.cli('run-procedure', 'apply-config', '--set', `${CONNECTIONS}=${value}`, ...REASON);
        expect(ran).toMatchObject({ exit: 0, err: '' });
        const ends = async () =>
          (await daemon.bodies('procedure-run')).filter(
            ({ change, run }) => run.startedAtMs >= startedMs - 5_000 && (change === 'succeeded' || change === 'held'),
          );
        await until('the end of the change', 180_000, async () => (await ends()).length > 0);
        expect((await ends())[0]).toMatchObject({ change: 'succeeded' });
        expect(await inForce()).toEqual(MEMBERS.map(() => String(value)));
        await until('writes go on', 30_000, () => writer.flowsSince(Date.now() - 5_000));
        const gaps = writer.acks.slice(from).map(({ atMs }, at, all) => atMs - (all[at - 1]?.atMs ?? atMs));
        console.info(
          `Patroni ${lab.patroni}, max_connections to ${value}: ${((Date.now() - startedMs) / 1000).toFixed(0)} s, ${(Math.max(...gaps) / 1000).toFixed(1)} s without a write`,
        );
        // The leader changed with the first one: so long nothing of ours takes it away again.
        await passSeconds(32);
      }
      expect(await writer.lost()).toBe(0);
      const sent = (await daemon.requestsNotRefused()).map(({ request }) => request);
      console.info(sent.join('\n'));
      expect(sent.filter((text) => text.includes('"restart_pending":true'))).toHaveLength(1);
    });

    test('paused with an owner and an end, and resumed: etcd and every member say so', async () => {
      const daemon = await ready();
      const says = async (paused: boolean): Promise<boolean> =>
        (await Promise.all(MEMBERS.map((member) => lab.get(member, '/patroni')))).every(
          ({ body }) => (body['pause'] === true) === paused,
        );
      const ran = await daemon.cli('run-procedure', 'pause-cluster', '--set', 'for=2h', ...REASON);
      expect(ran).toMatchObject({ exit: 0 });
      console.info(ran.out);
      expect(await says(true)).toBe(true);
      expect((await daemon.snapshot()).ledger.clusterPause).toMatchObject({ reason: 'more clients' });
      const resumed = await daemon.cli('run-procedure', 'resume-cluster', ...REASON);
      expect(resumed).toMatchObject({ exit: 0 });
      console.info(resumed.out);
      expect(await says(false)).toBe(true);
    });
  });
}

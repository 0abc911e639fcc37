import { afterEach, describe, expect, test } from 'vitest';
import type { ActionName } from '../../../src/model/plan.js';
import { Bench } from '../support/bench.js';
import type { Daemon, Ran } from '../support/daemon.js';
import type { Lab } from '../support/lab.js';
import { passSeconds, until } from '../support/wait.js';
import type { Writer } from '../support/writer.js';

const by = (mode: 'approve' | 'auto', ...names: readonly ActionName[]) =>
  Object.fromEntries(names.map((name) => [name, { mode, cooldown: '1s' }]));
const REASON = ['--reason', 'new memory'] as const;

/** A member is taken out and given back; an old leader comes back: as runs that a person watches, under a writer. */
export function takenOut(lab: Lab): void {
  describe('a run that a person watches', () => {
    const bench = new Bench(lab);

    afterEach(async () => {
      await bench.clear();
      await lab.restore();
    });

    const ready = async (startMember: 'approve' | 'auto') => {
      const actions = {
        ...by('approve', 'switchover', 'stop-member', 'drain-replica', 'undrain-replica'),
        ...by(startMember, 'start-member'),
        ...by('auto', 'proxy-nudge'),
      };
      const daemon = await bench.start({ policy: { actions } });
      await daemon.readyToAct(60_000);
      const writer = await bench.writing();
      await passSeconds(2);
      return {
        daemon,
        writer,
        run: (...args: readonly string[]): Promise<Ran> => daemon.cli('run-procedure', ...args),
      };
    };
    const succeeded = (daemon: Daemon, name: string): Promise<unknown> =>
      until(`the end of ${name}`, 180_000, async () =>
        (await daemon.bodies('procedure-run')).some(({ change, run }) => change === 'succeeded' && run.name === name),
      );
    const nothingLost = async (writer: Writer, what: string): Promise<void> => {
      await until('writes go on', 60_000, () => writer.flowsSince(Date.now() - 5_000));
      const lost = await writer.lost();
      console.info(
        `Patroni ${lab.patroni}, ${what}: ${(writer.longestGapMs / 1000).toFixed(1)} s without a write, ${lost} of ${writer.acks.length} acknowledged rows lost`,
      );
      expect(lost).toBe(0);
    };

    test('a leader taken out for work: led elsewhere, drained, stopped, started by nobody, given back', async () => {
      const { daemon, writer, run } = await ready('auto');
      const old = await lab.leader();
      const planned = await run('evacuate-member', old, '--plan');
      expect(planned).toMatchObject({ exit: 0, err: '' });
      console.info(planned.out);
      expect(await run('evacuate-member', old, ...REASON)).toMatchObject({ exit: 0, err: '' });
      const [begun] = await daemon.bodies('procedure-run');
      expect(await daemon.cli('procedures', 'abort', begun!.run.id, ...REASON)).toMatchObject({ exit: 0 });
      await until('the abort', 60_000, async () =>
        (await daemon.bodies('procedure-run')).some(({ change }) => change === 'aborted'),
      );
      await until('one leader, all streaming', 120_000, async () => {
        const { view } = await daemon.snapshot();
        return view !== null && (await run('evacuate-member', old, '--plan')).exit === 0;
      });
      await lab.settled();
      const leader = await lab.leader();
      await until('it is begun anew', 60_000, async () => (await run('evacuate-member', leader, ...REASON)).exit === 0);
      await succeeded(daemon, 'evacuate-member');
      expect(await lab.isRunning(leader)).toBe(false);
      await passSeconds(30);
      expect(await lab.isRunning(leader)).toBe(false);
      expect((await daemon.cli('status')).out).toContain('TAKEN OUT');
      expect(await run('give-back', leader, ...REASON)).toMatchObject({ exit: 0, err: '' });
      await succeeded(daemon, 'give-back');
      await nothingLost(writer, 'evacuate-member and give-back');
    });

    test('an old leader that died comes back as one run', async () => {
      const { daemon, writer, run } = await ready('approve');
      const old = await lab.leader();
      await lab.docker('kill', lab.container(old));
      await until(
        'another leader',
        90_000,
        async () => (await lab.leaderKey()) !== old && (await lab.leaderKey()) !== null,
      );
      await passSeconds(15);
      const planned = await run('after-failover', '--plan');
      expect(planned).toMatchObject({ exit: 0, err: '' });
      console.info(planned.out);
      await until('it is begun', 60_000, async () => (await run('after-failover', ...REASON)).exit === 0);
      await succeeded(daemon, 'after-failover');
      expect(await lab.isRunning(old)).toBe(true);
      await nothingLost(writer, 'after-failover');
    });
  });
}

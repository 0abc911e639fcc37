import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BEFORE, builtBefore } from '../../../scripts/bench/before.mjs';
import { byNode, containersOf, Daemon } from '../support/daemon.js';
import type { Lab, Member } from '../support/lab.js';
import { passSeconds, until } from '../support/wait.js';

const DRAINS = { actions: { 'drain-replica': { mode: 'auto', cooldown: '1s' } } };

/** The same folder, configuration and ledger, by the last commit of 0.1.0, by this version, and by 0.1.0 again. */
export function upgradeAndBack(lab: Lab): void {
  describe('an upgrade from 0.1.0 in the middle of a drain, and back', () => {
    let before: ReturnType<typeof builtBefore> = null;
    let daemon: Daemon;
    let slow: Member;
    let old = '';

    beforeAll(async () => {
      before = builtBefore();
      if (before === null)
        console.warn(`\n*** SKIPPED: upgrade from 0.1.0, whose commit (${BEFORE}) is not in this clone ***\n`);
      old = join(before?.folder ?? '', 'dist/cli/main.js');
      [slow] = await lab.replicas();
      daemon = await Daemon.prepare(lab, { policy: DRAINS, cluster: { hosts: containersOf(lab) } });
    });
    beforeEach((context) => {
      context.skip(before === null, 'its commit is not in this clone');
    });
    afterAll(async () => {
      await daemon.discard();
      before?.remove();
      await lab.restore();
    });

    test('what 0.1.0 drained is known as ours, and put back once it is level', async () => {
      await daemon.start(byNode(old));
      await lab.fault('lag', slow, '120');
      expect((await daemon.verdict('drain-replica', 60_000)).body.remediation.phase).toBe('succeeded');
      await daemon.stop();

      await daemon.start();
      const { ledger, version } = await daemon.snapshot();
      expect(version).not.toBe('');
      await until('the drain of the version before is in the ledger', 20_000, async () =>
        (await daemon.snapshot()).ledger.drains.some((row) => row.member === slow && !row.shadow),
      );
      expect(ledger.foreign ?? []).toEqual([]);
      await lab.heal('lag', slow);
      expect((await daemon.verdict('undrain-replica', 60_000)).body.remediation.phase).toBe('succeeded');
      await daemon.stop();
    });

    test('0.1.0 goes on with the ledger that this version left: it takes tenure, sees nothing wrong, sends nothing', async () => {
      const sent = (await daemon.requests()).length;
      daemon.log = '';
      await daemon.start(byNode(old));
      await until(
        'it holds tenure and is past its grace',
        30_000,
        async () => {
          const { tenure, tick } = await daemon.snapshot();
          return tenure.state === 'held' && tick > 5;
        },
        () => daemon.log.slice(-3000),
      );
      await passSeconds(5);
      const { impaired, decisions } = await daemon.snapshot();
      // Where another scenario has changed the configuration, members wait for a restart: that is so.
      const wrong = decisions.filter((decision) => !('code' in decision) || decision.code !== 'pending-restart');
      expect({ impaired, wrong }).toEqual({ impaired: [], wrong: [] });
      expect(daemon.log).not.toMatch(/"level":"?(error|fatal)/);
      expect(await daemon.requests()).toHaveLength(sent);
      await daemon.stop();
    });

    test('and this version again, with the journals of both verified', async () => {
      await daemon.start();
      expect((await daemon.snapshot()).impaired).toEqual([]);
      await daemon.stop();
      const verified = await daemon.cli('journal', 'verify');
      expect(verified).toMatchObject({ exit: 0 });
    });
  });
}

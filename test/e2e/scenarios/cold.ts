import { afterEach, describe, expect, test } from 'vitest';
import { Bench } from '../support/bench.js';
import type { Daemon } from '../support/daemon.js';
import { MEMBERS, type Lab, type Member } from '../support/lab.js';
import { BEHIND_MB, bringingBack, ETCDS, WHY } from '../support/brought-back.js';
import { until } from '../support/wait.js';
import type { Writer } from '../support/writer.js';

/** Nothing runs, or etcd does not: a person with the right to recover brings it back, and no acknowledged row is lost. */
export function broughtBack(lab: Lab): void {
  describe('a person brings back', () => {
    const bench = new Bench(lab);

    afterEach(async () => {
      await bench.clear();
      await lab.restore();
    });

    const { kill, ready, phaseOf, seen, begun, succeeds, staleReplica } = bringingBack(lab, bench);

    /** Nothing runs any more: a replica stopped long before the others, so that it lacks what was written since. */
    async function allStopped(): Promise<{ writer: Writer; leader: Member; stale: Member; daemon: Daemon }> {
      const daemon = await ready();
      const writer = await bench.writing();
      const stale = await staleReplica();
      await until('writes flow', 20_000, () => writer.flowsSince(Date.now() - 1_000));
      const leader = await lab.leader();
      await kill(...ETCDS, ...MEMBERS.filter((member) => member !== stale));
      await writer.stop();
      await seen(daemon, ...MEMBERS, ...ETCDS);
      return { writer, leader, stale, daemon };
    }

    test.each([1, 2])(
      'etcd with %i members stopped: started one by one, the leader goes on, no acknowledged row is lost',
      async (count) => {
        const daemon = await ready();
        const writer = await bench.writing();
        const stopped = ETCDS.slice(0, count);
        await kill(...stopped);
        await seen(daemon, ...stopped);
        const shown = await daemon.cli('run-procedure', 'recover-dcs', '--plan');
        expect(shown).toMatchObject({ exit: 0, err: '' });
        expect(shown.out.match(/host start etcd/g)).toHaveLength(count);
        const ran = await daemon.cli('run-procedure', 'recover-dcs', ...WHY);
        expect(ran).toMatchObject({ exit: 0, err: '' });
        const tookMs = await succeeds(daemon, 60_000);
        await until('writes go on', 40_000, () => writer.flowsSince(Date.now() - 2_000));
        const lost = await writer.lost();
        console.info(
          `Patroni ${lab.patroni}, ${count} etcd member(s) stopped: back after ${(tookMs / 1000).toFixed(1)} s, ${(writer.longestGapMs / 1000).toFixed(1)} s without a write, ${lost} of ${writer.acks.length} acknowledged rows lost\n${shown.out}`,
        );
        expect(lost).toBe(0);
      },
    );

    test('all that was stopped: the one that led comes first, the one that is behind does not, within 40 s', async () => {
      const { daemon, writer, leader, stale } = await allStopped();
      const refused = await daemon.cli('run-procedure', 'cold-start', '--candidate', stale, ...WHY);
      expect(refused.err).toContain(`${leader} is first`);
      const shown = await daemon.cli('run-procedure', 'cold-start', '--plan');
      expect(shown).toMatchObject({ exit: 0, err: '' });
      const ran = await daemon.cli('run-procedure', 'cold-start', ...WHY);
      expect(ran).toMatchObject({ exit: 0, err: '' });
      const tookMs = await succeeds(daemon, 90_000);
      const lost = await writer.lost();
      const listed = await daemon.cli('procedures');
      console.info(
        `Patroni ${lab.patroni}, cold start: ${(tookMs / 1000).toFixed(1)} s, ${stale} was ${BEHIND_MB} MB behind, ${lost} of ${writer.acks.length} acknowledged rows lost\n${shown.out}${listed.out}${(await daemon.cli('journal', 'list', '--kind', 'procedure-run')).out}`,
      );
      expect(lost).toBe(0);
      expect(tookMs).toBeLessThan(40_000);
    });

    test('killed while etcd is down, and once between two members: it goes on where it was, and loses no acknowledged row', async () => {
      const { daemon, writer } = await allStopped();
      expect(await daemon.cli('run-procedure', 'cold-start', ...WHY)).toMatchObject({ exit: 0, err: '' });
      await begun(daemon);
      await daemon.kill();
      await daemon.start();
      await until('a member was started', 60_000, async () =>
        (await daemon.requests()).some(({ request }) => request.includes('start patroni')),
      );
      await daemon.kill();
      await daemon.start();
      await succeeds(daemon, 120_000);
      const lost = await writer.lost();
      console.info(
        `Patroni ${lab.patroni}, cold start with two deaths of the controller: ${lost} of ${writer.acks.length} acknowledged rows lost`,
      );
      expect(lost).toBe(0);
    });

    test('ended in the middle: it says what it leaves, and starts nothing more', async () => {
      const { daemon } = await allStopped();
      expect(await daemon.cli('run-procedure', 'cold-start', ...WHY)).toMatchObject({ exit: 0, err: '' });
      await begun(daemon);
      const id = (await daemon.bodies('procedure-run')).at(-1)?.run.id ?? '';
      const ended = await daemon.cli('procedures', 'abort', id, ...WHY);
      expect(ended.exit).toBe(0);
      await until('it has ended', 60_000, async () => (await phaseOf(daemon)) === 'aborted');
      const before = (await daemon.requests()).length;
      console.info(
        `Patroni ${lab.patroni}, cold start ended: ${(await daemon.bodies('procedure-run')).at(-1)?.text ?? ''}`,
      );
      for (const member of MEMBERS) expect(await lab.isRunning(member)).toBe(false);
      expect((await daemon.requests()).length).toBe(before);
    });
  });
}

import { afterEach, describe, expect, test } from 'vitest';
import { MEMBERS, type Lab } from '../support/lab.js';
import { codes, decisive, LeadershipBench, sent } from '../support/leadership.js';
import { passSeconds, until } from '../support/wait.js';

/** What is another's to do, or not proven: on a real cluster nothing is sent, with everything on auto. */
export function leftAlone(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  describe('no request is sent to a cluster', () => {
    afterEach(bench.restored);

    if (lab.plays('3.0'))
      test('in which an operator switches over while we watch', { retry: 0 }, async () => {
        const daemon = await bench.ready();
        const [leader, [candidate]] = [await lab.leader(), await lab.replicas()];
        const answer = await fetch(`${lab.apiUrl(leader)}/switchover`, {
          method: 'POST',
          body: JSON.stringify({ leader, candidate }),
          signal: AbortSignal.timeout(40_000),
        });
        expect(answer.status).toBe(200);
        expect(await bench.otherLeader(leader)).toBe(candidate);
        await lab.settled();
        await passSeconds(5);
        expect(await sent(daemon)).toEqual([]);
        expect(await codes(daemon)).not.toContain('leader-down');
      });

    if (lab.isWhole)
      test(
        'that is paused, although its leader is dead for longer than ttl: a person owns it',
        { retry: 0 },
        async () => {
          const daemon = await bench.ready();
          const leader = await lab.leader();
          await lab.fault('pause');
          await lab.fault('kill', leader);
          await until('held', 20_000, async () =>
            (await daemon.snapshot()).decisions.some(
              (row) => row.kind === 'held' && row.blocks.some((block) => block.gate === 'patroni-pause'),
            ),
          );
          await passSeconds(22);
          expect(await sent(daemon)).toEqual([]);
          expect((await daemon.cli('why')).out.replace(/\s+/g, ' ')).toContain('Patroni is paused');
        },
      );

    if (lab.isWhole)
      test('that is paused and has a second primary: told, never fenced but by approval', { retry: 0 }, async () => {
        const daemon = await bench.ready();
        const [rogue] = await lab.replicas();
        await lab.fault('rogue-promote', rogue);
        await until('confirmed', 40_000, async () => (await codes(daemon)).includes('split-brain-confirmed'));
        const asked = await until('an approval is asked for', 30_000, async () => (await daemon.bodies('approval'))[0]);
        expect(asked).toMatchObject({ state: 'waiting', plan: { action: 'fence-member', target: rogue } });
        expect((await daemon.bodies('page')).map((row) => row.code)).toContain('split-brain-suspected');
        expect(await sent(daemon)).toEqual([]);
      });

    if (lab.plays('4.1'))
      test(
        'in which a replica was promoted behind the back of a Patroni that runs: it stops it itself',
        { retry: 0 },
        async () => {
          const daemon = await bench.ready();
          const [rogue] = await lab.replicas();
          const leader = await lab.leader();
          await lab.fault('rogue-promote', rogue, 'unpaused');
          await lab.settled();
          await passSeconds(3);
          expect(await lab.leader()).toBe(leader);
          expect(await sent(daemon)).toEqual([]);
        },
      );

    if (lab.isWhole)
      test('whose etcd has no quorum, although its leader is dead', { retry: 0 }, async () => {
        const daemon = await bench.ready();
        const leader = await lab.leader();
        await Promise.all([lab.fault('freeze-etcd', 'etcd1'), lab.fault('freeze-etcd', 'etcd2')]);
        await lab.fault('kill', leader);
        await until('told', 20_000, async () => (await codes(daemon)).includes('dcs-quorum-lost'));
        await passSeconds(8);
        expect(await sent(daemon)).toEqual([]);
      });

    if (lab.isWhole)
      test('whose leader is well and out of our sight alone: told, and writes flow on', { retry: 0 }, async () => {
        const daemon = await bench.ready();
        const { writer, watch } = await bench.witnesses();
        const leader = await lab.leader();
        await lab.fault('partition', leader, 'host');
        const cutAtMs = Date.now();
        await passSeconds(15);
        // Passes go on, each as long as the deadlines of what does not answer: the last one began that long ago.
        expect((await daemon.snapshot()).view?.atMs).toBeGreaterThan(cutAtMs + 5_000);
        expect(await sent(daemon)).toEqual([]);
        await watch.stop();
        expect(watch.summary.doubled).toBe(0);
        await lab.heal('partition', leader);
        expect(await lab.leader()).toBe(leader);
        expect(await writer.lost()).toBe(0);
        expect(writer.longestGapMs).toBeLessThan(3_000);
      });

    if (lab.isWhole)
      test(
        'whose leader has died, while we knew its container by another name or stood still: nothing early, nothing late',
        { retry: 0 },
        async () => {
          const leader = await lab.leader();
          const names = Object.fromEntries(MEMBERS.map((member) => [member, lab.container(member)]));
          const hosts = { driver: 'docker', members: { ...names, [leader]: `${lab.container(leader)}-of-old` } };
          const misled = await bench.ready({ cluster: { hosts } });
          const asleep = await bench.ready();
          asleep.signal('SIGSTOP');
          const faultAtMs = Date.now();
          await lab.fault('kill', leader);
          const held = await misled.held('expedite-failover', leader, 'refusal', 15_000);
          expect(held.map((block) => block.because)).toContain(`${leader} is absent by its host driver`);
          const why = (await misled.cli('why', leader)).out.replace(/\s+/g, ' ');
          expect(why).toContain(`${leader} is absent by its host driver`);
          expect(await sent(misled)).toEqual([]);
          await bench.otherLeader(leader);
          expect(Date.now() - faultAtMs).toBeGreaterThan(10_000);
          asleep.signal('SIGCONT');
          await until('awake', 20_000, async () => (await asleep.snapshot()).atMs > Date.now() - 3_000);
          await passSeconds(6);
          expect(decisive(await sent(misled))).toEqual([]);
          expect(decisive(await sent(asleep))).toEqual([]);
        },
      );
  });
}

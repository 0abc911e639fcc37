import { writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Bench, expectHeld } from '../support/bench.js';
import type { Lab, Member } from '../support/lab.js';
import { passSeconds, until } from '../support/wait.js';

const DRAIN = { actions: { 'drain-replica': { mode: 'auto', cooldown: '1s' } } };
const ALWAYS = [{ cron: '* * * * *', for: '2h', reason: 'year end' }];

/** A replica more than 100 MB behind, held there while one controller after the other is asked what it does about it. */
export function aReplicaThatLags(lab: Lab): void {
  describe('a replica is 120 MB behind', () => {
    const bench = new Bench(lab);
    let slow: Member;
    let level: Member;
    const drain = (member: Member): string => `haproxy> set server postgres_replicas/${member} state drain`;

    beforeAll(async () => {
      [slow, level] = await lab.replicas();
      await lab.fault('lag', slow, '120');
    });
    afterEach(async () => {
      await bench.clear();
      await lab.runtime(`set server postgres_replicas/${slow} state ready`);
    });
    afterAll(() => lab.restore());

    test('in dry-run the journal holds the exact request and HAProxy is untouched', async () => {
      const daemon = await bench.start({ policy: { ...DRAIN, mode: 'dry-run' } });
      const intent = await until('a shadow intent', 20_000, async () => (await daemon.bodies('intent'))[0]);
      expect(intent).toMatchObject({
        shadow: true,
        request: drain(slow),
        plan: { action: 'drain-replica', target: slow, because: { code: 'replica-lag-emergency' } },
      });
      expect(await daemon.requests()).toEqual([]);
      expect(await lab.poolStatus(slow)).toBe('UP');
      // Its own answer once more, from the same program in one pass: word for word what enforce would send.
      expect((await daemon.cli('plan')).out).toContain(`set server postgres_replicas/${slow} state drain`);
      expect((await daemon.cli('check')).exit).toBe(2);
    });

    if (lab.isWhole)
      test('a kill switch, a freeze, an approval, a wrong address and a wrong scope each hold it, and say so', async () => {
        // Long enough to throw the switch before anything may be sent, on a slow machine too.
        const paused = await bench.start({ policy: { ...DRAIN, startGrace: { passes: 3, for: '12s' } } });
        const thrown = await paused.cli('pause', '--subject', 'global', '--reason', 'work on the network');
        expect(thrown).toMatchObject({ exit: 0 });
        const [frozen, asked, crossed, foreign] = await Promise.all([
          bench.start({ policy: { ...DRAIN, windows: { freeze: ALWAYS } } }),
          bench.start({ policy: { actions: { 'drain-replica': { mode: 'approve', cooldown: '1s' } } } }),
          bench.start({ policy: DRAIN, cluster: { patroni: { members: swapped(lab, slow, level) } } }),
          bench.prepare({ policy: DRAIN, cluster: { scope: 'other-cluster' } }),
        ]);
        foreign.spawn();
        const target = slow;
        const action = 'drain-replica' as const;
        const held = await expectHeld(paused, { action, target, gate: 'kill-switch' });
        expect(held.because).toContain('work on the network');
        expect(held.unblock).toContain('ekimi resume');
        expect((await expectHeld(frozen, { action, target, gate: 'window' })).because).toContain('year end');
        await expectHeld(asked, { action, target, gate: 'approval' });
        // What answers at an address must be who it should be; the oldest Patroni does not say, but then its SQL contradicts it.
        await until('a few passes with crossed addresses', 20_000, async () => (await crossed.snapshot()).tick > 8);
        expect(await crossed.requests()).toEqual([]);
        const told = (await crossed.cli('why')).out;
        if (lab.patroni !== '3.0') expect(told).toContain('scope-mismatch');
        const check = await foreign.cli('check');
        expect(check.exit).not.toBe(0);
        expect(check.out).toContain('scope-mismatch');
        expect(await foreign.requests()).toEqual([]);
        expect(await lab.poolStatus(slow)).toBe('UP');
      });

    if (lab.plays('3.0'))
      test('an operator has drained it by hand already: nothing is sent, and it is not given back', async () => {
        await lab.runtime(`set server postgres_replicas/${slow} state drain`);
        const daemon = await bench.start({ policy: DRAIN });
        await until('the emergency is active', 20_000, async () =>
          (await daemon.snapshot()).states?.problems.some(
            (row) => row.code === 'replica-lag-emergency' && row.phase === 'active',
          ),
        );
        await passSeconds(4);
        expect(await daemon.requests()).toEqual([]);
        expect(await lab.poolStatus(slow)).toBe('DRAIN');
        await lab.runtime(`set server postgres_replicas/${slow} state ready`);
      });

    if (lab.plays('3.0'))
      test('Patroni is paused: a person owns the cluster and nothing is sent', async () => {
        await lab.fault('pause');
        const daemon = await bench.start({ policy: DRAIN });
        await expectHeld(daemon, {
          action: 'drain-replica',
          target: slow,
          gate: 'patroni-pause',
          also: ['start-grace'],
        });
        expect(await lab.poolStatus(slow)).toBe('UP');
        await bench.clear();
        await lab.heal('pause');
      });

    if (lab.plays('3.0'))
      test('the other replica is out already: the last one that serves reads stays in', async () => {
        await lab.runtime(`set server postgres_replicas/${level} state maint`);
        const daemon = await bench.start({ policy: DRAIN });
        const held = await expectHeld(daemon, { action: 'drain-replica', target: slow, gate: 'blast-radius' });
        expect(held.because).toContain('0 other replicas serve reads');
        expect(await lab.poolStatus(slow)).toBe('UP');
        await bench.clear();
        await lab.runtime(`set server postgres_replicas/${level} state ready`);
      });

    if (lab.isWhole)
      test('HAProxy does not answer: the drain is refused, and it is told', async () => {
        await lab.docker('pause', lab.container('haproxy'));
        try {
          const daemon = await bench.start({ policy: DRAIN });
          await expectHeld(daemon, { action: 'drain-replica', target: slow, gate: 'refusal', also: ['blast-radius'] });
          expect((await daemon.cli('doctor')).exit).toBe(1);
        } finally {
          // Before HAProxy: else it would be drained now, and rightly.
          await bench.clear();
          await lab.docker('unpause', lab.container('haproxy'));
        }
      });

    if (lab.isWhole)
      test('one etcd member is stopped: it still drains; the operator who puts it back has the last word', async () => {
        await lab.fault('freeze-etcd', 'etcd1');
        try {
          const daemon = await bench.start({ policy: DRAIN });
          expect((await daemon.verdict('drain-replica', 40_000)).body.remediation.phase).toBe('succeeded');
          expect(await lab.poolStatus(slow)).toBe('DRAIN');
          await lab.runtime(`set server postgres_replicas/${slow} state ready`);
          await expectRespected(daemon, slow, 'drain-replica');
          expect(await lab.poolStatus(slow)).toBe('UP');
          expect((await daemon.requests()).length).toBe(1);
        } finally {
          await lab.heal('freeze-etcd', 'etcd1');
        }
      });

    if (lab.plays('4.1'))
      test('a person approves with the token: it drains once', async () => {
        const daemon = await bench.start({
          policy: { actions: { 'drain-replica': { mode: 'approve', cooldown: '1s' } } },
        });
        const waiting = await until(
          'an approval is asked for',
          20_000,
          async () => (await daemon.bodies('approval'))[0],
        );
        expect((await daemon.cli('approve', 'not-an-id', '--reason', 'x')).exit).toBe(66);
        const wrong = `${daemon.directory}/wrong-token`;
        await writeFile(wrong, 'not-the-token\n');
        const denied = await daemon.cli('approve', waiting.id, '--reason', 'x', '--token-file', wrong);
        expect(denied.exit).toBe(77);
        expect(await daemon.requests()).toEqual([]);
        const token = `${daemon.directory}/journal/api-token`;
        const given = await daemon.cli('approve', waiting.id, '--reason', 'reads are stale', '--token-file', token);
        expect(given).toMatchObject({ exit: 0 });
        expect((await daemon.verdict('drain-replica', 20_000)).body.remediation.phase).toBe('succeeded');
        expect((await daemon.requests()).map((row) => row.request)).toEqual([drain(slow)]);
        expect((await daemon.cli('approve', waiting.id, '--reason', 'again')).exit).toBe(65);
        await lab.runtime(`set server postgres_replicas/${slow} state ready`);
      });

    test('in enforce it is drained, a second controller inherits it after kill -9, and gives it back once it is level', async () => {
      const guest = await lab.readerOn(slow);
      const first = await bench.start({ policy: DRAIN });
      const second = await bench.start({ policy: DRAIN, ledger: first.ledger });
      expect((await first.verdict('drain-replica', 20_000)).body.remediation.phase).toBe('succeeded');
      expect(await lab.poolStatus(slow)).toBe('DRAIN');

      // New readers never meet it; the one that was there may finish.
      const met = new Set<Member>();
      for (let count = 0; count < 20; count += 1) met.add(await lab.readerLandsOn());
      expect([...met]).toEqual([level]);
      expect((await guest.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      await guest.end();

      expect((await second.snapshot()).tenure.state).toBe('other');
      expect((await second.cli('status')).out).toContain(slow);
      expect(await second.requests()).toEqual([]);
      await first.kill();
      await until('the second has tenure', 20_000, async () => (await second.snapshot()).tenure.state === 'held');
      await passSeconds(4);
      expect(await second.requests()).toEqual([]);
      expect(await lab.poolStatus(slow)).toBe('DRAIN');

      await lab.heal('lag', slow);
      expect((await second.verdict('undrain-replica', 40_000)).body.remediation.phase).toBe('succeeded');
      await until('UP', 20_000, async () => (await lab.poolStatus(slow)) === 'UP');
      expect((await first.requests()).map((row) => row.request)).toEqual([drain(slow)]);
      expect((await second.requests()).map((row) => row.request)).toEqual([
        `haproxy> set server postgres_replicas/${slow} state ready`,
      ]);
      expect((await second.cli('journal', 'verify')).exit).toBe(0);
    });

    if (lab.plays('4.1'))
      test('two etcd members are stopped: nothing can be committed, so nothing is sent', async () => {
        await lab.fault('lag', slow, '120');
        const daemon = await bench.start({ policy: { ...DRAIN, startGrace: { passes: 3, for: '1m' } } });
        // The plan is made and waits for nothing but the end of the grace after the start.
        await daemon.held('drain-replica', slow, 'start-grace', 20_000, { alsoInGrace: true });
        try {
          await Promise.all([lab.fault('freeze-etcd', 'etcd1'), lab.fault('freeze-etcd', 'etcd2')]);
          // Its lease is 5 s long: before that is over it no longer believes in its own tenure.
          await until('no tenure', 15_000, async () => (await daemon.snapshot()).tenure.state === 'unknown');
          // As long as Patroni's leader lasts, and some longer.
          await passSeconds(12);
          const snapshot = await daemon.snapshot();
          const codes = snapshot.states?.problems.map((row) => row.code);
          expect(codes).toContain('dcs-quorum-lost');
          expect((await daemon.cli('why')).out).toContain('dcs-quorum-lost');
          expect(await daemon.requests()).toEqual([]);
          const gates = (await daemon.bodies('pass'))
            .flatMap((row) => row.decisions)
            .flatMap((row) => (row.kind === 'held' ? row.blocks.map((block) => block.gate) : []));
          expect(gates).toContain('observer-health');
        } finally {
          await bench.clear();
          await Promise.all([lab.heal('freeze-etcd', 'etcd1'), lab.heal('freeze-etcd', 'etcd2')]);
        }
        expect(await lab.poolStatus(slow)).not.toBe('DRAIN');
      });
  });
}

async function expectRespected(daemon: Parameters<typeof expectHeld>[0], target: Member, action: 'drain-replica') {
  const blocks = await daemon.held(action, target, 'someone-else', 20_000);
  expect(blocks.find((row) => row.gate === 'someone-else')?.because).toContain('by hand');
  await passSeconds(4);
}

const swapped = (lab: Lab, one: Member, two: Member): Record<string, string> => {
  const [third] = (['patroni1', 'patroni2', 'patroni3'] as const).filter((name) => name !== one && name !== two);
  return { [one]: lab.apiUrl(two), [two]: lab.apiUrl(one), [third!]: lab.apiUrl(third!) };
};

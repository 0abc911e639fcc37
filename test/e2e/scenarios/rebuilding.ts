import { afterEach, describe, expect, test } from 'vitest';
import { Bench, expectHeld } from '../support/bench.js';
import { figure } from '../support/figures.js';
import { MEMBERS, type Lab, type Member } from '../support/lab.js';
import { Tap } from '../support/tap.js';
import { until } from '../support/wait.js';

const rebuild = (cooldown = '1s') => ({ actions: { 'reinitialize-replica': { mode: 'auto', cooldown } } });
const ALWAYS = [{ cron: '* * * * *', for: '2h', reason: 'year end' }];
/** ttl 20 s and loop_wait 5 s are Patroni's; the rest is looking. */
const GRACE_MS = 25_000;
const SEEN_MS = GRACE_MS + 30_000;

/** A replica whose data directory is destroyed: Patroni tries to start it for ever, a new copy is the only way. */
export function aDestroyedReplica(lab: Lab): void {
  describe('the data directory of a replica is destroyed', () => {
    const bench = new Bench(lab);
    const taps: Tap[] = [];

    /** The cluster with a tap in front of every member; `changes` is all that reached any of them. */
    async function tapped() {
      const each = await Promise.all(
        MEMBERS.map(async (member) => [member, await Tap.on(lab.apiUrl(member))] as const),
      );
      taps.push(...each.map(([, tap]) => tap));
      return {
        cluster: { patroni: { members: Object.fromEntries(each.map(([member, tap]) => [member, tap.url])) } },
        changes: () => each.flatMap(([member, tap]) => tap.changes.map((change) => `${change} on ${member}`)),
        on: (member: Member) => each.find(([name]) => name === member)![1],
      };
    }

    afterEach(async () => {
      await bench.clear();
      for (const tap of taps.splice(0)) tap.close();
      await lab.restore();
    });

    test('it is rebuilt and streams within 60 s of its grace, by exactly one request', async () => {
      const [broken] = await lab.replicas();
      const wire = await tapped();
      const daemon = await bench.start({ policy: rebuild(), cluster: wire.cluster });
      const faultAtMs = Date.now();
      await lab.fault('break-data', broken);
      const verdict = await daemon.verdict('reinitialize-replica', GRACE_MS + 90_000);
      expect(verdict.body.remediation.phase).toBe('succeeded');
      const sentAtMs = (await daemon.entries('intent')).at(-1)!.atMs;
      expect(sentAtMs - faultAtMs).toBeGreaterThanOrEqual(GRACE_MS);
      expect(verdict.atMs - faultAtMs).toBeLessThan(GRACE_MS + 60_000);
      await lab.settled();
      expect((await daemon.requestsNotRefused()).map((row) => row.request)).toEqual([
        `POST /reinitialize on ${broken} {}`,
      ]);
      expect(wire.changes()).toEqual([`POST /reinitialize {} on ${broken}`]);
      expect(await lab.rebuildsSince(broken, faultAtMs)).toBe(1);
      figure(lab, 'destroyed data directory', { faultAtMs, sentAtMs, healedAtMs: verdict.atMs });
    });

    if (lab.isWhole)
      test('nothing is sent while the other replica and the leader are down; then one request, recognised by the successor of a controller killed over it', async () => {
        const leader = await lab.leader();
        const [broken, other] = await lab.replicas();
        const wire = await tapped();
        const daemon = await bench.start({ policy: rebuild(), cluster: wire.cluster });
        const [paused, frozen, rehearsing] = await Promise.all([
          bench.start({ policy: rebuild() }),
          bench.start({ policy: { ...rebuild(), windows: { freeze: ALWAYS } } }),
          bench.start({ policy: { ...rebuild('5m'), mode: 'dry-run' } }),
        ]);
        const switched = await paused.cli('pause', '--subject', `member:${broken}`, '--reason', 'forensics first');
        expect(switched).toMatchObject({ exit: 0 });
        const faultAtMs = Date.now();
        await Promise.all([lab.fault('break-data', broken), lab.fault('kill', other)]);

        const plan = { action: 'reinitialize-replica', target: broken } as const;
        const held = await expectHeld(daemon, { ...plan, gate: 'blast-radius', also: ['storm'] }, SEEN_MS);
        expect(held.because).toContain('0 other replicas are healthy');
        const because = await expectHeld(paused, { ...plan, gate: 'kill-switch', also: ['blast-radius', 'storm'] });
        expect(because.because).toContain('forensics first');
        await expectHeld(frozen, { ...plan, gate: 'window', also: ['blast-radius', 'storm'] });
        expect(await rehearsing.bodies('intent')).toEqual([]);

        // Nobody is left to copy from.
        await lab.fault('kill', leader);
        // Its own Patroni does not answer at times: the next pass may say that in its place.
        await until('it says that nobody leads', 15_000, async () =>
          (await daemon.held(plan.action, broken, 'refusal', 15_000)).some(
            ({ gate, because }) => gate === 'refusal' && because.includes('no proven leader'),
          ),
        );
        expect((await daemon.cli('why', broken)).out.replace(/\s+/g, ' ')).toContain('no proven leader');
        await lab.heal('kill', leader);
        expect(await daemon.requests()).toEqual([]);
        expect(wire.changes()).toEqual([]);
        expect(await lab.rebuildsSince(broken, faultAtMs)).toBe(0);

        // A copy that is being made already would be nothing to rehearse.
        const first = ['--subject', `member:${broken}`];
        expect(await daemon.cli('pause', ...first, '--reason', 'the rehearsal first')).toMatchObject({ exit: 0 });
        await lab.heal('kill', other);
        await until('it is rehearsed', 60_000, async () => (await rehearsing.bodies('intent')).length > 0);

        // The member has taken the request; its answer never arrives, and neither does the controller's next breath.
        const taken = wire.on(broken).holdBackNext();
        expect(await daemon.cli('resume', ...first)).toMatchObject({ exit: 0 });
        expect(await taken).toBe('POST /reinitialize {}');
        await daemon.kill();
        expect((await daemon.requestsNotRefused()).length).toBe(1);
        expect((await daemon.bodies('outcome')).filter(({ reply }) => reply.effect !== 'none')).toEqual([]);
        await daemon.start();
        const verdict = await daemon.verdict('reinitialize-replica', 90_000);
        expect(verdict.body.remediation.phase).toBe('succeeded');
        await lab.settled();
        expect((await daemon.requestsNotRefused()).length).toBe(1);
        expect(wire.changes()).toEqual([`POST /reinitialize {} on ${broken}`]);
        expect(await lab.rebuildsSince(broken, faultAtMs)).toBe(1);
        for (const one of [paused, frozen]) expect(await one.requests()).toEqual([]);
        // What was rehearsed is what was sent, word for word.
        expect((await rehearsing.bodies('intent')).map((row) => row.request)).toEqual(
          (await daemon.requestsNotRefused()).map((row) => row.request),
        );
        expect((await daemon.cli('journal', 'verify')).exit).toBe(0);
      });
  });
}

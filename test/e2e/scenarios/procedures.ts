import { afterEach, describe, expect, test } from 'vitest';
import type { ActionName } from '../../../src/model/plan.js';
import { Bench } from '../support/bench.js';
import type { Daemon, DaemonOptions, Ran } from '../support/daemon.js';
import { MEMBERS, type Lab, type Member } from '../support/lab.js';
import { Tap } from '../support/tap.js';
import { passSeconds, until } from '../support/wait.js';
import { Writer } from '../support/writer.js';

const by = (mode: 'approve' | 'auto', ...names: readonly ActionName[]) =>
  Object.fromEntries(names.map((name) => [name, { mode, cooldown: '1s' }]));
const POLICY = {
  actions: {
    ...by('approve', 'switchover', 'cancel-switchover', 'failover', 'restart-member'),
    ...by('auto', 'proxy-nudge'),
  },
};
const REASON = ['--reason', 'kernel update'] as const;
/** ttl of the lab: so long after a change of leader nothing of ours moves it again. */
const SETTLED_MS = 40_000;

/** What a person starts by name: through the command line, the API, the gates, on the wire. */
export function whatAPersonStarts(lab: Lab): void {
  describe('a person starts', () => {
    const bench = new Bench(lab);
    const taps: Tap[] = [];
    const writers: Writer[] = [];

    afterEach(async () => {
      await Promise.all(writers.splice(0).map((writer) => writer.stop()));
      await bench.clear();
      for (const tap of taps.splice(0)) tap.close();
      await fetch(`${lab.apiUrl(MEMBERS[0]!)}/switchover`, { method: 'DELETE' });
      await pause(false);
      await lab.restore();
    });

    const pause = async (on: boolean): Promise<void> => {
      await lab.configured({ pause: on });
      await until(`paused is ${on}`, 30_000, async () =>
        (await Promise.all(MEMBERS.map((member) => lab.get(member, '/patroni')))).every(
          ({ body: said }) => (said['pause'] === true) === on,
        ),
      );
    };

    /** A daemon that would act at once, with a tap in front of every member: what is not on the wire was not sent. */
    async function ready(options: DaemonOptions = {}) {
      const each = await Promise.all(
        MEMBERS.map(async (member) => [member, await Tap.on(lab.apiUrl(member))] as const),
      );
      taps.push(...each.map(([, tap]) => tap));
      const members = Object.fromEntries(each.map(([member, tap]) => [member, tap.url]));
      const daemon = await bench.start({ policy: POLICY, cluster: { patroni: { members } }, ...options });
      await daemon.readyToAct();
      return {
        daemon,
        run: (...args: readonly string[]): Promise<Ran> => daemon.cli('run-procedure', ...args),
        changes: () => each.flatMap(([member, tap]) => tap.changes.map((change) => `${change} on ${member}`)),
        on: (member: Member) => each.find(([name]) => name === member)![1],
      };
    }

    const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
    const endOf = async (daemon: Daemon, text: string): Promise<void> => {
      await until(`the verdict "${text}"`, 30_000, async () =>
        (await daemon.bodies('verdict')).some((body) => body.remediation.detail.includes(text)),
      );
    };

    test('a switchover: one request, the new leader writes in seconds, no acknowledged row is lost, exit 0', async () => {
      const { daemon, run, changes } = await ready();
      const old = await lab.leader();
      const [candidate] = await lab.replicas();
      const writer = await Writer.on(lab);
      writers.push(writer);
      await passSeconds(3);
      const ran = await run('switchover', '--candidate', candidate, ...REASON);
      expect(ran).toMatchObject({ exit: 0, err: '' });
      expect(ran.out).toMatch(
        new RegExp(`^succeeded after \\d+ s: ${candidate} leads .* ${old} streams from it$`, 'm'),
      );
      expect(await lab.leader()).toBe(candidate);
      expect(changes()).toEqual([`POST /switchover {"leader":"${old}","candidate":"${candidate}"} on ${old}`]);
      await until('writes go on', 30_000, () => writer.flowsSince(Date.now() - 5_000));
      const lost = await writer.lost();
      console.info(
        `Patroni ${lab.patroni}, switchover: ${(writer.longestGapMs / 1000).toFixed(1)} s without a write, ${lost} of ${writer.acks.length} acknowledged rows lost`,
      );
      expect(lost).toBe(0);
      expect(writer.longestGapMs).toBeLessThan(15_000);
      const why = await daemon.cli('why', 'switchover');
      expect(why.out).toContain('asked for switchover (kernel update): started');
    });

    if (lab.isWhole)
      test('a switchover for later: Patroni holds it, it holds everything else, it is taken back and does not happen', async () => {
        const { daemon, run, changes } = await ready();
        const leader = await lab.leader();
        const [candidate, other] = await lab.replicas();
        const scheduledAt = inSeconds(45);
        const made = await run('switchover', '--candidate', candidate, '--at', scheduledAt, ...REASON);
        expect(made).toMatchObject({ exit: 0 });
        const { body } = await lab.get(other, '/cluster');
        expect(body['scheduled_switchover']).toMatchObject({ from: leader, to: candidate });
        const held = await run('switchover', '--candidate', other, ...REASON);
        expect(held).toMatchObject({ exit: 75 });
        expect(held.out).toContain('held by someone-else');
        const cancelled = await run('cancel-switchover', ...REASON);
        expect(cancelled).toMatchObject({ exit: 0 });
        expect(cancelled.out).toContain('no switchover is scheduled any more');
        await endOf(daemon, 'taken back before its time');
        await until('its time has come', 60_000, () => Date.now() > Date.parse(scheduledAt) + 15_000);
        expect(await lab.leader()).toBe(leader);
        expect(changes()).toHaveLength(2);
      });

    if (lab.isWhole)
      test('a switchover for later that is kept: nothing is sent when its time comes, what became of it is told', async () => {
        const { daemon, run, changes } = await ready();
        const [candidate] = await lab.replicas();
        const made = await run('switchover', '--candidate', candidate, '--at', inSeconds(22), ...REASON);
        expect(made).toMatchObject({ exit: 0 });
        await until('the candidate leads', 60_000, async () => (await lab.leader().catch(() => null)) === candidate);
        await endOf(daemon, `kept: ${candidate} leads`);
        expect(changes()).toHaveLength(1);
      });

    if (lab.plays('4.1'))
      test('a rolling restart: planned, then replicas, switchover, former leader; each once, no acknowledged row lost', async () => {
        const { daemon, run, changes } = await ready();
        const old = await lab.leader();
        const began = async (): Promise<readonly unknown[]> =>
          Promise.all(MEMBERS.map(async (member) => (await lab.get(member, '/patroni')).body['postmaster_start_time']));
        const before = await began();
        const planned = await run('rolling-restart', '--plan');
        expect(planned).toMatchObject({ exit: 0, err: '' });
        expect(planned.out).toContain(`hand leadership from ${old} to the best of the others`);
        expect(changes()).toEqual([]);
        const writer = await Writer.on(lab);
        writers.push(writer);
        await passSeconds(2);
        expect(await run('rolling-restart', ...REASON)).toMatchObject({ exit: 0, err: '' });
        expect((await daemon.cli('procedures')).out).toContain('rolling-restart running: stage 1 of 4');
        await until('the end of the rolling restart', 120_000, async () =>
          (await daemon.bodies('procedure-run')).some(({ change }) => change === 'succeeded'),
        );
        const after = await began();
        expect(after.filter((moment, index) => moment === before[index])).toEqual([]);
        expect(await lab.leader()).not.toBe(old);
        const sent = changes();
        expect(sent.filter((text) => text.startsWith('POST /switchover'))).toHaveLength(1);
        expect(new Set(sent).size).toBe(sent.length);
        await until('writes go on', 30_000, () => writer.flowsSince(Date.now() - 5_000));
        const lost = await writer.lost();
        console.info(
          `Patroni ${lab.patroni}, rolling restart: ${(writer.longestGapMs / 1000).toFixed(1)} s without a write, ${lost} of ${writer.acks.length} acknowledged rows lost; ${sent.join(', ')}`,
        );
        expect(lost).toBe(0);
      });

    if (lab.isWhole)
      test('a failover from a living leader to a named candidate', async () => {
        const { run, changes } = await ready();
        const old = await lab.leader();
        const [, candidate] = await lab.replicas();
        const ran = await run('failover', '--candidate', candidate, ...REASON);
        expect(ran).toMatchObject({ exit: 0 });
        expect(await lab.leader()).toBe(candidate);
        expect(changes()).toEqual([`POST /failover {"leader":"${old}","candidate":"${candidate}"} on ${candidate}`]);
      });

    if (lab.isWhole)
      test('what is refused or held is told with its reason and never sent, now or later', { retry: 0 }, async () => {
        const { daemon, run, changes } = await ready();
        const leader = await lab.leader();
        const [candidate] = await lab.replicas();
        const leads = await run('switchover', '--candidate', leader, ...REASON);
        expect(leads).toMatchObject({ exit: 65, out: '' });
        expect(leads.err).toContain(`${leader} leads already`);
        const stranger = await run('switchover', '--candidate', 'patroni9', ...REASON);
        expect(stranger).toMatchObject({ exit: 64 });
        expect(stranger.err).toContain('its members: patroni1, patroni2, patroni3');
        const nowhere = await run('switchover', '--at', '2099-01-15T02:00:00', ...REASON);
        expect(nowhere).toMatchObject({ exit: 64 });
        expect(nowhere.err).toContain('has no offset');
        const stale = await run('switchover', '--leader', candidate, ...REASON);
        expect(stale).toMatchObject({ exit: 65 });
        expect(stale.err).toContain(`${leader} leads now, not ${candidate}`);
        await daemon.cli('pause', '--subject', `member:${candidate}`, '--reason', 'mine', '--for', '15s');
        const off = await run('switchover', '--candidate', candidate, ...REASON);
        expect(off).toMatchObject({ exit: 75 });
        expect(off.out).toContain('held by kill-switch');
        await pause(true);
        const paused = await run('switchover', '--candidate', candidate, ...REASON);
        expect(paused).toMatchObject({ exit: 75 });
        expect(paused.out).toContain('held by patroni-pause: Patroni is paused');
        await pause(false);
        await passSeconds(SETTLED_MS / 1000);
        expect(await lab.leader()).toBe(leader);
        expect(changes()).toEqual([]);
        expect(await daemon.requests()).toEqual([]);
        expect((await daemon.bodies('procedure')).map((body) => body.answer)).toEqual([
          'refused',
          'refused',
          'refused',
          'held',
          'held',
        ]);
      });

    if (lab.plays('4.1'))
      test('a switchover, and the daemon is killed before its answer: the next one sends nothing and sees it through', async () => {
        const wire = await ready();
        const { daemon, run } = wire;
        const old = await lab.leader();
        const [candidate] = await lab.replicas();
        const arrived = wire.on(old).holdBackNext();
        const asking = run('switchover', '--candidate', candidate, ...REASON);
        await arrived;
        await daemon.kill();
        await daemon.start();
        const ran = await asking;
        expect(ran).toMatchObject({ exit: 0 });
        expect(ran.out).toContain(`${candidate} leads`);
        expect(await lab.leader()).toBe(candidate);
        expect(wire.changes()).toHaveLength(1);
        expect((await daemon.requests()).filter((row) => row.plan.action === 'switchover')).toHaveLength(1);
      });
  });
}

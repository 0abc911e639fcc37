import { afterEach, describe, expect, test } from 'vitest';
import { Bench } from '../support/bench.js';
import type { Daemon } from '../support/daemon.js';
import { MEMBERS, type Lab, type Member } from '../support/lab.js';
import { until } from '../support/wait.js';
import type { Writer } from '../support/writer.js';

const ETCDS = ['etcd1', 'etcd2', 'etcd3'] as const;
const POLICY = {
  actions: {
    'start-first': 'approve',
    'start-store': 'approve',
    'start-member': 'approve',
    'stop-without-etcd': 'approve',
  },
};
const WHY = ['--reason', 'power is back'] as const;
/** A replica that lacks as much must not lead. */
const BEHIND_MB = 50;

/** Nothing runs, or etcd does not: a person with the right to recover brings it back, and no acknowledged row is lost. */
export function broughtBack(lab: Lab): void {
  describe('a person brings back', () => {
    const bench = new Bench(lab);

    afterEach(async () => {
      await bench.clear();
      await lab.restore();
    });

    const kill = (...names: readonly string[]): Promise<unknown> =>
      lab.docker('kill', ...names.map((name) => lab.container(name)));

    async function ready(): Promise<Daemon> {
      const daemon = await bench.start({ policy: POLICY });
      await until('it holds tenure', 30_000, async () => (await daemon.snapshot()).tenure.state === 'held');
      return daemon;
    }

    const phaseOf = async (daemon: Daemon): Promise<string | undefined> =>
      (await daemon.bodies('procedure-run')).at(-1)?.run.phase;

    const seen = async (daemon: Daemon, ...states: readonly string[]): Promise<void> => {
      await until('it sees what is stopped', 30_000, async () => {
        const { view } = await daemon.snapshot();
        const told = [...(view?.members ?? []), ...(view?.dcs.endpoints ?? [])].map(({ name, host }) =>
          host.kind !== 'unknown' && host.value.state === 'stopped' ? name : '',
        );
        return states.every((name) => told.some((one) => one === name));
      });
    };

    const begun = (daemon: Daemon): Promise<unknown> =>
      until(
        'the first request is out',
        15_000,
        async () => (await daemon.requests()).length > 0,
        async () => (await daemon.cli('procedures')).out,
      );

    const succeeds = async (daemon: Daemon, withinMs: number): Promise<number> => {
      const beganMs = Date.now();
      await until(
        'the procedure has succeeded',
        withinMs,
        async () => (await phaseOf(daemon)) === 'succeeded',
        async () => [(await daemon.cli('procedures')).out, (await daemon.bodies('procedure-run')).at(-1)?.text],
      );
      return Date.now() - beganMs;
    };

    /** What these stopped etcd members held is gone for good: their data directories are empty. */
    async function dataLost(...names: readonly string[]): Promise<void> {
      for (const name of names.map((one) => lab.container(one))) {
        const image = (await lab.docker('inspect', '--format', '{{.Config.Image}}', name)).trim();
        const beside = ['--rm', '--network', 'none', '--volumes-from', name, '--entrypoint', 'rm', image];
        await lab.docker('run', ...beside, '-rf', '/etcd-data/member');
      }
    }

    /** Once the host driver has said in one pass what runs everywhere, which takes a moment on a machine that is busy. */
    const refused = (daemon: Daemon, name: string, text: string): Promise<unknown> =>
      until(`${name} is refused: ${text}`, 30_000, async () =>
        (await daemon.cli('run-procedure', name, ...WHY)).err.includes(text),
      );

    /** A replica that lacks what was written since it was stopped, and runs again without a way to the leader. */
    async function staleReplica(): Promise<Member> {
      const [stale] = await lab.replicas();
      await kill(stale);
      await bulk();
      return stale;
    }

    const bulk = async (): Promise<void> => {
      await lab.sql(await lab.leader(), 'CREATE TABLE IF NOT EXISTS e2e_bulk (t text)');
      await lab.sql(
        await lab.leader(),
        `INSERT INTO e2e_bulk SELECT repeat(md5(i::text), 32) FROM generate_series(1, ${BEHIND_MB * 1024}) i`,
        30_000,
      );
    };

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

    test('etcd without its data, one replica 50 MB behind: that one does not lead, no acknowledged row is lost', async () => {
      const daemon = await ready();
      const writer = await bench.writing();
      const leader = await lab.leader();
      const stale = await staleReplica();
      await until('writes flow', 20_000, () => writer.flowsSince(Date.now() - 1_000));
      // Two have their data still, which is a majority: nothing is begun anew.
      await kill(...ETCDS);
      await dataLost('etcd3');
      await seen(daemon, ...ETCDS);
      await refused(daemon, 'reseed-dcs', 'etcd1, etcd2 have data, which is a majority');
      await dataLost('etcd1');
      await refused(daemon, 'reseed-dcs', 'etcd2 has data');
      await dataLost('etcd2');
      await refused(daemon, 'recover-dcs', 'no majority of etcd has any');
      // It runs, as it would after its machine came back, and would take the key of an empty etcd.
      await lab.docker('start', lab.container(stale));
      let shown = '';
      await until('it shows its plan', 30_000, async () => {
        shown = (await daemon.cli('run-procedure', 'reseed-dcs', '--plan')).out;
        return shown.match(/host stop patroni/g)?.length === MEMBERS.length;
      });
      await until(
        'it is begun',
        30_000,
        async () => (await daemon.cli('run-procedure', 'reseed-dcs', ...WHY)).exit === 0,
      );
      await until('it asks', 20_000, async () => (await phaseOf(daemon)) === 'held');
      const { id = '' } = (await daemon.bodies('procedure-run')).at(-1)?.run ?? {};
      expect((await daemon.requests()).length).toBe(0);
      const asked = (await daemon.cli('procedures')).out;
      const [, mark = ''] = /--seen (\S+)/.exec(asked) ?? [];
      const agreed = await daemon.cli('procedures', 'continue', id, '--seen', mark, ...WHY);
      expect(agreed).toMatchObject({ exit: 0, err: '' });
      const tookMs = await succeeds(daemon, 240_000);
      await until('writes go on', 60_000, () => writer.flowsSince(Date.now() - 2_000));
      const lost = await writer.lost();
      console.info(
        `Patroni ${lab.patroni}, all data of etcd lost: ${(tookMs / 1000).toFixed(1)} s, ${(writer.longestGapMs / 1000).toFixed(1)} s without a write, ${stale} was ${BEHIND_MB} MB behind, ${lost} of ${writer.acks.length} acknowledged rows lost\n${shown}${asked}${(await daemon.cli('procedures')).out}`,
      );
      expect(await lab.leader()).toBe(leader);
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

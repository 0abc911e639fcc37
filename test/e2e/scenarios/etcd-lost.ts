import { afterEach, describe, expect, test } from 'vitest';
import { Bench } from '../support/bench.js';
import { BEHIND_MB, bringingBack, ETCDS, WHY } from '../support/brought-back.js';
import type { Daemon } from '../support/daemon.js';
import { MEMBERS, type Lab, type Member } from '../support/lab.js';
import { until } from '../support/wait.js';
import type { Writer } from '../support/writer.js';

/** The data of a majority of etcd is gone for good: a person begins a new one, and no acknowledged row is lost. */
export function etcdWithoutData(lab: Lab): void {
  describe('a person begins a new etcd', () => {
    const bench = new Bench(lab);
    const { kill, ready, phaseOf, seen, succeeds, dataLost, refused, staleReplica } = bringingBack(lab, bench);

    afterEach(async () => {
      await bench.clear();
      await lab.restore();
    });

    interface Story {
      readonly daemon: Daemon;
      readonly writer: Writer;
      readonly leader: Member;
      readonly stale: Member;
    }

    /** Nobody leads, one replica is behind, and this etcd member is the only one of which the data was lost. */
    async function oneLost(): Promise<Story> {
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
      return { daemon, writer, leader, stale };
    }

    /** From the plan to the end of it; the leader is the same, and what was acknowledged is there. */
    async function reseeded({ daemon, writer, leader, stale }: Story, what: string): Promise<void> {
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
        `Patroni ${lab.patroni}, ${what}: ${(tookMs / 1000).toFixed(1)} s, ${(writer.longestGapMs / 1000).toFixed(1)} s without a write, ${stale} was ${BEHIND_MB} MB behind, ${lost} of ${writer.acks.length} acknowledged rows lost\n${shown}${asked}${(await daemon.cli('procedures')).out}`,
      );
      expect(await lab.leader()).toBe(leader);
      expect(lost).toBe(0);
    }

    test('etcd without its data, one replica 50 MB behind: that one does not lead, no acknowledged row is lost', async () => {
      const story = await oneLost();
      await dataLost('etcd2');
      await refused(story.daemon, 'recover-dcs', 'no majority of etcd has any');
      await reseeded(story, 'all data of etcd lost');
    });

    test('etcd without its data but one member, which runs: its data is kept aside and can be read, no acknowledged row is lost', async () => {
      const story = await oneLost();
      await lab.docker('start', lab.container('etcd2'));
      await reseeded(story, 'the data of two etcd members lost');
      expect((await story.daemon.requests()).filter(({ request }) => request.includes('rename'))).toHaveLength(1);
      const keys = await keysAside('etcd2');
      console.info(`what lies aside of etcd2 has: ${keys}`);
      expect(keys).toContain('/service/email-cluster/config');
    });

    /** The names of the keys that the old data holds: by an etcd of its own, on a copy. */
    async function keysAside(name: string): Promise<string> {
      const container = lab.container(name);
      const image = (await lab.docker('inspect', '--format', '{{.Config.Image}}', container)).trim();
      const script = [
        'mkdir /tmp/old && cp -r /etcd-data/member.ekimi-* /tmp/old/member || exit 1',
        'etcd --data-dir /tmp/old --force-new-cluster --log-level error &',
        'for i in $(seq 60); do etcdctl get --prefix /service/ --keys-only && exit 0; sleep 0.5; done',
        'exit 1',
      ].join('\n');
      const beside = ['--rm', '--network', 'none', '--volumes-from', `${container}:ro`, '--entrypoint', 'sh', image];
      return (await lab.docker('run', ...beside, '-c', script)).split(/\s+/).join(' ');
    }
  });
}

import type { Bench } from './bench.js';
import type { Daemon } from './daemon.js';
import type { Lab, Member } from './lab.js';
import { until } from './wait.js';

export const ETCDS = ['etcd1', 'etcd2', 'etcd3'] as const;
const POLICY = {
  actions: {
    'start-first': 'approve',
    'start-store': 'approve',
    'start-member': 'approve',
    'stop-without-etcd': 'approve',
    'move-store-aside': 'approve',
  },
};
export const WHY = ['--reason', 'power is back'] as const;
/** A replica that lacks as much must not lead. */
export const BEHIND_MB = 50;

/** What a cluster that is brought back by a person needs: how it came to lie there, and how its procedure is followed. */
export function bringingBack(lab: Lab, bench: Bench) {
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
    // What was written for another test would fill the lab's volumes one day.
    await lab.sql(await lab.leader(), 'DROP TABLE IF EXISTS e2e_bulk; CREATE TABLE e2e_bulk (t text)');
    await lab.sql(
      await lab.leader(),
      `INSERT INTO e2e_bulk SELECT repeat(md5(i::text), 32) FROM generate_series(1, ${BEHIND_MB * 1024}) i`,
      30_000,
    );
  };

  return { kill, ready, phaseOf, seen, begun, succeeds, dataLost, refused, staleReplica };
}

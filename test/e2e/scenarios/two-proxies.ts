import { afterEach, describe, expect, test } from 'vitest';
import type { Daemon } from '../support/daemon.js';
import { MEMBERS, type Lab, type Member } from '../support/lab.js';
import { allBut, LeadershipBench, seconds, sent } from '../support/leadership.js';
import { passSeconds, until } from '../support/wait.js';

const POLICY = { actions: { ...allBut().actions, 'drain-replica': { mode: 'auto', cooldown: '1s' } } };
/** A client whose connection breaks connects anew. */
const MOVED_MS = 4_000;
/** A death, and in the middle of it the address goes to the other proxy: what is promised of a killed leader, and a new connection. */
const KILLED_MS = 5_000;

/** For a lab with two HAProxies behind one address that moves, servers not called like members, and two read pools. */
export function twoProxies(lab: Lab): void {
  const bench = new LeadershipBench(lab);

  /** No name of a server is told: they are found by their addresses. */
  const started = (): Promise<Daemon> => {
    const { proxies, writes, reads } = lab.layout;
    const seen = proxies.map(({ name, statsPort, runtimePort }) => [
      name,
      {
        stats: `http://${lab.address}:${statsPort}/stats`,
        runtime: `tcp://${lab.address}:${runtimePort}`,
        pools: { writes, reads },
      },
    ]);
    const each = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, lab.container(name)]));
    const hosts = {
      driver: 'docker',
      members: each(MEMBERS),
      dcs: each(['etcd1', 'etcd2', 'etcd3']),
      proxy: each(proxies.map(({ name }) => name)),
    };
    return bench.ready({ policy: POLICY, cluster: { proxy: undefined, proxies: Object.fromEntries(seen), hosts } });
  };

  /** The words of both proxies for a member, in these pools. */
  const statesOf = async (member: Member, pools: readonly string[]): Promise<readonly string[]> => {
    const rows = await Promise.all(lab.layout.proxies.map(({ name }) => lab.proxyServers(name)));
    const server = lab.layout.server(member);
    return rows.flat().flatMap((row) => (row.server === server && pools.includes(row.backend) ? [row.status] : []));
  };

  const statesBecome = (what: string, member: Member, pools: readonly string[], status: RegExp): Promise<boolean> => {
    let last: readonly string[] = [];
    return until(
      what,
      40_000,
      async () => {
        last = await statesOf(member, pools);
        return last.length === pools.length * lab.layout.proxies.length && last.every((word) => status.test(word));
      },
      () => last,
    );
  };

  describe('two proxies behind one address that moves', () => {
    afterEach(bench.restored);

    test('a replica that lags is drained on both and in both read pools, the address moves meanwhile, and all of it is undone', async () => {
      const { reads } = lab.layout;
      const daemon = await started();
      const { writer } = await bench.witnesses();
      const [slow] = await lab.replicas();
      await lab.fault('lag', slow, '120');
      expect((await daemon.verdict('drain-replica', 60_000)).body.remediation.phase).toBe('succeeded');
      const drained = await statesOf(slow, reads);
      expect(drained).toHaveLength(4);
      for (const word of drained) expect(word).toMatch(/DRAIN|MAINT/);
      const movedAtMs = Date.now();
      await lab.fault('move-address', 'haproxy');
      await until('writes flow by the other proxy', 20_000, () => writer.flowsSince(movedAtMs + 1_000));
      for (let tries = 0; tries < 6; tries += 1) expect(await lab.readerLandsOn()).not.toBe(slow);
      const movedMs = writer.longestGapMs;
      await lab.heal('lag', slow);
      await statesBecome('it is open on both, in both pools', slow, reads, /^UP/);
      expect(await writer.lost()).toBe(0);
      console.info(
        `Patroni ${lab.patroni}, two proxies, a replica drained on both and the address moved: ${seconds(movedMs)} without a write; ${(await sent(daemon)).join(', ')}`,
      );
      expect(movedMs).toBeLessThan(MOVED_MS);
    });

    test('the leader is killed and the address moves before another leads: writes flow by the proxy that has it, both know the new leader', async () => {
      const { writes } = lab.layout;
      const leader = await lab.leader();
      const daemon = await started();
      const { writer, watch } = await bench.witnesses();
      const { timeline } = writer;
      await passSeconds(2);
      const faultAtMs = Date.now();
      const moved = lab.fault('move-address', 'haproxy');
      await lab.docker('kill', lab.container(leader));
      const byMs = Date.now();
      await moved;
      const next = await bench.otherLeader(leader);
      await until('writes flow again', 20_000, () => writer.flowsSince(faultAtMs + 2_000));
      const outageMs = writer.longestGapMs;
      await statesBecome('both proxies send writes to the new leader', next, [writes], /^UP/);
      expect((await daemon.verdict('start-member', 90_000)).body.remediation.phase).toBe('succeeded');
      await watch.expectNeverDoubled();
      const loss = await writer.lossAfter({ timeline, byMs, received: watch.receivedFrom(leader) });
      expect(loss.unexcused).toEqual([]);
      console.info(
        `Patroni ${lab.patroni}, two proxies, leader killed while the address moves: ${seconds(outageMs)} without a write; ${(await sent(daemon)).join(', ')}`,
      );
      expect(outageMs).toBeLessThan(KILLED_MS);
    });
  });
}

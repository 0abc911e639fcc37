import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Bench } from '../support/bench.js';
import { MEMBERS, type Lab, type Member } from '../support/lab.js';
import { sent } from '../support/leadership.js';
import { named, paged } from '../support/told.js';
import { passSeconds, until } from '../support/wait.js';

const DRAIN = { actions: { 'drain-replica': { mode: 'auto', cooldown: '1s' } } };

/** The cluster is well or merely lags; what is wrong stands in our own configuration. */
export function misconfigured(lab: Lab): void {
  const bench = new Bench(lab);

  const without = (missing: Member) => {
    const rest = MEMBERS.filter((member) => member !== missing);
    const each = (name: (member: Member) => string) => Object.fromEntries(rest.map((member) => [member, name(member)]));
    return {
      patroni: { members: each((member) => lab.apiUrl(member)) },
      postgres: { members: each((member) => lab.sqlAddress(member)), user: 'postgres', passwordEnv: 'E2E_PGPASSWORD' },
      hosts: { driver: 'docker', members: each((member) => lab.container(member)) },
    };
  };

  describe('the configuration lacks a member', () => {
    afterEach(() => bench.clear());

    test(
      '[N3] a replica: a warning names it; the leader: critical and paged; nothing is sent',
      { retry: 0 },
      async () => {
        const leader = await lab.leader();
        const [replica] = await lab.replicas();
        const lacksReplica = await bench.start({ policy: DRAIN, cluster: without(replica) });
        const lacksLeader = await bench.start({ policy: DRAIN, cluster: without(leader) });
        const warning = await named(lacksReplica, ['member-not-configured'], replica, 45_000);
        const critical = await named(lacksLeader, ['member-not-configured'], leader, 45_000);
        await paged(lacksLeader, ['member-not-configured'], leader, 30_000);
        expect([warning.level, critical.level]).toEqual(['warning', 'critical']);
        expect((await lacksReplica.cli('status')).out).toContain(replica);
        expect(await sent(lacksReplica)).toEqual([]);
        expect(await sent(lacksLeader)).toEqual([]);
      },
    );
  });

  describe('the addresses of two replicas are swapped in the configuration, and one of them lags', () => {
    const swapped = (one: Member, other: Member) => {
      const turned = (member: Member): Member => (member === one ? other : member === other ? one : member);
      const each = (name: (member: Member) => string) =>
        Object.fromEntries(MEMBERS.map((member) => [member, name(turned(member))]));
      return {
        patroni: { members: each((member) => lab.apiUrl(member)) },
        postgres: {
          members: each((member) => lab.sqlAddress(member)),
          user: 'postgres',
          passwordEnv: 'E2E_PGPASSWORD',
        },
      };
    };
    let slow: Member;
    let level: Member;
    beforeAll(async () => {
      [slow, level] = await lab.replicas();
      await lab.fault('lag', slow, '120');
    });
    afterEach(() => bench.clear());
    afterAll(() => lab.restore());

    test('[W2] API and SQL alike: nothing is sent, the mismatch is told, doctor fails', { retry: 0 }, async () => {
      const daemon = await bench.start({ policy: DRAIN, cluster: swapped(slow, level) });
      await until('a few passes', 20_000, async () => (await daemon.snapshot()).tick > 8);
      await passSeconds(6);
      expect(await sent(daemon)).toEqual([]);
      expect((await daemon.cli('why')).out).toContain('scope-mismatch');
      expect((await daemon.cli('doctor')).exit).not.toBe(0);
      expect(await lab.poolStatus(slow)).toBe('UP');
      expect(await lab.poolStatus(level)).toBe('UP');
    });
  });

  describe('a second cluster of the same scope lives under another namespace of the same etcd', () => {
    beforeAll(() => lab.copyNamespace('/stage/'));
    afterEach(() => bench.clear());
    afterAll(() => lab.removeNamespace('/stage/'));

    test('[W3] each has a tenure, a ledger and switches of its own', { retry: 0 }, async () => {
      const ledger = `/ekimi-e2e/${process.pid}-namespaces/`;
      const dcs = (namespace: string) => ({
        dcs: {
          hosts: lab.etcdHosts,
          ekimiNamespace: ledger,
          tenureTtl: '5s',
          namespace,
        },
      });
      const prod = await bench.start({ ledger, cluster: dcs('/service/') });
      const stage = await bench.start({ ledger, cluster: dcs('/stage/') });
      for (const daemon of [prod, stage])
        await until(
          'has tenure',
          30_000,
          async () => (await daemon.snapshot()).tenure.state === 'held',
          () => daemon.log.slice(-2_000),
        );
      expect(await stage.cli('pause', '--subject', 'global', '--reason', 'stage only')).toMatchObject({ exit: 0 });
      await until('paused', 10_000, async () => (await stage.snapshot()).ledger.switches.length === 1);
      await passSeconds(8);
      const after = await prod.snapshot();
      expect(after.ledger.switches).toEqual([]);
      expect(after.tenure.state).toBe('held');
      expect((await stage.snapshot()).tenure.state).toBe('held');
      expect((await prod.bodies('tenure')).map((row) => row.change)).toEqual(['held']);
    });
  });
}

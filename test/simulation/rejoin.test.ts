import { describe, expect, it } from 'vitest';
import { unknown } from '../../src/model/reading.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { destructive } from '../support/situations.js';

const AUTO = { mode: 'auto' as const };
/** All that moves or rebuilds is automatic; only the guard before a copy is destroyed is left to say no. */
const policy = testPolicy(
  { limits: { ...testPolicy().limits, perHour: 50 } },
  {
    'expedite-failover': AUTO,
    'proxy-nudge': { ...AUTO, cooldownMs: 0 },
    'start-member': { mode: 'off' },
    'restart-member': { attempts: 1 },
    'reinitialize-replica': { timeoutMs: 600_000 },
  },
);
const VERSIONS = ['3.0.2', '4.1.4'] as const;

/** The leader goes, another is elected, the old one comes back. */
async function returned(
  patroniVersion: string,
  go: (cluster: SimulatedCluster) => void,
  options: RigOptions = {},
): Promise<Rig> {
  const cluster = createCluster({ patroniVersion, seed: 3 });
  const ekimi = rig({ policy, cluster, ...options });
  await ekimi.run(15);
  go(cluster);
  await ekimi.run(options.without === undefined ? 20 : 45);
  expect(cluster.leader()).not.toBe('patroni1');
  cluster.startContainer('patroni1');
  return ekimi;
}

const rebuilds = ({ requests }: Rig): readonly string[] =>
  requests().filter((text) => text.startsWith('POST /reinitialize'));

describe.each(VERSIONS)(
  'an old leader that returns with WAL of its own and cannot be rewound, Patroni %s',
  (version) => {
    const diverged = (cluster: SimulatedCluster): void => {
      cluster.breakRewind('patroni1');
      cluster.killContainer('patroni1');
    };

    it('says that it runs on the timeline of the leader; a person is asked, with the bytes that only it holds', async () => {
      const ekimi = await returned(version, diverged);
      await ekimi.run(20);
      const api = ekimi.session.view?.members[0]?.api;
      expect(api?.kind === 'fresh' && [api.value.stateText, api.value.timeline]).toEqual(['running', 2]);
      await ekimi.run(240);
      expect(rebuilds(ekimi)).toEqual([]);
      const [asked] = ekimi.approvals('waiting');
      expect(asked?.plan).toMatchObject({ action: 'reinitialize-replica', target: 'patroni1' });
      expect(asked?.why).toMatch(
        /patroni1 holds at least [\d.]+ \S*B past 0\/[0-9A-F]{8} that the leader does not have/,
      );
    });

    it('is rebuilt once a person has agreed to lose them, and streams', async () => {
      const ekimi = await returned(version, diverged);
      await ekimi.run(240);
      await ekimi.answer('approved');
      await ekimi.run(120);
      expect(rebuilds(ekimi)).toEqual(['POST /reinitialize on patroni1 {}']);
      expect(ekimi.cluster.inspect('patroni1').postgres.streaming).toBe(true);
      expect(ekimi.session.states.memory.lastPrimary).not.toHaveProperty('patroni1');
    });

    it('is rebuilt unasked where pg_waldump shows that none of its WAL holds a commit, and the journal says so', async () => {
      const ekimi = await returned(version, (cluster) => {
        diverged(cluster);
        cluster.setSurplus('patroni1', 'nothing');
      });
      await ekimi.run(240);
      expect(ekimi.approvals('waiting')).toEqual([]);
      expect(rebuilds(ekimi)).toEqual(['POST /reinitialize on patroni1 {}']);
      expect(ekimi.cluster.inspect('patroni1').postgres.streaming).toBe(true);
      const intent = ekimi.entries('intent').find(({ body }) => body.request.startsWith('POST /reinitialize'));
      expect(intent?.body.look?.view.surplus?.['patroni1']).toMatchObject({ kind: 'fresh', value: { commits: 0 } });
    });

    it('is asked for, with what committed there, where pg_waldump shows commits', async () => {
      const ekimi = await returned(version, diverged);
      await ekimi.run(240);
      expect(ekimi.approvals('waiting')[0]?.why).toMatch(
        /that the leader does not have: \d+ transactions? committed there, at .*, in relations 1663\/5\/16384 \(\d+ records?\)/,
      );
    });

    it('is asked for where there is no pg_waldump, and where the policy wants a person', async () => {
      const without = await returned(version, (cluster) => {
        diverged(cluster);
        cluster.setSurplus('patroni1', 'no-program');
      });
      await without.run(240);
      expect(rebuilds(without)).toEqual([]);
      expect(without.approvals('waiting')[0]?.why).toContain(
        'not read: pg_waldump on patroni1: pg_waldump of version 15',
      );
      const asked = await returned(
        version,
        (cluster) => {
          diverged(cluster);
          cluster.setSurplus('patroni1', 'nothing');
        },
        { policy: { ...policy, rebuild: { readSurplus: false } } },
      );
      await asked.run(240);
      expect(rebuilds(asked)).toEqual([]);
      expect(asked.approvals('waiting')[0]?.why).toContain('no commit among them');
    });

    it('is not rebuilt when what a pass read cannot be read again just before the request', async () => {
      const calls: number[] = [];
      const ekimi = await returned(
        version,
        (cluster) => {
          diverged(cluster);
          cluster.setSurplus('patroni1', 'nothing');
        },
        {
          wrap: (ports) => ({
            ...ports,
            host: ports.host && {
              ...ports.host,
              surplus: async (target, span) => {
                const nowMs = ports.clock.now();
                const isAgain = nowMs - (calls.at(-1) ?? -Infinity) < 25_000;
                calls.push(nowMs);
                if (isAgain) return unknown('timeout', 'no answer', nowMs, 'test');
                return ports.host?.surplus?.(target, span) ?? unknown('not-configured', '', nowMs, 'test');
              },
            },
          }),
        },
      );
      await ekimi.run(240);
      expect(calls.some((atMs, index) => atMs - (calls[index - 1] ?? -Infinity) < 25_000)).toBe(true);
      expect(rebuilds(ekimi)).toEqual([]);
    });

    it('is left alone by a controller without SQL: what it holds cannot be known', async () => {
      const ekimi = await returned(version, diverged, { without: ['postgres'] });
      await ekimi.run(300);
      expect(rebuilds(ekimi)).toEqual([]);
    });

    it('is known to a controller that was started after the failover, from the journal of the one before', async () => {
      const first = await returned(version, diverged);
      await first.run(5);
      const { memory } = first.session.states;
      const next = rig({ policy, cluster: first.cluster, owner: 'next', memory: { ...memory, cleanPasses: 0 } });
      await next.run(300);
      expect(rebuilds(next)).toEqual([]);
      expect(
        next
          .approvals('waiting')
          .map((row) => row.why)
          .join(),
      ).toContain('that the leader does not have');
    });
  },
);

describe.each(VERSIONS)(
  'an old leader that returns with nothing of its own and cannot stream, Patroni %s',
  (version) => {
    it('is rebuilt without asking, after its grace', async () => {
      const ekimi = await returned(version, (cluster) => {
        cluster.stopContainer('patroni1');
        cluster.walGap('patroni1');
      });
      await ekimi.run(30);
      expect(rebuilds(ekimi)).toEqual([]);
      await ekimi.run(300);
      expect(rebuilds(ekimi)).toEqual(['POST /reinitialize on patroni1 {}']);
      expect(ekimi.approvals('waiting')).toEqual([]);
      expect(ekimi.cluster.inspect('patroni1').postgres.streaming).toBe(true);
    });
  },
);

describe.each(VERSIONS)('an old leader that returns and is rewound by Patroni, Patroni %s', (version) => {
  it('is left to Patroni', async () => {
    const ekimi = await returned(version, (cluster) => {
      cluster.killContainer('patroni1');
    });
    await ekimi.run(120);
    expect(destructive(ekimi.requests()).filter((text) => !text.startsWith('host restart'))).toEqual([]);
    expect(ekimi.session.states.memory.lastPrimary).not.toHaveProperty('patroni1');
    expect(ekimi.session.states.members['patroni1']?.state).toBe('healthy');
  });
});

import { describe, expect, it } from 'vitest';
import { lagAgesOf } from '../../src/assess/lag-age.js';
import { memberOf } from '../../src/model/view.js';
import { fresh, unknown } from '../../src/model/reading.js';
import { createCluster } from '../../src/simulator/world.js';
import { rig, type Rig } from '../support/simulated.js';
import { testPolicy } from '../support/policy.js';
import { leading, pagesOf } from '../support/situations.js';

async function beating(options: Parameters<typeof rig>[0] = {}): Promise<Rig> {
  const ekimi = rig({ policy: leading(), cluster: createCluster({ heartbeat: true }), ...options });
  await ekimi.run(25);
  return ekimi;
}
const problemOf = (ekimi: Rig) => ekimi.session.states.problems.find(({ code }) => code === 'leader-cannot-write');

describe('the heartbeat', () => {
  it('is one row a second on the leader, and follows it in a switchover without a problem', async () => {
    const ekimi = await beating();
    const before = ekimi.cluster.beats().length;
    await ekimi.run(60);
    const rows = ekimi.cluster.beats().slice(before);
    expect(new Set(rows.map(({ member }) => member))).toEqual(new Set(['patroni1']));
    expect(rows.length).toBeGreaterThan(20);
    for (const [index, { atMs }] of rows.entries())
      if (index > 0) expect(atMs - (rows[index - 1]?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
    ekimi.cluster.stopContainer('patroni1');
    for (let second = 0; second < 120; second += 1) {
      await ekimi.run(1);
      expect(problemOf(ekimi)).toBeUndefined();
    }
    expect(ekimi.cluster.beats().at(-1)?.member).toBe(ekimi.cluster.leader());
    expect(ekimi.cluster.leader()).not.toBe('patroni1');
  });

  it.each([
    ['a file system that is read-only', 'file-system', '(58030)'],
    ['a setting that is read-only', 'setting', '(25006)'],
  ] as const)('[P10] finds %s, with its SQLSTATE, and its end', async (_, how, code) => {
    const ekimi = await beating();
    ekimi.cluster.setReadOnly('patroni1', how);
    await ekimi.run(30);
    expect(problemOf(ekimi)).toMatchObject({ phase: 'active', level: 'critical', subject: 'patroni1' });
    expect(problemOf(ekimi)?.evidence[0]?.text).toContain(code);
    expect(pagesOf(ekimi).filter((page) => page === 'leader-cannot-write/patroni1')).toHaveLength(1);
    ekimi.cluster.cutObserver('sql');
    await ekimi.run(30);
    expect(problemOf(ekimi)?.phase).toBe('active');
    ekimi.cluster.healObserver();
    ekimi.cluster.setReadOnly('patroni1', null);
    await ekimi.run(60);
    expect(problemOf(ekimi)).toBeUndefined();
    expect(ekimi.requests()).toEqual([]);
  });

  it('[W1] finds a data volume that is full, whose server goes on reading', async () => {
    const volumes = { dataBytes: 100 * 1024 ** 3, walBytes: 10 * 1024 ** 3 };
    const ekimi = await beating({ cluster: createCluster({ heartbeat: true, volumes }) });
    ekimi.cluster.fillDisk('patroni1', 'data', 0);
    await ekimi.run(20);
    const found = problemOf(ekimi);
    expect(ekimi.cluster.primaries()).toEqual(['patroni1']);
    expect(found).toMatchObject({ phase: 'active', subject: 'patroni1' });
    expect(found?.evidence[0]?.text).toContain('(53100)');
  });

  it('that hangs in the server holds no pass up, and is told', async () => {
    let hangs = false;
    const cluster = createCluster({ heartbeat: true });
    const wrap: NonNullable<Parameters<typeof rig>[0]>['wrap'] = (ports) => {
      const { postgres } = ports;
      if (postgres === null) return ports;
      const beat: typeof postgres.beat = async (member, row) => {
        if (!hangs) return postgres.beat?.(member, row) ?? unknown('not-configured', 'none', 0, 'heartbeat');
        await cluster.time.block(() => false, 1_500);
        const refused = { code: null, text: 'Query read timeout' };
        return fresh({ member, refused }, ports.clock.now(), 'heartbeat');
      };
      return { ...ports, postgres: { ...postgres, beat } };
    };
    const ekimi = await beating({ cluster, wrap });
    hangs = true;
    await ekimi.run(30);
    expect(problemOf(ekimi)).toMatchObject({ phase: 'active', subject: 'patroni1' });
    expect(ekimi.session.passMs.last).toBeLessThan(1_000);
    expect(ekimi.requests()).toEqual([]);
  });

  it('that is off finds nothing and writes nothing', async () => {
    const ekimi = await beating({ cluster: createCluster() });
    ekimi.cluster.setReadOnly('patroni1', 'file-system');
    await ekimi.run(60);
    expect(ekimi.cluster.beats()).toEqual([]);
    expect(problemOf(ekimi)).toBeUndefined();
  });

  it.each(['dry-run', 'observe'] as const)('writes nothing in %s', async (mode) => {
    const ekimi = await beating({ policy: testPolicy({ mode }) });
    await ekimi.run(60);
    expect(ekimi.cluster.beats()).toEqual([]);
    expect(ekimi.session.view?.heartbeat).toMatchObject({ kind: 'unknown', fault: 'not-read-yet' });
  });

  it('is written by the holder of tenure alone', async () => {
    const first = await beating({ owner: 'first' });
    const second = rig({ policy: leading(), cluster: first.cluster, owner: 'second' });
    const count = first.cluster.beats().length;
    expect(count).toBeGreaterThan(0);
    await second.pass();
    await second.pass();
    expect(second.session.parts.tenure.facts().state).toBe('other');
    expect(first.cluster.beats().length).toBe(count);
  });
});

describe('lag by the heartbeat', () => {
  const ageOf = ({ session: { view, states } }: Rig, name = 'patroni3') => {
    const member = view === null ? null : memberOf(view, name);
    return view === null || member === null
      ? undefined
      : lagAgesOf({ view, memory: states.memory }, member).find(({ by }) => by === 'heartbeat')?.ageMs;
  };
  const seconds = (ms: number | undefined) => Math.round((ms ?? -1_000) / 1_000);

  it('is what a replica lags whose replay stands still, however few bytes are written, and ends with it', async () => {
    const ekimi = await beating();
    ekimi.cluster.setLoad(0);
    await ekimi.run(30);
    expect(seconds(ageOf(ekimi))).toBe(0);
    ekimi.cluster.lag('patroni3', 'stop-replay');
    await ekimi.run(90);
    expect(seconds(ageOf(ekimi))).toBeGreaterThanOrEqual(86);
    expect(seconds(ageOf(ekimi))).toBeLessThanOrEqual(91);
    expect(seconds(ageOf(ekimi, 'patroni2'))).toBeLessThanOrEqual(2);
    const lagging = ekimi.session.states.problems.find(({ code }) => code === 'replica-lagging');
    expect(lagging).toMatchObject({ subject: 'patroni3', phase: 'active' });
    expect(lagging?.evidence.map(({ text }) => text).join()).toContain('old by heartbeat');
    ekimi.cluster.healLag('patroni3');
    await ekimi.run(60);
    expect(seconds(ageOf(ekimi))).toBeLessThanOrEqual(2);
    expect(ekimi.session.states.problems).toEqual([]);
  });

  it('is told again soon after a failover, by the clock of the new leader', async () => {
    const ekimi = await beating();
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(60);
    const leader = ekimi.cluster.leader();
    const other = leader === 'patroni2' ? 'patroni3' : 'patroni2';
    expect(leader).not.toBe('patroni1');
    expect(ekimi.session.view?.heartbeat).toMatchObject({ value: { member: leader } });
    expect(seconds(ageOf(ekimi, other))).toBeGreaterThanOrEqual(0);
    expect(seconds(ageOf(ekimi, other))).toBeLessThanOrEqual(2);
  });

  it('is not told where nobody writes any more, and lag by positions counts', async () => {
    const first = await beating();
    const policy = testPolicy({ mode: 'dry-run' });
    const second = rig({ policy, cluster: first.cluster, owner: 'second' });
    await second.run(5);
    expect(ageOf(second)).toBeDefined();
    second.cluster.lag('patroni3', 'stop-replay');
    await second.run(90);
    expect(ageOf(second)).toBeUndefined();
    expect(second.session.states.problems.map(({ code }) => code)).toContain('replica-lagging');
  });
});

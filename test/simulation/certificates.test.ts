import { describe, expect, it } from 'vitest';
import { fresh } from '../../src/model/reading.js';
import { createCluster } from '../../src/simulator/world.js';
import { rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';

const DAY_MS = 86_400_000;

describe('a certificate near its end', () => {
  it('[P25] is a warning, critical in its last three days, ends when it is renewed, and nothing is sent', async () => {
    const cluster = createCluster();
    let endsAtMs = cluster.nowMs() + 10 * DAY_MS;
    let asked = 0;
    const row = { subject: 'patroni2', where: '10.0.0.2:8008' };
    const wrap: NonNullable<Parameters<typeof rig>[0]>['wrap'] = (ports) => ({
      ...ports,
      certificates: {
        ends: () => {
          asked += 1;
          return Promise.resolve(fresh([{ ...row, endsAtMs }], ports.clock.now(), 'certificates'));
        },
      },
    });
    const ekimi = rig({ policy: leading(), cluster, wrap });
    const problem = () => ekimi.session.states.problems.find(({ code }) => code === 'certificate-ends');
    await ekimi.run(60);
    expect(asked).toBe(1);
    expect(problem()).toMatchObject({ phase: 'active', level: 'warning', subject: 'patroni2' });
    expect(problem()?.evidence[0]?.text).toMatch(
      /^the certificate of 10\.0\.0\.2:8008 ends at 2026-01-25 .* in 9 days$/,
    );
    endsAtMs = cluster.nowMs() + 2 * DAY_MS;
    await ekimi.run(400);
    expect(problem()?.level).toBe('critical');
    endsAtMs = cluster.nowMs() + 90 * DAY_MS;
    await ekimi.run(400);
    expect(problem()).toBeUndefined();
    expect(asked).toBeLessThan(6);
    expect(ekimi.requests()).toEqual([]);
  });

  it('[P25] that is far away, or of a peer that is silent, is no problem', async () => {
    const cluster = createCluster();
    const rows = [
      { subject: 'patroni1', where: '10.0.0.1:8008', endsAtMs: cluster.nowMs() + 90 * DAY_MS },
      { subject: 'patroni2', where: '10.0.0.2:8008', endsAtMs: null, why: 'no answer in time' },
    ];
    const ekimi = rig({
      policy: leading(),
      cluster,
      wrap: (ports) => ({
        ...ports,
        certificates: { ends: () => Promise.resolve(fresh(rows, ports.clock.now(), 'certificates')) },
      }),
    });
    await ekimi.run(60);
    expect(ekimi.session.states.problems).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Ports } from '../../src/observe/ports.js';
import { testPolicy } from '../support/policy.js';
import { rig, type RigOptions } from '../support/simulated.js';

/** Who is asked whether they take our password, and when. */
function asking(options: RigOptions = {}) {
  const asked: { readonly atMs: number; readonly member: string }[] = [];
  const wrap = ({ patroni, ...ports }: Ports): Ports => ({
    ...ports,
    patroni: {
      ...patroni,
      mayWrite: (name) => {
        asked.push({ atMs: ports.clock.now(), member: name });
        return patroni.mayWrite?.(name) ?? Promise.reject(new Error('cannot be asked'));
      },
    },
  });
  return { asked, ekimi: rig({ hasLogin: true, wrap, ...options }) };
}

const told = (ekimi: ReturnType<typeof rig>) =>
  ekimi.session.states.problems
    .filter(({ code, phase }) => code === 'channel-silent' && phase === 'active')
    .map(({ subject }) => subject);

describe('a password of Patroni that was rotated', () => {
  it('[N4] is found without anybody asking for a change, and told with what cannot be done; it ends when it is right again', async () => {
    const { ekimi, asked } = asking();
    await ekimi.run(60);
    for (const name of ['patroni1', 'patroni2', 'patroni3']) ekimi.cluster.refuseLogin(name);
    await ekimi.run(1_000);
    expect(told(ekimi)).toContain('patroni.auth');
    const page = ekimi.notifier.pages.find(({ code }) => code === 'channel-silent');
    expect(page?.text).toMatch(/status 401.*without it no restart-member, reinitialize-replica/);
    for (const name of ['patroni1', 'patroni2', 'patroni3']) ekimi.cluster.refuseLogin(name, false);
    await ekimi.run(300);
    expect(told(ekimi)).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
    expect(asked.length).toBeLessThan(20);
  });

  it('[N4] each member in turn, one at a time: six an hour while all is well', async () => {
    const { ekimi, asked } = asking({ policy: testPolicy({ poll: { intervalMs: 5_000, suspectIntervalMs: 500 } }) });
    await ekimi.run(3_600);
    expect(asked.length).toBeLessThanOrEqual(7);
    expect(asked.slice(0, 6).map(({ member }) => member)).toEqual([
      ...['patroni1', 'patroni2', 'patroni3'],
      ...['patroni1', 'patroni2', 'patroni3'],
    ]);
  });

  it('[N4] of one member alone is that member', async () => {
    const { ekimi } = asking();
    ekimi.cluster.refuseLogin('patroni2');
    await ekimi.run(1_000);
    expect(told(ekimi)).toEqual(['patroni2 patroni.auth']);
  });

  it('a member that is silent is not asked, and a silence of the others says nothing of the password', async () => {
    const idle = testPolicy({}, { 'start-member': { mode: 'off' }, 'restart-member': { mode: 'off' } });
    const { ekimi, asked } = asking({ policy: idle });
    ekimi.cluster.stopContainer('patroni2');
    await ekimi.run(300);
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.map(({ member }) => member)).not.toContain('patroni2');
    expect(told(ekimi)).not.toContain('patroni2 patroni.auth');
  });

  it.each<[string, RigOptions]>([
    ['in mode observe', { policy: testPolicy({ mode: 'observe' }) }],
    ['in dry-run, which sends nothing that could surprise', { policy: testPolicy({ mode: 'dry-run' }) }],
    ['without a configured password', { hasLogin: false }],
  ])('nobody is asked %s', async (_what, options) => {
    const { ekimi, asked } = asking(options);
    await ekimi.run(700);
    expect(asked).toEqual([]);
  });
});

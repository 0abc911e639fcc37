import { describe, expect, it } from 'vitest';
import { controllerOf } from '../../src/fleet/controller.js';
import { createCluster } from '../../src/simulator/world.js';
import { rig } from '../support/simulated.js';

const SWITCH = { owner: 'ann', reason: 'work', sinceMs: 1, expiresAtMs: null };

const two = async () => {
  const rigs = ['alpha', 'beta'].map((scope) => rig({ cluster: createCluster({ scope }) }));
  for (const ekimi of rigs) await ekimi.run(10);
  const controller = controllerOf(rigs.map(({ session }) => session));
  const after = async <T>(change: Promise<T>): Promise<T> => {
    for (const ekimi of rigs) await ekimi.run(4);
    return change;
  };
  const off = () =>
    controller.scopes().map((scope) => controller.snapshot(scope)?.ledger.switches.map(({ subject }) => subject));
  return { controller, after, off };
};

describe('a kill switch on every cluster', () => {
  it('[O8] reaches every cluster of the daemon, and is lifted in every one', async () => {
    const { controller, after, off } = await two();
    const change = await after(controller.pause('alpha', { ...SWITCH, subject: 'global' }, 'ann'));
    expect(change).toEqual({
      ok: true,
      text: 'alpha: Ekimi is paused for all clusters; beta: Ekimi is paused for all clusters',
    });
    expect(off()).toEqual([['global'], ['global']]);
    expect(await after(controller.resume('beta', 'global', 'ann'))).toMatchObject({ ok: true });
    expect(off()).toEqual([[], []]);
  });

  it('[O8] on one cluster stops that one alone', async () => {
    const { controller, after, off } = await two();
    await after(controller.pause('alpha', { ...SWITCH, subject: 'cluster' }, 'ann'));
    expect(off()).toEqual([['cluster'], []]);
  });
});

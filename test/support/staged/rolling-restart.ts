import { leaderKeyHolder } from '../../../src/assess/leader.js';
import { runInput } from '../../../src/decide/runs.js';
import { api, inputOf, isPrimary, leaderKey, NOW_MS, viewOf, type Change } from '../view.js';
import type { StagedCase } from './case.js';

const HOUR_MS = 3_600_000;
const began = (name: string, atMs: number): Change => api(name, { postmasterStartedAtMs: atMs });
const OLD = ['patroni1', 'patroni2', 'patroni3'].map((name) => began(name, NOW_MS - HOUR_MS));
const begins = runInput(inputOf([], { view: viewOf(...OLD) }), {});

/** `restartsOld`: Patroni restarts whom it demotes. Every version does, but the list must not depend on it. */
const restarting = (back: boolean, restartsOld: boolean): StagedCase => ({
  title: `back ${back}, restarted by the switchover ${restartsOld}`,
  begins,
  ask: { back },
  effect: (stage, before) => {
    if (stage.kind !== 'action') return before;
    const led = leaderKeyHolder(before.view) ?? '';
    const next = stage.candidate ?? ['patroni2', 'patroni3'].find((name) => name !== led) ?? led;
    const changes: readonly Change[] =
      stage.action === 'restart-member'
        ? [began(stage.target ?? '', NOW_MS)]
        : [
            leaderKey(next),
            isPrimary(next),
            api(led, { role: 'replica' }),
            ...(restartsOld ? [began(led, NOW_MS)] : []),
          ];
    return { ...before, view: changes.reduce((view, change) => change(view), before.view) };
  },
  byHand: ['restart-member patroni2', 'restart-member patroni3'],
});

export const ROLLING_RESTART: readonly StagedCase[] = [false, true].flatMap((back) =>
  [true, false].map((restartsOld) => restarting(back, restartsOld)),
);

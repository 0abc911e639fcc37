import { leaderKeyHolder } from '../../../src/assess/leader.js';
import { runInput } from '../../../src/decide/run-left.js';
import {
  all,
  api,
  host,
  inputOf,
  isPrimary,
  leaderKey,
  member,
  NOW_MS,
  notStreaming,
  sql,
  stopped,
  streamed,
  viewOf,
  type Change,
} from '../view.js';
import { wellAgain, withChange } from './add-replica.js';
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

/** What the host driver runs there, and since when. */
export const hostBegan = (name: string, atMs: number): Change => host(name, { startedAtMs: atMs });
const NAMES = ['patroni1', 'patroni2', 'patroni3'];
export const HOSTS_OLD: Change = all(...NAMES.map((name) => hostBegan(name, NOW_MS - HOUR_MS)));
const startedAnew = (name: string): Change => all(wellAgain(name), hostBegan(name, NOW_MS));

/** Follows whoever leads. */
const asReplica = (name: string): Change =>
  all(
    leaderKey('patroni2'),
    isPrimary('patroni2'),
    member(name, (row) => ({ ...(viewOf().members.find((one) => one.name === 'patroni3') ?? row), name: row.name })),
    sql('patroni2', { replicas: [streamed(name), streamed('patroni3')] }),
    api('patroni2', { replication: [streamed(name), streamed('patroni3')] }),
  );
/** Patroni itself, each stage by what the host driver and the member then say; the former leader is patroni1. */
const ofPatroni = (back: boolean): StagedCase => ({
  title: `of Patroni, back ${back}`,
  begins: runInput(inputOf([], { view: viewOf(...OLD, HOSTS_OLD) }), {}),
  ask: { back, parameters: { what: 'patroni' } },
  effect: ({ key }, before) => {
    const [verb, ...words] = key.split(' ');
    const name = words.at(-1) ?? '';
    const effects: Readonly<Record<string, Change>> = {
      'stop-member': stopped(name),
      'start-member':
        name === 'patroni1'
          ? all(asReplica(name), hostBegan(name, NOW_MS), api(name, { replicationState: null }))
          : all(startedAnew(name), notStreaming(name)),
      streams: all(name === 'patroni1' ? asReplica(name) : startedAnew(name), hostBegan(name, NOW_MS)),
      switchover:
        key === 'switchover to patroni1'
          ? () => viewOf(...NAMES.map((one) => hostBegan(one, NOW_MS)))
          : all(asReplica('patroni1'), hostBegan('patroni1', NOW_MS - HOUR_MS)),
    };
    return withChange(before, effects[verb ?? ''] ?? ((view) => view));
  },
});

export const ROLLING_RESTART: readonly StagedCase[] = [
  ...[false, true].flatMap((back) => [true, false].map((restartsOld) => restarting(back, restartsOld))),
  ...[false, true].map(ofPatroni),
];

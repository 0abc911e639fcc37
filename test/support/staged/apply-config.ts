import { leaderKeyHolder } from '../../../src/assess/leader.js';
import { runInput } from '../../../src/decide/run-left.js';
import { patched } from '../../../src/model/config-patch.js';
import type { ConfigDocument } from '../../../src/model/plan.js';
import { fresh } from '../../../src/model/reading.js';
import type { SettingRow } from '../../../src/model/sql.js';
import type { ClusterView } from '../../../src/model/view.js';
import { api, inputOf, isPrimary, leaderKey, NOW_MS, viewOf, type Change } from '../view.js';
import type { StagedCase } from './case.js';

const MEMBERS = ['patroni1', 'patroni2', 'patroni3'];

const documentIs =
  (change: (before: ConfigDocument) => ConfigDocument, configRevision: string): Change =>
  (view: ClusterView) => {
    const { keys } = view.dcs;
    if (keys.kind === 'unknown') throw new Error('the case needs keys');
    const config = keys.value.config;
    const before = config?.known === true ? (config.document ?? {}) : {};
    const value =
      config?.known === true ? config.value : view.config.kind === 'unknown' ? undefined : view.config.value;
    if (value === undefined) throw new Error('the case needs a configuration');
    const next = { known: true, value, document: change(before) } as const;
    return { ...view, dcs: { ...view.dcs, keys: { ...keys, value: { ...keys.value, config: next, configRevision } } } };
  };

const row = (setting: string): SettingRow => ({
  setting,
  unit: null,
  type: 'integer',
  context: 'postmaster',
  min: '1',
  max: '262143',
  values: null,
});

const runsWith =
  (name: string, setting: string): Change =>
  (view: ClusterView) => ({
    ...view,
    members: view.members.map((member) =>
      member.name === name
        ? { ...member, settings: fresh({ max_connections: row(setting) }, view.atMs, `settings of ${name}`) }
        : member,
    ),
  });

const restarted = (name: string, value: string): readonly Change[] => [
  runsWith(name, value),
  api(name, { pendingRestart: false, postmasterStartedAtMs: NOW_MS }),
];

const begins = runInput(
  inputOf([], {
    view: viewOf(
      documentIs(() => ({ ttl: 30 }), '7'),
      ...MEMBERS.map((name) => runsWith(name, '200')),
      ...MEMBERS.map((name) => api(name, { postmasterStartedAtMs: NOW_MS - 3_600_000 })),
    ),
  }),
  {},
);

const changing = (value: string): StagedCase => ({
  title: `max_connections to ${value}`,
  begins,
  ask: { parameters: { 'postgresql.parameters.max_connections': value } },
  effect: (stage, before) => {
    const led = leaderKeyHolder(before.view) ?? '';
    const next = MEMBERS.find((name) => name !== led) ?? led;
    const changesOf = (): readonly Change[] => {
      if (stage.kind !== 'action')
        return MEMBERS.map((name) => api(name, { pendingRestart: true, pendingRestartFor: ['max_connections'] }));
      if (stage.action === 'patch-config')
        return [documentIs((is) => patched(is, stage.parameters?.['patch'] as ConfigDocument), '8')];
      if (stage.action === 'switchover')
        return [leaderKey(next), isPrimary(next), api(led, { role: 'replica' }), ...restarted(led, value)];
      return restarted(stage.target ?? '', value);
    };
    return { ...before, view: changesOf().reduce((view, change) => change(view), before.view) };
  },
  byHand: ['patch-config'],
});

/** Up: replicas, switchover, former leader. Down: the leader where it stands, then replicas. */
export const APPLY_CONFIG: readonly StagedCase[] = [changing('300'), changing('120')];

import { runInput } from '../../../src/decide/run-left.js';
import type { ControlData } from '../../../src/model/control.js';
import type { Stage } from '../../../src/model/procedure-run.js';
import { fresh, unknown } from '../../../src/model/reading.js';
import type { ClusterView } from '../../../src/model/view.js';
import type { ProcedureInput } from '../../../src/procedures/procedure.js';
import { inputOf, NOW_MS, viewOf } from '../view.js';
import type { StagedCase } from './case.js';

const well = viewOf();
const NAMES = well.members.map(({ name }) => name as string);
const HOST = {
  id: 'x',
  startedAtMs: null,
  finishedAtMs: NOW_MS,
  exitCode: 137,
  oomKilled: false,
  restartCount: 0,
} as const;
const silent = unknown('refused', 'connection refused', NOW_MS, 'test');

/** What a data directory of this cluster says, unless a test says otherwise. */
const control = (told: Partial<ControlData> = {}): ControlData => ({
  systemIdentifier: '77',
  state: 'in archive recovery',
  wasPrimary: false,
  isClean: false,
  timeline: 7,
  lsn: '5/00000000',
  ...told,
});

export interface Running {
  readonly members: readonly string[];
  readonly stores: number;
  readonly led: boolean;
}

/** So much of the cluster runs; the rest is stopped by its host driver and silent. */
export function running(is: Running, told: Readonly<Record<string, Partial<ControlData>>> = {}): ClusterView {
  const host = (isUp: boolean) =>
    fresh({ ...HOST, state: isUp ? ('running' as const) : ('stopped' as const) }, NOW_MS, 'host');
  const quorum = is.stores * 2 > well.dcs.endpoints.length;
  const keys = well.dcs.keys.kind === 'fresh' ? well.dcs.keys.value : null;
  const unled = keys === null ? silent : fresh({ ...keys, leader: { ...keys.leader, holder: null } }, NOW_MS, 'etcd');
  return {
    ...well,
    members: well.members.map((member) =>
      is.members.includes(member.name)
        ? { ...member, host: host(true), ...(is.led ? {} : { api: silent, sql: silent }) }
        : { ...member, host: host(false), api: silent, sql: silent },
    ),
    dcs: {
      ...well.dcs,
      keys: !quorum ? silent : is.led ? well.dcs.keys : unled,
      endpoints: well.dcs.endpoints.map((endpoint, at) => ({
        ...endpoint,
        status: at < is.stores && quorum ? endpoint.status : silent,
        host: host(at < is.stores),
      })),
    },
    proxies: is.led ? well.proxies : [...well.proxies].map((proxy) => ({ ...proxy, seen: silent })),
    ...(is.members.length > 0
      ? {}
      : {
          control: Object.fromEntries(
            NAMES.map((name) => [
              name,
              fresh(
                control({
                  ...(name === 'patroni1' ? { state: 'in production', wasPrimary: true } : {}),
                  ...told[name],
                }),
                NOW_MS,
                'pg_control',
              ),
            ]),
          ),
        }),
  };
}

export const nothingRuns: Running = { members: [], stores: 0, led: false };
const inputFor = (view: ClusterView): ProcedureInput => runInput(inputOf([], { view }), {});

export const countOf = ({ view }: ProcedureInput): Running => ({
  members: view.members
    .filter(({ host }) => host.kind === 'fresh' && host.value.state === 'running')
    .map(({ name }) => name),
  stores: view.dcs.endpoints.filter(({ host }) => host.kind === 'fresh' && host.value.state === 'running').length,
  led: view.dcs.keys.kind === 'fresh' && view.dcs.keys.value.leader.holder !== null,
});

function effect(stage: Stage, before: ProcedureInput): ProcedureInput {
  const is = countOf(before);
  const at = (next: Running): ProcedureInput => ({ ...before, view: running(next) });
  if (stage.kind === 'wait') return at({ ...is, stores: 3, led: stage.key === 'etcd serves' ? is.led : true });
  if (stage.kind === 'confirm') return before;
  if (stage.action === 'start-store') return at({ ...is, stores: is.stores + 1 });
  return at({ ...is, members: [...is.members, stage.target ?? ''] });
}

export const COLD_START: readonly StagedCase[] = [
  { title: 'nothing runs', begins: inputFor(running(nothingRuns)), effect },
  { title: 'etcd serves', begins: inputFor(running({ ...nothingRuns, stores: 3 })), effect },
];

export const RECOVER_DCS: readonly StagedCase[] = [0, 1, 2].map((stores) => ({
  title: `${stores} of three run`,
  begins: inputFor(running({ members: NAMES, stores, led: true })),
  effect,
}));

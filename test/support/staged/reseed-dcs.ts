import { holdersOf } from '../../../src/assess/lost-stores.js';
import { runInput } from '../../../src/decide/run-left.js';
import type { Stage } from '../../../src/model/procedure-run.js';
import { fresh } from '../../../src/model/reading.js';
import type { ClusterView } from '../../../src/model/view.js';
import type { ProcedureInput } from '../../../src/procedures/procedure.js';
import { inputOf, NOW_MS } from '../view.js';
import type { StagedCase } from './case.js';
import { countOf, running, type Running } from './cold-start.js';

/** Of which nothing was lost: its data is there, and perhaps it runs. */
interface Survivor {
  readonly name: string;
  readonly runs: boolean;
}

/** As `lost`, where this one has its data still. */
function survived(is: Running, { name, runs }: Survivor): ClusterView {
  const view = lost({ ...is, stores: 0 });
  if (view.dcs.keys.kind !== 'unknown') return view;
  const endpoints = view.dcs.endpoints.map((row) =>
    row.name === name && row.host.kind === 'fresh'
      ? {
          ...row,
          host: {
            ...row.host,
            value: { ...row.host.value, state: runs ? ('running' as const) : ('stopped' as const) },
          },
        }
      : row,
  );
  const data = fresh({ holds: 'member' as const, whyNotAside: null }, NOW_MS, 'host');
  return { ...view, dcs: { ...view.dcs, endpoints }, storeData: { ...view.storeData, [name]: data } };
}

/** So much runs, and the data directories of etcd members that do not run are empty. */
function lost(is: Running): ClusterView {
  const view = running(is);
  const isLost = view.dcs.keys.kind === 'unknown';
  const storeData = Object.fromEntries(
    view.dcs.endpoints.map(({ name, host }) => {
      const runs = host.kind === 'fresh' && host.value.state === 'running';
      const holds = runs ? ('member' as const) : ('nothing' as const);
      return [name, fresh({ holds }, NOW_MS, 'host')];
    }),
  );
  return isLost ? { ...view, storeData } : view;
}

/** What a procedure looks at, where patroni1 led when etcd was last asked. */
function lostInput(view: ClusterView): ProcedureInput {
  const input = runInput(inputOf([], { view }), {});
  return { ...input, memory: { ...input.memory, lastLeader: 'patroni1' } };
}

function effect(stage: Stage, before: ProcedureInput): ProcedureInput {
  const is = countOf(before);
  const at = (next: Running): ProcedureInput => ({ ...before, view: lost(next) });
  if (stage.kind === 'confirm') return before;
  if (stage.kind === 'wait') return at({ ...is, stores: 3, led: is.led || !stage.key.includes('etcd') });
  if (stage.action === 'start-store') return at({ ...is, stores: is.stores + 1 });
  const others = is.members.filter((name) => name !== stage.target);
  return at({ ...is, members: stage.action === 'stop-without-etcd' ? others : [...others, stage.target ?? ''] });
}

/** Its stages begin with what is left of the old etcd; then they are those of the others, whose first etcd member is the last one here. */
function effectBeside(survivor: Survivor): StagedCase['effect'] {
  return (stage, before) => {
    const { members } = countOf(before);
    const isThere =
      before.view.storeData?.[survivor.name]?.kind === 'fresh' &&
      holdersOf(before.view).length > 0 &&
      before.view.dcs.endpoints.every(
        ({ name, host }) => name === survivor.name || (host.kind === 'fresh' && host.value.state === 'stopped'),
      );
    if (!isThere) return effect(stage, before);
    if (stage.kind !== 'action') return before;
    if (stage.action === 'move-store-aside') return { ...before, view: lost({ members, stores: 0, led: false }) };
    return {
      ...before,
      view: survived({ members: members.filter((name) => name !== stage.target), stores: 0, led: false }, survivor),
    };
  };
}

const ALL = ['patroni1', 'patroni2', 'patroni3'];

export const RESEED_DCS: readonly StagedCase[] = [
  { title: 'all members run', begins: lostInput(lost({ members: ALL, stores: 0, led: false })), effect },
  { title: 'nothing runs', begins: lostInput(lost({ members: [], stores: 0, led: false })), effect },
  ...[true, false].map((runs) => ({
    title: `one etcd member has its data, and ${runs ? 'runs' : 'is stopped'}`,
    begins: lostInput(survived({ members: ALL, stores: 0, led: false }, { name: 'etcd3', runs })),
    effect: effectBeside({ name: 'etcd3', runs }),
  })),
].map((row) => ({ ...row, byHand: row.title === 'nothing runs' ? [] : ['stop-without-etcd patroni2'] }));

import { runInput } from '../../../src/decide/run-left.js';
import type { Stage } from '../../../src/model/procedure-run.js';
import { fresh } from '../../../src/model/reading.js';
import type { ClusterView } from '../../../src/model/view.js';
import type { ProcedureInput } from '../../../src/procedures/procedure.js';
import { inputOf, NOW_MS } from '../view.js';
import type { StagedCase } from './case.js';
import { countOf, running, type Running } from './cold-start.js';

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

const ALL = ['patroni1', 'patroni2', 'patroni3'];

export const RESEED_DCS: readonly StagedCase[] = [
  { title: 'all members run', begins: lostInput(lost({ members: ALL, stores: 0, led: false })), effect },
  { title: 'nothing runs', begins: lostInput(lost({ members: [], stores: 0, led: false })), effect },
].map((row) => ({ ...row, byHand: row.title === 'nothing runs' ? [] : ['stop-without-etcd patroni2'] }));

import { EMPTY_LEDGER } from '../model/ledger.js';
import { isOver, type ProcedureRun } from '../model/procedure-run.js';
import type { LedgerStore } from './ledger-store.js';

/** Where a run is kept while etcd cannot hold it: on this machine, synced before each stage. */
export interface RecoveryParts {
  readonly store: LedgerStore;
  /** Only one process of this machine may recover a cluster; false: another one does. Kept until the process ends. */
  readonly lock: () => Promise<boolean>;
}

/** The one run that lies there, from its start until it is over or a successor has it. */
export interface Recovery {
  readonly run: ProcedureRun | null;
  /** Reads what a run of the process before left. Once. */
  open(nowMs: number): Promise<void>;
  /** Why nothing can be begun here; null: it can. */
  claim(): Promise<string | null>;
  /** On the disk when it resolves to true. */
  keep(run: ProcedureRun): Promise<boolean>;
  drop(): Promise<void>;
}

/** Nobody was there for so long: what it was begun for may be over, and a person looks. */
const LEFT_ALONE_MS = 15 * 60_000;

export function openRecovery(parts: RecoveryParts | undefined): Recovery {
  let run: ProcedureRun | null = null;
  let isOpen = false;
  let isLocked = false;
  const write = async (row: ProcedureRun | null): Promise<boolean> => {
    const procedures = row === null ? [] : [row];
    return (await parts?.store.commit({ ...EMPTY_LEDGER, procedures }, null)) === 'committed';
  };
  const claim = async (): Promise<string | null> => {
    if (parts === undefined) return 'this instance has no place for it';
    isLocked ||= await parts.lock();
    return isLocked ? null : 'another process of this machine recovers this cluster';
  };
  return {
    get run() {
      return run;
    },
    claim,
    async open(nowMs) {
      if (isOpen || parts === undefined) return;
      isOpen = true;
      const loaded = await parts.store.load();
      const found = loaded.ok ? loaded.ledger.procedures?.find((row) => !isOver(row)) : undefined;
      if (found === undefined || (await claim()) !== null) return;
      run = nowMs - (found.keptAtMs ?? 0) < LEFT_ALONE_MS ? found : leftAlone(found);
    },
    async keep(next) {
      if (!(await write(next))) return false;
      run = next;
      return true;
    },
    async drop() {
      run = null;
      await write(null);
    },
  };
}

const leftAlone = (run: ProcedureRun): ProcedureRun => ({
  ...run,
  phase: run.phase === 'running' ? 'held' : run.phase,
  detail: `nobody went on with it for ${LEFT_ALONE_MS / 60_000} min`,
});

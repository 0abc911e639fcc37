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
  /** Why it is not known, or not ours, what a process before left; null: nothing is in the way. */
  readonly fault: string | null;
  /** Takes over what a run of the process before left: until it was read, and is ours, in each pass. */
  open(nowMs: number): Promise<void>;
  /** Why nothing can be begun here; null: it can. */
  claim(): Promise<string | null>;
  /** On the disk when it resolves to true. */
  keep(run: ProcedureRun): Promise<boolean>;
  drop(): Promise<void>;
  /** For how long, in a row, another instance has been seen to hold tenure while a run lay here. */
  heldElsewhereMs(isHeldElsewhere: boolean, nowMs: number): number;
}

/** Nobody was there for so long: what it was begun for may be over, and a person looks. */
const LEFT_ALONE_MS = 15 * 60_000;

export function openRecovery(parts: RecoveryParts | undefined): Recovery {
  let run: ProcedureRun | null = null;
  let fault: string | null = null;
  let isOpen = false;
  let isLocked = false;
  let elsewhereSinceMs: number | null = null;
  /** Read since nobody else of this machine can write it. */
  let isReadAlone = false;
  const write = async (row: ProcedureRun | null): Promise<boolean> => {
    const procedures = row === null ? [] : [row];
    return (await parts?.store.commit({ ...EMPTY_LEDGER, procedures }, null)) === 'committed';
  };
  const lock = async (): Promise<string | null> => {
    if (parts === undefined) return 'this instance has no place for it';
    isLocked ||= await parts.lock();
    return isLocked ? null : 'another process of this machine recovers this cluster';
  };
  /** The run that lies there; a text: nobody knows whether one does. */
  const lying = async (): Promise<ProcedureRun | null | string> => {
    const loaded = await (parts?.store.load() ?? Promise.resolve({ ok: true as const, ledger: EMPTY_LEDGER }));
    if (!loaded.ok) return `${loaded.why}: what was begun while etcd was lost may lie there; repair it or move it away`;
    isReadAlone ||= isLocked;
    return loaded.ledger.procedures?.find((row) => !isOver(row)) ?? null;
  };
  return {
    get run() {
      return run;
    },
    get fault() {
      return fault;
    },
    async claim() {
      const elsewhere = await lock();
      if (elsewhere !== null || isReadAlone) return elsewhere;
      // Another process may have begun something and died since it was read here: to begin is to write over that.
      const left = await lying();
      if (left === null || typeof left === 'string') return left;
      isOpen = false;
      return `${left.name} (${left.id}) by ${left.by} lies unfinished on this machine, and is taken up first: ekimi procedures`;
    },
    async open(nowMs) {
      if (isOpen || parts === undefined) return;
      let found = await lying();
      if (found !== null && typeof found !== 'string' && !isReadAlone) {
        fault = await lock();
        if (fault !== null) return;
        // Whose it was may have ended it between the look and the lock.
        found = await lying();
      }
      fault = typeof found === 'string' ? found : null;
      isOpen = fault === null;
      if (found === null || typeof found === 'string') return;
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
    heldElsewhereMs(isHeldElsewhere, nowMs) {
      elsewhereSinceMs = isHeldElsewhere ? (elsewhereSinceMs ?? nowMs) : null;
      return elsewhereSinceMs === null ? 0 : nowMs - elsewhereSinceMs;
    },
  };
}

const leftAlone = (run: ProcedureRun): ProcedureRun => ({
  ...run,
  phase: run.phase === 'running' ? 'held' : run.phase,
  detail: `nobody went on with it for ${LEFT_ALONE_MS / 60_000} min`,
});

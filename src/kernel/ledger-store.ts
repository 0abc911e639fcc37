import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EMPTY_LEDGER, type Ledger } from '../model/ledger.js';
import { ledgerFrom, ledgerText } from '../ledger/codec.js';
import type { CommitAnswer, DcsPort, TenureGrant } from '../ports/dcs.js';

export type LoadedLedger =
  { readonly ok: true; readonly ledger: Ledger; readonly news?: string } | { readonly ok: false; readonly why: string };

/** Where the ledger outlives us. A commit that is not `committed` means: nothing may be sent on the strength of it. */
export interface LedgerStore {
  load(): Promise<LoadedLedger>;
  commit(ledger: Ledger, grant: TenureGrant | null): Promise<CommitAnswer>;
}

/** Whatever the port does: an answer. */
async function settled<T, F>(call: () => Promise<T>, failed: (error: unknown) => F): Promise<T | F> {
  try {
    return await call();
  } catch (error) {
    return failed(error);
  }
}

const thrown = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** In etcd under our own prefix, written only while our tenure's epoch stands. */
export const dcsLedgerStore = (dcs: DcsPort): LedgerStore => ({
  async load() {
    const reading = await settled(() => dcs.loadLedger(), thrown);
    if (reading instanceof Error) return { ok: false, why: `the ledger in etcd cannot be read: ${reading.message}` };
    if (reading.kind === 'unknown') return { ok: false, why: `the ledger in etcd cannot be read: ${reading.reason}` };
    const loaded = parsed(reading.value, 'the ledger in etcd');
    return loaded.ok && reading.source.startsWith('etcd: ') ? { ...loaded, news: reading.source.slice(6) } : loaded;
  },
  commit: async (ledger, grant) =>
    grant === null
      ? 'not-ours'
      : settled(
          () => dcs.commitLedger(grant, ledgerText(ledger)),
          () => 'unknown' as const,
        ),
});

/**
 * On this machine: for dry-run, where it counts what would have been done and binds nobody else; and, `synced`, for what has to outlive a power cut
 * while etcd cannot hold it.
 */
export const fileLedgerStore = (file: string, { synced = false } = {}): LedgerStore => ({
  async load() {
    try {
      return parsed(await readFile(file, 'utf8'), file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ok: true, ledger: EMPTY_LEDGER };
      return { ok: false, why: `${file} cannot be read: ${String(error)}` };
    }
  },
  async commit(ledger) {
    try {
      await written(`${file}.new`, ledgerText(ledger), synced);
      await rename(`${file}.new`, file);
      if (synced) await syncedIn(dirname(file));
      return 'committed';
    } catch {
      return 'unknown';
    }
  },
});

async function written(file: string, text: string, synced: boolean): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.writeFile(text);
    if (synced) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The new name of a file is on the disk once its directory is. */
async function syncedIn(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Kept for as long as the process; for the simulated cluster's shadow and for single looks. */
export function memoryLedgerStore(): LedgerStore {
  let kept = EMPTY_LEDGER;
  return {
    load: () => Promise.resolve({ ok: true, ledger: kept }),
    commit: (ledger) => {
      kept = ledger;
      return Promise.resolve('committed');
    },
  };
}

function parsed(text: string | null, what: string): LoadedLedger {
  if (text === null || text === '') return { ok: true, ledger: EMPTY_LEDGER };
  try {
    const ledger = ledgerFrom(text);
    return ledger === null ? { ok: false, why: `${what} is not a ledger` } : { ok: true, ledger };
  } catch (error) {
    return { ok: false, why: `${what} is not readable JSON: ${String(error)}` };
  }
}

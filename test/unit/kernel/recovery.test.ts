import { describe, expect, it } from 'vitest';
import type { LoadedLedger } from '../../../src/kernel/ledger-store.js';
import { openRecovery } from '../../../src/kernel/recovery.js';
import { EMPTY_LEDGER } from '../../../src/model/ledger.js';
import type { ProcedureRun } from '../../../src/model/procedure-run.js';
import { NOW_MS } from '../../support/view.js';

const RUN: ProcedureRun = {
  id: 'r-1',
  name: 'recover-dcs',
  goal: { order: ['etcd1'] },
  by: 'dba',
  reason: 'power is back',
  phase: 'running',
  agreed: [],
  startedAtMs: NOW_MS,
  endedAtMs: null,
  detail: 'started',
  continuedAtMs: NOW_MS,
  keptAtMs: NOW_MS,
};

const lying = (...procedures: readonly ProcedureRun[]): LoadedLedger => ({
  ok: true,
  ledger: { ...EMPTY_LEDGER, procedures },
});

/** A file and a lock of this machine that are as the test says, and what was written. */
function machine(is: { stored: LoadedLedger; isFree: boolean }) {
  const written: (string | undefined)[] = [];
  const recovery = openRecovery({
    store: {
      load: () => Promise.resolve(is.stored),
      commit: ({ procedures }) => {
        written.push(procedures?.[0]?.id);
        return Promise.resolve('committed');
      },
    },
    lock: () => Promise.resolve(is.isFree),
  });
  return { is, written, recovery };
}

describe('what lies on this machine while etcd is lost', () => {
  it('and cannot be read is told, is looked for again, and nothing is begun over it', async () => {
    const { is, recovery, written } = machine({ stored: { ok: false, why: 'EIO' }, isFree: true });
    await recovery.open(NOW_MS);
    expect(recovery.fault).toContain('EIO');
    expect(await recovery.claim()).toContain('EIO');
    is.stored = lying(RUN);
    await recovery.open(NOW_MS);
    expect(recovery).toMatchObject({ fault: null, run: { id: 'r-1' } });
    expect(written).toEqual([]);
  });

  it("is another process's while that lives, and ours as soon as that is gone, unless it was ended there", async () => {
    for (const [then, id] of [
      [lying(RUN), 'r-1'],
      [lying(), null],
    ] as const) {
      const { is, recovery } = machine({ stored: lying(RUN), isFree: false });
      await recovery.open(NOW_MS);
      expect(recovery.run).toBeNull();
      expect(recovery.fault).toContain('another process');
      Object.assign(is, { stored: then, isFree: true });
      await recovery.open(NOW_MS);
      expect(recovery.run?.id ?? null).toBe(id);
      expect(recovery.fault).toBeNull();
    }
  });

  it('and was begun by another process that has died since is taken up, and not written over', async () => {
    const { is, recovery } = machine({ stored: lying(), isFree: true });
    await recovery.open(NOW_MS);
    is.stored = lying(RUN);
    expect(await recovery.claim()).toContain('recover-dcs (r-1) by dba lies unfinished');
    await recovery.open(NOW_MS);
    expect(recovery.run?.id).toBe('r-1');
  });

  it('and is nothing, or is over, is in nobody’s way', async () => {
    for (const stored of [lying(), lying({ ...RUN, phase: 'succeeded' })]) {
      const { recovery } = machine({ stored, isFree: true });
      await recovery.open(NOW_MS);
      expect(recovery).toMatchObject({ run: null, fault: null });
      expect(await recovery.claim()).toBeNull();
      expect(await recovery.keep(RUN)).toBe(true);
    }
  });
});

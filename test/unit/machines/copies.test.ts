import { describe, expect, it } from 'vitest';
import { FRESH_MEMORY, remember } from '../../../src/machines/memory.js';
import type { BackupSeen } from '../../../src/model/sql.js';
import type { Memory } from '../../../src/model/states.js';
import { NOW_MS, silent, sql, viewOf, type Change } from '../../support/view.js';

const backup = (client: string, streamedBytes: number | null): BackupSeen => ({
  client,
  forMs: 1000,
  streamedBytes,
  totalBytes: null,
});
const sends = (...backups: readonly BackupSeen[]): Change => sql('patroni1', { backups });

/** A pass a second, each with the base backups that patroni1 tells of. */
const after = (changes: readonly Change[], before: Memory = FRESH_MEMORY): Memory =>
  changes.reduce(
    (memory, change, second) => remember(memory, { ...viewOf(change), atMs: NOW_MS + second * 1000 }),
    before,
  );

describe('how far a base backup is', () => {
  it('is kept with the pass since which it has been that far', () => {
    const memory = after([sends(backup('10.0.0.2', 10)), sends(backup('10.0.0.2', 20)), sends(backup('10.0.0.2', 20))]);
    expect(memory.copies).toEqual({
      'patroni1 10.0.0.2': { source: 'patroni1', bytes: 20, changedAtMs: NOW_MS + 1000 },
    });
  });

  it('is kept for each of several, and forgotten when it is over', () => {
    const two = sends(backup('10.0.0.2', 10), backup('10.0.0.3', 10));
    const memory = after([two, sends(backup('10.0.0.3', 11))]);
    expect(memory.copies).toEqual({
      'patroni1 10.0.0.3': { source: 'patroni1', bytes: 11, changedAtMs: NOW_MS + 1000 },
    });
    expect(after([sends()], memory).copies).toEqual({});
  });

  it('is what was told last while its source is silent', () => {
    const memory = after([sends(backup('10.0.0.2', 10)), silent('patroni1', 'sql')]);
    expect(memory.copies).toEqual({ 'patroni1 10.0.0.2': { source: 'patroni1', bytes: 10, changedAtMs: NOW_MS } });
  });

  it('is not known where the server does not tell it', () => {
    expect(after([sends(backup('10.0.0.2', null))]).copies).toBeUndefined();
  });
});

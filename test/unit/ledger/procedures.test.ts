import { describe, expect, it } from 'vitest';
import { ledgerFrom, ledgerText } from '../../../src/ledger/codec.js';
import { fold } from '../../../src/ledger/fold.js';
import { foreignInFlight } from '../../../src/model/foreign.js';
import { EMPTY_LEDGER, type Ledger } from '../../../src/model/ledger.js';
import { openRun, type ProcedureRun } from '../../../src/model/procedure-run.js';

const RUN: ProcedureRun = {
  id: 'r-1',
  name: 'rolling-restart',
  goal: { order: ['patroni2'], leader: 'patroni1', was: { patroni1: 1, patroni2: 2 }, back: false },
  by: 'dba',
  reason: 'openssl',
  phase: 'running',
  agreed: ['restart-member patroni2'],
  startedAtMs: 1,
  endedAtMs: null,
  detail: 'started',
  continuedAtMs: 1,
};
const noted = (ledger: Ledger, run: ProcedureRun): Ledger =>
  fold(ledger, { kind: 'procedure-run', change: 'stage', by: 'dba', text: '', run });
const readBack = (ledger: Ledger): Ledger | null => ledgerFrom(ledgerText(ledger));

describe('procedures in the ledger', () => {
  it('are read back as they were written, and an older ledger has none', () => {
    expect(readBack(noted(EMPTY_LEDGER, RUN))?.procedures).toEqual([RUN]);
    expect(readBack(EMPTY_LEDGER)?.procedures).toBeUndefined();
  });

  it.each([
    ['a wait with its beginning', { waiting: { key: 'copied patroni2', sinceMs: 5 } }],
    ['a question, and those that were answered', { asking: 'remove', confirmed: ['move'] }],
    ['neither', { waiting: null, asking: null }],
  ])('keep %s', (_, part) => {
    expect(readBack(noted(EMPTY_LEDGER, { ...RUN, ...part }))?.procedures).toEqual([{ ...RUN, ...part }]);
  });

  it('of which five that ended stay', () => {
    let ledger = EMPTY_LEDGER;
    for (let at = 0; at < 9; at += 1)
      ledger = noted(ledger, { ...RUN, id: `r-${at}`, phase: 'succeeded', endedAtMs: at });
    expect(ledger.procedures?.map(({ id }) => id)).toEqual(['r-3', 'r-4', 'r-5', 'r-6', 'r-7', 'r-8']);
  });

  it('and the last one of a day that a problem called for, however many others came: it is not begun again at once', () => {
    const proposed = { code: 'dcs-alarm', subject: 'etcd1', word: 'policy', atMs: 1 } as unknown as NonNullable<
      ProcedureRun['proposed']
    >;
    let ledger = EMPTY_LEDGER;
    for (const id of ['p-0', 'p-1']) ledger = noted(ledger, { ...RUN, id, proposed, phase: 'succeeded', endedAtMs: 2 });
    for (let at = 0; at < 9; at += 1)
      ledger = noted(ledger, { ...RUN, id: `r-${at}`, phase: 'succeeded', startedAtMs: 3, endedAtMs: 4 });
    expect(ledger.procedures?.map(({ id }) => id)).toEqual(['p-1', 'r-3', 'r-4', 'r-5', 'r-6', 'r-7', 'r-8']);
    const nextDay = noted(ledger, { ...RUN, id: 'r-9', startedAtMs: 86_400_002 });
    expect(nextDay.procedures?.map(({ id }) => id)).not.toContain('p-1');
  });

  it.each([
    ['of another version, under way, holds what is risky', { name: 'of-another-version' }, true],
    ['of another version that is over holds nothing', { name: 'of-another-version', phase: 'succeeded' }, false],
    ['of another shape is set apart', { agreed: 'all' }, true],
    ['whose wait has no beginning is set apart', { waiting: { key: 'copied' } }, true],
    ['whose answers are no list is set apart', { confirmed: 'remove' }, true],
    ['whose question is no key is set apart', { asking: 7 }, true],
  ])('one %s, and is kept word for word', (_, other, isHeld) => {
    const text = ledgerText({ ...EMPTY_LEDGER, procedures: [{ ...RUN, ...other } as unknown as ProcedureRun] });
    const ledger = ledgerFrom(text) ?? EMPTY_LEDGER;
    expect(foreignInFlight(ledger).length > 0).toBe(isHeld);
    if (isHeld) expect(openRun(ledger.procedures)).toBeNull();
    expect(ledgerText(ledger)).toBe(text);
  });
});

describe('a member that a person took out', () => {
  const OUT: ProcedureRun = { ...RUN, name: 'evacuate-member', goal: { member: 'patroni2' } };
  const taken = noted(EMPTY_LEDGER, OUT);

  it('is held from the beginning on, also after the run has ended, and read back so', () => {
    expect(taken.evacuations).toEqual([{ member: 'patroni2', by: 'dba', reason: 'openssl', sinceMs: 1, run: 'r-1' }]);
    expect(readBack(noted(taken, { ...OUT, phase: 'succeeded' }))?.evacuations).toEqual(taken.evacuations);
  });

  it.each([
    ['its run is ended before its end', { ...OUT, phase: 'aborted' as const }],
    ['it is given back', { ...OUT, id: 'r-2', name: 'give-back' as const }],
  ])('is free again once %s', (_, run) => {
    expect(noted(taken, run).evacuations).toBeUndefined();
  });

  it.each([
    ['aborts another run for it', { name: 'remove-member' as const, phase: 'aborted' as const }],
    ['begins to remove it', { name: 'remove-member' as const }],
    ['begins to add it', { name: 'add-replica' as const }],
    ['has added it', { name: 'add-replica' as const, phase: 'succeeded' as const }],
    ['aborts that it is added', { name: 'add-replica' as const, phase: 'aborted' as const }],
  ])('stays held for whoever took it when another person %s', (_, part) => {
    const ledger = noted(taken, { ...OUT, id: 'r-2', by: 'bob', reason: 'other', ...part });
    expect(ledger.evacuations).toEqual(taken.evacuations);
  });

  it.each(['evacuate-member', 'remove-member'] as const)(
    'by %s that a recovery cut off half way is taken by whoever begins the same again, and is free when they abort that',
    (name) => {
      const half = noted(noted(EMPTY_LEDGER, { ...OUT, name }), { ...OUT, name, phase: 'aborted', displaced: true });
      const again = { ...OUT, name, id: 'r-2', by: 'bob' };
      const goesOn = noted(half, again);
      expect(goesOn.evacuations).toMatchObject([{ run: 'r-2', by: 'bob' }]);
      expect(noted(goesOn, { ...again, phase: 'aborted' }).evacuations).toBeUndefined();
    },
  );

  it.each(['evacuate-member', 'remove-member'] as const)(
    'by %s stays held where a recovery took the place of its run, which nobody ended; aborted by a person it does not',
    (name) => {
      const out = noted(EMPTY_LEDGER, { ...OUT, name });
      const over = { ...OUT, name, phase: 'aborted' as const };
      const kept = noted(out, { ...over, displaced: true });
      expect(kept.evacuations).toEqual(out.evacuations);
      expect(readBack(kept)).toMatchObject({ evacuations: out.evacuations, procedures: [{ displaced: true }] });
      expect(noted(out, over).evacuations).toBeUndefined();
    },
  );

  it('that was removed is whose who adds it again, until that is over', () => {
    const removed = noted(EMPTY_LEDGER, { ...OUT, name: 'remove-member', phase: 'succeeded' });
    expect(readBack(removed)?.evacuations).toMatchObject([{ run: 'r-1', removed: true }]);
    const ADDS = { ...OUT, id: 'r-2', by: 'bob', name: 'add-replica' as const };
    const adding = noted(removed, ADDS);
    expect(adding.evacuations).toEqual([{ member: 'patroni2', by: 'bob', reason: 'openssl', sinceMs: 1, run: 'r-2' }]);
    expect(noted(adding, { ...ADDS, phase: 'succeeded' }).evacuations).toBeUndefined();
  });

  it('stays held whatever becomes of another one', () => {
    expect(noted(taken, { ...OUT, id: 'r-2', name: 'give-back', goal: { member: 'patroni3' } })).toMatchObject({
      evacuations: taken.evacuations,
    });
  });

  it('is held by a row that cannot be read as by work under way', () => {
    const text = ledgerText({ ...taken, procedures: [], evacuations: [{ member: 'patroni2' }] } as unknown as Ledger);
    expect(foreignInFlight(ledgerFrom(text) ?? EMPTY_LEDGER)).toHaveLength(1);
  });
});

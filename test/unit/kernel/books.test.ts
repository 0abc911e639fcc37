import { describe, expect, it } from 'vitest';
import { openBooks } from '../../../src/kernel/books.js';
import type { LoadedLedger, LedgerStore } from '../../../src/kernel/ledger-store.js';
import type { LedgerEvent } from '../../../src/ledger/events.js';
import type { Ledger } from '../../../src/model/ledger.js';
import type { CommitAnswer } from '../../../src/ports/dcs.js';
import { approval } from '../../support/snapshots.js';
import { ledgerOf, NOW_MS, remediationOf } from '../../support/view.js';

interface World {
  readonly log: string[];
  journal: boolean;
  answer: CommitAnswer;
  stored: LoadedLedger;
}

/** Books over a store and a journal that do what the test says, with everything they were told in order. */
function books(over: Partial<World> = {}) {
  const world: World = {
    log: [],
    journal: true,
    answer: 'committed',
    stored: { ok: true, ledger: ledgerOf() },
    ...over,
  };
  const store: LedgerStore = {
    load: () => Promise.resolve(world.stored),
    commit: (ledger: Ledger) => {
      world.log.push(`commit ${ledger.remediations.map(({ id, phase }) => `${id} ${phase}`).join()}`);
      return Promise.resolve(world.answer);
    },
  };
  const opened = openBooks({
    store,
    write: (body) => {
      world.log.push(`${body.kind}${world.journal ? '' : ' (not written)'}`);
      return Promise.resolve(world.journal);
    },
    grant: () => null,
    doubt: () => {
      world.log.push('doubt');
    },
    onNews: (news) => {
      world.log.push(news);
      return Promise.resolve();
    },
  });
  return { world, books: opened };
}

const run = remediationOf('restart-member', 'patroni3', { id: 'r1', phase: 'sending', endedAtMs: null });
const SENDING = { kind: 'sending', run, claims: {}, request: 'POST /restart', look: {} } as unknown as LedgerEvent;
const ENDED: LedgerEvent = { kind: 'ended', run: { ...run, phase: 'succeeded', endedAtMs: NOW_MS } };

describe('a run that may be begun without tenure', () => {
  const alone = remediationOf('start-store', 'etcd2', { id: 's1', phase: 'sending', endedAtMs: null, epoch: '' });
  const sending = { ...SENDING, run: alone } as LedgerEvent;
  const ended: LedgerEvent = { kind: 'ended', run: { ...alone, phase: 'succeeded', endedAtMs: NOW_MS } };

  it('counts still when the store that never had it is read anew, and what needs tenure does not', async () => {
    const { world, books: ours } = books();
    await ours.load(new Map());
    for (const event of [sending, ended, SENDING, ENDED]) await ours.note(event);
    world.stored = { ok: true, ledger: ledgerOf({ remediations: [{ ...run, id: 'theirs' }] }) };
    for (let time = 0; time < 2; time += 1) await ours.load(new Map());
    expect(ours.ledger.remediations.map(({ id, phase }) => `${id} ${phase}`)).toEqual([
      'theirs unknown',
      's1 succeeded',
    ]);
    // Who holds no tenure has nothing to write.
    world.log.length = 0;
    expect(await ours.commit(null)).toBe(true);
    expect(world.log).toEqual([]);
  });

  it('and whose end the store knows is as the store has it', async () => {
    const { world, books: ours } = books();
    await ours.load(new Map());
    await ours.note(sending);
    world.stored = {
      ok: true,
      ledger: ledgerOf({ remediations: [{ ...alone, phase: 'ineffective', endedAtMs: NOW_MS }] }),
    };
    await ours.load(new Map());
    expect(ours.ledger.remediations.map(({ id, phase }) => `${id} ${phase}`)).toEqual(['s1 ineffective']);
  });
});

describe('an event', () => {
  it('is on the disk before it is in the ledger, and in the ledger before it is in etcd', async () => {
    const { world, books: ours } = books();
    await ours.load(new Map());
    await ours.note(SENDING);
    expect(await ours.commit(null)).toBe(true);
    expect(world.log).toEqual(['intent', 'commit r1 sending']);
  });

  it('that must stand in the journal first did not happen where the journal cannot be written', async () => {
    const { world, books: ours } = books({ journal: false });
    expect(await ours.note(SENDING)).toBe(false);
    expect(ours.ledger.remediations).toEqual([]);
    expect(world.log).toEqual(['intent (not written)']);
  });

  it('that has happened counts all the same', async () => {
    const { books: ours } = books({ journal: false });
    expect(await ours.note(ENDED)).toBe(false);
    expect(ours.ledger.remediations).toMatchObject([{ id: 'r1', phase: 'succeeded' }]);
  });
});

describe('a commit', () => {
  it('writes over nothing that was not read', async () => {
    const { world, books: ours } = books({ stored: { ok: false, why: 'not readable' } });
    await ours.load(new Map());
    await ours.note(ENDED);
    expect(await ours.commit(null)).toBe(false);
    expect(ours.fault).toBe('not readable');
    expect(world.log).toEqual(['verdict']);
  });

  it('of what the store holds already asks nobody', async () => {
    const { world, books: ours } = books();
    await ours.load(new Map());
    expect(await ours.commit(null)).toBe(true);
    await ours.note({ kind: 'paged', pages: [], told: [] });
    expect(await ours.commit(null)).toBe(true);
    expect(world.log).toEqual([]);
  });

  it('whose answer is lost is made again, and only success lifts the fault', async () => {
    const { world, books: ours } = books({ answer: 'unknown' });
    await ours.load(new Map());
    await ours.note(ENDED);
    expect(await ours.commit(null)).toBe(false);
    expect(ours.fault).toMatch(/could not be written/);
    world.answer = 'committed';
    expect(await ours.commit(null)).toBe(true);
    expect(ours.fault).toBeNull();
    expect(world.log).toEqual(['verdict', 'commit r1 succeeded', 'commit r1 succeeded']);
  });

  it('is of what there was when it began: what was noted meanwhile is the next one’s', async () => {
    const { world, books: ours } = books();
    await ours.load(new Map());
    await ours.note(SENDING);
    const first = ours.commit(null);
    await ours.note(ENDED);
    expect(await first).toBe(true);
    expect(await ours.commit(null)).toBe(true);
    expect(world.log.at(-1)).toBe('commit r1 succeeded');
  });

  it('over what somebody else wrote is refused, and all is read anew', async () => {
    const { books: ours } = books({ answer: 'unread' });
    await ours.load(new Map());
    await ours.note(ENDED);
    expect(await ours.commit(null)).toBe(false);
    expect(ours.isLoaded).toBe(false);
  });

  it('under a grant that does not stand says so to whoever holds it', async () => {
    const { world, books: ours } = books({ answer: 'not-ours' });
    await ours.load(new Map());
    await ours.note(ENDED);
    await ours.commit(null);
    expect(world.log).toEqual(['verdict', 'commit r1 succeeded', 'doubt']);
  });
});

describe('what was being sent when its sender ended', () => {
  const stored: LoadedLedger = { ok: true, ledger: ledgerOf({ remediations: [run] }) };

  it.each([
    ['may have happened: it is unknown', new Map<string, unknown>(), 'unknown'],
    ['by this very process is still awaited', new Map<string, unknown>([['r1', null]]), 'sending'],
  ])('%s', async (_case, sending, phase) => {
    const { books: ours } = books({ stored });
    await ours.load(sending);
    expect(ours.ledger.remediations).toMatchObject([{ id: 'r1', phase }]);
  });

  it('and never left, by our own knowledge, is no try, and gives back the word that was given for it', async () => {
    const approved = { ...approval(run.plan, 'far behind', NOW_MS), state: 'approved' as const };
    const used = ledgerOf({ remediations: [run], approvals: [{ ...approved, state: 'used' }] });
    const { books: ours } = books({ stored: { ok: true, ledger: used } });
    await ours.note(SENDING);
    const planned = { ...run, phase: 'planned' as const };
    const reply = { effect: 'none', status: null, text: '', tookMs: 0 } as const;
    await ours.note({ kind: 'unsent', run: planned, before: ledgerOf({ approvals: [approved] }), reply });
    await ours.load(new Map());
    expect(ours.ledger).toMatchObject({ remediations: [], approvals: [approved] });
  });
});

import { describe, expect, it } from 'vitest';
import { beginCheck } from '../../../src/kernel/checks.js';
import { keepChecks } from '../../../src/kernel/keep-checks.js';
import type { Session } from '../../../src/kernel/session.js';
import { fold } from '../../../src/ledger/fold.js';
import type { LedgerEvent } from '../../../src/ledger/events.js';
import type { CheckRow, DataCheck } from '../../../src/model/data-check.js';
import type { Ledger } from '../../../src/model/ledger.js';
import { ledgerOf, NOW_MS } from '../../support/view.js';

const MEMBER = 'patroni2';
const FOUND = [{ relation: 'app.public.t', what: 'table', block: '0', text: 'ERROR:  x' }] as const;
const checkAt = (startedMs: number, part: Partial<DataCheck> = {}): DataCheck => ({
  by: 'dba',
  database: null,
  startedMs,
  endedMs: startedMs + 10,
  findings: FOUND,
  found: 1,
  gaps: [],
  ...part,
});
const rowOf = (check: DataCheck): CheckRow => ({ member: MEMBER, startedMs: check.startedMs, check });
const keeping = (...rows: readonly CheckRow[]): Ledger =>
  ledgerOf({ checks: { schedule: null, sinceMs: 0, roundMs: null, rows } });

interface Options {
  readonly mode?: string;
  readonly tenure?: string;
  readonly isLoaded?: boolean;
}

/** What of a session the checks are kept by. */
function bench(
  local: DataCheck | null,
  ledger: Ledger,
  { mode = 'enforce', tenure = 'held', isLoaded = true }: Options = {},
) {
  const known: Record<string, DataCheck> = local === null ? {} : { [MEMBER]: local };
  const begun: string[] = [];
  const books = {
    ledger,
    isLoaded,
    note: (event: LedgerEvent) => {
      books.ledger = fold(books.ledger, event);
      return Promise.resolve(true);
    },
  };
  const checks = {
    checks: () => ({ ...known }),
    adopt: (member: string, check: DataCheck) => {
      known[member] = check;
    },
    begin: ({ member }: { member: string }) => begun.push(member) > 0,
  };
  const session = {
    books,
    inForce: { policy: { mode } },
    inbox: { put: (change: () => Promise<void>) => void change() },
    wake: () => undefined,
    view: null,
    parts: {
      ports: { checks, clock: { now: () => NOW_MS } },
      target: { members: [MEMBER] },
      tenure: { facts: () => ({ state: tenure, owner: 'other', epoch: null }) },
    },
  } as unknown as Session;
  return {
    session,
    begun,
    books,
    known,
    row: () => books.ledger.checks?.rows.find(({ member }) => member === MEMBER),
  };
}

describe('a check that has ended', () => {
  const OLD = checkAt(NOW_MS - 5_000, { found: 0, findings: [] });
  const NEW = checkAt(NOW_MS - 1_000);

  it.each([
    { what: 'is noted where the ledger has none', ledger: keeping() },
    { what: 'is noted over an older one, and not overwritten by it', ledger: keeping(rowOf(OLD)) },
  ])('$what', async ({ ledger }) => {
    const at = bench(NEW, ledger);
    await keepChecks(at.session);
    expect(at.row()?.startedMs).toBe(NEW.startedMs);
    expect(at.known[MEMBER]).toEqual(NEW);
  });

  it('is noted anew where the ledger was read again before it was written', async () => {
    const at = bench(NEW, keeping(rowOf(OLD)));
    await keepChecks(at.session);
    at.books.ledger = keeping(rowOf(OLD));
    await keepChecks(at.session);
    expect(at.row()?.check).toEqual(NEW);
    expect(at.known[MEMBER]).toEqual(NEW);
    const { ledger } = at.books;
    await keepChecks(at.session);
    expect(at.books.ledger).toBe(ledger);
  });

  it.each([
    { what: 'another instance holds tenure', options: { tenure: 'other' } },
    { what: 'the ledger was not read', options: { isLoaded: false } },
  ])('waits while $what, and stands as it is', async ({ options }) => {
    const at = bench(NEW, keeping(rowOf(OLD)), options);
    await keepChecks(at.session);
    expect(at.row()?.startedMs).toBe(OLD.startedMs);
    expect(at.known[MEMBER]).toEqual(NEW);
  });

  it('is taken from the ledger where that one is later, or ours is none', async () => {
    for (const local of [OLD, null]) {
      const at = bench(local, keeping(rowOf(NEW)));
      await keepChecks(at.session);
      expect(at.known[MEMBER]).toEqual(NEW);
    }
  });

  it('by a clock that was ahead is noted nowhere', async () => {
    const at = bench(checkAt(NOW_MS + 1_000), keeping(rowOf(OLD)));
    await keepChecks(at.session);
    expect(at.row()?.startedMs).toBe(OLD.startedMs);
  });
});

describe('a check that a person asks for', () => {
  it.each(['other', 'unknown'])(
    'is refused where tenure is %s: whoever holds it would not learn of it',
    async (tenure) => {
      const at = bench(null, keeping(), { tenure });
      const request = { member: MEMBER, database: null, leader: false };
      expect(await beginCheck(at.session, request, 'dba')).toMatchObject({
        ok: false,
        text: expect.stringContaining('tenure') as string,
      });
      expect(at.begun).toEqual([]);
    },
  );
});

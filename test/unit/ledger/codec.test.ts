import { describe, expect, it } from 'vitest';
import { EMPTY_LEDGER } from '../../../src/model/ledger.js';
import { withoutForeignWork } from '../../../src/ledger/after-pass.js';
import { foreignInFlight } from '../../../src/model/foreign.js';
import { foreignText, unreadableParts } from '../../../src/words/foreign.js';
import { ledgerFrom, ledgerText } from '../../../src/ledger/codec.js';
import { ledgerOf, NOW_MS, planOf, remediationOf } from '../../support/view.js';

const own = ledgerOf({
  remediations: [remediationOf('drain-replica', 'patroni3')],
  drains: [{ member: 'patroni3', actuators: ['proxy'], sinceMs: NOW_MS, remediationId: 'd', shadow: false }],
  approvals: [
    {
      id: 'a1',
      fingerprint: 'f',
      plan: planOf('reinitialize-replica', 'patroni3'),
      why: 'broken',
      requestedAtMs: NOW_MS,
      expiresAtMs: NOW_MS + 1,
      state: 'waiting',
      by: null,
      reason: null,
      decidedAtMs: null,
    },
  ],
});
const row = { ...remediationOf('drain-replica', 'patroni2'), id: 'x1', phase: 'verifying', endedAtMs: null };
const newer = { ...row, plan: { ...row.plan, action: 'rotate-moon', params: { deep: { lsn: ['x'] } } }, extra: 7 };
const document = JSON.parse(ledgerText(own)) as Record<string, unknown[]>;
const withRows = (part: Record<string, unknown>): string => JSON.stringify({ ...document, ...part });
const foreignIn = (text: string) =>
  ledgerFrom(text)?.foreign?.map(({ list, id, action, inFlight }) => [list, id, action, inFlight]);

describe('a ledger of our own version', () => {
  it('comes back as it was written', () => {
    expect(ledgerFrom(ledgerText(own))).toEqual(own);
    expect(ledgerFrom(ledgerText(EMPTY_LEDGER))).toEqual(EMPTY_LEDGER);
  });

  it.each([
    ['overridden: patroni3 was put back into rotation by somebody else', 'overridden'],
    ['scheduled: patroni2 is to lead from 2026-11-26T03:00:00.000Z', 'scheduled'],
    ['the copy of patroni3 failed: No space left on device', 'copy-failed'],
    ['patroni3 is drained', undefined],
  ])('of 0.1.0 says in its words how something ended: %s', (detail, ending) => {
    const old = { ...row, phase: 'abandoned', endedAtMs: NOW_MS, detail };
    const read = ledgerFrom(withRows({ remediations: [old] }))?.remediations[0];
    expect(read?.ending).toBe(ending);
    expect(
      ledgerFrom(withRows({ remediations: [{ ...old, endedAtMs: null }] }))?.remediations[0]?.ending,
    ).toBeUndefined();
  });

  it('of a newer one keeps an ending that this one does not know', () => {
    const text = withRows({ remediations: [{ ...row, endedAtMs: NOW_MS, phase: 'failed', ending: 'moonstruck' }] });
    expect(ledgerText(ledgerFrom(text) ?? own)).toContain('"ending":"moonstruck"');
  });

  it('of an older one lacks lists: they are empty', () => {
    expect(ledgerFrom('{"remediations":[],"switches":[]}')).toEqual(EMPTY_LEDGER);
  });

  it.each(['null', '[]', '"x"', '{}', '{"remediations":{},"switches":[]}'])('is not %s', (text) => {
    expect(ledgerFrom(text)).toBeNull();
  });
});

describe('what is kept of checks of the data', () => {
  const check = { by: 'ekimi', database: null, startedMs: 1, endedMs: 2, findings: [], found: 0, gaps: ['x'] };
  const failing = { sinceMs: 1, times: 2, why: ['x'] };
  const checks = {
    schedule: '0 3 * * * UTC',
    sinceMs: 1,
    roundMs: null,
    alone: failing,
    rows: [{ member: 'patroni2', startedMs: 1, check, failing, lost: failing, begunMs: 3 }],
  };

  it('comes back as it was written', () => {
    expect(ledgerFrom(withRows({ checks }))?.checks).toEqual(checks);
  });

  it('by a version that keeps it otherwise is none, holds nothing back, and stays word for word', () => {
    const read = ledgerFrom(withRows({ checks: { rows: 'moon' } }));
    expect(read?.checks).toBeUndefined();
    expect(foreignInFlight(read ?? own)).toEqual([]);
    expect(ledgerText(read ?? own)).toContain('"checks":{"rows":"moon"}');
  });
});

describe('an approval', () => {
  const asked = own.approvals[0];
  const read = (loss: unknown) => ledgerFrom(withRows({ approvals: [{ ...asked, loss }] }));

  it.each([[null], [{ bytes: null, seconds: null }], [{ bytes: 7, seconds: 0.1 }], [{ bytes: 7, seconds: null }]])(
    'is read with the loss that it was asked for: %j',
    (loss) => {
      expect(read(loss)?.approvals).toEqual([{ ...asked, loss }]);
    },
  );

  it('is read without one, as an older version wrote it', () => {
    expect(read(undefined)?.approvals).toEqual([asked]);
  });

  it.each([[7], ['any'], [{}], [{ bytes: 7 }], [{ bytes: '7', seconds: null }]])(
    'with a loss that we cannot read is set apart: %j',
    (loss) => {
      expect(read(loss)?.approvals).toEqual([]);
      expect(read(loss)?.foreign?.map(({ list, id }) => [list, id])).toEqual([['approvals', 'a1']]);
    },
  );
});

describe('what another version wrote', () => {
  it.each<[string, Record<string, unknown>, readonly unknown[]]>([
    ['an action', newer, ['remediations', 'x1', 'rotate-moon', true]],
    ['a phase', { ...row, phase: 'resting' }, ['remediations', 'x1', 'drain-replica', true]],
    ['no deadline', { ...row, deadlineMs: undefined }, ['remediations', 'x1', 'drain-replica', true]],
    ['no plan', { ...row, plan: undefined }, ['remediations', 'x1', 'unknown', true]],
    ['an action that has ended', { ...newer, endedAtMs: NOW_MS }, ['remediations', 'x1', 'rotate-moon', false]],
    ['an action that has failed', { ...newer, phase: 'failed' }, ['remediations', 'x1', 'rotate-moon', false]],
  ])('with %s that we do not know is set apart', (_what, foreign, expected) => {
    const text = withRows({ remediations: [...document['remediations']!, foreign] });
    expect(foreignIn(text)).toEqual([expected]);
    expect(ledgerFrom(text)?.remediations).toEqual(own.remediations);
  });

  it('an approval is never in flight, and nobody can give it here', () => {
    const asked = { ...own.approvals[0], plan: newer.plan };
    const text = withRows({ approvals: [...document['approvals']!, asked] });
    expect(foreignIn(text)).toEqual([['approvals', 'a1', 'rotate-moon', false]]);
    expect(ledgerFrom(text)?.approvals).toEqual(own.approvals);
  });

  it('goes back word for word, unknown lists and fields with it', () => {
    const text = withRows({
      remediations: [...document['remediations']!, newer, 'not even a row'],
      approvals: [...document['approvals']!, { id: 'a2', plan: newer.plan }],
      procedures: [{ id: 'p1' }],
    });
    const again = JSON.parse(ledgerText(ledgerFrom(text)!)) as Record<string, unknown[]>;
    const expected = JSON.parse(text) as Record<string, unknown[]>;
    expect({ ...again, remediations: [] }).toEqual({ ...expected, remediations: [] });
    expect(again['remediations']!.slice(0, 2)).toEqual(expected['remediations']!.slice(0, 2));
  });

  it('is told by what it says that it does', () => {
    const ledger = ledgerFrom(withRows({ remediations: [newer] }))!;
    expect(foreignInFlight(ledger).map(foreignText)).toEqual([
      'rotate-moon patroni2 is in flight, begun by another version of Ekimi and unknown to this one',
    ]);
  });
});

describe('a ledger of odd shape', () => {
  const lists = ['drains', 'fences', 'switches', 'leaderChanges', 'pages', 'incidents'] as const;
  const parts = [...lists, 'flaps', 'breaker', 'stormUntilMs'] as const;
  const oddities = [
    {},
    { x: 1 },
    [],
    [null],
    ['text'],
    [7],
    [[1]],
    [{ member: 7 }],
    'text',
    7,
    true,
    '7',
    { a: ['1'] },
  ];

  it.each(parts)('[A5] under %s is kept word for word, and what can be used is of the right shape', (part) => {
    for (const oddity of oddities) {
      const text = withRows({ [part]: oddity });
      const ledger = ledgerFrom(text);
      if (part === 'switches' && !Array.isArray(oddity)) {
        expect(ledger).toBeNull();
        continue;
      }
      expect(ledger).not.toBeNull();
      if (ledger === null) continue;
      for (const list of lists) expect(Array.isArray(ledger[list] ?? [])).toBe(true);
      for (const list of lists) for (const entry of ledger[list] ?? []) expect(entry).toBeTypeOf('object');
      for (const times of Object.values(ledger.flaps)) for (const time of times) expect(time).toBeTypeOf('number');
      expect(JSON.parse(ledgerText(ledger))).toEqual(JSON.parse(text));
    }
  });

  it('[A5] holds what is risky where it may be work of somebody, and says which part', () => {
    const ledger = ledgerFrom(withRows({ drains: {}, pages: 'none', fences: [{ member: 'patroni2' }] }))!;
    expect(foreignInFlight(ledger).map(foreignText)).toEqual([
      'what the ledger in etcd keeps under drains cannot be read',
      'what the ledger in etcd keeps under fences cannot be read (of patroni2)',
    ]);
    expect(unreadableParts(ledger)).toHaveLength(3);
  });

  it('[A5] once we have something to say there, it is kept beside ours, and a person can set it aside for good', () => {
    const read = ledgerFrom(withRows({ drains: { patroni2: 1 } }))!;
    const saved = ledgerFrom(ledgerText({ ...read, drains: own.drains }))!;
    expect(saved.drains).toEqual(own.drains);
    expect((JSON.parse(ledgerText(saved)) as { unreadable: unknown }).unreadable).toEqual({ drains: { patroni2: 1 } });
    const aside = ledgerFrom(ledgerText(withoutForeignWork(saved, 'dba', NOW_MS)))!;
    expect(foreignInFlight(aside)).toEqual([]);
  });

  it.each([
    ['sentAtMs', '7'],
    ['steps', '1'],
    ['lastReply', 7],
    ['createdAtMs', '7'],
  ])('[A5] a remediation whose %s is %j is set apart', (field, value) => {
    const text = withRows({ remediations: [{ ...row, [field]: value }] });
    expect(foreignIn(text)).toEqual([['remediations', 'x1', 'drain-replica', true]]);
  });
});

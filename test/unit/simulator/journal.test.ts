import { expect, test } from 'vitest';
import { breakOf, GENESIS, opened, sealed } from '../../../src/journal/chain.js';
import { memoryJournal, recordingNotifier } from '../../../src/simulator/memory-journal.js';

const entry = (atMs: number) => ({ atMs, scope: 'email-cluster', body: { kind: 'stop', reason: 'test' } as const });

test('the chain is the one that the journal on disk has: each line proves itself and follows the one before it', async () => {
  const journal = memoryJournal();
  const first = await journal.append(entry(1));
  const second = await journal.append(entry(2));
  expect(breakOf(first, GENESIS)).toBeNull();
  expect(breakOf(second, first)).toBeNull();
  expect(breakOf(second, GENESIS)).toContain('does not follow');
  expect(opened(sealed(entry(2), first).line)).toEqual({ kind: 'entry', entry: second });
});

test('a full disk: append rejects once and the entry is not there', async () => {
  const journal = memoryJournal();
  journal.failNext(new Error('no space left'));
  await expect(journal.append(entry(1))).rejects.toThrow('no space left');
  await journal.append(entry(2));
  const read = [];
  for await (const row of journal.read({ sinceMs: 0 })) read.push(row.atMs);
  expect(read).toEqual([2]);
});

test('the notifier remembers its pages', () => {
  const notifier = recordingNotifier();
  notifier.page({
    scope: 's',
    code: 'leaderless',
    subject: 's',
    level: 'critical',
    change: 'opened',
    text: 'x',
    unblock: [],
    sinceMs: 1,
    atMs: 1,
    key: 'leaderless',
    isLast: false,
    toldBy: null,
  });
  expect(notifier.pages).toHaveLength(1);
});

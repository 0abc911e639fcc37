import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { toJson } from '../../../src/model/json.js';
import { FIRST_PREV, memoryJournal, recordingNotifier } from '../../../src/simulator/memory-journal.js';

const entry = (atMs: number) => ({ atMs, scope: 'email-cluster', body: { kind: 'stop', reason: 'test' } as const });

test('each entry names the hash of the one before it, and its own hash covers the rest of the line', async () => {
  const journal = memoryJournal();
  const first = await journal.append(entry(1));
  const second = await journal.append(entry(2));
  expect(first).toMatchObject({ seq: 1, prev: FIRST_PREV });
  expect(second).toMatchObject({ seq: 2, prev: first.hash });
  const { hash, ...rest } = second;
  expect(createHash('sha256').update(toJson(rest)).digest('hex')).toBe(hash);
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
  notifier.page({ scope: 's', code: 'leaderless', subject: 's', level: 'critical', text: 'x', atMs: 1 });
  expect(notifier.pages).toHaveLength(1);
});

import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/open.js';
import { readJournal } from '../../src/journal/read.js';
import { verifyJournal } from '../../src/journal/verify.js';
import type { JournalEntry, NewEntry } from '../../src/model/entry.js';
import { collected } from '../unit/journal/journals.js';

const RUN = 'aaaaaaaa';
const nameOf = (number: number): string => `journal-${String(number).padStart(6, '0')}-${RUN}.jsonl`;
const fileOf = (directory: string, number: number): string => join(directory, 's', nameOf(number));

const page = (text: string): NewEntry => ({
  atMs: 1,
  scope: 's',
  body: { kind: 'page', code: 'x', subject: 's', text },
});
const open = (directory: string, maxFileBytes = 1_000_000) =>
  openJournal({ directory, scope: 's', run: RUN, maxFileBytes, keepFiles: 0 });

async function within<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'ekimi-crash-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const texts = (entries: readonly JournalEntry[]): string[] =>
  entries.map(({ body }) => (body.kind === 'page' ? body.text : ''));

async function writeAll(directory: string, entries: readonly string[], maxFileBytes?: number): Promise<void> {
  const journal = await open(directory, maxFileBytes);
  for (const text of entries) await journal.append(page(text));
  await journal.close();
}

describe('a crash in the middle of writing a line', () => {
  it('at any byte of it loses nothing before it, and the journal goes on and verifies', async () => {
    await within(async (directory) => {
      const path = fileOf(directory, 1);
      await writeAll(directory, ['one', 'two 🐘', 'three, with 🐘 and "quotes"']);
      const whole = readFileSync(path);
      const before = whole.lastIndexOf(10, whole.length - 2) + 1;
      for (let end = before; end <= whole.length; end += 1) {
        rmSync(fileOf(directory, 2), { force: true });
        writeFileSync(path, whole.subarray(0, end));
        const untouched = await verifyJournal(directory);
        await writeAll(directory, ['after']);

        const complete = end >= whole.length - 1;
        const kept = complete ? ['one', 'two 🐘', 'three, with 🐘 and "quotes"'] : ['one', 'two 🐘'];
        const bad: string[] = [];
        const entries = await collected(readJournal(directory, { onBad: (where) => bad.push(where) }));
        const torn = !complete && end > before;
        expect(texts(entries), `cut at ${end}`).toEqual([...kept, 'after']);
        expect(bad, `cut at ${end}`).toEqual(torn ? [`s/${nameOf(1)}:3`] : []);
        expect(untouched, `cut at ${end}`).toMatchObject({
          ok: true,
          entries: kept.length,
          torn: torn ? [{ line: 3 }] : [],
        });
        const verified = await verifyJournal(directory);
        expect(verified, `cut at ${end}`).toMatchObject({
          ok: true,
          entries: kept.length + 1,
          torn: torn ? [{ line: 3 }] : [],
        });
        // Nothing that was on the disk is gone from it.
        expect(readFileSync(path).equals(whole.subarray(0, end)), `cut at ${end}`).toBe(true);
      }
    });
  });

  it('again and again, anywhere behind the last acknowledged entry, loses no acknowledged entry', async () => {
    const step = fc.record({
      entries: fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { minLength: 1, maxLength: 4 }),
      torn: fc.uint8Array({ maxLength: 200 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        await within(async (directory) => {
          for (const [at, { entries, torn }] of steps.entries()) {
            await writeAll(directory, entries);
            const path = fileOf(directory, at + 1);
            // What a crash leaves: any bytes, but no end of line, which is written last.
            writeFileSync(
              path,
              Buffer.concat([readFileSync(path), Buffer.from(torn).map((byte) => (byte === 10 ? 11 : byte))]),
            );
          }
          const all = await collected(readJournal(directory));
          expect(texts(all)).toEqual(steps.flatMap(({ entries }) => entries));
          expect((await verifyJournal(directory)).ok).toBe(true);
        });
      }),
      { numRuns: 40 },
    );
  });
});

describe('any text and any size of file', () => {
  it('gives a journal that reads back as it was written and verifies', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 2_000 }),
        async (entries, maxFileBytes) => {
          await within(async (directory) => {
            await writeAll(directory, entries, maxFileBytes);
            expect(texts(await collected(readJournal(directory)))).toEqual(entries);
            expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: entries.length });
          });
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('one changed byte', () => {
  it('anywhere before the last line is found', async () => {
    await within(async (directory) => {
      const path = fileOf(directory, 1);
      await writeAll(directory, ['one', 'two', 'three']);
      const whole = readFileSync(path);
      const lastLine = whole.lastIndexOf(10, whole.length - 2) + 1;
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 0, max: lastLine - 1 }),
          fc.integer({ min: 1, max: 255 }),
          async (at, change) => {
            const changed = Buffer.from(whole);
            changed[at] = (changed[at] ?? 0) ^ change;
            writeFileSync(path, changed);
            expect(await verifyJournal(directory)).toMatchObject({ ok: false });
          },
        ),
        { numRuns: 300 },
      );
      truncateSync(path, 0);
    });
  });
});

import '../support/seed.js';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/open.js';
import { pageOfJournal, readJournal } from '../../src/journal/read.js';
import { verifyJournal } from '../../src/journal/verify.js';
import type { JournalEntry, NewEntry } from '../../src/model/entry.js';
import { fromJson, toJson } from '../../src/model/json.js';
import { rig } from '../support/simulated.js';
import { collected, contentOf, faultyFs, fileName, files, folder, page, SCOPE } from '../unit/journal/journals.js';

/** Passes of a calm cluster, among them some so different that a whole one begins again. */
async function passes(): Promise<readonly NewEntry[]> {
  const [calm, other] = [rig(), rig()];
  await Promise.all([calm.run(420), other.run(5)]);
  const [strange] = other.journal.entries.filter(({ body }) => body.kind === 'pass');
  const rows = calm.journal.entries.map(({ atMs, scope, body }): NewEntry => ({ atMs, scope, body }));
  const apart = { ...page('x'.repeat(20)), atMs: rows.at(-1)?.atMs ?? 0 };
  // Of the very same shape: a difference from the wrong whole one fits it.
  const view = fromJson(
    toJson((strange?.body as { view: object }).view).replace('"running"', `"${'y'.repeat(40_000)}"`),
  );
  const body = { ...(strange?.body as object), view };
  return [
    ...rows.slice(0, 4),
    { ...apart, body: body as unknown as NewEntry['body'] },
    ...rows.slice(4, 6),
    apart,
    ...rows.slice(6),
  ];
}

const entries = passes();

const bodyOf = ({ body }: { readonly body: object }): string => toJson(body);
const isLost = ({ body }: JournalEntry): boolean => 'lost' in body;

/** Each entry that is read is one that was written, with all of it or with word that it is lost; never with another one's situation. */
function expectHonest(read: readonly JournalEntry[], written: ReadonlyMap<string, JournalEntry>): void {
  for (const entry of read) {
    const was = written.get(entry.hash);
    expect(was).toBeDefined();
    if (was === undefined) continue;
    if (!isLost(entry)) expect(bodyOf(entry)).toBe(bodyOf(was));
    else expect(entry.body).toMatchObject({ kind: was.body.kind });
  }
}

const fault = fc.record({
  kind: fc.constantFrom('drop', 'cut', 'swap', 'twice', 'spoil', 'foreign'),
  at: fc.nat({ max: 40 }),
  to: fc.nat({ max: 40 }),
});

describe('a journal of differences whose lines were dropped, cut, moved, doubled, spoilt or are of another cluster', () => {
  it('is read from both ends without a throw, and no entry has the situation of another', async () => {
    const directory = folder();
    const options = { directory, scope: SCOPE, run: 'aaaaaaaa', maxFileBytes: 1e9, keepFiles: 0 };
    const journal = await openJournal(options);
    const written = new Map<string, JournalEntry>();
    for (const entry of await entries) {
      const done = await journal.append(entry);
      written.set(done.hash, done);
    }
    await journal.close();
    const foreign = await openJournal({ ...options, directory: folder(), scope: 'other' });
    const [first] = await entries;
    const alien = await foreign.append({ ...(first as NewEntry), scope: 'other' });
    await foreign.close();
    written.set(alien.hash, alien);
    const { seq, prev, atMs, scope, body, hash } = alien;
    const alienLine = `${toJson({ seq, prev, atMs, scope, body }).slice(0, -1)},"hash":"${hash}"}`;
    const lines = contentOf(directory).trim().split('\n');
    expect(lines.filter((line) => line.includes('"kept":')).length).toBeGreaterThan(4);
    expect(lines.filter((line) => line.includes('"view":{')).length).toBeGreaterThan(1);
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { minLength: 1, maxLength: 6 }), async (faults) => {
        let broken = [...lines];
        for (const { kind, at: where, to } of faults) {
          const at = where % Math.max(1, broken.length);
          const line = broken[at] ?? '';
          if (kind === 'drop') broken = broken.toSpliced(at, 1);
          if (kind === 'cut') broken[at] = line.slice(0, to * 20);
          if (kind === 'swap') broken = broken.toSpliced(at, 1).toSpliced(to % broken.length, 0, line);
          if (kind === 'twice') broken = broken.toSpliced(to % broken.length, 0, line);
          if (kind === 'spoil') broken[at] = line.replace(/\d(?=\D*$)/, '');
          if (kind === 'foreign') broken = broken.toSpliced(at, 0, alienLine);
        }
        const place = folder();
        mkdirSync(join(place, SCOPE));
        writeFileSync(join(place, SCOPE, fileName(1)), broken.join('\n'));
        expectHonest(await collected(readJournal(place)), written);
        expectHonest(await collected(readJournal(place, { scope: SCOPE })), written);
        for (const limit of [1, 4, 100]) expectHonest((await pageOfJournal(place, { limit })).entries, written);
        await verifyJournal(place);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

describe('a disk that is full in the middle of a line', () => {
  it('after any number of bytes loses no entry that was acknowledged, and what comes after it is whole', async () => {
    const all = await entries;
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 40_000 }), fc.nat({ max: 3 }), async (roomBytes, refused) => {
        const { fs, faults } = faultyFs();
        const directory = folder();
        const journal = await openJournal({ directory, scope: SCOPE, maxFileBytes: 1e9, keepFiles: 0, fs });
        faults.roomBytes = roomBytes;
        const kept: string[] = [];
        let failed = 0;
        for (const entry of all) {
          try {
            kept.push(bodyOf(await journal.append(entry)));
          } catch {
            failed += 1;
            if (failed > refused) faults.roomBytes = Number.POSITIVE_INFINITY;
          }
        }
        await journal.close();
        expect((await collected(readJournal(directory))).map(bodyOf)).toEqual(kept);
        expect(files(directory)).toHaveLength(1);
        expect((await verifyJournal(directory)).ok).toBe(true);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});

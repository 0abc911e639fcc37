import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJournal } from '../../../src/journal/read.js';
import { verifyJournal } from '../../../src/journal/verify.js';
import type { JournalEntry, NewEntry } from '../../../src/model/entry.js';
import { toJson } from '../../../src/model/json.js';
import { sealed, sealOf } from '../../../src/journal/chain.js';
import { rig } from '../../support/simulated.js';
import { collected, contentOf, files, folder, open, page, SCOPE } from './journals.js';

/** Minutes of a cluster of three members, all channels, nothing wrong. */
async function calmMinutes(minutes: number): Promise<readonly JournalEntry[]> {
  const { run, journal } = rig();
  await run(minutes * 60);
  return journal.entries;
}

const calm = calmMinutes(12);

const bodies = (entries: readonly JournalEntry[]): string => entries.map(({ body }) => toJson(body)).join('\n');

async function writtenTo(
  directory: string,
  entries: readonly NewEntry[],
  more: object = {},
): Promise<readonly JournalEntry[]> {
  const journal = await open(directory, more);
  const written: JournalEntry[] = [];
  for (const { atMs, scope, body } of entries) written.push(await journal.append({ atMs, scope, body }));
  await journal.close();
  return written;
}

const linesOf = (directory: string, name?: string): string[] => contentOf(directory, name).trim().split('\n');
const isShort = (line: string): boolean => line.includes('"kept":{"of":');

const lostOf = ({ body }: JournalEntry): string | undefined =>
  body.kind === 'pass' || body.kind === 'intent' ? body.lost : undefined;

describe('what a pass was decided on', () => {
  it('costs a calm minute of three members less than 1 kB, and comes back as it was', async () => {
    const entries = await calm;
    const directory = folder();
    const returned = await writtenTo(directory, entries);
    const lines = linesOf(directory);
    const [short, whole] = [lines.filter(isShort), lines.filter((line) => line.length > 15_000)];
    expect(short.length).toBeGreaterThan(8);
    const aMinute = Math.max(...short.map((line) => line.length + 1)) + (whole.at(-1)?.length ?? 0) / 360;
    // kB as PostgreSQL counts them.
    expect(aMinute).toBeLessThan(1_024);
    const back = await collected(readJournal(directory));
    expect(bodies(back)).toBe(bodies(entries));
    expect(toJson(back)).toBe(toJson(returned));
    expect((await verifyJournal(directory)).ok).toBe(true);
  }, 60_000);

  it('is whole in each file, so that a file that retention removed takes nothing of the next', async () => {
    const entries = await calm;
    const directory = folder();
    // A whole one and some short ones a file: three files, of which the first is removed.
    const all = folder();
    await writtenTo(all, entries);
    const whole = Math.max(...linesOf(all).map((line) => line.length));
    const maxFileBytes = Math.floor(whole + 0.6 * (contentOf(all).length - whole));
    await writtenTo(directory, entries, { maxFileBytes, keepFiles: 2 });
    const back = await collected(readJournal(directory));
    expect(files(directory)).toHaveLength(2);
    expect(back.length).toBeGreaterThan(4);
    expect(bodies(back)).toBe(bodies(entries.slice(-back.length)));
    expect(
      files(directory)
        .flatMap((name) => linesOf(directory, name).slice(1))
        .every(isShort),
    ).toBe(true);
  }, 60_000);

  it('comes back in a page that begins anywhere, read from the end', async () => {
    const entries = await calm;
    const directory = folder();
    const told = [...entries.slice(0, 6), { ...page('told'), atMs: (entries[5]?.atMs ?? 0) + 1 }, ...entries.slice(6)];
    const written = await writtenTo(directory, told);
    const journal = await open(directory);
    for (let end = 1; end <= written.length; end += 1)
      for (const limit of [1, 3]) {
        const found = await journal.page({ limit, beforeSeq: end + 1 });
        expect(toJson(found.entries)).toBe(toJson(written.slice(Math.max(0, end - limit), end)));
        expect(found.more).toBe(end > limit);
      }
    const sinceMs = written.at(-2)?.atMs ?? 0;
    expect(toJson((await journal.page({ limit: 9, sinceMs })).entries)).toBe(toJson(written.slice(-2)));
    expect(toJson(await collected(readJournal(directory, { sinceMs })))).toBe(toJson(written.slice(-2)));
    await journal.close();
  }, 60_000);

  it('begins anew after a line that may not be on the disk', async () => {
    const entries = await calm;
    const directory = folder();
    await writtenTo(directory, entries.slice(0, 4));
    await writtenTo(directory, entries.slice(4, 7));
    expect(bodies(await collected(readJournal(directory)))).toBe(bodies(entries.slice(0, 7)));
  }, 60_000);

  it.each(['forwards', 'backwards'])(
    'is told as lost where the whole one cannot be read, and the rest of the entry stands (%s)',
    async (way) => {
      const entries = await calm;
      const directory = folder();
      await writtenTo(directory, entries);
      const [file = ''] = files(directory);
      const spoilt = linesOf(directory).map((line) =>
        sealOf(line) !== null && line.length > 15_000 ? line.replace('fresh', 'stale') : line,
      );
      writeFileSync(join(directory, SCOPE, file), `${spoilt.join('\n')}\n`);
      const journal = await open(directory);
      const back =
        way === 'forwards' ? await collected(readJournal(directory)) : (await journal.page({ limit: 100 })).entries;
      await journal.close();
      const passes = back.filter(({ body }) => body.kind === 'pass');
      expect(passes.length).toBeGreaterThan(8);
      for (const { body, ...entry } of passes) {
        expect(lostOf({ ...entry, body })).toMatch(
          /cannot be rebuilt: entry \d+, which holds the whole of it, cannot be/,
        );
        expect(body).toMatchObject({ cluster: 'healthy', decisions: [], view: null, states: null });
      }
    },
    60_000,
  );

  it('is told as lost where it does not fit its base: moved, or written by another version', async () => {
    const entries = await calm;
    const directory = folder();
    await writtenTo(directory, entries.slice(0, 4));
    const [file = ''] = files(directory);
    const lines = linesOf(directory);
    const row = JSON.parse(lines.at(-1) ?? '') as JournalEntry & { body: { kept: object } };
    let tip = { seq: row.seq, hash: row.hash };
    for (const kept of [
      { of: 2, d: '////', x: [] },
      { of: 2 },
      { of: 'two', d: '', x: [] },
      7,
      { of: 2, d: 'AA', x: [] },
    ]) {
      const { line, entry } = sealed({ ...row, body: { ...row.body, kept } as never }, tip);
      lines.push(line);
      tip = entry;
    }
    writeFileSync(join(directory, SCOPE, file), `${lines.join('\n')}\n`);
    const back = await collected(readJournal(directory));
    expect(back.map(lostOf).filter((why) => why !== undefined)).toHaveLength(5);
  }, 60_000);
});

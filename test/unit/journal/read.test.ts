import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeFs, type JournalFs } from '../../../src/journal/files.js';
import { pageOfJournal, readJournal, tailJournal } from '../../../src/journal/read.js';
import { verifyJournal } from '../../../src/journal/verify.js';
import { collected, contentOf, files, folder, open, page, readBack, textOf, written } from './journals.js';

const HOUR = 3_600_000;
const fileOne = (directory: string): string => join(directory, 'journal-000001.jsonl');
const linesOfOne = (directory: string): string[] => contentOf(directory).trimEnd().split('\n');
const rewrite = (directory: string, lines: readonly string[]): void => {
  writeFileSync(fileOne(directory), lines.map((line) => `${line}\n`).join(''));
};

/** Three entries in one file. */
async function three(): Promise<string> {
  const directory = folder();
  await written(directory, 'one', 'two', 'three');
  return directory;
}

describe('verify', () => {
  it.each([
    ['a changed entry', (lines: string[]) => lines.with(1, (lines[1] ?? '').replace('two', 'TWO')), 2],
    ['a removed entry', (lines: string[]) => lines.toSpliced(1, 1), 2],
    ['a removed first entry', (lines: string[]) => lines.slice(1), 1],
    ['an entry twice', (lines: string[]) => lines.toSpliced(1, 0, lines[1] ?? ''), 3],
    ['two entries in the other order', (lines: string[]) => [lines[0], lines[2], lines[1]] as string[], 2],
    ['a line that is no entry', (lines: string[]) => lines.toSpliced(2, 0, 'not an entry'), 3],
    ['an empty line', (lines: string[]) => lines.toSpliced(1, 0, ''), 2],
  ])('finds %s, by file and line', async (_case, change, line) => {
    const directory = await three();
    rewrite(directory, change(linesOfOne(directory)));
    expect(await verifyJournal(directory)).toMatchObject({
      ok: false,
      firstBad: { file: 'journal-000001.jsonl', line },
    });
  });

  it('is not led to believe that an entry was torn: the chain does not go on around a real one', async () => {
    const directory = await three();
    const lines = linesOfOne(directory);
    rewrite(directory, lines.with(1, `${(lines[1] ?? '').slice(0, 40)} #torn`));
    expect(await verifyJournal(directory)).toMatchObject({ ok: false, firstBad: { line: 3 }, torn: [{ line: 2 }] });
  });

  it('finds a file that is missing in between', async () => {
    const directory = folder();
    const journal = await open(directory, { maxFileBytes: 300 });
    for (const text of ['one', 'two', 'three', 'four']) await journal.append(page(text));
    await journal.close();
    rmSync(join(directory, files(directory)[1] ?? ''));
    expect(await verifyJournal(directory)).toMatchObject({
      ok: false,
      firstBad: { file: 'journal-000003.jsonl', line: 1 },
    });
  });

  it('counts an unfinished last line as torn, or as an entry when only its end of line is missing', async () => {
    const directory = await three();
    const content = contentOf(directory);
    writeFileSync(fileOne(directory), content.slice(0, -10));
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 2, torn: [{ line: 3 }] });
    writeFileSync(fileOne(directory), content.slice(0, -1));
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 3, torn: [] });
  });

  it('of an empty directory finds nothing wrong and nothing there', async () => {
    expect(await verifyJournal(folder())).toEqual({
      ok: true,
      entries: 0,
      files: 0,
      firstSeq: null,
      lastSeq: null,
      torn: [],
    });
  });

  it('of a directory that is not there is an error, not a success', async () => {
    await expect(verifyJournal('/nonexistent/journal')).rejects.toMatchObject({ code: 'JOURNAL_UNREADABLE' });
  });
});

describe('reading', () => {
  it('reports each line that cannot be read by file and line, and goes on', async () => {
    const directory = await three();
    rewrite(directory, linesOfOne(directory).with(1, 'rubbish'));
    appendFileSync(fileOne(directory), '{"seq":');
    expect(await readBack(directory)).toEqual({
      texts: ['one', 'three'],
      bad: ['journal-000001.jsonl:2', 'journal-000001.jsonl:4'],
    });
  });

  it('of a directory that is not there is an error', async () => {
    await expect(collected(readJournal('/nonexistent/journal'))).rejects.toMatchObject({
      code: 'JOURNAL_UNREADABLE',
    });
    await expect(tailJournal('/nonexistent/journal', 1)).rejects.toMatchObject({ code: 'JOURNAL_UNREADABLE' });
  });

  it('goes on with the next file when rotation removes one under it', async () => {
    const directory = folder();
    const journal = await open(directory, { maxFileBytes: 300 });
    for (const text of ['one', 'two', 'three']) await journal.append(page(text));
    await journal.close();
    const bad: string[] = [];
    const gone = { ...nodeFs, names: async () => ['journal-000000.jsonl', ...(await nodeFs.names(directory))] };
    const entries = await collected(readJournal(directory, { onBad: (where) => bad.push(where) }, gone));
    expect(entries.map(textOf)).toEqual(['one', 'two', 'three']);
    expect(bad).toEqual(['journal-000000.jsonl']);
  });
});

describe('a journal of several files and two clusters', () => {
  async function long(): Promise<string> {
    const directory = folder();
    const journal = await open(directory, { maxFileBytes: 600 });
    for (let hour = 0; hour < 100; hour += 1) {
      await journal.append(page(`h${hour}`, hour * HOUR, hour % 2 === 0 ? 'even' : 'odd'));
    }
    await journal.close();
    return directory;
  }

  it('is read from a moment on, for one cluster', async () => {
    const directory = await long();
    const entries = await collected(readJournal(directory, { sinceMs: 95 * HOUR, scope: 'odd' }));
    expect(entries.map(textOf)).toEqual(['h95', 'h97', 'h99']);
  });

  it('is not read from its beginning for that', async () => {
    const directory = await long();
    const opened: string[] = [];
    const watched = {
      ...nodeFs,
      chunks: (path: string) => {
        opened.push(path);
        return nodeFs.chunks(path);
      },
    };
    await collected(readJournal(directory, { sinceMs: 95 * HOUR }, watched));
    expect(opened).not.toContain(join(directory, 'journal-000001.jsonl'));
  });

  it('has its newest entries at hand, oldest of them first', async () => {
    const directory = await long();
    expect((await tailJournal(directory, 3)).map(textOf)).toEqual(['h97', 'h98', 'h99']);
    expect((await tailJournal(directory, 2, { scope: 'even' })).map(textOf)).toEqual(['h96', 'h98']);
    expect((await tailJournal(directory, 9, { sinceMs: 98 * HOUR })).map(textOf)).toEqual(['h98', 'h99']);
    expect(await tailJournal(directory, 0)).toEqual([]);
    expect(await tailJournal(directory, 1_000)).toHaveLength(100);
  });
});

describe('the tail of a large file', () => {
  it('is found behind entries that are larger than what is read at first', async () => {
    const directory = folder();
    await written(directory, 'first', 'x'.repeat(400_000), 'y'.repeat(400_000), 'last');
    expect((await tailJournal(directory, 1)).map(textOf)).toEqual(['last']);
    const all = await tailJournal(directory, 4);
    expect(all.map((entry) => textOf(entry).length)).toEqual([5, 400_000, 400_000, 4]);
  });

  it('tells what it could not read', async () => {
    const directory = await three();
    appendFileSync(fileOne(directory), 'rubbish\n');
    const bad: string[] = [];
    expect((await tailJournal(directory, 1, { onBad: (where) => bad.push(where) })).map(textOf)).toEqual(['three']);
    expect(bad).toEqual(['journal-000001.jsonl, line 1 from its end']);
  });
});

describe('[A4] a page from the end of a long journal', () => {
  it('is read with no more than it holds, page after page, without a gap', async () => {
    const directory = folder();
    const texts = Array.from({ length: 40 }, (_, index) => `${index}:${'x'.repeat(60_000)}`);
    await written(directory, ...texts);
    let read = 0;
    const watched: JournalFs = {
      ...nodeFs,
      before: async (path, end, most) => {
        const answer = await nodeFs.before(path, end, most);
        read += answer.bytes.length;
        return answer;
      },
    };
    const page = (beforeSeq?: number) =>
      pageOfJournal(
        directory,
        { limit: 10, maxBytes: 200_000, ...(beforeSeq === undefined ? {} : { beforeSeq }) },
        watched,
      );
    const first = await page();
    expect(first.entries.map(({ seq }) => seq)).toEqual([38, 39, 40]);
    expect(first.more).toBe(true);
    expect(read).toBeLessThan(600_000);
    const second = await page(38);
    expect(second.entries.map(({ seq }) => seq)).toEqual([35, 36, 37]);
    const last = await page(3);
    expect([last.entries.map(({ seq }) => seq), last.more]).toEqual([[1, 2], false]);
  });

  it('holds one entry at least, however large', async () => {
    const directory = folder();
    await written(directory, 'small', 'y'.repeat(50_000));
    expect((await pageOfJournal(directory, { limit: 5, maxBytes: 100 })).entries).toHaveLength(1);
  });

  it('passes over the entries of other clusters', async () => {
    const directory = folder();
    await written(directory, 'mine');
    const page = await pageOfJournal(directory, { limit: 5, scope: 'another' });
    expect(page).toEqual({ entries: [], more: false });
  });
});

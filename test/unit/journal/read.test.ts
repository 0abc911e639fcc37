import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeFs, type JournalFs } from '../../../src/journal/files.js';
import { pageOfJournal, readJournal, tailJournal } from '../../../src/journal/read.js';
import { verifyJournal } from '../../../src/journal/verify.js';
import { sealed, GENESIS } from '../../../src/journal/chain.js';
import {
  collected,
  contentOf,
  fileName,
  files,
  folder,
  open,
  page,
  pathOf,
  readBack,
  SCOPE,
  textOf,
  told,
  written,
} from './journals.js';

const HOUR = 3_600_000;
const fileOne = (directory: string): string => pathOf(directory, 1);
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
      faults: [{ file: told(1), line }],
    });
  });

  it('is not led to believe that an entry was torn: the chain does not go on around a real one', async () => {
    const directory = await three();
    const lines = linesOfOne(directory);
    rewrite(directory, lines.with(1, `${(lines[1] ?? '').slice(0, 40)} #torn`));
    expect(await verifyJournal(directory)).toMatchObject({ ok: false, faults: [{ line: 3 }], torn: [{ line: 2 }] });
  });

  it('finds a file that is missing in between', async () => {
    const directory = folder();
    const journal = await open(directory, { maxFileBytes: 300 });
    for (const text of ['one', 'two', 'three', 'four']) await journal.append(page(text));
    await journal.close();
    rmSync(join(directory, SCOPE, files(directory)[1] ?? ''));
    expect(await verifyJournal(directory)).toMatchObject({
      ok: false,
      faults: [{ file: told(3), line: 1 }],
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
      faults: [],
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
      bad: [`${told(1)}:2`, `${told(1)}:4`],
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
    const gone = {
      ...nodeFs,
      names: async (path: string) => [...(path === directory ? [] : [fileName(0)]), ...(await nodeFs.names(path))],
    };
    const entries = await collected(readJournal(directory, { onBad: (where) => bad.push(where) }, gone));
    expect(entries.map(textOf)).toEqual(['one', 'two', 'three']);
    expect(bad).toEqual([told(0)]);
  });
});

describe('a journal of several files and two clusters', () => {
  async function long(): Promise<string> {
    const directory = folder();
    const [even, odd] = await Promise.all(
      ['even', 'odd'].map((scope) => open(directory, { maxFileBytes: 600, scope })),
    );
    for (let hour = 0; hour < 100; hour += 1) {
      const [journal, scope] = hour % 2 === 0 ? [even, 'even'] : [odd, 'odd'];
      await journal?.append(page(`h${hour}`, hour * HOUR, scope));
    }
    await Promise.all([even?.close(), odd?.close()]);
    return directory;
  }

  it('is read from a moment on, for one cluster', async () => {
    const directory = await long();
    const entries = await collected(readJournal(directory, { sinceMs: 95 * HOUR, scope: 'odd' }));
    expect(entries.map(textOf)).toEqual(['h95', 'h97', 'h99']);
  });

  it('is read from a number on, of one cluster, and not from its beginning for that', async () => {
    const directory = await long();
    const opened: string[] = [];
    const watched = {
      ...nodeFs,
      chunks: (path: string) => {
        opened.push(path);
        return nodeFs.chunks(path);
      },
    };
    const all = await collected(readJournal(directory, { scope: 'odd' }));
    const after = all.at(-3)?.seq ?? 0;
    const found = await collected(readJournal(directory, { scope: 'odd', afterSeq: after }, watched));
    expect(found.map(textOf)).toEqual(['h97', 'h99']);
    expect(opened).not.toContain(join(directory, 'odd', fileName(1)));
    expect((await verifyJournal(directory, nodeFs, 'odd')).entries).toBe(all.length);
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
    expect(opened).not.toContain(join(directory, 'even', fileName(1)));
    expect(opened).toContain(join(directory, 'even', files(directory, 'even').at(-1) ?? ''));
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

describe('a journal of 0.1.0 in the directory itself', () => {
  /** Of two clusters in one chain, as that version wrote it. */
  function old(directory: string): string {
    let tip = GENESIS;
    const lines: string[] = [];
    for (let hour = 0; hour < 6; hour += 1) {
      const { line, entry } = sealed(page(`old ${hour}`, hour * HOUR, hour % 2 === 0 ? SCOPE : 'other'), tip);
      lines.push(line);
      tip = entry;
    }
    const text = `${lines.join('\n')}\n{"seq":7,"prev":"cut off`;
    writeFileSync(join(directory, 'journal-000001.jsonl'), text);
    return text;
  }

  it("is read before the cluster's own, and is never written into", async () => {
    const directory = folder();
    const text = old(directory);
    const journal = await open(directory);
    expect(journal.notes).toEqual([expect.stringContaining('journal-000001.jsonl: its last line was cut off')]);
    const entry = await journal.append(page('new', 9 * HOUR));
    expect(entry.seq).toBe(7);
    expect((await collected(journal.read({}))).map(textOf)).toEqual(['old 0', 'old 2', 'old 4', 'new']);
    const { entries, more } = await journal.page({ limit: 2 });
    expect([entries.map(textOf), more]).toEqual([['old 4', 'new'], true]);
    const older = await journal.page({ limit: 9, beforeSeq: entries[0]?.seq ?? 0 });
    expect([older.entries.map(textOf), older.more]).toEqual([['old 0', 'old 2'], false]);
    await journal.close();
    expect((await readBack(directory)).texts).toEqual(['old 0', 'old 1', 'old 2', 'old 3', 'old 4', 'old 5', 'new']);
    expect(readFileSync(join(directory, 'journal-000001.jsonl'), 'utf8')).toBe(text);
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 7, files: 2, lastSeq: 7 });
  });

  it('and what follows it verifies for each cluster, and shows what was removed from its beginning', async () => {
    const directory = folder();
    old(directory);
    for (const scope of [SCOPE, 'other']) {
      const journal = await open(directory, { scope });
      await journal.append(page('new', 9 * HOUR, scope));
      await journal.close();
    }
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 8, files: 3 });
    const journal = await open(directory, { run: 'bbbbbbbb' });
    await journal.append(page('newer', 10 * HOUR));
    await journal.close();
    rmSync(pathOf(directory, 1));
    writeFileSync(pathOf(directory, 1), contentOf(directory, fileName(2, 'bbbbbbbb')));
    const { faults } = await verifyJournal(directory);
    expect(faults[0]).toMatchObject({ file: told(1), line: 1 });
  });

  it('that is gone altogether is no fault of the journals after it', async () => {
    const directory = folder();
    old(directory);
    const journal = await open(directory);
    await journal.append(page('new', 9 * HOUR));
    await journal.close();
    rmSync(join(directory, 'journal-000001.jsonl'));
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 1, firstSeq: 7 });
  });

  it('may be read by its own folder as well', async () => {
    const directory = folder();
    await written(directory, 'one');
    const own = join(directory, SCOPE);
    expect((await collected(readJournal(own))).map(textOf)).toEqual(['one']);
    expect(await verifyJournal(own)).toMatchObject({ ok: true, entries: 1 });
  });
});

describe('the kinds that are asked for', () => {
  it('are read alone, the others not even looked at', async () => {
    const directory = folder();
    const journal = await open(directory);
    await journal.append(page('a page'));
    await journal.append({ atMs: 2, scope: SCOPE, body: { kind: 'stop', reason: 'test' } });
    await journal.close();
    writeFileSync(pathOf(directory, 1), contentOf(directory).replace('a page', 'A PAGE'));
    const bad: string[] = [];
    const onBad = (where: string): unknown => bad.push(where);
    expect((await collected(readJournal(directory, { kinds: ['stop'], onBad }))).map(textOf)).toEqual(['stop']);
    expect(bad).toEqual([]);
  });
});

describe('a span of time', () => {
  it('is read with both its ends, from the front and from the end', async () => {
    const directory = folder();
    const journal = await open(directory);
    for (const atMs of [1, 2, 3, 4]) await journal.append(page(`at ${atMs}`, atMs));
    await journal.close();
    const span = { sinceMs: 2, untilMs: 3 };
    expect((await collected(readJournal(directory, span))).map(textOf)).toEqual(['at 2', 'at 3']);
    const found = await pageOfJournal(directory, { ...span, kinds: ['page'], limit: 1 });
    expect([found.entries.map(textOf), found.more]).toEqual([['at 3'], true]);
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
    expect(bad).toEqual([`${told(1)}, line 1 from its end`]);
  });
});

describe('[A4] a page from the end of a long journal', () => {
  it('is read with no more than it holds, page after page, without a gap', async () => {
    const directory = folder();
    const texts = Array.from({ length: 46 }, (_, index) => `${index}:${'x'.repeat(60_000)}`);
    await written(directory, ...texts);
    let read = 0;
    // The last file holds some 800 kB.
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
    expect(first.entries.map(({ seq }) => seq)).toEqual([44, 45, 46]);
    expect(first.more).toBe(true);
    expect(read).toBeLessThan(600_000);
    const second = await page(44);
    expect(second.entries.map(({ seq }) => seq)).toEqual([41, 42, 43]);
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

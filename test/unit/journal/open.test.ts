import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { JournalError } from '../../../src/journal/journal-error.js';
import { readJournal } from '../../../src/journal/read.js';
import { verifyJournal } from '../../../src/journal/verify.js';
import type { EntryBody } from '../../../src/model/entry.js';
import {
  collected,
  contentOf,
  faultyFs,
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

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'no error';
  } catch (err) {
    return err instanceof JournalError ? err.code : String(err);
  }
};

describe('a journal', () => {
  it('makes its directory and is read back in order', async () => {
    const directory = join(folder(), 'deep', 'down');
    const entries = await written(directory, 'one', 'two', 'three');
    expect(entries.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(await readBack(directory)).toEqual({ texts: ['one', 'two', 'three'], bad: [] });
    expect(await verifyJournal(directory)).toEqual({
      ok: true,
      entries: 3,
      files: 1,
      firstSeq: 1,
      lastSeq: 3,
      torn: [],
      faults: [],
    });
  });

  it('goes on where it ended when it is opened again', async () => {
    const directory = folder();
    await written(directory, 'one');
    const [second] = await written(directory, 'two');
    expect(second?.seq).toBe(2);
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 2 });
  });

  it('keeps the order of appends that nobody waited for', async () => {
    const directory = folder();
    const journal = await open(directory);
    const texts = Array.from({ length: 50 }, (_, index) => `entry ${index}`);
    await Promise.all(texts.map((text) => journal.append(page(text))));
    await journal.close();
    expect((await readBack(directory)).texts).toEqual(texts);
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 50 });
  });

  it('is synced before an append resolves', async () => {
    const { fs } = faultyFs();
    const calls: string[] = [];
    const watched: typeof fs = {
      ...fs,
      openNew: async (path) => {
        const file = await fs.openNew(path);
        return {
          ...file,
          append: async (bytes) => {
            await file.append(bytes);
            calls.push('append');
          },
          sync: async () => {
            await file.sync();
            calls.push('sync');
          },
        };
      },
    };
    const journal = await open(folder(), { fs: watched });
    await journal.append(page('one')).then(() => calls.push('resolved'));
    await journal.close();
    expect(calls).toEqual(['append', 'sync', 'resolved']);
  });

  it('can be written by its owner, read by the group, and by nobody else', async () => {
    const directory = folder();
    await written(directory, 'one');
    expect(statSync(pathOf(directory, 1)).mode & 0o007).toBe(0);
  });

  it('refuses what is not data, and is not harmed by it', async () => {
    const directory = folder();
    const journal = await open(directory);
    const circular: Record<string, unknown> = { kind: 'start' };
    circular['itself'] = circular;
    expect(await codeOf(journal.append({ atMs: 1, scope: 's', body: circular as unknown as EntryBody }))).toBe(
      'JOURNAL_BAD_ENTRY',
    );
    expect((await journal.append(page('next'))).seq).toBe(1);
    await journal.close();
  });

  it('that is closed takes nothing more; closing twice is nothing', async () => {
    const journal = await open(folder());
    const last = journal.append(page('in flight'));
    await journal.close();
    await journal.close();
    expect((await last).seq).toBe(1);
    expect(await codeOf(journal.append(page('late')))).toBe('JOURNAL_CLOSED');
  });
});

describe('rotation', () => {
  it('begins a new file rather than grow beyond the limit, and the chain goes on', async () => {
    const directory = folder();
    const journal = await open(directory, { maxFileBytes: 1_000 });
    for (let i = 0; i < 12; i += 1) await journal.append(page(`entry ${i}`));
    await journal.close();
    expect(files(directory).length).toBeGreaterThan(2);
    for (const name of files(directory)) expect(statSync(join(directory, SCOPE, name)).size).toBeLessThanOrEqual(1_000);
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 12, firstSeq: 1 });
  });

  it('gives an entry that is larger than the limit a file of its own', async () => {
    const directory = folder();
    const journal = await open(directory, { maxFileBytes: 400 });
    for (const text of ['small', 'x'.repeat(2_000), 'small again']) await journal.append(page(text));
    await journal.close();
    expect(files(directory)).toHaveLength(3);
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 3 });
  });

  it('removes only whole files, the oldest, beyond the bytes of so many full ones, and what is left verifies', async () => {
    const directory = folder();
    const journal = await open(directory, { maxFileBytes: 600, keepFiles: 3 });
    for (let i = 0; i < 20; i += 1) await journal.append(page(`entry ${i}`));
    await journal.close();
    const bytes = files(directory).map((name) => statSync(join(directory, SCOPE, name)).size);
    expect(bytes.length).toBeGreaterThan(1);
    expect(bytes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(1_800);
    const { texts } = await readBack(directory);
    expect(texts).toEqual(Array.from({ length: texts.length }, (_, index) => `entry ${20 - texts.length + index}`));
    const verification = await verifyJournal(directory);
    expect(verification.ok).toBe(true);
    expect(verification.firstSeq).toBeGreaterThan(1);
  });

  it('says at the head of each new file by which policy is decided, so that what is left of a pruned journal can be decided again', async () => {
    const directory = folder();
    const journal = await open(directory, { maxFileBytes: 900, keepFiles: 2 });
    const start = {
      kind: 'start',
      version: '1',
      instance: 'i',
      configHash: '',
      policyHash: 'h1',
      policy: { a: 1 },
    } as const;
    await journal.append({ atMs: 1, scope: SCOPE, body: start });
    for (let i = 0; i < 4; i += 1) await journal.append(page(`entry ${i}`));
    const reloaded = { kind: 'policy', change: 'reloaded', hash: 'h2', detail: 'a: 1 -> 2', policy: { a: 2 } } as const;
    await journal.append({ atMs: 2, scope: SCOPE, body: reloaded });
    for (let i = 4; i < 20; i += 1) await journal.append(page(`entry ${i}`));
    await journal.close();
    const entries = await collected(readJournal(directory));
    const written = entries.map(({ body }) => (body.kind === 'policy' ? body.change : body.kind));
    expect(written).not.toContain('start');
    expect(written).not.toContain('reloaded');
    expect(entries[0]?.body).toMatchObject({ kind: 'policy', change: 'in-force', hash: 'h2', policy: { a: 2 } });
    const heads = files(directory).map((name) => contentOf(directory, name).split('\n')[0]);
    expect(heads.length).toBeGreaterThan(1);
    for (const head of heads) expect(head).toContain('"change":"in-force","hash":"h2"');
    expect((await verifyJournal(directory)).ok).toBe(true);
  });

  it('says so too in a file whose head a full disk has cut off', async () => {
    const directory = folder();
    const { fs, faults } = faultyFs();
    const journal = await open(directory, { maxFileBytes: 900, keepFiles: 2, fs });
    const reloaded = { kind: 'policy', change: 'reloaded', hash: 'h2', detail: 'a: 1 -> 2', policy: { a: 2 } } as const;
    await journal.append({ atMs: 2, scope: SCOPE, body: reloaded });
    for (let i = 0; files(directory).length === 1; i += 1) {
      // Room for no more than the first bytes of a line, whenever a new file is begun.
      faults.roomBytes = statSync(pathOf(directory, 1)).size > 600 ? 40 : Number.POSITIVE_INFINITY;
      await journal.append(page(`entry ${i}`)).catch(() => undefined);
    }
    faults.roomBytes = Number.POSITIVE_INFINITY;
    await journal.append(page('after'));
    await journal.close();
    const [, second = ''] = files(directory);
    const lines = contentOf(directory, second).split('\n');
    expect(lines[0]).not.toContain('"hash":"h2"');
    expect(lines.findIndex((line) => line.includes('"change":"in-force","hash":"h2"'))).toBeGreaterThan(0);
    expect(lines.findIndex((line) => line.includes('"text":"after"'))).toBeGreaterThan(1);
  });

  it('of one cluster takes nothing of another', async () => {
    const directory = folder();
    const other = await open(directory, { scope: 'other', maxFileBytes: 300, keepFiles: 1 });
    await other.append(page('of the other', 1, 'other'));
    const journal = await open(directory, { maxFileBytes: 300, keepFiles: 1 });
    for (let i = 0; i < 9; i += 1) await journal.append(page(`entry ${i}`));
    await Promise.all([journal.close(), other.close()]);
    expect((await readBack(directory)).texts).toEqual(['of the other', 'entry 8']);
  });

  it('does not let restarts wipe the past: each begins a file, and bytes count', async () => {
    const directory = folder();
    for (let start = 0; start < 12; start += 1) {
      const journal = await open(directory, { keepFiles: 2, maxFileBytes: 10_000 });
      await journal.append(page(`start ${start}`));
      await journal.close();
    }
    expect((await readBack(directory)).texts).toHaveLength(12);
  });

  it('touches no file that is not the journal', async () => {
    const directory = folder();
    mkdirSync(join(directory, SCOPE));
    for (const name of ['journal-1.jsonl.bak', 'journal-000000.jsonl.gz', 'notes.txt'])
      writeFileSync(join(directory, SCOPE, name), 'mine');
    const journal = await open(directory, { maxFileBytes: 300, keepFiles: 1 });
    for (let i = 0; i < 5; i += 1) await journal.append(page(`entry ${i}`));
    await journal.close();
    for (const name of ['journal-1.jsonl.bak', 'journal-000000.jsonl.gz', 'notes.txt']) {
      expect(readFileSync(join(directory, SCOPE, name), 'utf8')).toBe('mine');
    }
  });

  it('that a crash stopped between the new file and its first entry goes on', async () => {
    const directory = folder();
    await written(directory, 'one');
    writeFileSync(pathOf(directory, 2, 'bbbbbbbb'), '');
    await written(directory, 'two');
    expect(contentOf(directory, fileName(3))).toContain('two');
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 2 });
  });
});

describe('a disk that is full', () => {
  it('fails the append with JOURNAL_FULL, and writing goes on by itself when there is room', async () => {
    const directory = folder();
    const { fs, faults } = faultyFs();
    const journal = await open(directory, { fs });
    await journal.append(page('before'));
    faults.roomBytes = 50;
    expect(await codeOf(journal.append(page('cut')))).toBe('JOURNAL_FULL');
    expect(await codeOf(journal.append(page('still none')))).toBe('JOURNAL_FULL');
    faults.roomBytes = 3;
    expect(await codeOf(journal.append(page('too little to close off the line')))).toBe('JOURNAL_FULL');
    faults.roomBytes = Number.POSITIVE_INFINITY;
    expect((await journal.append(page('after'))).seq).toBe(2);
    await journal.close();
    expect(await readBack(directory)).toEqual({ texts: ['before', 'after'], bad: [`${told(1)}:2`] });
    expect(await verifyJournal(directory)).toMatchObject({
      ok: true,
      entries: 2,
      torn: [{ file: told(1), line: 2 }],
    });
  });

  it('keeps the remains of the cut line for people', async () => {
    const directory = folder();
    const { fs, faults } = faultyFs();
    const journal = await open(directory, { fs });
    await journal.append(page('before'));
    faults.roomBytes = 50;
    await codeOf(journal.append(page('cut')));
    faults.roomBytes = Number.POSITIVE_INFINITY;
    await journal.append(page('after'));
    await journal.close();
    expect(contentOf(directory).split('\n')[1]).toMatch(/^\{"seq":2,.* #torn$/);
  });

  it('that fills exactly at the end of a line loses nothing', async () => {
    const directory = folder();
    const { fs, faults } = faultyFs();
    const journal = await open(directory, { fs });
    await journal.append(page('before'));
    faults.roomBytes = 0;
    expect(await codeOf(journal.append(page('none of it')))).toBe('JOURNAL_FULL');
    faults.roomBytes = Number.POSITIVE_INFINITY;
    await journal.append(page('after'));
    await journal.close();
    expect(await readBack(directory)).toEqual({ texts: ['before', 'after'], bad: [] });
  });
});

describe('a disk that fails', () => {
  it.each([
    ['EIO', 'JOURNAL_UNWRITABLE'],
    ['EROFS', 'JOURNAL_UNWRITABLE'],
    ['EDQUOT', 'JOURNAL_FULL'],
    ['EWEIRD', 'JOURNAL_UNWRITABLE'],
  ])('with %s at a write is %s until it works again', async (errno, code) => {
    const directory = folder();
    const { fs, faults } = faultyFs();
    const journal = await open(directory, { fs });
    await journal.append(page('before'));
    faults.failWrite = errno;
    expect(await codeOf(journal.append(page('lost')))).toBe(code);
    faults.failWrite = null;
    await journal.append(page('after'));
    await journal.close();
    expect((await readBack(directory)).texts).toEqual(['before', 'after']);
  });

  it('at a sync puts no acknowledged entry behind the doubtful one: another file follows', async () => {
    const directory = folder();
    const { fs, faults } = faultyFs();
    const journal = await open(directory, { fs });
    await journal.append(page('before'));
    faults.failSync = 'EIO';
    expect(await codeOf(journal.append(page('doubtful')))).toBe('JOURNAL_UNWRITABLE');
    faults.failSync = null;
    await journal.append(page('after'));
    await journal.close();
    expect(contentOf(directory, fileName(2))).toContain('after');
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 3 });
  });

  it('at every sync for long does not fill the directory with files', async () => {
    const directory = folder();
    const { fs, faults } = faultyFs();
    const journal = await open(directory, { fs });
    await journal.append(page('before'));
    faults.failSync = 'EIO';
    for (let i = 0; i < 10; i += 1)
      expect(await codeOf(journal.append(page(`doubtful ${i}`)))).toBe('JOURNAL_UNWRITABLE');
    expect(files(directory)).toHaveLength(2);
    faults.failSync = null;
    await journal.append(page('after'));
    await journal.close();
    expect(await verifyJournal(directory)).toMatchObject({ ok: true });
  });

  it('when a new file should begin fails that entry only', async () => {
    const directory = folder();
    const { fs, faults } = faultyFs();
    const journal = await open(directory, { fs, maxFileBytes: 250 });
    await journal.append(page('before'));
    faults.failOpen = 'EACCES';
    expect(await codeOf(journal.append(page('no file')))).toBe('JOURNAL_UNWRITABLE');
    faults.failOpen = null;
    await journal.append(page('after'));
    await journal.close();
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 2, files: 2 });
  });

  it('at opening is told, holds each append, and writing goes on by itself once it is gone', async () => {
    const directory = folder();
    const { fs, faults } = faultyFs();
    faults.failOpen = 'EROFS';
    const journal = await open(directory, { fs });
    expect(journal.fault?.code).toBe('JOURNAL_UNWRITABLE');
    expect(await codeOf(journal.append(page('lost')))).toBe('JOURNAL_UNWRITABLE');
    faults.failOpen = null;
    expect((await journal.append(page('after'))).seq).toBe(1);
    await journal.close();
    expect((await readBack(directory)).texts).toEqual(['after']);
  });

  it('because the directory is a file says so', async () => {
    const path = join(folder(), 'file');
    writeFileSync(path, '');
    expect((await open(path)).fault?.code).toBe('JOURNAL_UNWRITABLE');
  });
});

describe('a file that somebody removes while it is written', () => {
  it('is noticed: writing goes on in a real file, and verify shows the gap', async () => {
    const directory = folder();
    const journal = await open(directory);
    await journal.append(page('one'));
    rmSync(pathOf(directory, 1));
    const entry = await journal.append(page('two'));
    await journal.close();
    expect(entry.seq).toBe(2);
    expect((await readBack(directory)).texts).toEqual(['two']);
    expect(await verifyJournal(directory)).toMatchObject({ ok: false, faults: [{ line: 1 }] });
  });
});

describe('two daemons on one folder', () => {
  it('never mix lines: each writes files of its own, all entries are read, and verify says what happened', async () => {
    const directory = folder();
    const one = await open(directory, { run: 'aaaaaaaa' });
    await one.append(page('one, alone'));
    const two = await open(directory, { run: 'bbbbbbbb' });
    await Promise.all([one.append(page('one')), two.append(page('two'))]);
    await Promise.all([one.append(page('one again')), two.append(page('two again'))]);
    await Promise.all([one.close(), two.close()]);
    const { texts, bad } = await readBack(directory);
    expect(bad).toEqual([]);
    expect(texts.toSorted()).toEqual(['one', 'one again', 'one, alone', 'two', 'two again']);
    const { ok, faults } = await verifyJournal(directory);
    expect(ok).toBe(false);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ file: told(2, 'bbbbbbbb'), line: 1 });
    expect(faults[0]?.why).toContain(
      `two daemons wrote this folder at once: this file and ${told(1)} both go on from entry 1`,
    );
  });

  it('that begin at the same moment, and go on through several files, are told once', async () => {
    const directory = folder();
    await written(directory, 'before');
    const runs = ['bbbbbbbb', 'cccccccc'];
    const both = await Promise.all(runs.map((run) => open(directory, { run, maxFileBytes: 700 })));
    for (let i = 0; i < 6; i += 1)
      for (const [at, journal] of both.entries()) await journal.append(page(`${at}: ${i}`));
    for (const journal of both) await journal.close();
    expect((await readBack(directory)).texts).toHaveLength(13);
    expect((await verifyJournal(directory)).faults).toHaveLength(1);
  });

  it('one after the other are no such case, whatever the first one left', async () => {
    const directory = folder();
    await written(directory, 'one', 'two');
    appendFileSync(pathOf(directory, 1), '{"seq":3,"prev');
    const journal = await open(directory, { run: 'bbbbbbbb' });
    await journal.append(page('three'));
    await journal.close();
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 3, torn: [{ line: 3 }] });
  });

  it('a file that is there already is never written into', async () => {
    const directory = folder();
    await written(directory, 'one');
    const before = contentOf(directory);
    await written(directory, 'two');
    expect(contentOf(directory)).toBe(before);
    expect(files(directory)).toEqual([fileName(1), fileName(2)]);
  });
});

describe('an entry of another cluster', () => {
  it('is refused, since nobody would look for it there', async () => {
    const journal = await open(folder());
    expect(await codeOf(journal.append(page('lost', 1, 'other')))).toBe('JOURNAL_BAD_ENTRY');
    expect((await journal.append(page('ours'))).seq).toBe(1);
    await journal.close();
  });

  it('has a folder of its own, whatever its name is', async () => {
    const directory = folder();
    for (const scope of ['../up', '.hidden', '..', 'a/b', 'größe 🐘']) {
      const journal = await open(directory, { scope });
      await journal.append(page(`of ${scope}`, 1, scope));
      await journal.close();
      expect((await collected(journal.read({}))).map(textOf)).toEqual([`of ${scope}`]);
    }
    expect((await readBack(directory)).texts).toHaveLength(5);
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, entries: 5, files: 5 });
  });
});

describe('what a crash left', () => {
  it('is kept as it is and told; the next run begins a file of its own', async () => {
    const directory = folder();
    await written(directory, 'one');
    appendFileSync(pathOf(directory, 1), '{"seq":2,"prev":"ab');
    const journal = await open(directory);
    expect(journal.notes).toEqual([expect.stringContaining(`${told(1)}: its last line was cut off`)]);
    await journal.append(page('two'));
    await journal.close();
    expect(contentOf(directory)).toMatch(/\n\{"seq":2,"prev":"ab$/);
    expect(await readBack(directory)).toEqual({ texts: ['one', 'two'], bad: [`${told(1)}:2`] });
  });

  it('of zeros is kept like text', async () => {
    const directory = folder();
    await written(directory, 'one');
    appendFileSync(pathOf(directory, 1), Buffer.alloc(4096));
    await written(directory, 'two');
    expect((await readBack(directory)).texts).toEqual(['one', 'two']);
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, torn: [{ line: 2 }] });
  });

  it('as a whole line that is not an entry is kept, told, and not mistaken for a crash', async () => {
    const directory = folder();
    await written(directory, 'one', 'two');
    writeFileSync(pathOf(directory, 1), contentOf(directory).replace('"two"', '"TWO"'));
    const journal = await open(directory);
    expect(journal.notes[0]).toContain(told(1));
    await journal.append(page('three'));
    await journal.close();
    expect(contentOf(directory)).toContain('"TWO"');
    expect(await verifyJournal(directory)).toMatchObject({ ok: false, faults: [{ line: 2 }] });
  });

  it('as a file of nothing but rubbish is kept, and the chain goes on from the file before', async () => {
    const directory = folder();
    await written(directory, 'one');
    writeFileSync(pathOf(directory, 2), 'rubbish\nmore rubbish');
    const [two] = await written(directory, 'two');
    expect(two?.seq).toBe(2);
    expect(contentOf(directory, fileName(2))).toBe('rubbish\nmore rubbish');
  });
});

describe('an entry', () => {
  it('that append returned is the one that is read', async () => {
    const directory = folder();
    const [entry] = await written(directory, 'one');
    const journal = await open(directory);
    const [read] = await journal.tail(1);
    const [first] = await collected(journal.read({}));
    await journal.close();
    expect(read).toEqual(entry);
    expect(first).toEqual(entry);
    expect(entry && textOf(entry)).toBe('one');
  });
});

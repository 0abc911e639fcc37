import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { JournalError } from '../../../src/journal/journal-error.js';
import { verifyJournal } from '../../../src/journal/verify.js';
import type { EntryBody } from '../../../src/model/entry.js';
import { collected, contentOf, faultyFs, files, folder, open, page, readBack, textOf, written } from './journals.js';

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
      openAppend: async (path) => {
        const file = await fs.openAppend(path);
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
    expect(statSync(join(directory, 'journal-000001.jsonl')).mode & 0o007).toBe(0);
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
    for (const name of files(directory)) expect(statSync(join(directory, name)).size).toBeLessThanOrEqual(1_000);
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

  it('removes only whole files, the oldest, and what is left verifies', async () => {
    const directory = folder();
    const journal = await open(directory, { maxFileBytes: 600, keepFiles: 3 });
    for (let i = 0; i < 20; i += 1) await journal.append(page(`entry ${i}`));
    await journal.close();
    expect(files(directory)).toHaveLength(3);
    const { texts } = await readBack(directory);
    expect(texts).toEqual(Array.from({ length: texts.length }, (_, index) => `entry ${20 - texts.length + index}`));
    const verification = await verifyJournal(directory);
    expect(verification.ok).toBe(true);
    expect(verification.firstSeq).toBeGreaterThan(1);
  });

  it('touches no file that is not the journal', async () => {
    const directory = folder();
    for (const name of ['journal-1.jsonl.bak', 'journal-000000.jsonl.gz', 'notes.txt'])
      writeFileSync(join(directory, name), 'mine');
    const journal = await open(directory, { maxFileBytes: 300, keepFiles: 1 });
    for (let i = 0; i < 5; i += 1) await journal.append(page(`entry ${i}`));
    await journal.close();
    for (const name of ['journal-1.jsonl.bak', 'journal-000000.jsonl.gz', 'notes.txt']) {
      expect(readFileSync(join(directory, name), 'utf8')).toBe('mine');
    }
  });

  it('that a crash stopped between the new file and its first entry goes on', async () => {
    const directory = folder();
    await written(directory, 'one');
    writeFileSync(join(directory, 'journal-000002.jsonl'), '');
    await written(directory, 'two');
    expect(contentOf(directory, 'journal-000002.jsonl')).toContain('two');
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
    expect(await readBack(directory)).toEqual({ texts: ['before', 'after'], bad: ['journal-000001.jsonl:2'] });
    expect(await verifyJournal(directory)).toMatchObject({
      ok: true,
      entries: 2,
      torn: [{ file: 'journal-000001.jsonl', line: 2 }],
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
    expect(contentOf(directory, 'journal-000002.jsonl')).toContain('after');
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

  it('at opening gives the lock back', async () => {
    const directory = folder();
    const { fs, faults } = faultyFs();
    faults.failOpen = 'EROFS';
    expect(await codeOf(open(directory, { fs }))).toBe('JOURNAL_UNWRITABLE');
    await (await open(directory)).close();
  });

  it('because the directory is a file says so', async () => {
    const path = join(folder(), 'file');
    writeFileSync(path, '');
    expect(await codeOf(open(path))).toBe('JOURNAL_UNWRITABLE');
  });
});

describe('a file that somebody removes while it is written', () => {
  it('is noticed: writing goes on in a real file, and verify shows the gap', async () => {
    const directory = folder();
    const journal = await open(directory);
    await journal.append(page('one'));
    rmSync(join(directory, 'journal-000001.jsonl'));
    const entry = await journal.append(page('two'));
    await journal.close();
    expect(entry.seq).toBe(2);
    expect((await readBack(directory)).texts).toEqual(['two']);
    expect(await verifyJournal(directory)).toMatchObject({ ok: false, firstBad: { line: 1 } });
  });
});

describe('the lock', () => {
  const lockOf = (directory: string): string => join(directory, 'journal.lock');
  const forged = (directory: string, more: Record<string, unknown>): void => {
    mkdirSync(directory, { recursive: true });
    const owner = JSON.parse(readFileSync(lockOf(directory), 'utf8')) as Record<string, unknown>;
    writeFileSync(lockOf(directory), JSON.stringify({ ...owner, token: 'forged', ...more }));
  };
  /** A directory whose lock was left behind, with some of the owner changed. */
  const left = async (more: Record<string, unknown>): Promise<string> => {
    const directory = folder();
    const journal = await open(directory);
    forged(directory, more);
    await journal.close();
    return directory;
  };

  it('keeps a second writer out, and names the first', async () => {
    const directory = folder();
    const journal = await open(directory);
    await expect(open(directory)).rejects.toMatchObject({
      code: 'JOURNAL_LOCKED',
      message: expect.stringContaining(`process ${process.pid} on ${hostname()}`),
    });
    await journal.append(page('undisturbed'));
    await journal.close();
    await (await open(directory)).close();
  });

  it('does not keep readers out', async () => {
    const directory = folder();
    const journal = await open(directory);
    await journal.append(page('one'));
    expect((await readBack(directory)).texts).toEqual(['one']);
    await journal.close();
  });

  it('lets one of many starters in', async () => {
    const directory = folder();
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => open(directory)));
    const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(opened).toHaveLength(1);
    await opened[0]?.close();
  });

  it('of a process that has ended is taken over', async () => {
    const ended = spawnSync(process.execPath, ['-e', '0']).pid;
    const directory = await left({ pid: ended });
    await (await open(directory)).close();
  });

  it('of an earlier process with our own number is taken over, as in a container that was restarted', async () => {
    const directory = await left({ startedTicks: '1' });
    await (await open(directory)).close();
  });

  it('from before the last boot is taken over', async () => {
    const directory = await left({ bootId: 'another' });
    await (await open(directory)).close();
  });

  it('of another host is respected while it beats, and taken over when it has been silent', async () => {
    const directory = await left({ host: 'elsewhere', pid: 1 });
    expect(await codeOf(open(directory))).toBe('JOURNAL_LOCKED');
    const past = new Date(Date.now() - 120_000);
    utimesSync(lockOf(directory), past, past);
    await (await open(directory)).close();
  });

  it('without a name is respected for a moment only', async () => {
    const directory = folder();
    writeFileSync(lockOf(directory), '');
    expect(await codeOf(open(directory))).toBe('JOURNAL_LOCKED');
    const past = new Date(Date.now() - 10_000);
    utimesSync(lockOf(directory), past, past);
    await (await open(directory)).close();
  });

  it('that was taken from us stops our writing at once, and is not removed by us', async () => {
    const directory = folder();
    const journal = await open(directory);
    await journal.append(page('ours'));
    forged(directory, {});
    expect(await codeOf(journal.append(page('not ours any more')))).toBe('JOURNAL_LOCKED');
    await journal.close();
    expect(readFileSync(lockOf(directory), 'utf8')).toContain('forged');
    expect((await readBack(directory)).texts).toEqual(['ours']);
  });
});

describe('what a crash left', () => {
  it('is kept, closed off and told', async () => {
    const directory = folder();
    await written(directory, 'one');
    appendFileSync(join(directory, 'journal-000001.jsonl'), '{"seq":2,"prev":"ab');
    const journal = await open(directory);
    expect(journal.notes).toHaveLength(1);
    await journal.append(page('two'));
    await journal.close();
    expect(contentOf(directory)).toContain('\n{"seq":2,"prev":"ab #torn\n');
    expect(await readBack(directory)).toEqual({ texts: ['one', 'two'], bad: ['journal-000001.jsonl:2'] });
  });

  it('of zeros is kept and closed off like text', async () => {
    const directory = folder();
    await written(directory, 'one');
    appendFileSync(join(directory, 'journal-000001.jsonl'), Buffer.alloc(4096));
    await written(directory, 'two');
    expect(statSync(join(directory, 'journal-000001.jsonl')).size).toBeGreaterThan(4096);
    expect((await readBack(directory)).texts).toEqual(['one', 'two']);
    expect(await verifyJournal(directory)).toMatchObject({ ok: true, torn: [{ line: 2 }] });
  });

  it('as a whole line that is not an entry is kept, told, and not mistaken for a crash', async () => {
    const directory = folder();
    await written(directory, 'one', 'two');
    const path = join(directory, 'journal-000001.jsonl');
    writeFileSync(path, contentOf(directory).replace('"two"', '"TWO"'));
    const journal = await open(directory);
    expect(journal.notes[0]).toContain('journal-000001.jsonl');
    await journal.append(page('three'));
    await journal.close();
    expect(contentOf(directory)).toContain('"TWO"');
    expect(await verifyJournal(directory)).toMatchObject({ ok: false, firstBad: { line: 2 } });
  });

  it('as a file of nothing but rubbish is kept, and the chain goes on from the file before', async () => {
    const directory = folder();
    await written(directory, 'one');
    writeFileSync(join(directory, 'journal-000002.jsonl'), 'rubbish\nmore rubbish');
    const [two] = await written(directory, 'two');
    expect(two?.seq).toBe(2);
    expect(contentOf(directory, 'journal-000002.jsonl')).toContain('rubbish\nmore rubbish #torn\n');
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

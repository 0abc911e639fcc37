import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifyJournal } from '../../../src/journal/verify.js';
import { folder, open, page, readBack } from './journals.js';

/** A real file system of 64 kB, where we may make one. */
function tinyDisk(): string | null {
  const directory = folder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', directory], { stdio: 'ignore' });
    return directory;
  } catch {
    return null;
  }
}

const disk = tinyDisk();
if (disk === null) process.stderr.write('SKIPPED: a journal on a really full disk needs root to mount a tmpfs\n');

describe.skipIf(disk === null)('a really full disk (tmpfs of 64 kB)', () => {
  it('stops the journal with JOURNAL_FULL, and freeing space is all that it takes to go on', async () => {
    const directory = disk ?? '';
    try {
      writeFileSync(join(directory, 'something-else'), Buffer.alloc(32 * 1024));
      const journal = await open(directory);
      const acknowledged: string[] = [];
      let code = '';
      for (let i = 0; code === '' && i < 1_000; i += 1) {
        const text = `entry ${i} ${'x'.repeat(700)}`;
        try {
          await journal.append(page(text));
          acknowledged.push(text);
        } catch (err) {
          code = (err as { code: string }).code;
        }
      }
      expect(code).toBe('JOURNAL_FULL');
      expect(acknowledged.length).toBeGreaterThan(3);
      await expect(journal.append(page('x'.repeat(5_000)))).rejects.toMatchObject({ code: 'JOURNAL_FULL' });
      rmSync(join(directory, 'something-else'));
      await journal.append(page('after'));
      await journal.close();
      expect((await readBack(directory)).texts).toEqual([...acknowledged, 'after']);
      expect(await verifyJournal(directory)).toMatchObject({ ok: true });
    } finally {
      execFileSync('umount', [directory]);
    }
  });
});

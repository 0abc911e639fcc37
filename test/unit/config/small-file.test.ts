import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../src/config/load-policy.js';
import { readSmallFile } from '../../../src/config/small-file.js';
import { scratch } from '../../support/scratch.js';

describe('[A11] a path of the configuration', () => {
  it.each(['/dev/zero', '/dev/tty', '/dev/random'])('%s is refused at once', (path) => {
    const loaded = loadPolicy(path);
    expect(loaded).toMatchObject({ ok: false, errors: [{ code: 'file-unreadable', file: path }] });
  });

  it('of a folder is refused', () => {
    const folder = join(scratch('small'), 'folder');
    mkdirSync(folder);
    expect(() => readSmallFile(folder, 10)).toThrow('EISDIR');
  });

  it('of a file that is too large is refused, with the bound', () => {
    const file = join(scratch('small'), 'large');
    writeFileSync(file, 'x'.repeat(11));
    expect(() => readSmallFile(file, 10)).toThrow('larger than 10 bytes');
    expect(readSmallFile(file, 11).toString()).toBe('x'.repeat(11));
  });

  it('may be a link to a file, as mounted configurations are', () => {
    const folder = scratch('small');
    writeFileSync(join(folder, 'real'), 'text');
    symlinkSync('real', join(folder, 'link'));
    expect(readSmallFile(join(folder, 'link'), 10).toString()).toBe('text');
  });
});

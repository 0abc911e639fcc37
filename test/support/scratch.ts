import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

let root: string | null = null;

/** A new, empty directory for the test file that asks; all of its directories lie in one, which goes when the file is done. */
export function scratch(what: string): string {
  root ??= mkdtempSync(join(tmpdir(), 'ekimi-test-'));
  return mkdtempSync(join(root, `${what}-`));
}

afterAll(() => {
  if (root !== null) rmSync(root, { recursive: true, force: true });
  // Files of one worker share this module.
  root = null;
});

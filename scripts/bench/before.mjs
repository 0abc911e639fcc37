// The version before, built from its commit beside this one, so that both are measured in the same run.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../ready.mjs';

/** The last commit of 0.1.0. */
export const BEFORE = '420eb74';

/**
 * Where it is, and the way to remove it; null where this is no clone with its history. The packages are those of today. Throws where it cannot be
 * built, and leaves nothing behind.
 */
export function builtBefore() {
  const folder = join(mkdtempSync(join(tmpdir(), 'ekimi-before-')), 'ekimi');
  const git = (...args) => execFileSync('git', ['-C', ROOT, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    git('worktree', 'add', '--detach', folder, BEFORE);
  } catch {
    return null;
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const remove = () => {
    git('worktree', 'remove', '--force', folder);
    rmSync(join(folder, '..'), { recursive: true, force: true });
  };
  try {
    built(folder);
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, remove };
}

const built = (folder) =>
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });

import { constants } from 'node:fs';
import { open, readFile, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ClusterConfig } from '../../model/config.js';
import type { Clock } from '../../ports/clock.js';
import type { TagsPort } from '../../ports/tags.js';
import { fillIn } from '../hosts/command/run.js';
import { faultOf } from '../patroni/fault.js';
import { tagsPort, type FileAccess, type FileAnswer } from './tags-port.js';

/** `tags.file` on this machine, a path in which `{name}` becomes the member's name. */
export function fileTags(cluster: ClusterConfig, clock: Clock): TagsPort {
  const pathOf = (member: string): string => fillIn([cluster.tags?.file ?? ''], { name: member })[0] ?? '';
  const files: FileAccess = {
    source: pathOf,
    read: (member) => readBytes(pathOf(member)),
    replace: async (member, before, after) => {
      try {
        await replaceFile(pathOf(member), before, after);
        return { effect: 'done', text: '' };
      } catch (error) {
        // Everything up to the rename leaves the file as it was.
        return { effect: 'none', text: `not changed: ${error instanceof Error ? error.message : String(error)}` };
      }
    },
  };
  return tagsPort(files, clock);
}

async function readBytes(path: string): Promise<FileAnswer> {
  try {
    return { kind: 'bytes', bytes: await readFile(path) };
  } catch (error) {
    const { fault, why } = faultOf(error);
    return {
      kind: 'fault',
      fault,
      why: error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'there is no such file' : why,
    };
  }
}

/**
 * A new file beside the old one, on the disk before it takes the old one's name: Patroni never meets half a file, and a power cut leaves
 * either the old or the new. Links are followed, because a rename would replace the link. Mode and owner are the old file's; where
 * they cannot be kept nothing is changed, since Patroni could lose the right to read its own file.
 */
async function replaceFile(path: string, before: Buffer, after: Buffer): Promise<void> {
  const target = await realpath(path);
  const old = await stat(target);
  const temporary = join(dirname(target), `.${basename(target)}.ekimi-${process.pid}`);
  try {
    const file = await open(
      temporary,
      constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      const own = await file.stat();
      if (own.uid !== old.uid || own.gid !== old.gid) await file.chown(old.uid, old.gid);
      await file.chmod(old.mode & 0o7777);
      await file.writeFile(after);
      await file.sync();
    } finally {
      await file.close();
    }
    if (!(await readFile(target)).equals(before)) throw new Error('somebody else has changed it in this moment');
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(target));
}

/** Makes the rename itself outlive a power cut. Some file systems cannot sync a directory; the change is in place all the same. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, constants.O_RDONLY);
    await directory.sync().finally(() => directory.close());
  } catch {
    return;
  }
}

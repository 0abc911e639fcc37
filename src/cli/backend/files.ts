import { loadFiles, type LoadedFiles } from '../../app/files.js';
import { badConfig } from './bad-config.js';

/** Both files, or the end of the command with every fault of them. */
export function filesOf(configFile: string): Extract<LoadedFiles, { ok: true }> {
  const files = loadFiles(configFile, process.env);
  if (files.ok) return files;
  throw badConfig(files.errors);
}

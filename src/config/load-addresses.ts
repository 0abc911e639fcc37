import { dirname, resolve } from 'node:path';
import type { Loaded } from './config-error.js';
import { readValues } from './read-values.js';

/**
 * Where a daemon with this configuration listens and writes, and what it watches. No secret is resolved: whoever asks a daemon or reads its journal need not have
 * the database's password, at night least of all.
 */
export function loadAddresses(file: string): Loaded<{
  readonly host: string;
  readonly port: number;
  readonly journalDirectory: string;
  readonly clusters: readonly { readonly scope: string; readonly members: readonly string[] }[];
}> {
  const read = readValues(file);
  if (!read.ok) return read;
  const { values, locator } = read;
  const { host, port } = values.api.listen;
  const journalDirectory = resolve(dirname(resolve(file)), values.journal.directory);
  const clusters = values.clusters.map(({ scope, patroni }) => ({ scope, members: Object.keys(patroni.members) }));
  return { ok: true, host, port, journalDirectory, clusters, warnings: [], locator };
}

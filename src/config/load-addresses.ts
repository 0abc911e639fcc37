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
  /** Absolute path of the certificate that it presents; null: it speaks HTTP in clear. */
  readonly certFile: string | null;
  readonly journalDirectory: string;
  readonly clusters: readonly { readonly scope: string; readonly members: readonly string[] }[];
}> {
  const read = readValues(file);
  if (!read.ok) return read;
  const { values, locator } = read;
  const { host, port } = values.api.listen;
  const folder = dirname(resolve(file));
  const journalDirectory = resolve(folder, values.journal.directory);
  const certFile = values.api.tls && resolve(folder, values.api.tls.cert);
  const clusters = values.clusters.map(({ scope, patroni }) => ({ scope, members: Object.keys(patroni.members) }));
  return { ok: true, host, port, certFile, journalDirectory, clusters, warnings: [], locator };
}

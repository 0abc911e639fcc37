import { freshValue } from '../../../model/reading.js';
import type { ClusterConfig } from '../../../model/config.js';
import type { Clock } from '../../../ports/clock.js';
import type { DcsPort } from '../../../ports/dcs.js';
import type { ClusterNamed } from './wire.js';

/** An identifier changes when a cluster is made anew; what was told last stands in while etcd is silent. */
const ASKED_ANEW_MS = 30_000;
const TRIED_ANEW_MS = 5_000;

/**
 * Our cluster as it is named to other instances: with PostgreSQL's system identifier, so that a copy of everything (scope, namespace, members,
 * token) behind an address is told from it. Null while etcd has told none: nothing is compared then.
 */
export function identityOf(
  { scope, dcs: { namespace } }: ClusterConfig,
  dcs: Pick<DcsPort, 'seenTenure'>,
  clock: Clock,
): () => Promise<ClusterNamed> {
  let known: string | null = null;
  let nextMs = -Infinity;
  let asking: Promise<void> | null = null;
  const ask = async (): Promise<void> => {
    const seen = await dcs.seenTenure?.();
    const value = seen === undefined ? null : freshValue(seen);
    if (value !== null) known = value.systemIdentifier;
    nextMs = clock.monotonic() + (value === null ? TRIED_ANEW_MS : ASKED_ANEW_MS);
    asking = null;
  };
  return async () => {
    if (clock.monotonic() >= nextMs) asking ??= ask();
    if (known === null) await asking;
    return { scope, namespace, system: known };
  };
}

/** Why the other one means another cluster than ours; null: it does not, as far as both know. */
export function otherCluster(ours: ClusterNamed, theirs: ClusterNamed): string | null {
  if (ours.scope !== theirs.scope) return `the scope is ${ours.scope} here and ${theirs.scope} there`;
  if (ours.namespace !== theirs.namespace)
    return `the namespace is ${ours.namespace} here and ${theirs.namespace} there`;
  if (ours.system === null || theirs.system === null || ours.system === theirs.system) return null;
  return `the system identifier is ${ours.system} here and ${theirs.system} there`;
}

import type { ClusterConfig } from '../../model/config.js';
import { fieldsOf, pathOf } from './keys.js';

/** Patroni's own default: its clusters keep the path that every version of Ekimi has used. */
const DEFAULT_NAMESPACE = '/service/';

/** Where our keys of a cluster are. Of two clusters of one name in one etcd each has its own. */
export interface OurPaths {
  readonly base: string;
  /** Where versions before this one kept them, whatever the namespace; null: there. */
  readonly old: string | null;
}

/**
 * `/ekimi/SCOPE/` in Patroni's default namespace, `/ekimi/NAMESPACE/SCOPE/` in every other; in the root namespace `/ekimi/_root/SCOPE/`, which
 * no other can be.
 */
export function ourPaths({ namespace, ekimiNamespace }: ClusterConfig['dcs'], scope: string): OurPaths {
  const theirs = `/${namespace}/`.replace(/\/+/g, '/');
  const old = pathOf(ekimiNamespace, scope);
  if (theirs === DEFAULT_NAMESPACE) return { base: old, old: null };
  const part = theirs === '/' ? '_root' : theirs;
  return { base: pathOf(`${ekimiNamespace}/${part}`, scope), old };
}

/** Which cluster a ledger says that it is of, by PostgreSQL's system identifier; null where it does not say. */
export const identifierIn = (ledger: string): string | null => {
  const told = fieldsOf(ledger)?.['systemIdentifier'];
  return typeof told === 'string' && told !== '' ? told : null;
};

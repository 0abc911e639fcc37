import { OPERATORS } from './by-operators.js';
import { CONTROLLERS } from './on-controllers.js';
import { ETCD } from './on-etcd.js';
import { DATA, MACHINES } from './on-members.js';
import { BLIPS, NETWORK } from './on-network.js';
import type { Happening } from './row.js';

/** Everything that can happen in a story. */
export const HAPPENINGS: readonly Happening[] = [
  ...MACHINES,
  ...DATA,
  ...NETWORK,
  ...ETCD,
  ...OPERATORS,
  ...BLIPS,
  ...CONTROLLERS,
];

export function happening(what: string): Happening {
  const found = HAPPENINGS.find((one) => one.what === what);
  if (found === undefined) throw new Error(`nothing is called "${what}" in the table of what can happen`);
  return found;
}

import type { KnownNames } from '../model/address.js';
import type { Reading } from '../model/reading.js';

/** What names of hosts resolve to, where we stand. */
export interface NamesPort {
  /** Never rejects; a name that cannot be resolved is absent. */
  resolve(hosts: readonly string[]): Promise<Reading<KnownNames>>;
}

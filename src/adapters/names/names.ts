import { lookup } from 'node:dns/promises';
import type { KnownNames } from '../../model/address.js';
import { fresh } from '../../model/reading.js';
import type { Clock } from '../../ports/clock.js';
import type { NamesPort } from '../../ports/names.js';

/** How long an answer stands in while none comes: what was found wrong by a name stays so while the resolver is away. */
const KEPT_MS = 3_600_000;

type Lookup = (host: string) => Promise<readonly { readonly address: string }[]>;

/** As the system resolves them (/etc/hosts, then DNS): where our own connections would go. */
const systemLookup: Lookup = (host) => lookup(host, { all: true });

export function namesAdapter(clock: Clock, resolve: Lookup = systemLookup): NamesPort {
  const known = new Map<string, { readonly addresses: readonly string[]; readonly atMs: number }>();
  return {
    resolve: async (hosts) => {
      const found: Record<string, readonly string[]> = {};
      // One after the other: a resolver that hangs holds a thread of the pool in which the journal is written, and never more than one.
      for (const host of hosts) {
        const addresses = await addressesOf(host, resolve);
        if (addresses !== null) known.set(host, { addresses, atMs: clock.monotonic() });
        const row = known.get(host);
        if (row !== undefined && clock.monotonic() - row.atMs <= KEPT_MS) found[host] = row.addresses;
      }
      return fresh<KnownNames>(found, clock.now(), 'names');
    },
  };
}

async function addressesOf(host: string, resolve: Lookup): Promise<readonly string[] | null> {
  try {
    const rows = await resolve(host);
    return rows.length === 0 ? null : [...new Set(rows.map(({ address }) => address))].sort();
  } catch {
    return null;
  }
}

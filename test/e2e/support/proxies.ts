/** What the proxies of a lab call things, and where each is. */
export interface ProxyLayout {
  readonly writes: string;
  readonly reads: readonly string[];
  /** Container, and the port of its statistics on the lab's address. */
  readonly proxies: readonly { readonly name: string; readonly statsPort: number; readonly runtimePort: number }[];
  readonly server: (member: string) => string;
}

const ONE: ProxyLayout = {
  writes: 'postgres_primary',
  reads: ['postgres_replicas'],
  proxies: [{ name: 'haproxy', statsPort: 7000, runtimePort: 9999 }],
  server: (member) => member,
};

/** `LAB_PROXIES=2`: as operators have it, with names of their own. */
const TWO: ProxyLayout = {
  writes: 'rw',
  reads: ['ro', 'reports'],
  proxies: [
    { name: 'haproxy', statsPort: 7000, runtimePort: 9999 },
    { name: 'haproxy2', statsPort: 7001, runtimePort: 9998 },
  ],
  server: (member) => `pg-${'abc'[Number(member.at(-1)) - 1] ?? ''}`,
};

export const layoutOf = (proxies: 1 | 2): ProxyLayout => (proxies === 1 ? ONE : TWO);

export interface ProxyServer {
  readonly backend: string;
  /** As the proxy calls it. */
  readonly server: string;
  /** HAProxy's word: UP, UP 1/3, DOWN, DRAIN, MAINT ... */
  readonly status: string;
}

/** Those of these names, by one proxy's statistics. */
export async function serversOf(url: string, names: readonly string[]): Promise<readonly ProxyServer[]> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(3_000) });
  return (await answer.text())
    .split('\n')
    .map((line) => line.split(','))
    .filter((cells) => names.includes(cells[1] ?? ''))
    .map((cells) => ({ backend: cells[0] ?? '', server: cells[1] ?? '', status: cells[17] ?? '' }));
}

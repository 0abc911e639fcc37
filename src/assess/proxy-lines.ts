import {
  ownerOf,
  type ProxyPools,
  type ProxySeen,
  type ProxyServer,
  type ProxyView,
  type ServerPlace,
} from '../model/proxy.js';
import { freshValue } from '../model/reading.js';
import { onceOfView } from '../model/of-view.js';
import type { ClusterView } from '../model/view.js';

/** One server line and the proxy that has it. */
export interface ProxyLine {
  readonly proxy: string;
  readonly row: ProxyServer;
}

export type Purpose = 'writes' | 'reads';

export const poolsFor = (pools: ProxyPools, purpose: Purpose): readonly string[] =>
  purpose === 'reads' ? pools.reads : pools.writes === null ? [] : [pools.writes];

/** Lines of one proxy in its pools for a purpose; empty where it gave no answer in this pass, or with `lastValue` none ever. */
export const linesIn = (
  { name, pools, seen }: ProxySeen,
  purpose: Purpose,
  valueOf: (reading: ProxySeen['seen']) => ProxyView | null = freshValue,
): readonly ProxyLine[] => {
  const backends = poolsFor(pools, purpose);
  return (valueOf(seen)?.servers ?? [])
    .filter((row) => backends.includes(row.backend))
    .map((row) => ({ proxy: name, row }));
};

/** Lines of all proxies that answered in this pass. */
export const linesOf = (view: ClusterView, purpose: Purpose): readonly ProxyLine[] => LINES[purpose](view);

const linesFor = (purpose: Purpose) =>
  onceOfView((view): readonly ProxyLine[] => view.proxies.flatMap((proxy) => linesIn(proxy, purpose)));
const LINES = { writes: linesFor('writes'), reads: linesFor('reads') } as const;

/** Those of one member. */
export const memberLines = (view: ClusterView, purpose: Purpose, member: string): readonly ProxyLine[] =>
  linesOf(view, purpose).filter(({ row }) => ownerOf(row) === member);

/** The line that a place names; null: its proxy gives no answer, or has no such server any more. */
export function lineAt(view: ClusterView, { proxy, backend, server }: ServerPlace): ProxyLine | null {
  const at = view.proxies.find(({ name }) => name === proxy);
  const row = at === undefined ? undefined : rowAt(at, backend, server);
  return row === undefined ? null : { proxy, row };
}

const rowAt = ({ seen }: ProxySeen, backend: string, server: string): ProxyServer | undefined =>
  freshValue(seen)?.servers.find((row) => row.backend === backend && row.server === server);

export const answers = ({ seen }: ProxySeen): boolean => seen.kind === 'fresh';

/** It answers, and can be told something. */
const isWithinReach = (proxy: ProxySeen): boolean => answers(proxy) && proxy.mute !== true;

/** Proxies that nothing can be sent to in this pass: no answer, or no runtime API. */
export const outOfReachOf = (view: Pick<ClusterView, 'proxies'>): readonly string[] =>
  view.proxies.filter((proxy) => !isWithinReach(proxy)).map(({ name }) => name);

/** Lines in proxies that can be told something. */
export const tellable = (view: ClusterView, lines: readonly ProxyLine[]): readonly ProxyLine[] => {
  const out = outOfReachOf(view);
  return lines.filter(({ proxy }) => !out.includes(proxy));
};

/** Proxies that gave no answer in this pass, by name. */
export const silentProxies = (view: ClusterView): readonly string[] =>
  view.proxies.filter((proxy) => !answers(proxy)).map(({ name }) => name);

/** `ro/pg-a`, and of which proxy where there are several. */
export const lineText = (view: ClusterView, { proxy, row }: ProxyLine): string =>
  placeText(view.proxies, { proxy, backend: row.backend, server: row.server });

export const placeText = (proxies: readonly unknown[], { proxy, backend, server }: ServerPlace): string =>
  proxies.length > 1 ? `${proxy}:${backend}/${server}` : `${backend}/${server}`;

/** A pool as a subject of its own: by its name, behind that of its proxy where there are several. */
export const poolText = (view: ClusterView, proxy: string, backend: string): string =>
  view.proxies.length > 1 ? `${proxy}:${backend}` : backend;

/**
 * Servers of a pool in which the member has none, and of which nobody can tell whose they are: one of them may be the member's. Where the member
 * has a server of its own there, the others are others'.
 */
export function maybeHidden(view: ClusterView, purpose: Purpose, member: string): readonly ProxyLine[] {
  const known = new Set<string>(view.members.map(({ name }) => name));
  return view.proxies.flatMap((proxy) =>
    poolsFor(proxy.pools, purpose).flatMap((backend) => {
      const lines = linesIn(proxy, purpose).filter(({ row }) => row.backend === backend);
      if (lines.some(({ row }) => ownerOf(row) === member)) return [];
      return lines.filter(({ row }) => row.isNobodys !== true && !known.has(ownerOf(row) ?? ''));
    }),
  );
}

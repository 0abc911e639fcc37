import {
  answers,
  lineAt,
  lineText,
  memberLines,
  poolsFor,
  type ProxyLine,
  type Purpose,
} from '../assess/proxy-lines.js';
import { ownerOf, type ProxySeen, type ServerPlace } from '../model/proxy.js';
import type { FenceRecord } from '../model/ledger.js';
import type { Plan } from '../model/plan.js';
import type { ClusterView } from '../model/view.js';

/** Proxies as the steps of an action need them: their names and pools, whatever they say now. */
export type Routing = readonly Pick<ProxySeen, 'name' | 'pools'>[];

export const placeOf = ({ proxy, row: { backend, server } }: ProxyLine): ServerPlace => ({ proxy, backend, server });

/** Where a plan without places means: the member by its own name, in the pools of the only proxy. It is what version 0.1.0 wrote. */
export const usualPlaces = ([first]: Routing, purpose: Purpose, member: string): readonly ServerPlace[] =>
  first === undefined
    ? []
    : poolsFor(first.pools, purpose).map((backend) => ({ proxy: first.name, backend, server: member }));

const same = (one: ServerPlace, other: ServerPlace): boolean =>
  one.proxy === other.proxy && one.backend === other.backend && one.server === other.server;

export const holds = (places: readonly ServerPlace[], place: ServerPlace): boolean =>
  places.some((one) => same(one, place));

/** Undefined where the usual ones say the same, so that a plan is as short as it can be, and one of before is the same plan. */
export function unlessUsual(
  view: ClusterView,
  purpose: Purpose,
  member: string,
  places: readonly ServerPlace[],
): readonly ServerPlace[] | undefined {
  if (view.proxies.length > 1) return places;
  const usual = usualPlaces(view.proxies, purpose, member);
  return usual.length === places.length && usual.every((place) => holds(places, place)) ? undefined : places;
}

/** The proxies that have them, each once. */
export const proxiesOf = (places: readonly ServerPlace[]): readonly string[] => [
  ...new Set(places.map(({ proxy }) => proxy)),
];

/** `at` as a field of parameters, left out where it is undefined. */
export const field = <K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });

/** Its proxy is not configured any more, or answers without that server: nothing is left there to give back. */
export function isGone(view: ClusterView, place: ServerPlace): boolean {
  const proxy = view.proxies.find(({ name }) => name === place.proxy);
  return proxy === undefined || (answers(proxy) && lineAt(view, place) === null);
}

/** The member's lines in the write pools; empty: no proxy, no answer, or no such server. */
export const writeLines = (view: ClusterView, member: string): readonly ProxyLine[] =>
  memberLines(view, 'writes', member);

/**
 * A server that the plan means is another member's by now: a template's names follow what the resolver says. Null: none is, as far as the proxies
 * that answer show.
 */
export function movedServer(view: ClusterView, { target, params }: Plan): string | null {
  const means = (key: 'servers' | 'downServers', members: readonly unknown[]): string | null => {
    const places = (params[key] ?? []) as readonly ServerPlace[];
    for (const place of places) {
      const line = lineAt(view, place);
      const owner = line === null ? null : ownerOf(line.row);
      if (line !== null && !members.includes(owner))
        return `${lineText(view, line)} is ${owner === null ? 'nobody knows whose' : `${owner}'s`} now`;
    }
    return null;
  };
  const down = params['down'];
  return means('servers', [target]) ?? means('downServers', Array.isArray(down) ? down : []);
}

/** The servers that a fence closed and that are there to be opened; of a record of before the usual ones. */
export const closedPlaces = (view: ClusterView, { at, member }: Pick<FenceRecord, 'at' | 'member'>) =>
  at === undefined ? usualPlaces(view.proxies, 'writes', member) : at.filter((place) => !isGone(view, place));

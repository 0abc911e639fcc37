import {
  answers,
  lineAt,
  lineText,
  memberLines,
  placeText,
  poolsFor,
  type ProxyLine,
  type Purpose,
} from '../assess/proxy-lines.js';
import { ownerOf, type ServerPlace } from '../model/proxy.js';
import type { FenceRecord } from '../model/ledger.js';
import type { Step } from '../model/plan.js';
import type { ClusterView } from '../model/view.js';
import type { ActionStep, ServerClaim } from './action.js';
import type { Routing } from './waits.js';

type Tell = Extract<Step, { port: 'proxies' }>['tells'][number];

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
 * It is another member's by now, or nobody knows whose: a template's names follow what the resolver says. Null: it is theirs, or its proxy does
 * not show it.
 */
export function movedServer(view: ClusterView, { place, members }: ServerClaim): string | null {
  const line = lineAt(view, place);
  const owner = line === null ? null : ownerOf(line.row);
  if (line === null || (owner !== null && members.includes(owner))) return null;
  const server = lineText(view, line);
  return owner === null ? `nobody knows whose ${server} is now` : `${server} is ${owner}'s now`;
}

/** The first server of these steps that is another's by now. */
export const movedIn = (view: ClusterView, steps: readonly ActionStep[]): string | null =>
  steps
    .flatMap(({ whose, whoseEach = [] }) => [...(whose === undefined ? [] : [whose]), ...whoseEach])
    .map((claim) => movedServer(view, claim))
    .find((why) => why !== null) ?? null;

/** Why a step must not be sent to its server: that is another's, or its proxy tells nothing in this look, so that nobody knows. Null: it may. */
export function strangeServer(view: ClusterView, { step, whose }: Pick<ActionStep, 'step' | 'whose'>): string | null {
  if (step.port === 'proxy') {
    const others = view.proxies.find(({ name }) => name === (step.proxy ?? name))?.seen;
    if (others?.kind === 'unknown' && others.fault === 'wrong-scope') return others.reason;
  }
  if (whose === undefined) return null;
  const proxy = view.proxies.find(({ name }) => name === whose.place.proxy);
  if (proxy === undefined || answers(proxy)) return movedServer(view, whose);
  return `${view.proxies.length > 1 ? `proxy ${proxy.name}` : 'the proxy'} does not answer: nobody knows whose ${placeText(view.proxies, whose.place)} is now`;
}

/** It is up and in no maintenance, as its proxy shows it: what is down is made to look up by `health stopping`. */
export function isOpenPlace(view: ClusterView, place: ServerPlace): boolean {
  const row = lineAt(view, place)?.row;
  return row !== undefined && row.up && !row.admin.maint;
}

/** What of a step for several proxies may be told in this look, and why not the rest. */
export function tellableIn(
  view: ClusterView,
  { step, whoseEach = [] }: { readonly step: Step; readonly whoseEach?: readonly ServerClaim[] },
): { readonly tells: readonly Tell[]; readonly left: readonly string[] } {
  if (step.port !== 'proxies') return { tells: [], left: [] };
  const rows = step.tells.map((tell, index) => {
    const whose = whoseEach[index];
    const one = { step: { port: 'proxy', ...tell } as const, ...(whose === undefined ? {} : { whose }) };
    return { tell, why: strangeServer(view, one) };
  });
  return {
    tells: rows.flatMap(({ tell, why }) => (why === null ? [tell] : [])),
    left: rows.flatMap(({ why }) => (why === null ? [] : [why])),
  };
}

/** The servers that a fence closed and that are there to be opened; of a record of before the usual ones. */
export const closedPlaces = (view: ClusterView, { at, member }: Pick<FenceRecord, 'at' | 'member'>) =>
  at === undefined ? usualPlaces(view.proxies, 'writes', member) : at.filter((place) => !isGone(view, place));

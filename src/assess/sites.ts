import { freshValue, isSilent } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import type { Finding } from '../model/problem.js';
import { says, seen, type Assessment } from './finding.js';
import { isFullySilent } from './leader.js';

/** The names in `sites` that are no member, no etcd endpoint and no proxy: each proxy that has no row of its own, and this instance. */
const ANY_PROXY = 'proxy';
const OURSELVES = 'ekimi';

/** The site of a member, an endpoint, the proxy or this instance; null: nobody says. */
export const siteOf = (view: ClusterView, name: string): string | null => view.sites?.[name] ?? null;

/** Of everything on a site whether it is silent. One that nobody asked is left out. */
function silencesOf(view: ClusterView, site: string): readonly boolean[] {
  const at = (name: string): boolean => siteOf(view, name) === site;
  const members = view.members.filter(({ name }) => at(name)).map((member) => isFullySilent(member));
  const endpoints = view.dcs.endpoints
    .filter(({ name, status }) => at(name) && status.kind !== 'stale')
    .map(({ status }) => isSilent(status));
  const proxies = view.proxies
    .filter(({ name, seen }) => (at(name) || (siteOf(view, name) === null && at(ANY_PROXY))) && seen.kind !== 'stale')
    .map(({ seen }) => isSilent(seen));
  return [...members, ...endpoints, ...proxies];
}

const sitesIn = (view: ClusterView): readonly string[] => [...new Set(Object.values(view.sites ?? {}))];

const isDark = (silences: readonly boolean[]): boolean => silences.length > 0 && silences.every((silent) => silent);

/** What stands on these sites, ourselves aside. */
const namesOn = (view: ClusterView, sites: readonly string[]): readonly string[] =>
  Object.entries(view.sites ?? {}).flatMap(([name, site]) =>
    sites.includes(site) && name !== OURSELVES ? [name] : [],
  );

/** Our own site, and what stands elsewhere. */
export interface CutOff {
  readonly site: string;
  readonly names: readonly string[];
  readonly text: string;
}

/**
 * It is our own site that is cut off: nothing beyond it answers, and etcd gives no quorum here. With quorum the others are lost, since the
 * majority of etcd stands with us. Where an etcd endpoint of our own site is silent too, etcd itself may be down: null, as where `sites`
 * does not say where we stand.
 */
export function cutOffSite(view: ClusterView): CutOff | null {
  const site = siteOf(view, OURSELVES);
  if (site === null || freshValue(view.dcs.keys) !== null) return null;
  const others = sitesIn(view)
    .filter((other) => other !== site)
    .map((other) => ({ other, silences: silencesOf(view, other) }))
    .filter(({ silences }) => silences.length > 0);
  if (others.flatMap(({ silences }) => silences).length < 2 || !others.every(({ silences }) => isDark(silences)))
    return null;
  if (view.dcs.endpoints.some(({ name, status }) => siteOf(view, name) === site && isSilent(status))) return null;
  const sites = others.map(({ other }) => other);
  const where = sites.length === 1 ? `site ${sites.join('')}` : `sites ${sites.join(' and ')}`;
  const text = `nothing of ${where} answers this instance on site ${site}, where etcd has no quorum: it is site ${site} that is cut off, and what goes on elsewhere is not known here`;
  return { site, names: namesOn(view, sites), text };
}

/** Sites of which nothing answers while another one does: one cause for all that stands there. */
export function lostSites({ view }: Assessment): readonly Finding[] {
  const rows = sitesIn(view).map((site) => ({ site, silences: silencesOf(view, site) }));
  // Where nothing answers anywhere it is we who are cut off, or all of it is down: those have rows of their own.
  if (!rows.some(({ silences }) => silences.includes(false)) || cutOffSite(view) !== null) return [];
  return rows
    .filter(({ silences }) => silences.length >= 2 && isDark(silences))
    .map(({ site }) => {
      const names = namesOn(view, [site]);
      const text = `nothing of site ${site} answers (${names.join(', ')}), and other sites do`;
      const channels = [says('api', text, view.atMs), says('dcs', text, view.atMs)];
      return seen('site-lost', site, channels, { names: names.join(',') });
    });
}

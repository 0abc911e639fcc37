import { systemClock } from '../adapters/clock.js';
import { hostLock } from '../adapters/host-lock.js';
import { hostPortOf } from '../adapters/hosts/registry.js';
import { etcdAdapter } from '../adapters/etcd/etcd-adapter.js';
import { haproxyAdapter } from '../adapters/haproxy/haproxy-adapter.js';
import { notifyChannelsOf } from '../adapters/notify/channels.js';
import { vetoHook } from '../adapters/notify/veto-hook.js';
import { namesAdapter } from '../adapters/names/names.js';
import { patroniAdapter } from '../adapters/patroni/patroni-adapter.js';
import { poolerPortOf } from '../adapters/poolers/registry.js';
import { powerCommand } from '../adapters/power/power-command.js';
import { amcheck } from '../adapters/postgres/amcheck.js';
import { postgresAdapter } from '../adapters/postgres/postgres-adapter.js';
import { commandTags } from '../adapters/tags/command-tags.js';
import { dockerTags } from '../adapters/tags/docker-tags.js';
import { certificatesOf } from '../adapters/tls/certificates.js';
import { renewable } from '../adapters/tls/renewed.js';
import { fileTags } from '../adapters/tags/file-tags.js';
import type { ClusterConfig } from '../model/config.js';
import type { Place } from '../model/address.js';
import { isLoopback, placeOfUrl, plainHost, type OurPlace } from '../observe/addresses.js';
import type { ObserveTarget } from '../observe/pass.js';
import type { Ports } from '../observe/ports.js';
import type { CheckPort } from '../ports/check.js';
import type { Clock } from '../ports/clock.js';
import type { TagsPort } from '../ports/tags.js';

/** The one place where real parts are chosen. */
export function portsOf(config: ClusterConfig, clock: Clock = systemClock): Ports {
  const cluster = renewable(config);
  const dcs = etcdAdapter(cluster, clock);
  return {
    clock,
    patroni: patroniAdapter(cluster, clock),
    dcs,
    postgres: cluster.postgres === null ? null : postgresAdapter(cluster, clock),
    checks: amcheckOf(cluster, clock),
    proxies: Object.fromEntries(
      cluster.proxies.map((proxy) => [proxy.name, haproxyAdapter(proxy, cluster.deadlines.proxy, clock)]),
    ),
    ...(cluster.poolers && {
      poolers: Object.fromEntries(
        cluster.poolers.map((pooler) => [pooler.name, poolerPortOf(pooler, cluster.deadlines.proxy, clock)]),
      ),
    }),
    host: hostPortOf(cluster, clock, dcs),
    power: powerCommand(cluster, clock),
    tags: tagsOf(cluster, clock),
    certificates: certificatesOf(cluster, clock),
    names: namesAdapter(clock),
  };
}

const amcheckOf = (cluster: ClusterConfig, clock: Clock): CheckPort | null =>
  cluster.postgres === null ? null : amcheck({ ...cluster, postgres: cluster.postgres }, clock);

function tagsOf(cluster: ClusterConfig, clock: Clock): TagsPort | null {
  switch (cluster.tags?.driver) {
    case undefined:
      return null;
    case 'docker':
      return dockerTags(cluster, clock);
    case 'file':
      return fileTags(cluster, clock);
    case 'command':
      return commandTags(cluster, clock);
  }
}

/** One process of this machine recovers this cluster, whatever its name for it. */
export const recoveryLockOf = ({ scope, dcs }: ClusterConfig): (() => Promise<boolean>) =>
  hostLock([scope, ...dcs.hosts.map(({ url }) => url)].join(' '));

export const targetOf = (cluster: ClusterConfig): ObserveTarget => ({
  scope: cluster.scope,
  ...(cluster.intended === undefined ? {} : { intentions: cluster.intended }),
  ...(cluster.sites === undefined ? {} : { sites: cluster.sites }),
  ...(cluster.power == null ? {} : { sharesPower: sharesPower(cluster.power) }),
  members: cluster.members,
  dcsNames: cluster.dcs.hosts.map((host) => host.name),
  proxies: cluster.proxies.map(({ name, pools, servers, runtime, stats }) => ({
    name,
    pools,
    servers,
    isHere: runtime?.startsWith('unix:') === true || isLoopback(placeOfUrl(stats)?.host ?? ''),
  })),
  ...(cluster.poolers === undefined ? {} : { poolers: cluster.poolers.map(({ name }) => name) }),
  addresses: addressesOf(cluster),
  hasLogin: cluster.patroni.auth !== null,
});

const addressesOf = ({ members, patroni, postgres }: ClusterConfig): NonNullable<ObserveTarget['addresses']> =>
  Object.fromEntries(
    members.map((name) => [
      name,
      {
        api: placeOf(patroni.advertised?.[name], placeOfUrl(patroni.urls[name] ?? '')),
        sql: placeOf(postgres?.advertised?.[name], postgres?.hosts[name] ?? null),
      },
    ]),
  );

/** Where NAT or a tunnel lies between, the configuration says how the member itself calls the place. */
function placeOf(declared: Place | undefined, asked: Place | null): OurPlace | null {
  const place = declared ?? asked;
  return place === null ? null : { host: plainHost(place.host), port: place.port, isDeclared: declared !== undefined };
}

export { notifyChannelsOf, systemClock, vetoHook };

const sharesPower = ({ members, dcs }: NonNullable<ClusterConfig['power']>): ObserveTarget['sharesPower'] =>
  Object.fromEntries(
    Object.entries(members).map(([member, outlet]) => [
      member,
      Object.keys(dcs).filter((endpoint) => dcs[endpoint] === outlet),
    ]),
  );

import { linesIn, poolsFor } from '../../assess/proxy-lines.js';
import { takesNew } from '../../assess/rotation.js';
import { isPaused, type PoolerReport } from '../../model/pooler.js';
import { lastValue } from '../../model/reading.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import { overview } from '../overview.js';
import { stateSet, type MetricRow, type Sample } from './row.js';

const PROXY_STATES = ['unknown', 'not-configured', 'healthy', 'mismatch'];

const byPooler =
  (value: (report: PoolerReport) => number) =>
  ({ view }: ClusterSnapshot): Sample[] =>
    (view?.poolers ?? []).flatMap(({ name, seen }) => {
      const report = lastValue(seen);
      return report === null ? [] : [{ labels: { pooler: name }, value: value(report) }];
    });

const byPool =
  (value: (servers: readonly { readonly takesNew: boolean; readonly sessions: number }[]) => number) =>
  ({ view }: ClusterSnapshot): Sample[] =>
    (view?.proxies ?? []).flatMap((proxy) =>
      proxy.seen.kind !== 'fresh'
        ? []
        : (['writes', 'reads'] as const).flatMap((use) =>
            poolsFor(proxy.pools, use).map((backend) => ({
              labels: { proxy: proxy.name, backend, use },
              value: value(
                linesIn(proxy, use)
                  .filter(({ row }) => row.backend === backend)
                  .map(({ row }) => ({ takesNew: takesNew(row), sessions: row.sessions })),
              ),
            })),
          ),
    );

/** How clients get to members: proxies, their pools, poolers. */
export const ROUTING_METRICS: readonly MetricRow[] = [
  {
    name: 'ekimi_proxy_state',
    help: '1 for what all proxies together are: healthy, mismatch (a pool differs from what the cluster is), unknown, not-configured',
    labels: ['state'],
    samples: ({ states }) => stateSet(PROXY_STATES, states?.proxy.state ?? 'unknown'),
  },
  {
    name: 'ekimi_proxy_answers',
    help: '1 where a proxy answered in this pass, 0 where not',
    labels: ['proxy'],
    samples: ({ view }) =>
      (view?.proxies ?? []).map(({ name, seen }) => ({
        labels: { proxy: name },
        value: Number(seen.kind === 'fresh'),
      })),
  },
  {
    name: 'ekimi_proxy_servers_taking_new',
    help: 'Servers of a pool of a proxy that take new connections; no series where the proxy did not answer',
    labels: ['proxy', 'backend', 'use'],
    samples: byPool((servers) => servers.filter((server) => server.takesNew).length),
  },
  {
    name: 'ekimi_proxy_sessions',
    help: 'Sessions in a pool of a proxy; no series where the proxy did not answer',
    labels: ['proxy', 'backend', 'use'],
    samples: byPool((servers) => servers.reduce((sum, { sessions }) => sum + sessions, 0)),
  },
  {
    name: 'ekimi_drains',
    help: 'Replicas that Ekimi has taken out of the read pools',
    labels: [],
    samples: (snapshot) => [
      { labels: {}, value: overview(snapshot).members.filter(({ drain }) => drain?.shadow === false).length },
    ],
  },
  {
    name: 'ekimi_pooler_paused',
    help: '1 while a pooler or one of its databases is paused, by whomever',
    labels: ['pooler'],
    samples: byPooler((report) => Number(isPaused(report))),
  },
  {
    name: 'ekimi_pooler_clients_waiting',
    help: 'Clients of a pooler that wait for a connection to the server',
    labels: ['pooler'],
    samples: byPooler(({ databases }) => databases.reduce((sum, { waiting }) => sum + waiting, 0)),
  },
  {
    name: 'ekimi_pooler_longest_wait_seconds',
    help: 'How long the first of them has waited',
    unit: 'seconds',
    labels: ['pooler'],
    samples: byPooler(({ databases }) => Math.max(0, ...databases.map(({ maxWaitMs }) => maxWaitMs)) / 1000),
  },
];

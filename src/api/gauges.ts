import { AUTHORITY_METRICS } from './metrics/authority.js';
import { CLUSTER_METRICS } from './metrics/cluster.js';
import { MEMBER_METRICS } from './metrics/members.js';
import { OBSERVER_METRICS } from './metrics/observer.js';
import { ROUTING_METRICS } from './metrics/routing.js';
import type { MetricRow } from './metrics/row.js';

/** All that is read from a snapshot at scrape time, by what it is about. */
export const GAUGE_GROUPS: readonly { readonly title: string; readonly rows: readonly MetricRow[] }[] = [
  { title: 'The cluster', rows: CLUSTER_METRICS },
  { title: 'Members', rows: MEMBER_METRICS },
  { title: 'Proxies and poolers', rows: ROUTING_METRICS },
  { title: 'What Ekimi may do and does', rows: AUTHORITY_METRICS },
  { title: 'Ekimi itself', rows: OBSERVER_METRICS },
];

export const GAUGES: readonly MetricRow[] = GAUGE_GROUPS.flatMap(({ rows }) => rows);

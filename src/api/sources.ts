import type { Channel } from '../model/channel.js';
import type { Reading, ReadingFault } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';

/**
 * One source of knowledge and how old its answer is. `off` is not configured (nothing is missing), `unread` was not due yet,
 * `unknown` was asked and did not answer usefully: only that one is a gap in what we see.
 */
export interface SourceOverview {
  readonly source: string;
  readonly channel: Channel;
  /** Member, etcd endpoint, or proxy where there are several; null for a source of the cluster as a whole. */
  readonly subject: string | null;
  readonly kind: 'fresh' | 'stale' | 'unknown' | 'unread' | 'off';
  readonly atMs: number;
  readonly fault: ReadingFault | null;
  readonly reason: string | null;
}

interface Row<T> {
  readonly source: string;
  readonly channel: Channel;
  readonly of: (from: T) => Reading<unknown>;
}

/** The names are label values of the metrics and columns of the dashboard: stable. */
const MEMBER_SOURCES: readonly Row<MemberView>[] = [
  { source: 'api', channel: 'api', of: (member) => member.api },
  { source: 'cluster', channel: 'peers', of: (member) => member.cluster },
  { source: 'metrics', channel: 'api', of: (member) => member.metrics },
  { source: 'replica-check', channel: 'api', of: (member) => member.replicaCheck },
  { source: 'sql', channel: 'sql', of: (member) => member.sql },
  { source: 'host', channel: 'host', of: (member) => member.host },
  { source: 'tag-file', channel: 'host', of: (member) => member.fileTag },
];

const CLUSTER_SOURCES: readonly Row<ClusterView>[] = [
  { source: 'leader-key', channel: 'dcs', of: (view) => view.dcs.keys },
  { source: 'dcs-membership', channel: 'dcs', of: (view) => view.dcs.membership },
  { source: 'dcs-alarms', channel: 'dcs', of: (view) => view.dcs.alarms },
  { source: 'config', channel: 'api', of: (view) => view.config },
  { source: 'history', channel: 'api', of: (view) => view.history },
];

/** Every source of the view, members first, in a stable order. */
export function sourcesIn(view: ClusterView): SourceOverview[] {
  const rows: SourceOverview[] = [];
  for (const member of view.members)
    for (const row of MEMBER_SOURCES) rows.push(describe(row.source, row.channel, member.name, row.of(member)));
  for (const row of CLUSTER_SOURCES) rows.push(describe(row.source, row.channel, null, row.of(view)));
  for (const { name, seen } of view.proxies)
    rows.push(describe('proxy', 'proxy', view.proxies.length > 1 ? name : null, seen));
  for (const endpoint of view.dcs.endpoints) {
    rows.push(describe('endpoint', 'dcs', endpoint.name, endpoint.status));
    rows.push(describe('endpoint-host', 'host', endpoint.name, endpoint.host));
  }
  return rows;
}

function describe(source: string, channel: Channel, subject: string | null, reading: Reading<unknown>): SourceOverview {
  if (reading.kind !== 'unknown')
    return { source, channel, subject, kind: reading.kind, atMs: reading.atMs, fault: null, reason: null };
  const kind = reading.fault === 'not-configured' ? 'off' : reading.fault === 'not-read-yet' ? 'unread' : 'unknown';
  return { source, channel, subject, kind, atMs: reading.atMs, fault: reading.fault, reason: reading.reason };
}

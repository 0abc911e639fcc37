import type { ChannelHealth } from '../../model/notify-health.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import { overview, type Overview } from '../overview.js';
import { one, type MetricRow, type Sample } from './row.js';

const channelsBy =
  (value: (channel: ChannelHealth) => number) =>
  ({ notifications = [] }: ClusterSnapshot): Sample[] =>
    notifications.map((channel) => ({ labels: { channel: channel.name }, value: value(channel) }));

type Source = Overview['sources'][number];

const sourcesBy =
  (kinds: readonly Source['kind'][], value: (source: Source, atMs: number) => number) =>
  (snapshot: ClusterSnapshot): Sample[] =>
    overview(snapshot)
      .sources.filter((source) => kinds.includes(source.kind))
      .map((source) => ({
        labels: {
          channel: source.channel,
          source: source.source,
          ...(source.subject === null ? {} : { member: source.subject }),
        },
        value: value(source, snapshot.atMs),
      }));

const lastPass: MetricRow = {
  name: 'ekimi_last_pass_timestamp_seconds',
  help: 'End of the last pass, seconds since 1970: alert on its age',
  unit: 'seconds',
  labels: [],
  samples: ({ atMs }) => one(atMs / 1000),
};

/** How well Ekimi itself does: what it sees, whether it works, whether persons can be told. */
export const OBSERVER_METRICS: readonly MetricRow[] = [
  lastPass,
  {
    ...lastPass,
    // An alert on the age of a series that is gone never fires: the old name stays for one version.
    name: 'ekimi_last_pass_timestamp',
    help: 'Old name of ekimi_last_pass_timestamp_seconds, gone in the next version',
  },
  {
    name: 'ekimi_impaired',
    help: 'Number of reasons why it cannot do its work (journal, ledger, policy)',
    labels: [],
    samples: (snapshot) => one(overview(snapshot).impaired.length),
  },
  {
    name: 'ekimi_policy_refused',
    help: '1 while the last reload of the policy stands refused, and the one before it is in force',
    labels: [],
    samples: ({ policyError }) => one(policyError !== null),
  },
  {
    name: 'ekimi_reading_age_seconds',
    help: 'Age of the last answer of a source at the end of the pass; `member` is an etcd endpoint or a proxy where the source is one',
    unit: 'seconds',
    labels: ['channel', 'source', 'member'],
    samples: sourcesBy(['fresh', 'stale'], (source, atMs) => Math.max(0, atMs - source.atMs) / 1000),
  },
  {
    name: 'ekimi_reading_unknown',
    help: '1 where a source was asked and is unknown, 0 where it answered; sources that are not configured have no series',
    labels: ['channel', 'source', 'member'],
    samples: sourcesBy(['fresh', 'stale', 'unknown'], (source) => Number(source.kind === 'unknown')),
  },
  {
    name: 'ekimi_notifications_failing',
    help: '1 for a channel to persons that takes no message; `spool`: what waits cannot be kept',
    labels: ['channel'],
    samples: channelsBy(({ failingSinceMs }) => Number(failingSinceMs !== null)),
  },
  {
    name: 'ekimi_notifications_waiting',
    help: 'Messages to persons that are not delivered yet',
    labels: ['channel'],
    samples: channelsBy(({ waiting }) => waiting),
  },
  {
    name: 'ekimi_notifications_sent_total',
    help: 'Messages to persons that were delivered',
    type: 'counter',
    labels: ['channel'],
    samples: channelsBy(({ sent }) => sent),
  },
  {
    name: 'ekimi_notifications_failed_total',
    help: 'Tries to deliver that failed; each is tried again until it is too old',
    type: 'counter',
    labels: ['channel'],
    samples: channelsBy(({ failed }) => failed),
  },
  {
    name: 'ekimi_notifications_lost_total',
    help: 'Messages that nobody will get by that channel: refused, a day old, beyond the spool',
    type: 'counter',
    labels: ['channel'],
    samples: channelsBy(({ lost }) => lost),
  },
];

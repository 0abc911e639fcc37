import { isPaused } from '../../assess/leader.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import { stateOf } from '../../words/headline.js';
import { overview, STATE_LEVEL, type Overview } from '../overview.js';
import { countBy, known, one, stateSet, type MetricRow, type Sample } from './row.js';

const CLUSTER_STATES = Object.keys(STATE_LEVEL);
const LEVELS = ['warning', 'critical'];
const PHASES = ['suspect', 'active', 'recovering'];
const DCS_STATES = ['unknown', 'healthy', 'degraded', 'quorum-lost', 'alarm'];

const problemsIn =
  (phase: 'suspect' | 'active') =>
  ({ states }: ClusterSnapshot): Sample[] =>
    (states?.problems ?? [])
      .filter((problem) => problem.phase === phase)
      .map(({ code, subject, level }) => ({ labels: { code, subject, level }, value: 1 }));

/** Two incidents of one cause and subject are one series: the larger value stands, and the labels stay bounded. */
const byIncident =
  (value: (incident: Overview['incidents'][number], atMs: number) => number) =>
  (snapshot: ClusterSnapshot): Sample[] => {
    const series = new Map<string, Sample>();
    for (const incident of overview(snapshot).incidents) {
      const { cause, subject, level } = incident;
      const key = `${cause} ${subject} ${level}`;
      const found = value(incident, snapshot.atMs);
      const labels = { cause, subject, level };
      series.set(key, { labels, value: Math.max(found, series.get(key)?.value ?? found) });
    }
    return [...series.values()];
  };

/** The cluster as a whole: its state, problems, incidents, etcd. */
export const CLUSTER_METRICS: readonly MetricRow[] = [
  {
    name: 'ekimi_cluster_state',
    help: '1 for the state that the cluster is in; suspect: healthy but for what is seen and within its grace',
    labels: ['state'],
    samples: (snapshot) => stateSet(CLUSTER_STATES, stateOf(snapshot)),
  },
  {
    name: 'ekimi_problem_active',
    help: '1 for each problem that is past its grace',
    labels: ['code', 'subject', 'level'],
    samples: problemsIn('active'),
  },
  {
    name: 'ekimi_problem_suspect',
    help: '1 for each problem that is seen and within its grace',
    labels: ['code', 'subject', 'level'],
    samples: problemsIn('suspect'),
  },
  {
    name: 'ekimi_problems',
    help: 'Problems by phase; suspect: within its grace, recovering: gone, watched for a relapse',
    labels: ['phase'],
    samples: ({ states }) =>
      countBy(
        'phase',
        PHASES,
        (states?.problems ?? []).map(({ phase }) => phase),
      ),
  },
  {
    name: 'ekimi_incidents_open',
    help: 'Incidents that are open, by the worst level of their problems',
    labels: ['level'],
    samples: (snapshot) =>
      countBy(
        'level',
        LEVELS,
        overview(snapshot).incidents.map(({ level }) => level),
      ),
  },
  {
    name: 'ekimi_incident_age_seconds',
    help: 'How long each open incident has lasted, since the first sight of its first problem',
    unit: 'seconds',
    labels: ['cause', 'subject', 'level'],
    samples: byIncident(({ openedAtMs }, atMs) => Math.max(0, atMs - openedAtMs) / 1000),
  },
  {
    name: 'ekimi_incident_without_writes_seconds',
    help: 'How long nobody could write in each open incident so far, as far as passes saw',
    unit: 'seconds',
    labels: ['cause', 'subject', 'level'],
    samples: byIncident(({ withoutWritesMs }) => withoutWritesMs / 1000),
  },
  {
    name: 'ekimi_leader_lease_seconds',
    help: 'What is left of the lease of the leader key; no series where it is absent or not known',
    unit: 'seconds',
    labels: [],
    samples: (snapshot) => {
      const { leaseTtlMs } = overview(snapshot);
      return known({}, leaseTtlMs === null ? null : leaseTtlMs / 1000);
    },
  },
  {
    name: 'ekimi_dcs_state',
    help: '1 for the state that etcd is in',
    labels: ['state'],
    samples: ({ states }) => stateSet(DCS_STATES, states?.dcs.state ?? 'unknown'),
  },
  {
    name: 'ekimi_dcs_endpoint_healthy',
    help: '1 where an etcd endpoint says that it is healthy, 0 where it says no or does not answer',
    labels: ['endpoint'],
    samples: (snapshot) =>
      overview(snapshot).endpoints.map(({ name, healthy }) => ({
        labels: { endpoint: name },
        value: Number(healthy === true),
      })),
  },
  {
    name: 'ekimi_dcs_database_size_bytes',
    help: 'Size of the database of an etcd endpoint; no series where it is not known',
    unit: 'bytes',
    labels: ['endpoint'],
    samples: (snapshot) =>
      overview(snapshot).endpoints.flatMap(({ name, dbSizeBytes }) => known({ endpoint: name }, dbSizeBytes)),
  },
  {
    name: 'ekimi_cluster_paused',
    help: '1 while Patroni is paused (maintenance mode), by whomever',
    labels: [],
    samples: ({ view }) => (view === null ? [] : one(isPaused(view))),
  },
];

import { linesIn, poolsFor } from '../assess/proxy-lines.js';
import { takesNew } from '../assess/rotation.js';
import type { ChannelHealth } from '../model/notify-health.js';
import { MODES } from '../model/policy.js';
import { isPaused, type PoolerReport } from '../model/pooler.js';
import { lastValue } from '../model/reading.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import type { MemberState } from '../model/states.js';
import { stateOf } from '../words/headline.js';
import { overview, STATE_LEVEL, type Overview } from './overview.js';
import { openRunIn, type RunOverview } from './runs.js';

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One gauge, computed from a snapshot at scrape time. `scope` is on every one and not repeated in `labels`. */
export interface GaugeRow {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly samples: (snapshot: ClusterSnapshot) => readonly Sample[];
}

const CLUSTER_STATES = Object.keys(STATE_LEVEL);
const MEMBER_STATES: readonly MemberState[] = [
  'unknown',
  'leader',
  'healthy',
  'lagging',
  'blocked',
  'not-streaming',
  'start-failed',
  'rebuilding',
  'starting',
  'diverged',
  'down',
  'rogue',
];

const INCIDENT_LEVELS = ['warning', 'critical'];

const one = (value: number | boolean): Sample[] => [{ labels: {}, value: Number(value) }];

/** One series per possible state, 1 for the present one, so that an alert can name a state without knowing the others. */
const stateSet = (states: readonly string[], now: string, labels: Readonly<Record<string, string>> = {}): Sample[] =>
  states.map((state) => ({ labels: { ...labels, state }, value: Number(state === now) }));

const channelsBy =
  (value: (channel: ChannelHealth) => number) =>
  ({ notifications = [] }: ClusterSnapshot): Sample[] =>
    notifications.map((channel) => ({ labels: { channel: channel.name }, value: value(channel) }));

const sourcesBy =
  (
    kinds: readonly Overview['sources'][number]['kind'][],
    value: (source: Overview['sources'][number], atMs: number) => number,
  ) =>
  (snapshot: ClusterSnapshot): Sample[] =>
    overview(snapshot)
      .sources.filter((source) => kinds.includes(source.kind))
      .map((source) => ({
        labels: { source: source.source, member: source.subject ?? '' },
        value: value(source, snapshot.atMs),
      }));

const byPooler =
  (value: (report: PoolerReport) => number) =>
  ({ view }: ClusterSnapshot): Sample[] =>
    (view?.poolers ?? []).flatMap(({ name, seen }) => {
      const report = lastValue(seen);
      return report === null ? [] : [{ labels: { pooler: name }, value: value(report) }];
    });

const byRun =
  (value: (run: RunOverview) => number | null) =>
  (snapshot: ClusterSnapshot): Sample[] => {
    const run = openRunIn(snapshot);
    const found = run === null ? null : value(run);
    return run === null || found === null ? [] : [{ labels: { name: run.name, phase: run.phase }, value: found }];
  };

export const GAUGES: readonly GaugeRow[] = [
  {
    name: 'ekimi_procedure_stages_left',
    help: 'Stages that are left of the procedure under way; no series where none is',
    labels: ['name', 'phase'],
    samples: byRun(({ left }) => left.length),
  },
  {
    name: 'ekimi_procedure_copied_bytes',
    help: 'Bytes of the copy that the procedure under way waits for; no series where nobody can tell',
    labels: ['name', 'phase'],
    samples: byRun(({ watch }) => watch?.progress?.doneBytes ?? null),
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
    labels: ['pooler'],
    samples: byPooler(({ databases }) => Math.max(0, ...databases.map(({ maxWaitMs }) => maxWaitMs)) / 1000),
  },
  {
    name: 'ekimi_problem_active',
    help: '1 for each problem that is past its grace; suspects are not in here',
    labels: ['code', 'subject', 'level'],
    samples: ({ states }) =>
      (states?.problems ?? [])
        .filter((problem) => problem.phase === 'active')
        .map(({ code, subject, level }) => ({ labels: { code, subject, level }, value: 1 })),
  },
  {
    name: 'ekimi_incidents_open',
    help: 'Incidents that are open, by the worst level of their problems',
    labels: ['level'],
    samples: (snapshot) =>
      INCIDENT_LEVELS.map((level) => ({
        labels: { level },
        value: overview(snapshot).incidents.filter((incident) => incident.level === level).length,
      })),
  },
  {
    name: 'ekimi_incident_without_writes_seconds',
    help: 'How long nobody could write in each open incident so far, as far as passes saw',
    labels: ['incident', 'cause', 'subject'],
    samples: (snapshot) =>
      overview(snapshot).incidents.map(({ id, cause, subject, withoutWritesMs }) => ({
        labels: { incident: id, cause, subject },
        value: withoutWritesMs / 1000,
      })),
  },
  {
    name: 'ekimi_cluster_state',
    help: '1 for the state that the cluster is in; suspect: healthy but for what is seen and within its grace',
    labels: ['state'],
    samples: (snapshot) => stateSet(CLUSTER_STATES, stateOf(snapshot)),
  },
  {
    name: 'ekimi_member_state',
    help: '1 for the state that the member is in',
    labels: ['member', 'state'],
    samples: (snapshot) =>
      overview(snapshot).members.flatMap(({ name, state }) => stateSet(MEMBER_STATES, state, { member: name })),
  },
  {
    name: 'ekimi_lag_bytes',
    help: 'How far a replica is behind; no series where it is not known, which is not zero',
    labels: ['member'],
    samples: (snapshot) =>
      overview(snapshot).members.flatMap(({ name, lagBytes }) =>
        lagBytes === null ? [] : [{ labels: { member: name }, value: lagBytes }],
      ),
  },
  {
    name: 'ekimi_lag_seconds',
    help: 'How old what a replica shows is, by the heartbeat (postgres.heartbeat); no series where nobody writes it',
    labels: ['member'],
    samples: (snapshot) =>
      overview(snapshot).members.flatMap(({ name, lagAgeMs, lagAgeBy }) =>
        lagAgeMs === null || lagAgeBy !== 'heartbeat' ? [] : [{ labels: { member: name }, value: lagAgeMs / 1000 }],
      ),
  },
  {
    name: 'ekimi_reading_age_seconds',
    help: 'Age of the last answer of a source at the end of the pass',
    labels: ['source', 'member'],
    samples: sourcesBy(['fresh', 'stale'], (source, atMs) => Math.max(0, atMs - source.atMs) / 1000),
  },
  {
    name: 'ekimi_reading_unknown',
    help: '1 where a source was asked and is unknown, 0 where it answered; sources that are not configured have no series',
    labels: ['source', 'member'],
    samples: sourcesBy(['fresh', 'stale', 'unknown'], (source) => Number(source.kind === 'unknown')),
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
    samples: ({ view }) =>
      (view?.proxies ?? []).flatMap((proxy) =>
        proxy.seen.kind !== 'fresh'
          ? []
          : (['writes', 'reads'] as const).flatMap((use) =>
              poolsFor(proxy.pools, use).map((backend) => ({
                labels: { proxy: proxy.name, backend, use },
                value: linesIn(proxy, use).filter(({ row }) => row.backend === backend && takesNew(row)).length,
              })),
            ),
      ),
  },
  {
    name: 'ekimi_mode',
    help: '1 for the mode in force',
    labels: ['mode'],
    samples: ({ policy }) => MODES.map((mode) => ({ labels: { mode }, value: Number(mode === policy.mode) })),
  },
  {
    name: 'ekimi_tenure_held',
    help: '1 when this instance may act: it has tenure or needs none',
    labels: [],
    samples: ({ tenure }) => one(tenure.state === 'held' || tenure.state === 'not-needed'),
  },
  {
    name: 'ekimi_budget_left',
    help: 'Actions that the hourly budget still allows',
    labels: [],
    samples: (snapshot) => one(overview(snapshot).budget.left),
  },
  {
    name: 'ekimi_breaker_open',
    help: '1 when the breaker is open: only a person closes it',
    labels: [],
    samples: ({ ledger }) => one(ledger.breaker !== null),
  },
  {
    name: 'ekimi_kill_switch',
    help: '1 for each kill switch in force',
    labels: ['subject'],
    samples: (snapshot) => overview(snapshot).switches.map(({ subject }) => ({ labels: { subject }, value: 1 })),
  },
  {
    name: 'ekimi_approvals_waiting',
    help: 'Plans that wait for a person',
    labels: [],
    samples: (snapshot) => one(overview(snapshot).approvals.length),
  },
  {
    name: 'ekimi_remediations_in_flight',
    help: 'Remediations that are not finished',
    labels: [],
    samples: (snapshot) => one(overview(snapshot).inFlight.length),
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
    name: 'ekimi_notifications_lost',
    help: 'Messages since the start that nobody will get by that channel: refused, a day old, beyond the spool',
    labels: ['channel'],
    samples: channelsBy(({ lost }) => lost),
  },
  {
    name: 'ekimi_impaired',
    help: 'Number of reasons why it cannot do its work (journal, ledger, policy)',
    labels: [],
    samples: (snapshot) => one(overview(snapshot).impaired.length),
  },
  {
    name: 'ekimi_last_pass_timestamp',
    help: 'End of the last pass, seconds since 1970: alert on its age',
    labels: [],
    samples: ({ atMs }) => one(atMs / 1000),
  },
];

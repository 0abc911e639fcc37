import { MODES } from '../../model/policy.js';
import type { ClusterSnapshot } from '../../model/snapshot.js';
import { overview } from '../overview.js';
import { openRunIn, type RunOverview } from '../run-overview.js';
import { countBy, one, stateSet, type MetricRow, type Sample } from './row.js';

const TENURE_STATES = ['held', 'other', 'unknown', 'not-needed'];
const VERDICTS = ['act', 'held', 'waiting', 'page'];
const OPEN_RUN_PHASES = ['running', 'held', 'paused', 'aborting'];

const byRun =
  (value: (run: RunOverview) => number | null) =>
  (snapshot: ClusterSnapshot): Sample[] => {
    const run = openRunIn(snapshot);
    const found = run === null ? null : value(run);
    return run === null || found === null ? [] : [{ labels: { name: run.name, phase: run.phase }, value: found }];
  };

/** What it may do, what holds it, what is under way. */
export const AUTHORITY_METRICS: readonly MetricRow[] = [
  {
    name: 'ekimi_mode',
    help: '1 for the mode in force',
    labels: ['mode'],
    samples: ({ policy }) => MODES.map((mode) => ({ labels: { mode }, value: Number(mode === policy.mode) })),
  },
  {
    name: 'ekimi_decisions',
    help: 'Decisions of the last pass by verdict; page: a person is needed',
    labels: ['verdict'],
    samples: ({ decisions }) =>
      countBy(
        'verdict',
        VERDICTS,
        decisions.map(({ kind }) => kind),
      ),
  },
  {
    name: 'ekimi_tenure_held',
    help: '1 when this instance may act: it has tenure or needs none',
    labels: [],
    samples: ({ tenure }) => one(tenure.state === 'held' || tenure.state === 'not-needed'),
  },
  {
    name: 'ekimi_tenure_state',
    help: '1 for who has tenure: held (this instance), other, unknown, not-needed (dry-run)',
    labels: ['state'],
    samples: ({ tenure }) => stateSet(TENURE_STATES, tenure.state),
  },
  {
    name: 'ekimi_budget_left',
    help: 'Actions that the hourly budget still allows',
    labels: [],
    samples: (snapshot) => one(overview(snapshot).budget.left),
  },
  {
    name: 'ekimi_budget_limit',
    help: 'Actions that the hourly budget allows in all (limits.perHour)',
    labels: [],
    samples: (snapshot) => one(overview(snapshot).budget.perHour),
  },
  {
    name: 'ekimi_breaker_open',
    help: '1 when the breaker is open: only a person closes it',
    labels: [],
    samples: ({ ledger }) => one(ledger.breaker !== null),
  },
  {
    name: 'ekimi_storm',
    help: '1 while too much fails at once for anything to be sent',
    labels: [],
    samples: ({ ledger, atMs }) => one(ledger.stormUntilMs !== null && ledger.stormUntilMs > atMs),
  },
  {
    name: 'ekimi_kill_switch',
    help: '1 for each kill switch in force',
    labels: ['subject'],
    samples: (snapshot) => overview(snapshot).switches.map(({ subject }) => ({ labels: { subject }, value: 1 })),
  },
  {
    name: 'ekimi_kill_switches',
    help: 'Kill switches in force',
    labels: [],
    samples: (snapshot) => one(overview(snapshot).switches.length),
  },
  {
    name: 'ekimi_window_open',
    help: '1 while a window is open: freeze (next to nothing is sent), maintenance',
    labels: ['window'],
    samples: ({ windows }) => [
      { labels: { window: 'freeze' }, value: Number(windows.freeze !== null) },
      { labels: { window: 'maintenance' }, value: Number(windows.maintenance !== null) },
    ],
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
    name: 'ekimi_procedure_runs',
    help: 'Procedures of several stages that are under way, by state; held: a person looks',
    labels: ['phase'],
    samples: (snapshot) => {
      const run = openRunIn(snapshot);
      return countBy('phase', OPEN_RUN_PHASES, run === null ? [] : [run.phase]);
    },
  },
  {
    name: 'ekimi_procedure_stages_left',
    help: 'Stages that are left of the procedure under way; no series where none is',
    labels: ['name', 'phase'],
    samples: byRun(({ left }) => left.length),
  },
  {
    name: 'ekimi_procedure_copied_bytes',
    help: 'Bytes of the copy that the procedure under way waits for; no series where nobody can tell',
    unit: 'bytes',
    labels: ['name', 'phase'],
    samples: byRun(({ watch }) => watch?.progress?.doneBytes ?? null),
  },
];

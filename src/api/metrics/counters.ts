import { Counter, Histogram, type Registry } from 'prom-client';
import { GATE_NAMES, type Decision } from '../../model/decision.js';
import type { RemediationPhase } from '../../model/ledger.js';
import { ACTION_NAMES } from '../../model/plan.js';
import { PROBLEM_CODES } from '../../model/problem.js';
import type { ClusterSnapshot, ControllerEvent } from '../../model/snapshot.js';

const OUTCOMES = ['succeeded', 'ineffective', 'failed', 'abandoned'] as const satisfies readonly RemediationPhase[];

type Labels = Readonly<Record<string, string>>;

/** Every pair of a value of one list and a value of the other, as labels. */
const pairs = (one: string, values: readonly string[], other: string, others: readonly string[]): readonly Labels[] =>
  values.flatMap((value) => others.map((second) => ({ [one]: value, [other]: second })));

export interface CounterRow {
  readonly name: string;
  readonly help: string;
  readonly unit?: 'seconds';
  readonly labels: readonly string[];
  /** Label sets that are there from the start with zero, so that `rate` and `increase` see the first one. */
  readonly fromStart: readonly Labels[];
}

/** Counters; every label has a fixed set of values but `scope`. */
export const COUNTERS = {
  decisions: {
    name: 'ekimi_decisions_total',
    help: 'Decisions, counted when they first appear and not once a pass',
    labels: ['scope', 'verdict', 'action'],
    fromStart: [
      ...pairs('verdict', ['act', 'held'], 'action', ACTION_NAMES),
      ...pairs('verdict', ['waiting', 'page'], 'action', ['none']),
    ],
  },
  held: {
    name: 'ekimi_held_total',
    help: 'Plans held, by each gate that held them, counted when the hold first appears',
    labels: ['scope', 'gate'],
    fromStart: GATE_NAMES.map((gate) => ({ gate })),
  },
  actions: {
    name: 'ekimi_actions_total',
    help: 'Remediations that ended, by outcome; shadow="true" is the dry-run twin that sent nothing',
    labels: ['scope', 'action', 'outcome', 'shadow'],
    fromStart: pairs('action', ACTION_NAMES, 'outcome', OUTCOMES).flatMap((labels) =>
      ['false', 'true'].map((shadow) => ({ ...labels, shadow })),
    ),
  },
  incidents: {
    name: 'ekimi_incidents_total',
    help: 'Incidents that ended, by the code of their first problem',
    labels: ['scope', 'cause'],
    fromStart: PROBLEM_CODES.map((cause) => ({ cause })),
  },
  withoutWrites: {
    name: 'ekimi_without_writes_seconds_total',
    help: 'How long nobody could write in the incidents that ended, as far as passes saw',
    unit: 'seconds',
    labels: ['scope'],
    fromStart: [{}],
  },
} as const satisfies Readonly<Record<string, CounterRow>>;

/** `buckets`: upper bounds in seconds. */
export const HISTOGRAMS = {
  passes: {
    name: 'ekimi_pass_duration_seconds',
    help: 'Length of a pass over a cluster',
    labels: ['scope'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  actionSeconds: {
    name: 'ekimi_action_duration_seconds',
    help: 'How long remediations took from intent to verdict; rehearsals in dry-run are not in here',
    labels: ['scope', 'action', 'outcome'],
    buckets: [0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200],
  },
} as const;

interface Counted {
  readonly counters: Readonly<Record<keyof typeof COUNTERS, Counter>>;
  readonly histograms: Readonly<Record<keyof typeof HISTOGRAMS, Histogram>>;
}

/** What a decision is about, without its wording, which may hold figures that change with every pass. */
function decisionKey(decision: Decision): string {
  return decision.kind === 'act' || decision.kind === 'held'
    ? `${decision.kind} ${decision.plan.action} ${decision.plan.target}`
    : `${decision.kind} ${decision.code} ${decision.subject}`;
}

/** Registers counters and histograms, and answers what counts an event. `scopes`: those whose series are there from the start. */
export function countEvents(registry: Registry, scopes: readonly string[]): (event: ControllerEvent) => void {
  const count: Counted = { counters: countersIn(registry), histograms: histogramsIn(registry) };
  const last = new Map<string, ReadonlySet<string>>();
  const began = (scope: string): void => {
    if (last.has(scope)) return;
    last.set(scope, new Set());
    beginAtZero(count, scope);
  };
  scopes.forEach(began);
  return (event) => {
    const scope = event.kind === 'snapshot' ? event.snapshot.scope : event.entry.scope;
    if (event.kind === 'snapshot') {
      began(scope);
      const { passMs } = event.snapshot;
      if (passMs !== null) count.histograms.passes.observe({ scope }, passMs.last / 1000);
      last.set(scope, countNew(event.snapshot, last.get(scope) ?? new Set(), count.counters));
    } else if (event.entry.body.kind === 'incident') {
      const { change, of } = event.entry.body;
      if (change !== 'ended') return;
      count.counters.incidents.inc({ scope, cause: of.cause });
      count.counters.withoutWrites.inc({ scope }, of.withoutWrites.ms / 1000);
    } else if (event.entry.body.kind === 'verdict') {
      const { plan, phase, shadow, createdAtMs, endedAtMs } = event.entry.body.remediation;
      count.counters.actions.inc({ scope, action: plan.action, outcome: phase, shadow: String(shadow) });
      if (!shadow && endedAtMs !== null)
        count.histograms.actionSeconds.observe(
          { scope, action: plan.action, outcome: phase },
          Math.max(0, endedAtMs - createdAtMs) / 1000,
        );
    }
  };
}

function beginAtZero({ counters, histograms }: Counted, scope: string): void {
  for (const [key, { fromStart }] of Object.entries(COUNTERS))
    for (const labels of fromStart) counters[key as keyof typeof COUNTERS].inc({ scope, ...labels }, 0);
  histograms.passes.zero({ scope });
}

function countersIn(registry: Registry): Counted['counters'] {
  const counter = ({ name, help, labels }: CounterRow): Counter =>
    new Counter({ name, help, labelNames: labels, registers: [registry] });
  return {
    decisions: counter(COUNTERS.decisions),
    held: counter(COUNTERS.held),
    actions: counter(COUNTERS.actions),
    incidents: counter(COUNTERS.incidents),
    withoutWrites: counter(COUNTERS.withoutWrites),
  };
}

function histogramsIn(registry: Registry): Counted['histograms'] {
  const histogram = ({ name, help, labels, buckets }: (typeof HISTOGRAMS)[keyof typeof HISTOGRAMS]): Histogram =>
    new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] });
  return { passes: histogram(HISTOGRAMS.passes), actionSeconds: histogram(HISTOGRAMS.actionSeconds) };
}

function countNew(
  snapshot: ClusterSnapshot,
  before: ReadonlySet<string>,
  counters: Counted['counters'],
): ReadonlySet<string> {
  const { scope } = snapshot;
  const seen = new Set<string>();
  for (const decision of snapshot.decisions) {
    const key = decisionKey(decision);
    const action = decision.kind === 'act' || decision.kind === 'held' ? decision.plan.action : 'none';
    if (!before.has(key) && !seen.has(key)) counters.decisions.inc({ scope, verdict: decision.kind, action });
    seen.add(key);
    for (const block of decision.kind === 'held' ? decision.blocks : []) {
      const heldKey = `${key} ${block.gate}`;
      if (!before.has(heldKey) && !seen.has(heldKey)) counters.held.inc({ scope, gate: block.gate });
      seen.add(heldKey);
    }
  }
  return seen;
}

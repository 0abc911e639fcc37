import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Decision } from '../model/decision.js';
import type { ClusterSnapshot, ControllerEvent, ControllerPort } from '../model/snapshot.js';
import { GAUGES, type GaugeRow } from './gauges.js';

export interface Metrics {
  readonly contentType: string;
  /** The exposition text: gauges from the snapshots as they are now, counters from what happened since the start. */
  text(): Promise<string>;
  /** Stops listening to the controller. */
  close(): void;
}

/** Counters and the histogram; the documentation prints these beside GAUGES. Every label has a fixed set of values but `scope`. */
export const COUNTERS = {
  decisions: {
    name: 'ekimi_decisions_total',
    help: 'Decisions, counted when they first appear and not once a pass',
    labels: ['scope', 'verdict', 'action'],
  },
  held: {
    name: 'ekimi_held_total',
    help: 'Plans held, by each gate that held them, counted when the hold first appears',
    labels: ['scope', 'gate'],
  },
  actions: {
    name: 'ekimi_actions_total',
    help: 'Remediations that ended, by outcome; shadow="true" is the dry-run twin that sent nothing',
    labels: ['scope', 'action', 'outcome', 'shadow'],
  },
  incidents: {
    name: 'ekimi_incidents_total',
    help: 'Incidents that ended, by the code of their first problem',
    labels: ['scope', 'cause'],
  },
  withoutWrites: {
    name: 'ekimi_without_writes_seconds_total',
    help: 'How long nobody could write in the incidents that ended, as far as passes saw',
    labels: ['scope'],
  },
  passes: { name: 'ekimi_pass_seconds', help: 'Length of a pass over a cluster', labels: ['scope'] },
} as const;

const PASS_BUCKETS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Subscribes at once, so make it before the first pass. Own registry: two of them in one process do not collide. */
export function createMetrics(controller: ControllerPort): Metrics {
  const registry = new Registry();
  // Its own default is a timer every 10 ms: a hundred wake-ups a second, a fifth of what an idle daemon costs.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 1_000 });
  for (const row of GAUGES) addGauge(registry, row, controller);
  const count = counters(registry);
  const last = new Map<string, ReadonlySet<string>>();
  const onEvent = (event: ControllerEvent): void => {
    if (event.kind === 'snapshot') {
      const { scope } = event.snapshot;
      if (event.snapshot.passMs !== null) count.passes.observe({ scope }, event.snapshot.passMs.last / 1000);
      last.set(scope, countNew(event.snapshot, last.get(scope) ?? new Set(), count));
    } else if (event.entry.body.kind === 'incident') {
      const { change, of } = event.entry.body;
      if (change !== 'ended') return;
      count.incidents.inc({ scope: event.entry.scope, cause: of.cause });
      count.withoutWrites.inc({ scope: event.entry.scope }, of.withoutWrites.ms / 1000);
    } else if (event.entry.body.kind === 'verdict') {
      const { plan, phase, shadow } = event.entry.body.remediation;
      count.actions.inc({ scope: event.entry.scope, action: plan.action, outcome: phase, shadow: String(shadow) });
    }
  };
  return { contentType: registry.contentType, text: () => registry.metrics(), close: controller.onEvent(onEvent) };
}

interface Counters {
  readonly decisions: Counter;
  readonly held: Counter;
  readonly actions: Counter;
  readonly incidents: Counter;
  readonly withoutWrites: Counter;
  readonly passes: Histogram;
}

function counters(registry: Registry): Counters {
  const counter = ({
    name,
    help,
    labels,
  }: Omit<(typeof COUNTERS)[Exclude<keyof typeof COUNTERS, 'passes'>], never>): Counter =>
    new Counter({ name, help, labelNames: labels, registers: [registry] });
  const { name, help, labels } = COUNTERS.passes;
  return {
    decisions: counter(COUNTERS.decisions),
    held: counter(COUNTERS.held),
    actions: counter(COUNTERS.actions),
    incidents: counter(COUNTERS.incidents),
    withoutWrites: counter(COUNTERS.withoutWrites),
    passes: new Histogram({ name, help, labelNames: labels, buckets: PASS_BUCKETS_SECONDS, registers: [registry] }),
  };
}

/** What a decision is about, without its wording, which may hold figures that change with every pass. */
function decisionKey(decision: Decision): string {
  return decision.kind === 'act' || decision.kind === 'held'
    ? `${decision.kind} ${decision.plan.action} ${decision.plan.target}`
    : `${decision.kind} ${decision.code} ${decision.subject}`;
}

function countNew(snapshot: ClusterSnapshot, before: ReadonlySet<string>, count: Counters): ReadonlySet<string> {
  const { scope } = snapshot;
  const seen = new Set<string>();
  for (const decision of snapshot.decisions) {
    const key = decisionKey(decision);
    const action = decision.kind === 'act' || decision.kind === 'held' ? decision.plan.action : 'none';
    if (!before.has(key) && !seen.has(key)) count.decisions.inc({ scope, verdict: decision.kind, action });
    seen.add(key);
    for (const block of decision.kind === 'held' ? decision.blocks : []) {
      const heldKey = `${key} ${block.gate}`;
      if (!before.has(heldKey) && !seen.has(heldKey)) count.held.inc({ scope, gate: block.gate });
      seen.add(heldKey);
    }
  }
  return seen;
}

/** Set anew at each scrape: a label set that is gone from the snapshot is gone from the answer. */
function addGauge(registry: Registry, row: GaugeRow, controller: ControllerPort): void {
  new Gauge({
    name: row.name,
    help: row.help,
    labelNames: ['scope', ...row.labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const scope of controller.scopes()) {
        const snapshot = controller.snapshot(scope);
        if (snapshot === null) continue;
        for (const { labels, value } of row.samples(snapshot)) this.set({ scope, ...labels }, value);
      }
    },
  });
}

import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { ControllerPort } from '../model/snapshot.js';
import { GAUGES } from './gauges.js';
import { countEvents } from './metrics/counters.js';
import type { MetricRow } from './metrics/row.js';

export interface Metrics {
  readonly contentType: string;
  /** The exposition text: gauges from the snapshots as they are now, counters from what happened since the start. */
  text(): Promise<string>;
  /** Stops listening to the controller. */
  close(): void;
}

/** Of the process, not of a cluster: no `scope`. */
export const BUILD_INFO = {
  name: 'ekimi_build_info',
  help: 'Always 1: the version of Ekimi and of Node.js that runs it',
  labels: ['version', 'nodejs'],
} as const;

/**
 * Of prom-client's own metrics. It takes the distance of its timer's ticks for the lag of the loop: with a tick a second that is one second, always,
 * and stock alerts fire. `nodejs_eventloop_lag_seconds` is measured at each scrape and stays. The others end in _total and are no counters.
 */
const MISLEADING = [
  ...['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map((figure) => `nodejs_eventloop_lag_${figure}_seconds`),
  ...['handles', 'requests', 'resources'].map((what) => `nodejs_active_${what}_total`),
];

/** Subscribes at once, so make it before the first pass. Own registry: two of them in one process do not collide. */
export function createMetrics(controller: ControllerPort): Metrics {
  const registry = new Registry();
  // Its own default is a timer every 10 ms: a hundred wake-ups a second, a fifth of what an idle daemon costs.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 1_000 });
  for (const name of MISLEADING) registry.removeSingleMetric(name);
  addBuildInfo(registry, controller);
  for (const row of GAUGES) addRow(registry, row, controller);
  const onEvent = countEvents(registry, controller.scopes());
  return { contentType: registry.contentType, text: () => registry.metrics(), close: controller.onEvent(onEvent) };
}

function addBuildInfo(registry: Registry, controller: ControllerPort): void {
  new Gauge({
    name: BUILD_INFO.name,
    help: BUILD_INFO.help,
    labelNames: BUILD_INFO.labels,
    registers: [registry],
    collect() {
      this.reset();
      const [first] = controller.scopes().flatMap((scope) => controller.snapshot(scope) ?? []);
      if (first !== undefined) this.set({ version: first.version, nodejs: process.versions.node }, 1);
    },
  });
}

/** Set anew at each scrape: a label set that is gone from the snapshot is gone from the answer. */
function addRow(registry: Registry, row: MetricRow, controller: ControllerPort): void {
  const options = {
    name: row.name,
    help: row.help,
    labelNames: ['scope', ...row.labels],
    registers: [registry],
  };
  const samples = () =>
    controller.scopes().flatMap((scope) => {
      const snapshot = controller.snapshot(scope);
      return snapshot === null
        ? []
        : row.samples(snapshot).map(({ labels, value }) => ({ labels: { scope, ...labels }, value }));
    });
  if (row.type === 'counter')
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const { labels, value } of samples()) this.inc(labels, value);
      },
    });
  else
    new Gauge({
      ...options,
      collect() {
        this.reset();
        for (const { labels, value } of samples()) this.set(labels, value);
      },
    });
}

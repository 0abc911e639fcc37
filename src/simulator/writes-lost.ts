import { startScenario, type Scenario } from './scenario.js';
import type { ClusterOptions } from './state.js';
import { createCluster, type SimulatedCluster } from './world.js';

const SAMPLE_MS = 100;

/** From now on: milliseconds in which nobody took writes through the proxy. */
export function countWritesLost(cluster: SimulatedCluster): () => number {
  let lostMs = 0;
  const look = (): void => {
    if (cluster.writesGoTo() === null) lostMs += SAMPLE_MS;
    cluster.at(cluster.nowMs() + SAMPLE_MS, look);
  };
  cluster.at(cluster.nowMs() + SAMPLE_MS, look);
  return () => lostMs;
}

/** The same faults at the same times on a cluster that only Patroni watches: milliseconds without writes; null for a story that needs Ekimi. */
export function writesLostAlone(options: Partial<ClusterOptions>, scenario: Scenario): number | null {
  if (scenario.needsEkimi === true) return null;
  const cluster = createCluster(options);
  const lostMs = countWritesLost(cluster);
  const endMs = startScenario(cluster, scenario, () => undefined);
  cluster.advance(endMs - cluster.nowMs());
  return lostMs();
}

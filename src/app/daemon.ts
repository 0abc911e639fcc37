import { setMaxListeners } from 'node:events';
import type { ControllerPort } from '../model/snapshot.js';
import { controllerOf } from '../fleet/controller.js';
import { seatOf, type Seat } from '../fleet/seat.js';
import type { Session } from '../kernel/session.js';
import { policyFor, type ReadFiles } from './files.js';
import { clusterPorts, machineStores, openCluster, type DaemonParts } from './open-cluster.js';
import { inventoryOf } from './take-in-config.js';

export interface Daemon {
  readonly controller: ControllerPort;
  /** Live: a session that takes the place of another one stands in its place. */
  readonly sessions: readonly Session[];
  /**
   * Takes in what the files have for a cluster of this process; a sentence for each thing that became of it, none where nothing differs. While
   * the cluster waits for a pass it waits; never rejects.
   */
  takeIn(scope: string, files: Extract<ReadFiles, { ok: true }>): Promise<readonly string[]>;
  /** Runs until `stop`; then, within seconds, finishes or marks what is in flight, gives up tenure and closes all but the journal. */
  run(stop: AbortSignal): Promise<void>;
}

/** All clusters of the configuration, each with a loop of its own. */
export async function openDaemon(parts: DaemonParts): Promise<Daemon> {
  const { config, configHash } = parts.files;
  const opened = await Promise.all(
    config.clusters.map(async (cluster) => {
      const stores = machineStores(parts, cluster);
      const inForce = policyFor(parts.files, cluster.scope);
      const ports = clusterPorts(parts, cluster);
      return { cluster, stores, session: await openCluster(parts, { cluster, configHash, ports, inForce, stores }) };
    }),
  );
  const sessions = opened.map(({ session }) => session);
  const seats = opened.map(({ session }, index) =>
    seatOf(session, (next) => {
      sessions[index] = next;
    }),
  );
  const inventories = new Map(
    opened.map(({ cluster, stores }, index) => [
      cluster.scope,
      inventoryOf(parts, { cluster, stores, seat: seats[index] as Seat, session: () => sessions[index] as Session }),
    ]),
  );
  return {
    controller: controllerOf(sessions),
    sessions,
    takeIn: (scope, files) => inventories.get(scope)?.takeIn(files) ?? Promise.resolve([]),
    run: (stop) => runAll(sessions, seats, stop),
  };
}

/** All clusters end beside each other: what one of them waits for must not keep another one's tenure. */
async function runAll(sessions: readonly Session[], seats: readonly Seat[], stop: AbortSignal): Promise<void> {
  // Each loop listens to it.
  setMaxListeners(0, stop);
  await Promise.all(
    seats.map((seat, index) =>
      // Spread over a period: passes that all begin in one moment make each other late.
      seat.run(stop, (index / seats.length) * (sessions[index]?.policy.poll.intervalMs ?? 0)),
    ),
  );
}

import type { ClusterConfig } from '../../model/config.js';
import type { HostDriverName } from '../../model/host-drivers.js';
import type { Clock } from '../../ports/clock.js';
import type { HostPort } from '../../ports/host.js';
import { commandAdapter } from './command/command-adapter.js';
import { dockerAdapter } from './docker/docker-adapter.js';

/** Every driver of the table has its adapter, or this does not compile. */
const DRIVERS: Readonly<Record<HostDriverName, (cluster: ClusterConfig, clock: Clock) => HostPort>> = {
  docker: dockerAdapter,
  command: commandAdapter,
};

/** The driver that the configuration names; null: there is none. */
export const hostPortOf = (cluster: ClusterConfig, clock: Clock): HostPort | null =>
  cluster.hosts === null ? null : DRIVERS[cluster.hosts.driver](cluster, clock);

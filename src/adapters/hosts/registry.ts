import type { ClusterConfig } from '../../model/config.js';
import type { HostDriverName, LocalDriverName } from '../../model/host-drivers.js';
import type { Clock } from '../../ports/clock.js';
import type { DcsPort } from '../../ports/dcs.js';
import type { HostPort } from '../../ports/host.js';
import { commandAdapter } from './command/command-adapter.js';
import { dockerAdapter } from './docker/docker-adapter.js';
import { peersAdapter } from './peers/peers-adapter.js';
import { systemdAdapter } from './systemd/systemd-adapter.js';

type Made = (cluster: ClusterConfig, clock: Clock, dcs: DcsPort) => HostPort;

const LOCAL: Readonly<Record<LocalDriverName, Made>> = {
  docker: dockerAdapter,
  command: commandAdapter,
  systemd: systemdAdapter,
};

/** Every driver of the table has its adapter, or this does not compile. */
const DRIVERS: Readonly<Record<HostDriverName, Made>> = {
  ...LOCAL,
  peers: (cluster, clock, dcs) => {
    const local = cluster.hosts?.peers?.local ?? null;
    return peersAdapter(cluster, clock, local === null ? null : LOCAL[local](cluster, clock, dcs), dcs);
  },
};

/** The driver that the configuration names; null: there is none. */
export const hostPortOf = (cluster: ClusterConfig, clock: Clock, dcs: DcsPort): HostPort | null =>
  cluster.hosts === null ? null : DRIVERS[cluster.hosts.driver](cluster, clock, dcs);

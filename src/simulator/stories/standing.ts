import type { SimulatedCluster } from '../world.js';

/** It runs, and it leads or streams. */
export function isWell(cluster: SimulatedCluster, name: string, leader: string | null): boolean {
  const { patroni, postgres } = cluster.inspect(name);
  if (!isAlive(cluster, name) || patroni.task !== null) return false;
  return name === leader ? !postgres.inRecovery : postgres.inRecovery && postgres.streaming;
}

/** Its container, its Patroni and its PostgreSQL all run, whatever they are at. */
function isAlive(cluster: SimulatedCluster, name: string): boolean {
  const { host, patroni, postgres } = cluster.inspect(name);
  if (host.state !== 'running' || patroni.process !== 'up' || patroni.frozen) return false;
  return postgres.process === 'up' && !postgres.frozen;
}

/** What a member is to the cluster now: whoever does something to it does it to that. */
export function standing(cluster: SimulatedCluster, name: string): string {
  const leader = cluster.leader();
  const role = name === leader ? 'leads' : isSynchronous(cluster, name, leader) ? 'is synchronous' : 'follows';
  return isAlive(cluster, name) ? role : `${role} and does not work`;
}

const isSynchronous = (cluster: SimulatedCluster, name: string, leader: string | null): boolean => {
  const names = leader === null ? undefined : cluster.inspect(leader).postgres.syncNames?.names;
  return names !== undefined && names !== '*' && names.some((one) => one === name);
};

/** Whether a switchover that is asked for now has a leader to step down and somebody to take over. */
export function mayHandOver(cluster: SimulatedCluster, to: string | null): string {
  const leader = cluster.leader();
  if (leader === null || !isWell(cluster, leader, leader)) return 'nobody steps down';
  const able = cluster.options.members.some(
    (name) => name !== leader && (to ?? name) === name && isWell(cluster, name, leader),
  );
  return able ? 'somebody takes over' : 'nobody takes over';
}

import type { Step } from '../../src/model/plan.js';
import type { Ports } from '../../src/observe/ports.js';
import type { SimulatedCluster } from '../../src/simulator/world.js';
import { withProxies } from './proxies.js';

/** What the cluster really is at the moment at which a request of the leadership procedures arrives; null: it is as it should be. */
export function staleness(cluster: SimulatedCluster, step: Step): string | null {
  if (step.port === 'dcs' && step.call === 'write-config') return null;
  if (step.port === 'dcs')
    return isStopped(cluster, step.holder) ? null : `the key of ${step.holder}, which runs, would be deleted`;
  if (step.port === 'host' && step.verb === 'kill') return fenceable(cluster, step.target.name);
  if (step.port === 'host' && step.verb === 'start' && step.target.kind === 'member') {
    if (!isStopped(cluster, step.target.name)) return `${step.target.name} runs and would be started`;
    return cluster.leader() === null ? `${step.target.name} would be started while nobody leads` : null;
  }
  const command = step.port === 'proxy' ? step.command : '';
  const [, member = ''] = /server \w+\/(\w+)/.exec(command) ?? [];
  if (/ maint$|^shutdown sessions/.test(command)) return fenceable(cluster, member);
  if (command.endsWith('health up'))
    return cluster.leader() === member ? null : `${member} does not lead and would be marked up`;
  if (command.endsWith('health down'))
    return cluster.leader() !== member ? null : `${member} leads and would be marked down`;
  return null;
}

const isStopped = (cluster: SimulatedCluster, member: string): boolean =>
  cluster.inspect(member).host.state === 'stopped';

/** Nobody may be fenced whose Patroni is at work, nor who could not write anything. */
function fenceable(cluster: SimulatedCluster, member: string): string | null {
  // All of it stands still, so it is stopped for the key that it holds.
  if (cluster.inspect(member).host.state === 'paused')
    return cluster.leader() === member ? null : `${member} no longer holds the key and would be stopped`;
  if (!cluster.inspect(member).patroni.frozen) return `${member} is not frozen and would be fenced`;
  return cluster.primaries().some((name) => name === member) ? null : `${member} is no primary and would be fenced`;
}

/** Every request passes `look` on its way out, at the moment of its arrival. */
export function sendsThrough(ports: Ports, look: (step: Step) => void): Ports {
  const { host, dcs, patroni } = ports;
  const through =
    <S extends Step, A extends readonly unknown[], R>(send: (step: S, ...rest: A) => R) =>
    (step: S, ...rest: A): R => {
      look(step);
      return send(step, ...rest);
    };
  return {
    ...ports,
    dcs: { ...dcs, send: through((step, grant) => dcs.send(step, grant)) },
    patroni: { ...patroni, send: through((step) => patroni.send(step)) },
    ...withProxies({ proxies: ports.proxies }, (proxy) => ({ ...proxy, send: through((step) => proxy.send(step)) })),
    host: host === null ? null : { ...host, send: through((step) => host.send(step)) },
  };
}

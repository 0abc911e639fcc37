import type { Clock } from '../ports/clock.js';
import type { SimulatedPorts } from './ports.js';
import type { Sight } from './wire.js';

/** Calls that wait for nothing. */
const PASSIVE: readonly string[] = ['onLeaderChange', 'onEvent', 'close'];

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/**
 * The ports of a process that can be stopped and thawed, or killed: what it has sent goes on in the world, and it learns of the answer when
 * it runs again, or never.
 */
export function suspendable(sight: Sight, ports: SimulatedPorts): SimulatedPorts {
  const { world, observer } = sight;
  const born = observer.killed;
  const awake = async (): Promise<void> => {
    if (observer.suspended) await world.time.block(() => !observer.suspended, Infinity);
    if (observer.killed !== born) await never();
  };
  const through = <T extends object>(port: T): T => {
    const calls = Object.entries(port).map(([name, value]: [string, unknown]) => {
      if (typeof value !== 'function' || PASSIVE.includes(name)) return [name, value];
      const call = async (...args: unknown[]): Promise<unknown> => {
        await awake();
        const answer: unknown = await (value as (...rest: unknown[]) => unknown)(...args);
        await awake();
        return answer;
      };
      return [name, call];
    });
    return Object.fromEntries(calls) as T;
  };
  const clock: Clock = {
    ...ports.clock,
    sleep: async (ms, signal) => {
      await ports.clock.sleep(ms, signal);
      await awake();
    },
  };
  return {
    clock,
    patroni: through(ports.patroni),
    dcs: through(ports.dcs),
    postgres: through(ports.postgres),
    proxies: Object.fromEntries(Object.entries(ports.proxies).map(([name, port]) => [name, through(port)])),
    poolers: Object.fromEntries(Object.entries(ports.poolers).map(([name, port]) => [name, through(port)])),
    host: through(ports.host),
    tags: through(ports.tags),
    power: through(ports.power),
  };
}

import type { Ports } from '../../src/observe/ports.js';
import type { JournalPort } from '../../src/ports/journal.js';
import { appendingThrough } from './journal-wrap.js';
import { withProxies } from './proxies.js';

/** A process that is stopped (SIGSTOP) at one of its awaits, once, for as long as `meanwhile` takes, and then goes on as if nothing was. */
export interface StandStill {
  readonly wrap: (ports: Ports) => Ports;
  readonly wrapJournal: (journal: JournalPort) => JournalPort;
  /** From now on points are counted, and at the `at`-th the process stands still while `meanwhile` happens. */
  arm(at: number, meanwhile: () => Promise<void>): void;
  /** Names of the points since it was armed. */
  readonly points: readonly string[];
}

/**
 * The points are generated: before and after every call of every port, whatever its name, and of the journal; but not right before a request,
 * since between the last check and the socket no process can notice that it stood still. [docs/safety.md: known limits]
 */
export function standStill(): StandStill {
  const points: string[] = [];
  let isArmed = false;
  let at = Infinity;
  let meanwhile: () => Promise<void> = () => Promise.resolve();
  // What runs beside the call at which it stopped stands still as well: it gets no further than to its own next await.
  let still: Promise<void> | null = null;
  const point = async (name: string): Promise<void> => {
    if (!isArmed) return;
    await still;
    points.push(name);
    if (points.length !== at) return;
    still = meanwhile().then(() => {
      still = null;
    });
    await still;
  };
  const around = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    if (!/\.(send|write)$/.test(name)) await point(`before ${name}`);
    const result = await call();
    await point(`after ${name}`);
    return result;
  };
  const watched = <P extends object>(part: string, port: P): P =>
    new Proxy(port, {
      get: (target, name): unknown => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function' || name === 'onEvent' || name === 'onLeaderChange') return value;
        return (...given: unknown[]) =>
          around(`${part}.${String(name)}`, () => Reflect.apply(value, target, given) as Promise<unknown>);
      },
    });
  return {
    points,
    arm: (when, what) => {
      isArmed = true;
      at = when;
      meanwhile = what;
    },
    wrapJournal: appendingThrough((name, call) => around(name, call)),
    wrap: (ports) => ({
      clock: {
        ...ports.clock,
        sleep: async (ms, signal) => {
          await ports.clock.sleep(ms, signal);
          await still;
        },
      },
      patroni: watched('patroni', ports.patroni),
      dcs: watched('dcs', ports.dcs),
      postgres: ports.postgres && watched('postgres', ports.postgres),
      ...withProxies({ proxies: ports.proxies }, (proxy) => watched('proxy', proxy)),
      host: ports.host && watched('host', ports.host),
      tags: ports.tags && watched('tags', ports.tags),
    }),
  };
}

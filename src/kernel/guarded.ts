import type { Ports } from '../observe/ports.js';
import { unknown } from '../model/reading.js';
import type { Clock } from '../ports/clock.js';

type Answer = (why: string, atMs: number, source: string) => unknown;

const reply: Answer = (text) => ({ effect: 'maybe', status: null, text, tookMs: 0 });
const writing: Answer = (why) => ({ written: false, why });

/** What a call that threw counts as, by its name; every other one is a reading, and then an unknown one. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  send: reply,
  write: reply,
  pause: reply,
  resume: reply,
  holdTenure: (reason) => ({ kind: 'unknown', reason }),
  commitLedger: () => 'unknown',
  putSwitch: writing,
  removeSwitches: writing,
  endpoints: () => [],
  releaseTenure: () => undefined,
  close: () => undefined,
  onLeaderChange: () => () => undefined,
  onEvent: () => () => undefined,
  health: () => [],
  failing: () => [],
};

/** Those that answer at once, and to whom a promise would be no answer. */
const AT_ONCE: ReadonlySet<string> = new Set(['onLeaderChange', 'onEvent', 'health', 'failing']);

const asReading: Answer = (why, atMs, source) => unknown('bad-reply', why, atMs, source);

/**
 * The same port, of which no call throws or rejects, whatever its method: not knowing is an answer, a pass that ends in the middle is none.
 * A request that threw may have left.
 */
export function guarded<P extends object>(part: string, port: P, clock: Clock): P {
  const instead = (name: string, error: unknown): unknown => {
    const source = `${part}.${name}`;
    const said = error instanceof Error ? error.message : String(error);
    return (ANSWERS[name] ?? asReading)(`${source} failed within Ekimi: ${said}`, clock.now(), source);
  };
  const guards = new Map<string | symbol, { readonly of: unknown; readonly call: unknown }>();
  return new Proxy(port, {
    get: (target, key): unknown => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const made = guards.get(key);
      if (made?.of === value) return made.call;
      const name = String(key);
      const call = (...given: unknown[]): unknown => {
        try {
          const answer: unknown = Reflect.apply(value, target, given);
          return answer instanceof Promise ? answer.catch((error: unknown) => instead(name, error)) : answer;
        } catch (error) {
          return AT_ONCE.has(name) ? instead(name, error) : Promise.resolve(instead(name, error));
        }
      };
      guards.set(key, { of: value, call });
      return call;
    },
  });
}

/** A part that has no row here does not compile: one was forgotten once, and that we could not tell anybody was never seen. */
type EachPort = { readonly [Part in keyof Required<Ports>]: Ports[Part] | undefined };

export function guardedPorts(ports: Ports): Ports {
  const { clock } = ports;
  const each = <P extends object>(part: string, named: Readonly<Record<string, P>>): Readonly<Record<string, P>> =>
    Object.fromEntries(Object.entries(named).map(([name, port]) => [name, guarded(`${part} ${name}`, port, clock)]));
  const orNull = <P extends object>(part: string, port: P | null | undefined): P | null =>
    port == null ? null : guarded(part, port, clock);
  const all: EachPort = {
    clock,
    patroni: guarded('patroni', ports.patroni, clock),
    dcs: guarded('etcd', ports.dcs, clock),
    postgres: orNull('postgres', ports.postgres),
    proxies: each('proxy', ports.proxies),
    poolers: ports.poolers && each('pooler', ports.poolers),
    host: orNull('hosts', ports.host),
    power: orNull('power', ports.power) ?? undefined,
    tags: orNull('tags', ports.tags),
    certificates: orNull('certificates', ports.certificates),
    notifications: ports.notifications && guarded('notifications', ports.notifications, clock),
    names: orNull('names', ports.names),
    checks: ports.checks,
  };
  return Object.fromEntries(Object.entries(all).filter(([, port]) => port !== undefined)) as unknown as Ports;
}

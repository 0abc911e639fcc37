import { stepText } from '../../src/words/request.js';
import type { Ports } from '../../src/observe/ports.js';
import type { PauseTimes } from '../../src/ports/pooler.js';
import type { JournalPort } from '../../src/ports/journal.js';
import { appendingThrough } from './journal-wrap.js';
import { withProxies } from './proxies.js';

/** A process that dies right after its n-th effect on the outside: entry on the disk, ledger in etcd, request executed. */
export interface Doomed {
  readonly wrap: (ports: Ports) => Ports;
  readonly wrapJournal: (journal: JournalPort) => JournalPort;
  readonly dead: Promise<void>;
  /** From now on effects are counted, and the `after`-th is the last. */
  arm(after: number): void;
  /** Effects since it was armed, in order. */
  readonly effects: readonly string[];
}

/** What a pass merely notes changes nothing for a successor. */
const QUIET: readonly string[] = ['journal pass', 'journal page'];

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** What a dead process would have done next simply never happens; what it had sent goes on in the cluster. */
export function doomed(): Doomed {
  const effects: string[] = [];
  let last = Infinity;
  let isArmed = false;
  let isDead = false;
  let die: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => {
    die = resolve;
  });
  const effect = async <T>(name: string, call: () => Promise<T>): Promise<T> => {
    if (isDead) return never();
    const result = await call();
    if (isArmed && !QUIET.includes(name)) effects.push(name);
    if (effects.length >= last) {
      isDead = true;
      die();
      return never();
    }
    return result;
  };
  return {
    dead,
    effects,
    arm: (after) => {
      isArmed = true;
      last = after;
    },
    wrapJournal: appendingThrough(effect),
    wrap: (ports) => ({
      ...ports,
      dcs: {
        ...ports.dcs,
        commitLedger: (grant, json) => effect('ledger', () => ports.dcs.commitLedger(grant, json)),
        send: (step, grant) => effect(`sent ${stepText(step)}`, () => ports.dcs.send(step, grant)),
        maintain: (step) => effect(`sent ${stepText(step)}`, () => ports.dcs.maintain?.(step) ?? never()),
      },
      patroni: { ...ports.patroni, send: (step) => effect(`sent ${step.path}`, () => ports.patroni.send(step)) },
      ...withProxies({ proxies: ports.proxies }, (proxy) => ({
        ...proxy,
        send: (step) => effect(`sent ${step.command}`, () => proxy.send(step)),
      })),
      ...(ports.poolers && {
        poolers: Object.fromEntries(
          Object.entries(ports.poolers).map(([name, pooler]) => [
            name,
            {
              ...pooler,
              pause: (times: PauseTimes) => effect(`sent PAUSE ${name}`, () => pooler.pause(times)),
              resume: () => effect(`sent RESUME ${name}`, () => pooler.resume()),
            },
          ]),
        ),
      }),
      host:
        ports.host === null
          ? null
          : {
              ...ports.host,
              send: (step) => effect(`sent ${stepText(step)}`, () => ports.host?.send(step) ?? never()),
              moveAside: (target, how) =>
                effect(`moved aside ${target.name}`, () => ports.host?.moveAside?.(target, how) ?? never()),
              removeAside: (target, name) =>
                effect(`removed ${name}`, () => ports.host?.removeAside?.(target, name) ?? never()),
            },
      postgres:
        ports.postgres === null
          ? null
          : {
              ...ports.postgres,
              send: (step) => effect(`sent ${step.statement}`, () => ports.postgres?.send(step) ?? never()),
            },
      tags:
        ports.tags === null
          ? null
          : { ...ports.tags, write: (step) => effect('sent tag', () => ports.tags?.write(step) ?? never()) },
    }),
  };
}

import type { AsideDirectory } from '../model/aside.js';
import type { Reply } from '../model/plan.js';
import { note, type EtcdSim, type World } from './state.js';

const ETCD_HOME = '/etcd-data';

/** One etcd, whose members all have its data. */
export const newData = (endpoints: readonly string[]): EtcdSim['data'] => ({
  now: 1,
  of: new Map(endpoints.map((name) => [name, 1])),
  joined: new Set(endpoints),
  decided: 1,
  asides: new Map(),
});

export const dataOf = ({ data }: EtcdSim, name: string): number => data.of.get(name) ?? 0;

/** The volume of a stopped member is gone, and an empty one is in its place. */
export function loseData(world: World, name: string): void {
  world.etcd.data.of.set(name, 0);
  note(world, `the data of ${name} is gone`);
}

/** The data of a stopped member beside itself; what starts next finds none. */
export function moveStoreAside(
  world: World,
  name: string,
  { id, suffix }: { readonly id: string; readonly suffix: string },
): Pick<Reply, 'effect' | 'text'> {
  const host = world.etcd.endpoints.get(name);
  const no = (text: string) => ({ effect: 'none', text }) as const;
  if (host?.id !== id) return no(`another container bears the name of ${name} now`);
  if (host.state !== 'stopped') return no(`${name} is not stopped`);
  if (dataOf(world.etcd, name) === 0) return no(`there is no data of an etcd member in ${name}`);
  world.etcd.data.of.set(name, 0);
  const moved = { name: `member.${suffix}`, path: `${ETCD_HOME}/member.${suffix}`, bytes: world.etcd.dbSizeBytes };
  world.etcd.data.asides.set(name, [...listStoreAside(world.etcd, name), moved]);
  note(world, `the data of ${name} lies aside`);
  return { effect: 'done', text: moved.path };
}

export const listStoreAside = ({ data }: EtcdSim, name: string): readonly AsideDirectory[] =>
  data.asides.get(name) ?? [];

/**
 * A member starts. Without data it begins another etcd, as one does that is configured with `--initial-cluster-state new`, unless it reaches one that
 * knows it already. @returns whether it runs then
 */
export function startsWithData(world: World, name: string): boolean {
  const { etcd } = world;
  const { data } = etcd;
  if (dataOf(etcd, name) !== 0) return true;
  const runs = [...etcd.endpoints].some(([other, host]) => host.state === 'running' && data.of.get(other) === data.now);
  if (runs && data.joined.has(name)) {
    note(world, `${name} does not start: member ${name} has already been bootstrapped`);
    return false;
  }
  data.of.set(name, runs ? data.now : data.now + 1);
  if (runs) data.joined.add(name);
  return true;
}

/** Patroni asks a new etcd by a path that its real version no longer has (`/v3alpha`), as long as it is told 3.0.0. [etcd, decideClusterVersion; patroni, etcd3.py] */
export const isVersionDecided = ({ data }: EtcdSim): boolean => data.decided === data.now;

/** As soon as each member of it runs. */
export function decideVersion(world: World): void {
  const { data, endpoints } = world.etcd;
  if (data.decided === data.now) return;
  if (![...endpoints].every(([name, host]) => host.state === 'running' && data.of.get(name) === data.now)) return;
  data.decided = data.now;
  note(world, 'the members of the new etcd agree on its version');
}

/** A majority of another etcd has a leader: what it holds is nothing. */
export function beginAnew(world: World, leader: string): void {
  const { etcd } = world;
  const { data } = etcd;
  if (dataOf(etcd, leader) === data.now) return;
  data.now = dataOf(etcd, leader);
  data.joined.clear();
  for (const [name, of] of data.of) if (of === data.now) data.joined.add(name);
  for (const kept of [etcd.leases, etcd.members, etcd.switches, etcd.defragmented]) kept.clear();
  Object.assign(etcd, {
    revision: 1,
    leader: null,
    failover: null,
    failoverRevision: null,
    sync: null,
    optime: null,
    history: [],
    configBroken: 'there is no key /service/config',
    configRevision: 0,
    failsafe: null,
    tenure: null,
    ledger: null,
    ledgerRevision: 0,
    alarms: [],
    isUninitialized: true,
  });
  note(world, `a new etcd, without a key, is led by ${leader}`);
}

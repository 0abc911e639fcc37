import { fresh, unknown, type Reading, type Unknown } from '../model/reading.js';
import type { DcsEndpoint } from '../model/dcs.js';
import type { DcsPort } from '../ports/dcs.js';
import { deleteLeaderKey } from './leader-key.js';
import { commitLedger, hasQuorum, holdTenure, raftLeader, readKeys, releaseTenure } from './etcd.js';
import { CONTROLLER, opens, opensEtcd } from './links.js';
import type { Wire } from './wire.js';
import type { World } from './state.js';

/** etcd as our adapter would show it: without quorum every linearizable call ends as `no-quorum`, after its deadline. */
export function dcsPort(wire: Wire): DcsPort {
  const { world } = wire;
  // Whoever was given these ports: one process, and another one than who had the same name before.
  const claimant = {};
  const { etcd } = world;
  const fault = (source: string): Unknown | null => {
    const atMs = world.time.wallMs();
    if (!opensEtcd(world, CONTROLLER)) return unknown('timeout', `${source}: no answer in time`, atMs, source);
    if (!hasQuorum(etcd))
      return unknown(
        'no-quorum',
        `${source}: etcd has no leader, ${etcd.endpoints.size} endpoints asked`,
        atMs,
        source,
      );
    return null;
  };
  const linearizable = async <T>(source: string, value: () => T): Promise<Reading<T>> => {
    if (fault(source) !== null) await world.time.block(() => false, world.options.deadlineMs);
    return fault(source) ?? fresh(value(), world.time.wallMs(), source);
  };
  return {
    keys: () => linearizable('etcd keys', () => readKeys(world)),
    endpoints: async () => {
      if (!opensEtcd(world, CONTROLLER)) await world.time.block(() => false, world.options.deadlineMs);
      return [...etcd.endpoints.keys()].map((name) => ({ name, status: endpoint(world, name) }));
    },
    membership: () =>
      linearizable('etcd members', () => ({
        members: [...etcd.endpoints.keys()].map((name) => ({ id: name, name, clientUrls: [`http://${name}:2379`] })),
      })),
    alarms: () => linearizable('etcd alarms', () => [...etcd.alarms]),
    holdTenure: async (owner, ttlMs) => {
      const answer = await linearizable('etcd tenure', () => holdTenure(world, claimant, owner, ttlMs));
      return answer.kind === 'unknown' ? { kind: 'unknown', reason: answer.reason } : answer.value;
    },
    releaseTenure: async (grant) => {
      await linearizable('etcd tenure', () => {
        releaseTenure(world, grant);
      });
    },
    loadLedger: () => linearizable('etcd ledger', () => etcd.ledger),
    commitLedger: async (grant, json) => {
      const answer = await linearizable('etcd ledger', () => commitLedger(world, grant, json));
      return answer.kind === 'unknown' ? 'unknown' : answer.value;
    },
    putSwitch: async (id, killSwitch) => {
      const answer = await linearizable('etcd kill switch', () => etcd.switches.set(id, killSwitch));
      return answer.kind === 'unknown' ? { written: false, why: answer.reason } : { written: true };
    },
    removeSwitches: async (ids) => {
      const answer = await linearizable('etcd kill switch', () => ids.map((id) => etcd.switches.delete(id)));
      return answer.kind === 'unknown' ? { written: false, why: answer.reason } : { written: true };
    },
    send: async (step, grant) => {
      const answer = await linearizable('etcd leader key', () => deleteLeaderKey(wire, step, grant));
      if (answer.kind !== 'unknown') return answer.value;
      return { effect: 'maybe', status: null, text: answer.reason, tookMs: world.options.deadlineMs };
    },
    onLeaderChange: (wake) => {
      etcd.wakes.add(wake);
      return () => etcd.wakes.delete(wake);
    },
    close: () => Promise.resolve(),
  };
}

function endpoint(world: World, name: string): Reading<DcsEndpoint> {
  const source = `etcd ${name}`;
  const atMs = world.time.wallMs();
  if (!opens(world, CONTROLLER, name)) return unknown('timeout', `${name}: no answer in time`, atMs, source);
  if (world.etcd.endpoints.get(name)?.state !== 'running')
    return unknown('refused', `${name}: connection refused`, atMs, source);
  const value: DcsEndpoint = {
    name,
    url: `http://${name}:2379`,
    healthy: hasQuorum(world.etcd),
    isLeader: raftLeader(world.etcd) === name,
    raftTerm: String(world.etcd.raftTerm),
    dbSizeBytes: 40_960,
    version: '3.4.23',
  };
  return fresh(value, atMs, source);
}

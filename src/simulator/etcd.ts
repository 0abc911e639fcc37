import type { DcsConfig, DcsKeys } from '../model/dcs.js';
import type { ConfigDocument } from '../model/plan.js';
import { lsnFromNumber, type MemberName } from '../model/names.js';
import type { CommitAnswer, TenureAnswer, TenureGrant } from '../ports/dcs.js';
import { patched } from '../model/config-patch.js';
import { configDocument, documentOf } from './patroni-documents.js';
import { isVersionDecided, newData } from './etcd-data.js';
import { contactOf, latencyMs, newRaft, stepRaft } from './raft.js';
import { note, type DynamicConfigSim, type EtcdSim, type HostSim, type MemberSim, type World } from './state.js';

export const NEW_CONFIG: DynamicConfigSim = {
  paused: false,
  synchronousMode: 'off',
  synchronousNodeCount: 1,
  synchronousModeStrict: false,
  failsafeMode: false,
  standbyCluster: false,
  rest: {},
};

export function newEtcd(endpoints: readonly string[], newHost: (name: string) => HostSim): EtcdSim {
  return {
    endpoints: new Map(endpoints.map((name) => [name, newHost(name)])),
    raft: newRaft(endpoints[0] ?? null),
    revision: 100,
    leader: null,
    leases: new Map(),
    members: new Map(),
    failover: null,
    failoverRevision: null,
    sync: null,
    optime: null,
    history: [],
    config: NEW_CONFIG,
    configBroken: null,
    configRevision: 1,
    failsafe: null,
    tenure: null,
    ledger: null,
    ledgerRevision: 0,
    switches: new Map(),
    alarms: [],
    dbSizeBytes: 40_960,
    liveBytes: 20_480,
    isCompacted: false,
    defragmented: new Map(),
    memberList: null,
    data: newData(endpoints),
    isUninitialized: false,
    versions: new Map(),
    wakes: new Set(),
  };
}

const aliveEndpoints = (etcd: EtcdSim): readonly string[] =>
  [...etcd.endpoints].filter(([, host]) => host.state === 'running').map(([name]) => name);

/** A majority has a leader. Nobody's question whom it reaches: `dcsReachable`. */
export const hasQuorum = (etcd: EtcdSim): boolean => etcd.raft.leader !== null;

export const allEtcdDown = (etcd: EtcdSim): boolean => aliveEndpoints(etcd).length === 0;

/** One of the etcd members that it reaches answers linearizable requests. */
export const dcsReachable = (world: World, member: MemberSim): boolean =>
  hasQuorum(world.etcd) &&
  isVersionDecided(world.etcd) &&
  member.host.state === 'running' &&
  [...world.etcd.endpoints.keys()].some(
    (name) => contactOf(world, member.name, name) === 'serves' && latencyMs(world.etcd, name) <= etcdPatienceMs(world),
  );

/** Patroni gives each etcd member its part of `retry_timeout`. [etcd.py _calculate_timeouts] */
export const etcdPatienceMs = ({ options, etcd }: World): number =>
  options.retryTimeoutMs / Math.max(1, etcd.endpoints.size);

/** Past its quota etcd takes deletions and renewals, and nothing that writes a key or grants a lease. [etcd: maintenance] */
export const takesWrites = (etcd: EtcdSim): boolean => etcd.alarms.every(({ alarm }) => alarm !== 'NOSPACE');

/** Creates or prolongs the member's session lease. */
export function renewLease(world: World, name: MemberName): void {
  const lease = world.etcd.leases.get(name);
  const expiresMs = world.time.nowMs + world.options.ttlMs;
  if (lease !== undefined) lease.expiresMs = expiresMs;
  else if (takesWrites(world.etcd)) {
    const id = String(Math.floor(world.random() * 9e15));
    world.etcd.leases.set(name, { id, expiresMs });
  }
}

/** Writes the leader key as Patroni does: create if absent, or overwrite when `force` (3.0's thawed leader). */
export function takeLeaderKey(world: World, name: MemberName, force = false): boolean {
  const { etcd } = world;
  if (etcd.leader !== null && !force) return etcd.leader.holder === name;
  if (!takesWrites(etcd)) return false;
  renewLease(world, name);
  etcd.revision += 1;
  const createRevision = etcd.leader?.createRevision ?? etcd.revision;
  etcd.leader = { holder: name, modRevision: etcd.revision, createRevision };
  // Who leads in an etcd without them writes them from its own copy. [ha.py]
  if (etcd.isUninitialized) {
    etcd.isUninitialized = false;
    writeConfig(etcd, {});
  }
  note(world, `${name} took the leader key`);
  leaderChanged(world);
  return true;
}

export function dropLeaderKey(world: World, why: string): void {
  const { etcd } = world;
  if (etcd.leader === null) return;
  note(world, `leader key of ${etcd.leader.holder} is gone: ${why}`);
  etcd.leader = null;
  etcd.revision += 1;
  leaderChanged(world);
}

/** Patroni's own watch on the leader key wakes every member that can hear it. */
function leaderChanged(world: World): void {
  for (const member of world.members) {
    if (!dcsReachable(world, member)) continue;
    const wakeMs = world.time.nowMs + 100 + Math.floor(world.random() * 700);
    member.patroni.nextLoopMs = Math.min(member.patroni.nextLoopMs, wakeMs);
  }
  for (const wake of [...world.etcd.wakes]) wake();
}

export function stepEtcd(world: World, stepMs: number): void {
  const { etcd } = world;
  const nowMs = world.time.nowMs;
  stepRaft(world);
  if (!hasQuorum(etcd)) {
    // Without a raft leader no lease runs out; a new one gives every lease its time again.
    for (const lease of etcd.leases.values()) lease.expiresMs += stepMs;
    if (etcd.tenure !== null) etcd.tenure.expiresMs += stepMs;
    return;
  }
  for (const [name, lease] of [...etcd.leases]) {
    if (lease.expiresMs > nowMs) continue;
    etcd.leases.delete(name);
    if (etcd.members.delete(name)) etcd.revision += 1;
    if (etcd.leader?.holder === name) dropLeaderKey(world, 'its lease ran out');
  }
  if (etcd.tenure !== null && etcd.tenure.expiresMs <= nowMs) etcd.tenure = null;
}

/** One write of the key `config`. `broken`: what it holds then is no configuration, for this reason. */
export function writeConfig(etcd: EtcdSim, part: Partial<EtcdSim['config']>, broken: string | null = null): void {
  etcd.revision += 1;
  Object.assign(etcd, { config: { ...etcd.config, ...part }, configBroken: broken, configRevision: etcd.revision });
}

/** One write of the key `failover`; null: `{}`, where there is a request to wipe. [ha.py, api.py] */
export function writeWish(etcd: EtcdSim, wish: EtcdSim['failover']): void {
  if (wish === null && etcd.failover === null) return;
  etcd.revision += 1;
  Object.assign(etcd, { failover: wish, failoverRevision: etcd.revision });
}

/** A patch of the key, as PATCH /config and a transaction of ours write it. */
export function patchConfig(world: World, patch: ConfigDocument): void {
  const { etcd } = world;
  const paused = Object.hasOwn(patch, 'pause') ? patch['pause'] === true : etcd.config.paused;
  const { pause: _pause, ...rest } = patch;
  writeConfig(etcd, { paused, rest: patched(etcd.config.rest, rest) });
}

function configKey(world: World): DcsConfig {
  const { configBroken } = world.etcd;
  if (configBroken !== null) return { known: false, why: configBroken };
  const { config } = world.etcd;
  return { known: true, value: configDocument(world, config), document: documentOf(world, config) };
}

export function readKeys(world: World): DcsKeys {
  const { etcd } = world;
  const lease = etcd.leader === null ? undefined : etcd.leases.get(etcd.leader.holder);
  return {
    leader: {
      holder: etcd.leader?.holder ?? null,
      leaseId: lease?.id ?? null,
      leaseTtlMs: lease === undefined ? null : lease.expiresMs - world.time.nowMs,
      modRevision: etcd.leader === null ? null : String(etcd.leader.modRevision),
      createRevision: etcd.leader === null ? null : String(etcd.leader.createRevision),
    },
    members: [...etcd.members.values()]
      .sort((a, b) => a.name.localeCompare(b.name, 'en'))
      .map((row) => ({
        name: row.name,
        role: row.role,
        state: row.state,
        timeline: row.timeline,
        xlogLocation: row.xlogLocation === null ? null : lsnFromNumber(Math.round(row.xlogLocation)),
        apiUrl: `http://${row.name}:8008/patroni`,
        conn: { host: row.name, port: 5432 },
      })),
    failover: etcd.failover,
    failoverRevision: etcd.failoverRevision === null ? null : String(etcd.failoverRevision),
    sync: etcd.sync,
    optimeLsn: etcd.optime === null ? null : lsnFromNumber(Math.round(etcd.optime)),
    systemIdentifier: etcd.isUninitialized ? null : world.systemIdentifier,
    failsafe: world.etcd.failsafe,
    config: configKey(world),
    configRevision: etcd.isUninitialized ? null : String(world.etcd.configRevision),
    switches: [...etcd.switches].map(([id, row]) => ({ ...row, id })),
    revision: String(etcd.revision),
  };
}

/** A process that comes back under its old name does not have its old lease: it waits for its end like anybody else. */
export function holdTenure(world: World, process: object, owner: string, ttlMs: number): TenureAnswer {
  const { etcd } = world;
  if (etcd.tenure !== null && (etcd.tenure.process !== process || etcd.tenure.owner !== owner))
    return { kind: 'other', owner: etcd.tenure.owner };
  const expiresMs = world.time.nowMs + ttlMs;
  if (etcd.tenure === null) {
    if (!takesWrites(etcd)) return { kind: 'unknown', reason: NO_SPACE };
    etcd.revision += 1;
    etcd.tenure = { process, owner, epoch: String(etcd.revision), expiresMs };
  } else etcd.tenure.expiresMs = expiresMs;
  return { kind: 'held', grant: { epoch: etcd.tenure.epoch, owner } };
}

const stands = (etcd: EtcdSim, grant: TenureGrant): boolean =>
  etcd.tenure !== null && etcd.tenure.epoch === grant.epoch && etcd.tenure.owner === grant.owner;

export function releaseTenure(world: World, grant: TenureGrant): void {
  if (!stands(world.etcd, grant)) return;
  world.etcd.tenure = null;
  world.etcd.revision += 1;
}

/** etcd's own words for a write past its quota. */
export const NO_SPACE = 'etcdserver: mvcc: database space exceeded';

/** `known`: revision of the document that the writer has read or written last, 0 for none. */
export function commitLedger(world: World, grant: TenureGrant, json: string, known: number): CommitAnswer {
  const { etcd } = world;
  if (!takesWrites(etcd)) return 'unknown';
  if (!stands(etcd, grant)) return 'not-ours';
  if (etcd.ledgerRevision !== known) return 'unread';
  etcd.revision += 1;
  Object.assign(etcd, { ledger: json, ledgerRevision: etcd.revision });
  return 'committed';
}

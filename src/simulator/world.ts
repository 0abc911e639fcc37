import { createHash } from 'node:crypto';
import { memberName, type MemberName } from '../model/names.js';
import { VirtualTime } from './clock.js';
import { newArchive } from './archive.js';
import { commitTruth, newClients, stepClients, type CommitTruth } from './clients.js';
import { freeBytes, walBytes } from './disks.js';
import { newEtcd, renewLease, stepEtcd, takeLeaderKey } from './etcd.js';
import type { Faults } from './fault-catalogue.js';
import { faultsOf } from './faults.js';
import { newServers, proxyView, serverUp, stepHaproxy } from './haproxy.js';
import { newHost } from './host.js';
import { CONTROLLER, knownPart, newLinks, opens, PROXY } from './links.js';
import { newPatroni, publish, stepPatroni } from './patroni.js';
import type { PoolerSim } from './parts.js';
import { newPooler } from './pooler.js';
import { simulatedPorts, type SimulatedPorts } from './ports.js';
import { observerSim } from './observer.js';
import { suspendable } from './suspension.js';
import type { SentRequest, Wire } from './wire.js';
import { FIRST_LSN, newPostgres, stepPostgres } from './postgres.js';
import { answersSql, isPrimary } from './postgres-facts.js';
import { seededRandom } from './random.js';
import { memberSim, REMOTE, type ClusterOptions, type MemberSim, type World } from './state.js';

/** The grain of the simulated world, milliseconds. Everything happens on its multiples; only sleeps end in between. */
const STEP_MS = 100;

const DEFAULTS: ClusterOptions = {
  scope: 'email-cluster',
  members: ['patroni1', 'patroni2', 'patroni3'],
  dcs: ['etcd1', 'etcd2', 'etcd3'],
  seed: 1,
  standbyCluster: false,
  startMs: Date.UTC(2026, 0, 15, 2, 0, 0),
  patroniVersion: '4.1.4',
  ttlMs: 30_000,
  loopWaitMs: 10_000,
  retryTimeoutMs: 10_000,
  maximumLagOnFailoverBytes: 1_048_576,
  primaryStartTimeoutMs: 300_000,
  cloneMs: 8000,
  databaseBytes: 2 * 1024 ** 3,
  volumes: { dataBytes: 100 * 1024 ** 3, walBytes: null },
  rewindMs: 3000,
  walBytesPerSecond: 64 * 1024,
  catchUpBytesPerSecond: 64 * 1024 * 1024,
  haproxy: { interMs: 3000, fall: 3, rise: 2 },
  primaryBackend: 'postgres_primary',
  replicaBackend: 'postgres_replicas',
  deadlineMs: 2000,
  sites: {},
  etcdQuotaBytes: 2 * 1024 ** 3,
  heartbeat: false,
  poolers: [],
};

/**
 * A Patroni cluster with its etcd, HAProxy and PostgreSQL in one process and in virtual time. The first member starts as leader, the
 * others stream from it. The same options and the same calls at the same virtual times give the same history.
 */
export interface SimulatedCluster extends Faults {
  readonly options: ClusterOptions;
  readonly requests: readonly SentRequest[];
  readonly events: readonly { readonly atMs: number; readonly text: string }[];
  readonly time: VirtualTime;
  /** Virtual time, milliseconds since the epoch. */
  nowMs(): number;
  /** Moves virtual time. Synchronous: what waits for it continues in the next turns of the event loop. */
  advance(ms: number): void;
  /** Moves virtual time in steps and lets everything that waits for it run in between: for a controller with a loop of its own. */
  play(ms: number): Promise<void>;
  /** Calls `tick`, waits for it, moves on by `everyMs`, until `untilMs` (virtual, absolute). */
  run(untilMs: number, tick: () => Promise<unknown>, everyMs?: number): Promise<void>;
  /** What one controller process is given. Without a name: the only controller. */
  ports(how?: { readonly as?: string }): SimulatedPorts;
  /** Calls back when virtual time reaches `atMs`, before anything else of that moment happens. */
  at(atMs: number, call: () => void): void;
  leader(): MemberName | null;
  /** Members whose PostgreSQL accepts writes, whatever the leader key says. */
  primaries(): readonly MemberName[];
  /** Where HAProxy would send a write now; null when nowhere, or to a member that would refuse it. */
  writesGoTo(): MemberName | null;
  /** HAProxy's status word for one server: UP, `UP 2/3`, DOWN, DRAIN, MAINT. */
  proxyStatus(backend: string, member: string): string;
  /** Whether `from` can open a connection to `to`: members, etcd endpoints, `proxy`, `controller`, `host-driver`, `elsewhere`. */
  opens(from: string, to: string): boolean;
  /** Free bytes of a member's data volume and of the one that pg_wal lies on, and what lies in pg_wal. */
  disk(member: string): { readonly data: number; readonly wal: number; readonly walBytes: number };
  /** What clients (`startClient`) were told, and what of it is still true. */
  commits(): CommitTruth;
  /** Rows of the heartbeat that were written, oldest first. */
  beats(): World['beats'];
  pooler(name: string): PoolerSim | undefined;
  /** The raw simulated member, to look at. Changing it breaks the simulation's rules: use the faults. */
  inspect(member: string): MemberSim;
  /** SHA-256 over all that happened and all that is, to compare two runs. */
  hash(): string;
}

export function createCluster(overrides: Partial<ClusterOptions> = {}): SimulatedCluster {
  const options: ClusterOptions = { ...DEFAULTS, ...overrides };
  if (options.members.length === 0)
    throw new Error('a simulated cluster needs at least one member; options.members is empty');
  const world = newWorld(options);
  const wire: Wire = { world, requests: [], sendFaults: [] };
  const { time } = world;
  const advance = (ms: number): void => {
    advanceTo(world, time.nowMs + ms);
  };
  return {
    ...faultsOf(wire),
    options,
    requests: wire.requests,
    events: world.events,
    time,
    nowMs: () => time.nowMs,
    advance,
    play: async (ms) => {
      const untilMs = time.nowMs + ms;
      while (time.nowMs < untilMs) {
        await turn();
        advance(Math.min(STEP_MS, untilMs - time.nowMs));
      }
      await turn();
    },
    run: async (untilMs, tick, everyMs = 1000) => {
      while (time.nowMs < untilMs) {
        await tick();
        advance(everyMs);
      }
    },
    ports: ({ as = CONTROLLER } = {}) => {
      const sight = { ...wire, observer: observerSim(world, as) };
      return suspendable(sight, simulatedPorts(sight));
    },
    at: (atMs, call) => {
      world.planned.push({ atMs, call });
    },
    leader: () => world.etcd.leader?.holder ?? null,
    primaries: () =>
      world.members.filter((member) => isPrimary(member) && answersSql(member)).map((member) => member.name),
    writesGoTo: () => writesGoTo(world),
    proxyStatus: (backend, name) =>
      proxyView(world).servers.find((row) => row.backend === backend && row.server === name)?.status ?? '',
    opens: (from, to) => opens(world, knownPart(world, from), knownPart(world, to)),
    disk: (name) => ({
      ...freeBytes(world, memberSim(world, name)),
      walBytes: walBytes(world, memberSim(world, name)),
    }),
    commits: () => commitTruth(world),
    beats: () => world.beats,
    pooler: (name) => world.poolers.find((pooler) => pooler.name === name),
    inspect: (name) => memberSim(world, name),
    hash: () => hashOf(world, wire),
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function newWorld(options: ClusterOptions): World {
  const random = seededRandom(options.seed);
  const names = options.members.map(memberName);
  const members = names.map((name, index): MemberSim => {
    const firstLoopMs = options.startMs + Math.floor(random() * options.loopWaitMs);
    const { standbyCluster } = options;
    const postgres = newPostgres(options.startMs, index === 0 && !standbyCluster, options.volumes);
    const leads = standbyCluster ? 'standby-leader' : 'primary';
    const upstream = index > 0 ? names[0] : REMOTE;
    if (index > 0 || standbyCluster) Object.assign(postgres, { upstream, streaming: true, connectedTo: upstream });
    const patroni = newPatroni(options.startMs, firstLoopMs, index === 0 ? leads : 'replica', options.patroniVersion);
    return { name, postgres, patroni, host: newHost(name, options.startMs) };
  });
  const world: World = {
    options,
    time: new VirtualTime(options.startMs, () => {
      advanceTo(world, world.time.nowMs + STEP_MS);
    }),
    random,
    systemIdentifier: '7711055305761135589',
    members,
    etcd: newEtcd(options.dcs, (name) => newHost(name, options.startMs)),
    servers: newServers(options, members),
    poolers: options.poolers.map(newPooler),
    links: newLinks(),
    gone: [],
    aliases: new Map(),
    observers: new Map(),
    unpowered: new Set(),
    hostWakes: new Set(),
    events: [],
    walBytesPerSecond: options.walBytesPerSecond,
    remoteLsn: FIRST_LSN,
    nextPid: 4001,
    baseBackup: false,
    beats: [],
    databaseBytes: options.databaseBytes,
    promotions: [],
    clients: newClients(),
    archive: newArchive(),
    walTimes: new Map(),
    foreignBranches: 0,
    planned: [],
  };
  world.etcd.config = { ...world.etcd.config, standbyCluster: options.standbyCluster };
  settle(world);
  return world;
}

/** As after some minutes of quiet: keys written, the leader's lease half used at a moment that the seed chooses. */
function settle(world: World): void {
  const leader = world.members[0];
  if (leader === undefined) return;
  for (const member of world.members) {
    renewLease(world, member.name);
    publish(world, member);
  }
  takeLeaderKey(world, leader.name);
  world.etcd.optime = FIRST_LSN;
  leader.patroni.believesLeader = true;
  leader.patroni.leaderUntilMs = world.time.nowMs + world.options.ttlMs;
}

function advanceTo(world: World, untilMs: number): void {
  const { time } = world;
  while (time.nowMs < untilMs) {
    const sinceStart = time.nowMs - world.options.startMs;
    const boundaryMs = world.options.startMs + (Math.floor(sinceStart / STEP_MS) + 1) * STEP_MS;
    const nextMs = Math.min(untilMs, boundaryMs, Math.max(time.nextWakeMs() ?? Infinity, time.nowMs + 1));
    if (nextMs === boundaryMs) {
      time.nowMs = nextMs;
      step(world);
    }
    time.moveTo(nextMs);
  }
}

function step(world: World): void {
  for (const due of world.planned.filter((row) => row.atMs <= world.time.nowMs)) {
    world.planned.splice(world.planned.indexOf(due), 1);
    due.call();
  }
  stepEtcd(world, STEP_MS);
  world.remoteLsn += Math.round((world.walBytesPerSecond * STEP_MS) / 1000);
  for (const member of world.members) stepPostgres(world, member, STEP_MS);
  for (const member of world.members) stepPatroni(world, member);
  stepHaproxy(world);
  stepClients(world, STEP_MS);
}

/** HAProxy spreads over every server that it believes to be up: a client that tries again finds the one that takes the write. */
function writesGoTo(world: World): MemberName | null {
  for (const server of world.servers) {
    if (server.backend !== world.options.primaryBackend || !serverUp(world, server)) continue;
    const member = memberSim(world, server.member);
    if (isPrimary(member) && answersSql(member) && opens(world, PROXY, member.name, 'sql')) return member.name;
  }
  return null;
}

function hashOf(world: World, wire: Wire): string {
  const etcd = {
    ...world.etcd,
    wakes: null,
    leases: [...world.etcd.leases],
    members: [...world.etcd.members],
    endpoints: [...world.etcd.endpoints],
    data: [world.etcd.data.now, ...world.etcd.data.of],
  };
  const all = {
    nowMs: world.time.nowMs,
    etcd,
    members: world.members,
    links: world.links.rules,
    servers: world.servers,
    clients: world.clients,
    events: world.events,
    requests: wire.requests,
  };
  return createHash('sha256').update(JSON.stringify(all)).digest('hex');
}

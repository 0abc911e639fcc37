import type { ProxyView } from '../model/proxy.js';
import { opens, PROXY } from './links.js';
import { primaryStatus, replicaStatus } from './patroni-documents.js';
import { memberSim, type ClusterOptions, type MemberSim, type ServerSim, type World } from './state.js';

const SESSIONS = 20;
/** How long after a container's end Docker's resolver still knows its name. */
const RESOLVED_FOR_MS = 30_000;

export function newServers(options: ClusterOptions, members: readonly MemberSim[]): ServerSim[] {
  const servers: ServerSim[] = [];
  for (const backend of [options.primaryBackend, options.replicaBackend]) {
    members.forEach((member, index) => {
      const inPool = (backend === options.primaryBackend) === (index === 0);
      servers.push(newServer(options, backend, member, inPool, options.startMs, servers.length + 1));
    });
  }
  return servers;
}

/** `place`: checks of many servers are spread over time. */
function newServer(
  { haproxy }: ClusterOptions,
  backend: string,
  member: MemberSim,
  inPool: boolean,
  nowMs: number,
  place: number,
): ServerSim {
  return {
    backend,
    member: member.name,
    nextCheckMs: nowMs + 500 * place,
    hanging: false,
    health: inPool ? haproxy.rise + haproxy.fall - 1 : 0,
    stopping: false,
    adminDrain: false,
    adminMaint: false,
    unresolvedSinceMs: null,
    resolution: false,
    sessions: inPool ? SESSIONS : 0,
    changedMs: nowMs,
    checkStatus: inPool ? 'L7OK' : 'L7STS',
  };
}

/** A reload with one server more in each backend. */
export function addServers(world: World, member: MemberSim): void {
  const { primaryBackend, replicaBackend } = world.options;
  for (const backend of [primaryBackend, replicaBackend])
    world.servers.push(newServer(world.options, backend, member, false, world.time.nowMs, 1));
}

export const serverUp = (world: World, server: ServerSim): boolean =>
  server.health >= world.options.haproxy.rise && !inMaintenance(server);

/** And is given new connections. */
export const takesConnections = (world: World, server: ServerSim): boolean =>
  serverUp(world, server) && !server.stopping && !server.adminDrain;

const inMaintenance = (server: ServerSim): boolean => server.adminMaint || server.resolution;

export function stepHaproxy(world: World): void {
  const second = world.time.nowMs % 1000 === 0;
  for (const server of world.servers) {
    const was = statusText(world, server);
    resolve(world, server);
    if (!inMaintenance(server) && world.time.nowMs >= server.nextCheckMs) check(world, server);
    if (second) server.sessions = sessionsNext(world, server);
    if (statusText(world, server).split(' ')[0] !== was.split(' ')[0]) server.changedMs = world.time.nowMs;
  }
}

/** A stopped container's name leaves Docker's resolver: HAProxy puts the server into maintenance of its own. */
function resolve(world: World, server: ServerSim): void {
  const stopped = memberSim(world, server.member).host.state === 'stopped';
  if (!stopped) {
    server.unresolvedSinceMs = null;
    if (server.resolution)
      leaveMaintenance(world, server, () => {
        server.resolution = false;
      });
    return;
  }
  server.unresolvedSinceMs ??= world.time.nowMs;
  if (world.time.nowMs - server.unresolvedSinceMs >= RESOLVED_FOR_MS) server.resolution = true;
}

/** HAProxy takes a server back from maintenance as up, to fall at its first failed check. */
function leaveMaintenance(world: World, server: ServerSim, change: () => void): void {
  const was = inMaintenance(server);
  change();
  if (!was || inMaintenance(server)) return;
  server.health = world.options.haproxy.rise;
  server.stopping = false;
  server.nextCheckMs = world.time.nowMs + world.options.haproxy.interMs;
}

function check(world: World, server: ServerSim): void {
  const { interMs, fall, rise } = world.options.haproxy;
  const member = memberSim(world, server.member);
  server.nextCheckMs = world.time.nowMs + interMs;
  if (silent(world, member, interMs) && !server.hanging) {
    server.hanging = true;
    return;
  }
  const hung = server.hanging;
  server.hanging = false;
  const answer = hung && silent(world, member, interMs) ? silenceOf(world, member) : httpCheck(world, server, member);
  server.checkStatus = answer;
  const up = server.health >= rise;
  if (answer === 'L7OK') server.health = up || server.health + 1 >= rise ? rise + fall - 1 : server.health + 1;
  else server.health = up && server.health - 1 >= rise ? server.health - 1 : 0;
  // One check that passes is enough for a server that only stops; one that falls has stopped. [HAProxy 2.6 and 3.2, tried]
  if (answer === 'L7OK' || server.health < rise) server.stopping = false;
}

/** No packet comes back: the check ends by its timeout, which is as long as the interval. */
const silent = (world: World, member: MemberSim, interMs: number): boolean =>
  member.host.state !== 'running' ||
  !opens(world, PROXY, member.name, 'api') ||
  member.patroni.frozen ||
  member.patroni.apiSlowMs >= interMs;

/** What is frozen still has a kernel that takes connections. [test/incidents/leader-frozen-4.1, leader-killed-4.1] */
const silenceOf = (world: World, { name, host }: MemberSim): string =>
  host.state === 'stopped' || !opens(world, PROXY, name, 'api') ? 'L4TOUT' : 'L7TOUT';

function httpCheck(world: World, server: ServerSim, member: MemberSim): string {
  if (member.patroni.process !== 'up') return 'L4CON';
  const status = server.backend === world.options.primaryBackend ? primaryStatus(world, member) : replicaStatus(member);
  return status === 200 ? 'L7OK' : 'L7STS';
}

/** A server that runs no more has closed them itself. */
const keepsSessions = (world: World, { member }: ServerSim): boolean =>
  world.options.haproxy.keepsSessions === true && memberSim(world, member).host.state === 'running';

function sessionsNext(world: World, server: ServerSim): number {
  if (!serverUp(world, server)) return keepsSessions(world, server) ? server.sessions : 0;
  if (server.adminDrain || server.stopping) return Math.max(0, server.sessions - 2);
  return Math.min(SESSIONS, server.sessions + 4);
}

function statusText(world: World, server: ServerSim): string {
  const { fall, rise } = world.options.haproxy;
  if (server.adminMaint) return 'MAINT';
  if (server.resolution) return 'MAINT (resolution)';
  if (server.health < rise) return server.health > 0 ? `DOWN ${server.health}/${rise}` : 'DOWN';
  if (server.adminDrain) return 'DRAIN';
  const word = server.stopping ? 'NOLB' : 'UP';
  return server.health === rise + fall - 1 ? word : `${word} ${server.health - rise + 1}/${fall}`;
}

export function proxyView(world: World): ProxyView {
  return {
    servers: world.servers.map((server) => ({
      backend: server.backend,
      server: server.member,
      status: statusText(world, server),
      up: serverUp(world, server),
      admin: { drain: server.adminDrain, maint: server.adminMaint, resolution: server.resolution },
      sessions: server.sessions,
      checkStatus: inMaintenance(server) ? '' : server.checkStatus,
      lastChangeSeconds: Math.floor((world.time.nowMs - server.changedMs) / 1000),
    })),
  };
}

/** One line of HAProxy's runtime API. An empty answer is success; everything else is HAProxy's own complaint. */
export function runtimeCommand(world: World, command: string): string {
  const set = /^set server (\S+)\/(\S+) (state|health) (\S+)$/.exec(command.trim());
  const cut = /^shutdown sessions server (\S+)\/(\S+)$/.exec(command.trim());
  const named = set ?? cut;
  if (named === null) return 'Unknown command.';
  if (!world.servers.some((server) => server.backend === named[1])) return 'No such backend.';
  const server = world.servers.find((other) => other.backend === named[1] && other.member === named[2]);
  if (server === undefined) return 'No such server.';
  if (cut !== null) {
    server.sessions = 0;
    return '';
  }
  return setServer(world, server, `${set?.[3] ?? ''} ${set?.[4] ?? ''}`);
}

function setServer(world: World, server: ServerSim, what: string): string {
  switch (what) {
    case 'state drain':
      leaveMaintenance(world, server, () => {
        server.adminMaint = false;
      });
      server.adminDrain = true;
      return '';
    case 'state maint':
      server.adminMaint = true;
      return '';
    case 'state ready':
      leaveMaintenance(world, server, () => {
        server.adminMaint = false;
      });
      server.adminDrain = false;
      return '';
    case 'health up':
    case 'health stopping':
      server.health = world.options.haproxy.rise + world.options.haproxy.fall - 1;
      server.stopping = what === 'health stopping';
      return '';
    case 'health down':
      server.health = 0;
      server.stopping = false;
      return '';
    default:
      return "'set server' expects 'state ready|drain|maint' or 'health up|stopping|down'.";
  }
}

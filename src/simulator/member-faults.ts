import type { Faults } from './fault-catalogue.js';
import { cutOffWork } from './copies.js';
import { killHost, pauseHost, startHost, startPatroni, stopHost } from './host.js';
import { promote } from './postgres.js';
import { crashPostgres } from './postgres-facts.js';
import { note, type MemberSim, type World } from './state.js';

export type At = (name: string) => MemberSim;
export type Part<K extends keyof Faults> = Pick<Faults, K>;

export function postgresFaults(
  world: World,
  at: At,
): Part<
  | 'lag'
  | 'healLag'
  | 'blockReplay'
  | 'breakData'
  | 'stopPostgres'
  | 'freezePostgres'
  | 'walGap'
  | 'breakRewind'
  | 'roguePromote'
  | 'setLoad'
  | 'corrupt'
  | 'setConnections'
  | 'baseBackup'
  | 'setReadOnly'
> {
  return {
    lag: (name, how) => {
      const { postgres } = at(name);
      if (how === 'stop-replay') postgres.replayStopped = true;
      else postgres.receiveLimit = how;
      note(world, `${name} falls behind (${how === 'stop-replay' ? 'replay stopped' : `${how} bytes per second`})`);
    },
    healLag: (name) => {
      Object.assign(at(name).postgres, { receiveLimit: null, replayStopped: false });
      note(world, `${name} catches up`);
    },
    blockReplay: (name, query, options = {}) => {
      const { postgres } = at(name);
      const pid = world.nextPid++;
      const sinceMs = world.time.nowMs - (options.forMs ?? 0);
      const backendStart = new Date(sinceMs - 1000).toISOString();
      const { user = 'report', application = 'psql', stubborn = false } = options;
      postgres.blockers = [...postgres.blockers, { pid, backendStart, query, user, application, sinceMs, stubborn }];
      note(world, `a query on ${name} blocks replay`);
      return pid;
    },
    breakData: (name) => {
      const member = at(name);
      crashPostgres(member);
      member.postgres.broken = true;
      note(world, `${name}'s data directory is broken`);
    },
    stopPostgres: (name) => {
      crashPostgres(at(name));
      note(world, `${name}'s postmaster was killed`);
    },
    freezePostgres: (name) => {
      at(name).postgres.frozen = true;
      note(world, `${name}'s PostgreSQL is frozen`);
    },
    walGap: (name) => {
      at(name).postgres.walGap = true;
    },
    breakRewind: (name) => {
      at(name).postgres.rewindFails = true;
    },
    roguePromote: (name) => {
      promote(world, at(name));
      note(world, `${name} is promoted behind Patroni's back`);
    },
    setLoad: (walBytesPerSecond) => {
      world.walBytesPerSecond = walBytesPerSecond;
    },
    corrupt: (name, checksumFailures = 1) => {
      at(name).postgres.checksumFailures += checksumFailures;
    },
    setConnections: (name, total) => {
      at(name).postgres.connections = total;
    },
    setReadOnly: (name, how) => {
      at(name).postgres.readOnly = how;
      note(world, `${name} ${how === null ? 'takes writes again' : `is read-only (${how})`}`);
    },
    baseBackup: (running) => {
      world.baseBackup = running;
    },
  };
}

export function patroniFaults(
  world: World,
  at: At,
): Part<
  | 'freezePatroni'
  | 'thaw'
  | 'killPatroni'
  | 'startPatroni'
  | 'slowApi'
  | 'garbageApi'
  | 'wrongScope'
  | 'refuseLogin'
  | 'setPendingRestart'
> {
  return {
    freezePatroni: (name) => {
      at(name).patroni.frozen = true;
      note(world, `${name}'s Patroni is frozen`);
    },
    thaw: (name) => {
      const { patroni, postgres } = at(name);
      if (patroni.frozen) patroni.thawed = true;
      patroni.frozen = false;
      postgres.frozen = false;
      note(world, `${name} is thawed`);
    },
    killPatroni: (name) => {
      const { patroni } = at(name);
      cutOffWork(world, at(name));
      Object.assign(patroni, { process: 'down', frozen: false, task: null, believesLeader: false, leaderUntilMs: 0 });
      note(world, `${name}'s Patroni was killed`);
    },
    startPatroni: (name) => {
      const member = at(name);
      if (member.patroni.process === 'down' && member.host.state === 'running') startPatroni(world, member);
    },
    slowApi: (name, ms) => {
      at(name).patroni.apiSlowMs = ms;
    },
    garbageApi: (name, on = true) => {
      at(name).patroni.apiGarbage = on;
    },
    refuseLogin: (name, on = true) => {
      at(name).patroni.refusesUs = on;
    },
    wrongScope: (name, on = true) => {
      at(name).patroni.wrongScope = on;
    },
    setPendingRestart: (name) => {
      at(name).patroni.pendingRestart = true;
    },
  };
}

export function hostFaults(
  world: World,
  at: At,
): Part<'killContainer' | 'stopContainer' | 'startContainer' | 'pauseContainer'> {
  return {
    killContainer: (name) => {
      killHost(world, at(name));
    },
    stopContainer: (name) => {
      stopHost(world, at(name));
    },
    startContainer: (name) => {
      startHost(world, at(name));
    },
    pauseContainer: (name) => {
      pauseHost(world, at(name));
    },
  };
}

import { memberName } from '../model/names.js';
import { reinitialize } from './copies.js';
import { writeConfig } from './etcd.js';
import type { ChangeFaults } from './fault-catalogue-platform.js';
import { addServers } from './haproxy.js';
import { newHost, startPatroni, stopHost } from './host.js';
import { newPatroni } from './patroni.js';
import { newPostgres } from './postgres.js';
import { stopPostgres } from './postgres-facts.js';
import { memberSim, note, type MemberSim, type World } from './state.js';

export function changeFaults(world: World): ChangeFaults {
  return { ...memberChanges(world), ...addressFaults(world), ...clusterChanges(world), ...patroniChanges(world) };
}

type Part<K extends keyof ChangeFaults> = Pick<ChangeFaults, K>;

function newMember(world: World, name: string): MemberSim {
  if (world.members.some((member) => member.name === name)) throw new Error(`there is a member ${name} already`);
  const nowMs = world.time.nowMs;
  const made: MemberSim = {
    name: memberName(name),
    postgres: newPostgres(nowMs, false, world.options.volumes),
    patroni: newPatroni(nowMs, nowMs + 1000, 'uninitialized', world.options.patroniVersion),
    host: newHost(name, nowMs),
  };
  stopPostgres(made);
  // Its slot begins where the cluster is now.
  made.postgres.receiveLsn = Math.max(...world.members.map((other) => other.postgres.receiveLsn));
  world.members.push(made);
  addServers(world, made);
  return made;
}

function memberChanges(world: World): Part<'addMember' | 'prepareMember' | 'removeMember' | 'renameMember'> {
  const takeOut = (member: MemberSim): void => {
    world.members.splice(world.members.indexOf(member), 1);
  };
  return {
    addMember: (name) => {
      const made = newMember(world, name);
      note(world, `${name} joins the cluster`);
      reinitialize(world, made);
    },
    prepareMember: (name) => {
      const made = newMember(world, name);
      Object.assign(made.postgres, { directory: 'empty', inRecovery: true });
      Object.assign(made.patroni, { process: 'down', task: null });
      Object.assign(made.host, { state: 'stopped', startedAtMs: null });
      for (const server of world.servers) if (server.member === made.name) server.adminMaint = true;
      note(world, `${name} is prepared, and not started`);
    },
    removeMember: (name) => {
      const member = memberSim(world, name);
      stopHost(world, member);
      takeOut(member);
      world.gone.push(member);
      note(world, `${name} is removed for good`);
    },
    renameMember: (name, to) => {
      const { postgres, patroni, host } = memberSim(world, name);
      const renamed: MemberSim = { name: memberName(to), postgres, patroni, host };
      world.members[world.members.findIndex((member) => member.name === name)] = renamed;
      world.aliases.set(name, renamed.name);
      for (const other of world.members)
        if (other.postgres.upstream === name)
          Object.assign(other.postgres, {
            upstream: renamed.name,
            connectedTo: other.postgres.connectedTo && renamed.name,
          });
      note(world, `${name} is called ${to} from now on`);
      startPatroni(world, renamed);
    },
  };
}

function addressFaults(world: World): Part<'swapAddresses' | 'misaddress' | 'healAddresses'> {
  const point = (name: string, at: string): void => {
    world.aliases.set(name, memberSim(world, at).name);
  };
  return {
    swapAddresses: (one, other) => {
      point(one, other);
      point(other, one);
    },
    misaddress: point,
    healAddresses: () => {
      for (const name of [...world.aliases.keys()])
        if (world.members.some((member) => member.name === name)) world.aliases.delete(name);
    },
  };
}

function clusterChanges(world: World): Part<'setStandbyCluster' | 'setFailsafeTopology'> {
  return {
    setStandbyCluster: (on) => {
      writeConfig(world.etcd, { standbyCluster: on });
      note(world, on ? 'the cluster becomes a standby cluster' : 'the standby cluster is promoted');
    },
    setFailsafeTopology: (members) => {
      world.etcd.failsafe = members;
    },
  };
}

function patroniChanges(world: World): Part<'upgradePatroni' | 'setPromotion' | 'setWatchdog' | 'scheduleRestart'> {
  const at = (name: string): MemberSim => memberSim(world, name);
  return {
    upgradePatroni: (name, version) => {
      const member = at(name);
      member.patroni.version = version;
      if (member.host.state === 'running') startPatroni(world, member);
      note(world, `${name}'s Patroni becomes ${version}`);
    },
    setPromotion: (name, how) => {
      at(name).patroni.promotion = how;
    },
    setWatchdog: (name, works) => {
      at(name).patroni.watchdogFailed = !works;
    },
    scheduleRestart: (name, atMs, onlyIfPending = false) => {
      at(name).patroni.scheduledRestart = { atMs, onlyIfPending };
      note(world, `a restart of ${name} is scheduled`);
    },
  };
}

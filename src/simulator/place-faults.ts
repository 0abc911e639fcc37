import type { PlaceFaults } from './fault-catalogue-platform.js';
import { killHost, setEtcdHost, startHost } from './host.js';
import { cutBothWays, healOwner, knownPart } from './links.js';
import { electAgain } from './raft.js';
import { memberSim, note, type World } from './state.js';

/** The cuts between etcd members, as their owner. */
const PEERS = 'etcd peers';

export function placeFaults(world: World): PlaceFaults {
  const { etcd } = world;
  const names = (): readonly string[] => [...etcd.endpoints.keys()];
  const raise = (alarm: string): void => {
    if (etcd.alarms.every((row) => row.alarm !== alarm)) etcd.alarms.push({ memberId: names()[0] ?? '', alarm });
  };
  return {
    ...siteFaults(world),
    stopEtcd: (count) => {
      for (const name of [...names()].reverse().slice(0, count)) setEtcdHost(world, name, 'stopped');
    },
    startEtcd: () => {
      for (const name of names()) setEtcdHost(world, name, 'running');
    },
    killEtcd: (name) => {
      setEtcdHost(world, name, 'stopped');
    },
    hangEtcd: (name) => {
      setEtcdHost(world, name, 'paused');
    },
    returnEtcd: (name) => {
      setEtcdHost(world, name, 'running');
    },
    slowEtcd: (name, ms) => {
      etcd.raft.slowMs.set(name, ms);
      note(world, `${name} answers ${ms} ms late`);
    },
    electEtcd: () => {
      electAgain(world);
    },
    isolateEtcd: (name) => {
      for (const other of names()) if (other !== name) cutBothWays(world, knownPart(world, name), other, PEERS);
      note(world, `${name} is cut off from the other etcd members`);
    },
    healEtcd: () => {
      healOwner(world, PEERS);
      note(world, 'the etcd members hear one another again');
    },
    setEtcdMembers: (members) => {
      etcd.memberList = members;
      note(world, `etcd lists ${members?.map(({ name }) => name).join(', ') ?? 'whom it listed first'}`);
    },
    upgradeEtcd: (name, version) => {
      etcd.versions.set(name, version);
      note(world, `${name} runs etcd ${version}`);
    },
    sizeEtcd: (bytes) => {
      etcd.dbSizeBytes = bytes;
      if (bytes >= world.options.etcdQuotaBytes) raise('NOSPACE');
      note(world, `etcd's database has ${bytes} bytes`);
    },
    raiseAlarm: raise,
    clearAlarms: () => {
      etcd.alarms.length = 0;
    },
  };
}

function siteFaults(world: World): Pick<PlaceFaults, 'loseSite' | 'returnSite'> {
  const parts = (site: string): readonly string[] => {
    const found = world.options.sites[site];
    if (found === undefined)
      throw new Error(`no site ${site}; options.sites has ${Object.keys(world.options.sites).join(', ') || 'none'}`);
    return found;
  };
  return {
    loseSite: (site) => {
      for (const part of parts(site)) {
        if (world.etcd.endpoints.has(part)) setEtcdHost(world, part, 'stopped');
        else killHost(world, memberSim(world, part));
      }
    },
    returnSite: (site) => {
      for (const part of parts(site)) {
        if (world.etcd.endpoints.has(part)) setEtcdHost(world, part, 'running');
        else startHost(world, memberSim(world, part));
      }
    },
  };
}

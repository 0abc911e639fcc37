import type { PlaceFaults } from './fault-catalogue-platform.js';
import { loseData } from './etcd-data.js';
import { killHost, setEtcdHost, startHost } from './host.js';
import { allParts, cutBothWays, healOwner, knownPart } from './links.js';
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
    loseEtcdData: (name) => {
      setEtcdHost(world, name, 'stopped');
      loseData(world, name);
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
    sizeEtcd: (bytes, liveBytes = 20_480) => {
      Object.assign(etcd, { dbSizeBytes: bytes, liveBytes, isCompacted: false });
      etcd.defragmented.clear();
      if (bytes >= world.options.etcdQuotaBytes) raise('NOSPACE');
      note(world, `etcd's database has ${bytes} bytes`);
    },
    raiseAlarm: raise,
    clearAlarms: () => {
      etcd.alarms.length = 0;
    },
  };
}

function siteFaults(world: World): Pick<PlaceFaults, 'loseSite' | 'returnSite' | 'cutSite' | 'healSite'> {
  const parts = (site: string): readonly string[] => {
    const found = world.options.sites[site];
    if (found === undefined)
      throw new Error(`no site ${site}; options.sites has ${Object.keys(world.options.sites).join(', ') || 'none'}`);
    return found;
  };
  const isMember = (part: string): boolean => world.members.some(({ name }) => name === part);
  const cutFromAll = (inside: readonly string[], owner: string): void => {
    const known = inside.map((part) => knownPart(world, part));
    for (const part of known)
      for (const other of allParts(world)) if (!known.includes(other)) cutBothWays(world, part, other, owner);
  };
  return {
    loseSite: (site) => {
      for (const part of parts(site)) {
        if (world.etcd.endpoints.has(part)) setEtcdHost(world, part, 'stopped');
        else if (isMember(part)) killHost(world, memberSim(world, part));
        else cutFromAll([part], `power of ${site}`);
      }
    },
    returnSite: (site) => {
      for (const part of parts(site)) {
        if (world.etcd.endpoints.has(part)) setEtcdHost(world, part, 'running');
        else if (isMember(part)) startHost(world, memberSim(world, part));
      }
      healOwner(world, `power of ${site}`);
    },
    cutSite: (site) => {
      cutFromAll(parts(site), `site ${site}`);
      note(world, `site ${site} is cut off`);
    },
    healSite: (site) => {
      healOwner(world, `site ${site}`);
      note(world, `site ${site} is reached again`);
    },
  };
}

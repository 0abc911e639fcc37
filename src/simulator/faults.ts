import type { Faults } from './fault-catalogue.js';
import { linkFaults } from './link-faults.js';
import { startClient } from './clients.js';
import { diskFaults } from './disk-faults.js';
import { dropLeaderKey, hasQuorum, patchConfig, writeConfig, writeWish } from './etcd.js';
import { runtimeCommand } from './haproxy.js';
import { replayFaults } from './replay-faults.js';
import type { Wire } from './wire.js';
import { hostFaults, patroniFaults, postgresFaults, type At, type Part } from './member-faults.js';
import { changeFaults } from './change-faults.js';
import { controllerFaults } from './controller-faults.js';
import { poolerFaults } from './pooler-faults.js';
import { placeFaults } from './place-faults.js';
import { isPrimary } from './postgres-facts.js';
import { memberSim, note, type MemberSim, type World } from './state.js';

export function faultsOf(wire: Wire): Faults {
  const { world } = wire;
  const at = (name: string): MemberSim => memberSim(world, name);
  return {
    ...postgresFaults(world, at),
    ...patroniFaults(world, at),
    ...hostFaults(world, at),
    ...linkFaults(world, at),
    ...diskFaults(world, at),
    ...replayFaults(world, at),
    ...dcsFaults(wire),
    ...placeFaults(world),
    ...poolerFaults(world),
    ...controllerFaults(world),
    ...changeFaults(world),
    ...operatorActs(world, at),
    failSend: (fault, port = null) => {
      wire.sendFaults.push({ port, fault });
    },
  };
}

function dcsFaults(
  wire: Wire,
): Part<
  | 'pause'
  | 'resume'
  | 'breakConfig'
  | 'patchConfig'
  | 'setSynchronousMode'
  | 'setSynchronousRules'
  | 'startClient'
  | 'stopClient'
  | 'setFailsafeMode'
  | 'deleteLeaderKey'
> {
  const { world } = wire;
  const { etcd } = world;
  return {
    pause: () => {
      writeConfig(etcd, { paused: true });
      note(world, 'cluster paused');
    },
    resume: () => {
      writeConfig(etcd, { paused: false });
      note(world, 'cluster resumed');
    },
    patchConfig: (patch) => {
      patchConfig(world, patch);
      note(world, 'somebody changes the dynamic configuration');
    },
    breakConfig: () => {
      writeConfig(etcd, {}, `/service/${world.options.scope}/config holds no JSON object`);
      note(world, 'the config key is broken');
    },
    setSynchronousMode: (on) => {
      const mode = { true: 'on', false: 'off', quorum: 'quorum' } as const;
      writeConfig(etcd, { synchronousMode: mode[`${on}`] });
    },
    setSynchronousRules: ({ nodeCount, strict }) => {
      const { synchronousNodeCount, synchronousModeStrict } = etcd.config;
      writeConfig(etcd, {
        synchronousNodeCount: nodeCount ?? synchronousNodeCount,
        synchronousModeStrict: strict ?? synchronousModeStrict,
      });
    },
    startClient: (name, everyMs = 500) => {
      startClient(world, name, everyMs);
    },
    stopClient: (name) => {
      world.clients.clients = world.clients.clients.filter((client) => client.name !== name);
    },
    setFailsafeMode: (on) => {
      writeConfig(etcd, { failsafeMode: on });
    },
    deleteLeaderKey: (ifModRevision) => {
      if (!hasQuorum(etcd) || String(etcd.leader?.modRevision) !== ifModRevision) return false;
      wire.requests.push({
        atMs: world.time.nowMs,
        port: 'dcs',
        text: `delete the leader key if its mod revision is ${ifModRevision}`,
      });
      dropLeaderKey(world, 'it was deleted by hand');
      return true;
    },
  };
}

function operatorActs(
  world: World,
  at: At,
): Part<'operatorDrain' | 'operatorUndrain' | 'operatorTag' | 'switchover' | 'scheduleSwitchover'> {
  const server = (name: string) => `${world.options.replicaBackend}/${at(name).name}`;
  const wish = (member: string | null, scheduledAt: string | null) => {
    const leader = world.members.find((other) => isPrimary(other) && other.name === world.etcd.leader?.holder);
    writeWish(world.etcd, { leader: leader?.name ?? null, member, scheduledAt });
    if (leader !== undefined) leader.patroni.nextLoopMs = Math.min(leader.patroni.nextLoopMs, world.time.nowMs + 200);
  };
  return {
    operatorDrain: (name) => {
      runtimeCommand(world, `set server ${server(name)} state drain`);
    },
    operatorUndrain: (name) => {
      runtimeCommand(world, `set server ${server(name)} state ready`);
    },
    operatorTag: (name, tags = { noloadbalance: true }) => {
      const { patroni } = at(name);
      patroni.fileTags = { ...patroni.fileTags, ...tags };
      patroni.reloadAsked = true;
    },
    switchover: (candidate) => {
      if (candidate === null && world.etcd.config.paused) return;
      wish(candidate, null);
    },
    scheduleSwitchover: (atMs, candidate) => {
      if (world.etcd.config.paused) return;
      wish(candidate, new Date(atMs).toISOString());
    },
  };
}

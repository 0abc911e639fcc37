import { freeBytes } from './disks.js';
import type { At, Part } from './member-faults.js';
import { note, type World } from './state.js';

/** Volumes that are small, that something else fills, and WAL that nobody takes away. */
export function diskFaults(
  world: World,
  at: At,
): Part<'setVolumes' | 'setDatabaseBytes' | 'fillDisk' | 'freeDisk' | 'holdWal' | 'releaseWal' | 'setSurplus'> {
  return {
    setVolumes: (name, { dataBytes, walBytes }) => {
      Object.assign(at(name).postgres.disk, { dataTotal: dataBytes, walTotal: walBytes });
    },
    setDatabaseBytes: (bytes) => {
      world.databaseBytes = bytes;
    },
    fillDisk: (name, volume, leaveBytes = 0) => {
      const member = at(name);
      const { disk } = member.postgres;
      const bytes = disk.ballast[volume] + Math.max(0, freeBytes(world, member)[volume] - leaveBytes);
      disk.ballast = { ...disk.ballast, [volume]: bytes };
      note(world, `${name}'s ${volume} volume is filled, ${leaveBytes} bytes are left`);
    },
    freeDisk: (name) => {
      const { postgres } = at(name);
      postgres.disk.ballast = { data: 0, wal: 0 };
      note(world, `${name}'s volumes are cleared`);
    },
    holdWal: (name, { kind = 'physical', active = false } = {}) => {
      const { postgres } = at(name);
      const held = postgres.disk.held ?? postgres.replayLsn;
      Object.assign(postgres.disk, { held, heldBy: kind, heldActive: active });
      note(world, `a forgotten slot on ${name} holds its WAL`);
    },
    setSurplus: (name, what) => {
      at(name).postgres.surplus = what;
    },
    releaseWal: (name) => {
      at(name).postgres.disk.held = null;
    },
  };
}

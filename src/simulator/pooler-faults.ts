import type { PoolerSim } from './parts.js';
import { tellPause, tellResume } from './pooler.js';
import type { World } from './state.js';

/** What becomes of a pooler, and what a person does at its console. */
export interface PoolerFaults {
  pausePooler(name: string): void;
  resumePooler(name: string): void;
  stopPooler(name: string): void;
  /** A process that begins is paused by nobody. */
  startPooler(name: string): void;
  /** Transactions that do not end, until told that they do. */
  keepTransactionsOpen(name: string, open: boolean): void;
}

export function poolerFaults(world: World): PoolerFaults {
  const at = (name: string): PoolerSim => {
    const found = world.poolers.find((pooler) => pooler.name === name);
    if (found === undefined) throw new Error(`no pooler ${name} in the simulated cluster; see options.poolers`);
    return found;
  };
  return {
    pausePooler: (name) => {
      tellPause(world, at(name));
    },
    resumePooler: (name) => {
      tellResume(world, at(name));
    },
    stopPooler: (name) => {
      at(name).down = true;
    },
    startPooler: (name) => {
      const pooler = at(name);
      tellResume(world, pooler);
      pooler.down = false;
    },
    keepTransactionsOpen: (name, open) => {
      at(name).busy = open;
    },
  };
}

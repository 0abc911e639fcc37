import type { World } from './state.js';

/** One controller: its process and its clock. What it can reach, the table of links says under its name. */
export interface ObserverSim {
  readonly name: string;
  /** How far its wall clock is ahead, milliseconds. */
  skewMs: number;
  /** Stopped as by SIGSTOP: nothing of it goes on, and the world does. */
  suspended: boolean;
  /** How many times its process was killed. */
  killed: number;
  /** The etcd member that answered it last. */
  etcdVia: string | null;
}

export function observerSim(world: World, name: string): ObserverSim {
  const known = world.observers.get(name);
  if (known !== undefined) return known;
  const made: ObserverSim = {
    name,
    skewMs: 0,
    suspended: false,
    killed: 0,
    etcdVia: null,
  };
  world.observers.set(name, made);
  return made;
}

/** What its wall clock shows. */
export const wallMs = (world: World, observer: ObserverSim): number => world.time.nowMs + observer.skewMs;

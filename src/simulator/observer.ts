import type { ObserverSim } from './parts.js';
import type { World } from './state.js';

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

import type { ControllerFaults } from './fault-catalogue-platform.js';
import { CONTROLLER, cutOneWay, healOwner, SIGHTS } from './links.js';
import { observerSim } from './observer.js';
import { note, type World } from './state.js';

const KINDS = ['patroni', 'sql', 'dcs', 'proxy', 'host'] as const;

/** A controller's own loss of sight, as the owner of its cuts. */
const sightOf = (controller: string): string => `sight of ${controller}`;

export function controllerFaults(world: World): ControllerFaults {
  const at = (name = CONTROLLER) => observerSim(world, name);
  return {
    cutObserver: (what, controller = CONTROLLER) => {
      for (const each of what === 'all' ? KINDS : [what])
        for (const [to, channel] of SIGHTS[each](world)) cutOneWay(world, controller, to, sightOf(controller), channel);
    },
    healObserver: (controller = CONTROLLER) => {
      healOwner(world, sightOf(controller));
    },
    jumpClock: (ms, controller) => {
      at(controller).skewMs += ms;
    },
    suspendController: (controller = CONTROLLER) => {
      at(controller).suspended = true;
      note(world, `controller ${controller} stands still`);
    },
    thawController: (controller = CONTROLLER) => {
      at(controller).suspended = false;
      note(world, `controller ${controller} goes on`);
    },
    killController: (controller = CONTROLLER) => {
      const observer = at(controller);
      observer.killed += 1;
      observer.suspended = false;
      note(world, `controller ${controller} was killed`);
    },
  };
}

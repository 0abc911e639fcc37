import { fresh } from '../model/reading.js';
import type { PowerPort } from '../ports/power.js';
import { send } from './exchange.js';
import { killHost } from './host.js';
import { wallMs } from './observer.js';
import type { Sight } from './wire.js';
import { memberSim } from './state.js';

/** What switches the power of each member's machine, by a network of its own that never fails: the outlet bears the member's name. */
export function powerPort(sight: Sight): PowerPort {
  const { world, observer } = sight;
  return {
    status: (name) => {
      const value = { isOn: !world.unpowered.has(memberSim(world, name).name), outlet: name };
      return Promise.resolve(fresh(value, wallMs(world, observer), `power ${name}`));
    },
    send: (step) =>
      send(
        sight,
        step,
        () => null,
        () => {
          const member = memberSim(world, step.member);
          world.unpowered.add(member.name);
          killHost(world, member);
          return { effect: 'done', status: null, text: 'off' };
        },
      ),
    close: () => Promise.resolve(),
  };
}

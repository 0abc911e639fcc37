import { name, thing } from './addresses.js';
import { listOf, mapOf, text } from './formats.js';
import { key, optional, REQUIRED, section } from './schema.js';

const argv = listOf(text());

/** `clusters[].power`. */
export const POWER = optional(
  'What cuts the power of a machine (BMC, PDU, hypervisor), for a leader that is to be fenced while its host driver gives no answer. Needs `hosts`. Behind the driver `peers` each instance has it in its own file, since it is not lent. Nothing else uses it, and nothing gives power back: that is for a person.',
  {
    commands: section('Commands of your own, run without a shell; `{name}` becomes the outlet below.', {
      status: key(
        argv,
        REQUIRED,
        'Exits 0 when the machine has power and 3 when it has none; anything else says nothing. The only proof of off. May print `host={name}`: then an answer about another outlet is not believed.',
      ),
      off: key(argv, REQUIRED, 'Cuts the power at once, without asking the machine.'),
    }),
    members: key(mapOf(name, thing), REQUIRED, 'Member to outlet, each its own: whatever hangs on it goes off too.'),
    dcs: key(
      mapOf(name, thing),
      {},
      'etcd endpoint to the outlet that it shares with a member. No power is cut that etcd needs for its majority.',
    ),
  },
);

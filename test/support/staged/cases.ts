import type { StagedName } from '../../../src/model/staged.js';
import type { StagedCase } from './case.js';
import { ADD_REPLICA } from './add-replica.js';
import { EVACUATE_MEMBER, GIVE_BACK } from './evacuate-member.js';
import { AFTER_FAILOVER, RECOVER_PARTITION } from './rejoining.js';
import { REBUILD_MEMBER } from './rebuild-member.js';
import { REMOVE_MEMBER } from './remove-member.js';
import { APPLY_CONFIG } from './apply-config.js';
import { COLD_START, RECOVER_DCS } from './cold-start.js';
import { RESEED_DCS } from './reseed-dcs.js';
import { DEFRAGMENT_DCS } from './defragment-dcs.js';
import { ROLLING_RESTART } from './rolling-restart.js';

/** Every procedure of several stages has at least one: a file and a line. */
export const STAGED_CASES: Readonly<Record<StagedName, readonly StagedCase[]>> = {
  'rolling-restart': ROLLING_RESTART,
  'add-replica': ADD_REPLICA,
  'remove-member': REMOVE_MEMBER,
  'rebuild-member': REBUILD_MEMBER,
  'evacuate-member': EVACUATE_MEMBER,
  'give-back': GIVE_BACK,
  'after-failover': AFTER_FAILOVER,
  'recover-partition': RECOVER_PARTITION,
  'apply-config': APPLY_CONFIG,
  'recover-dcs': RECOVER_DCS,
  'reseed-dcs': RESEED_DCS,
  'defragment-dcs': DEFRAGMENT_DCS,
  'cold-start': COLD_START,
};

import { afterFailover } from './after-failover.js';
import { evacuateMember } from './evacuate-member.js';
import { giveBack } from './give-back.js';
import type { StagedName } from '../model/staged.js';
import { recoverPartition } from './recover-partition.js';
import type { ProcedureRecord, StagedProcedure } from './procedure.js';
import { addReplica } from './add-replica.js';
import { rebuildMember } from './rebuild-member.js';
import { removeMember } from './remove-member.js';
import { applyConfig } from './apply-config.js';
import { coldStart } from './cold-start.js';
import { defragmentDcs } from './defragment-dcs.js';
import { recoverDcs } from './recover-dcs.js';
import { reseedDcs } from './reseed-dcs.js';
import { rollingRestart } from './rolling-restart.js';

/** One shape for the registry: what each is bound to is checked by its own `shape` before it is asked. */
const staged = <G>(record: ProcedureRecord<G>): StagedProcedure => record as unknown as StagedProcedure;

/** All procedures of several stages. A new one is a file and a line. */
export const STAGED: Readonly<Record<StagedName, StagedProcedure>> = {
  'rolling-restart': staged(rollingRestart),
  'add-replica': staged(addReplica),
  'remove-member': staged(removeMember),
  'rebuild-member': staged(rebuildMember),
  'evacuate-member': staged(evacuateMember),
  'give-back': staged(giveBack),
  'after-failover': staged(afterFailover),
  'recover-partition': staged(recoverPartition),
  'apply-config': staged(applyConfig),
  'recover-dcs': staged(recoverDcs),
  'reseed-dcs': staged(reseedDcs),
  'defragment-dcs': staged(defragmentDcs),
  'cold-start': staged(coldStart),
};

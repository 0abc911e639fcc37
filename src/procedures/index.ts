import type { StagedName } from '../model/procedure-run.js';
import type { ProcedureRecord, StagedProcedure } from './procedure.js';
import { addReplica } from './add-replica.js';
import { rollingRestart } from './rolling-restart.js';

/** One shape for the registry: what each is bound to is checked by its own `shape` before it is asked. */
const staged = <G>(record: ProcedureRecord<G>): StagedProcedure => record as unknown as StagedProcedure;

/** All procedures of several stages. A new one is a file and a line. */
export const STAGED: Readonly<Record<StagedName, StagedProcedure>> = {
  'rolling-restart': staged(rollingRestart),
  'add-replica': staged(addReplica),
};

import { isMajorityStopped } from '../assess/stores.js';
import type { ProcedureRun } from '../model/procedure-run.js';
import { STAGED_ROWS, type StagedName } from '../model/staged.js';
import { isEnforcing, type Session } from './session.js';

/** Only who holds tenure goes on with it: the run lies in the ledger of all instances. */
export const isOurs = (session: Session): boolean =>
  isEnforcing(session) && session.books.isLoaded && session.parts.tenure.facts().state === 'held';

/** Host drivers prove that etcd has no majority: nobody can hold tenure, and what a person began here goes on here. */
const isWithoutEtcd = (session: Session): boolean =>
  isEnforcing(session) && session.view !== null && isMajorityStopped(session.view, session.states.memory);

/** May it be begun at this instance although nobody can hold tenure? */
export const isRecovery = (session: Session, name: StagedName): boolean =>
  STAGED_ROWS[name].authority === 'operator' && isWithoutEtcd(session);

/**
 * It was begun here under that proof, and etcd has not answered since. An etcd member that runs and does not serve takes the proof away, and gives
 * nobody tenure: the run is still watched, timed out and ended here.
 */
export const isOursToRecover = (session: Session, { id }: ProcedureRun): boolean =>
  session.recovery.run?.id === id &&
  isEnforcing(session) &&
  session.view?.dcs.keys.kind === 'unknown' &&
  session.parts.tenure.facts().state !== 'held';
